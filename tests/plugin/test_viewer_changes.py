"""Images that are removed from a real viewer, or get other pixels, at any time."""

import time

import numpy as np
import pytest

pytestmark = pytest.mark.napari


@pytest.fixture
def labelled(window):
    """Return a window in which all slices have labels and two are marked."""
    window.click("train")
    window.click("label_all")
    for number in (1, 4):
        window.viewer.dims.set_current_step(0, number)
        window.click("mark")
    return window


def slow_down(window):
    """Let each slice take a while."""
    predict = window.model._predict_image

    def slowly(*parts):
        time.sleep(0.02)
        return predict(*parts)

    window.model._predict_image = slowly


def test_a_model_outlives_the_image_it_is_trained_on(window, volume, told):
    window.click("train", wait=False)
    window.viewer.layers.clear()
    window.wait()
    assert [layer.name for layer in window.viewer.layers] == []
    window.viewer.add_image(volume, name="rock")
    window.click("label_all")
    assert (window.labels().data == window.model.predict(volume)).all()
    assert told == []


def test_nothing_is_suggested_of_an_image_that_is_gone(window, told):
    window.click("suggest", wait=False)
    window.viewer.layers.clear()
    window.wait()
    assert [layer.name for layer in window.viewer.layers] == []
    assert told == []


def test_no_regions_are_shown_of_an_image_that_is_gone(window, told):
    window.click("train")
    window.controls.kind.value = "regions"
    window.viewer.layers.clear()
    window.wait()
    assert [layer.name for layer in window.viewer.layers] == []
    assert told == []


def test_a_volume_of_another_shape_is_labelled_anew(labelled, volume, told):
    other = np.concatenate([volume, volume])[:, :, :36]
    labelled.viewer.layers["rock"].data = other
    assert labelled.labels().data.shape == other.shape
    assert (labelled.labels().data == 255).all()
    labelled.click("label_all")
    assert (labelled.labels().data == labelled.model.predict(other)).all()
    assert len(labelled.viewer.layers) == 2
    assert told == []


def test_labels_and_marks_are_not_those_of_another_volume(labelled, volume, told):
    assert labelled.controls.slices.value == "slice z=1; z=4"
    layer = labelled.labels()
    labelled.viewer.layers["rock"].data = volume[::-1].copy()
    assert labelled.controls.slices.value == "slice z=4"
    assert labelled.labels() is layer
    assert (layer.data == 255).all()
    labelled.controls.classes.value = 2
    labelled.wait(lambda: not labelled.actions._timer.isActive())
    assert (layer.data == 255).all()
    assert told == []


def test_labels_stay_where_a_volume_is_only_shown_again(labelled, volume):
    before = labelled.labels().data.copy()
    labelled.viewer.layers["rock"].data = labelled.viewer.layers["rock"].data
    assert (labelled.labels().data == before).all()
    assert labelled.controls.slices.value == "slice z=1; z=4"


def test_labelling_ends_when_the_volume_changes(window, volume, told):
    window.click("train")
    slow_down(window)
    window.click("label_all", wait=False)
    window.wait(lambda: (window.labels().data[4] != 255).any())
    window.viewer.layers["rock"].data = volume[:, :, :36].copy()
    window.wait()
    assert (window.labels().data == 255).all()
    assert window.labels().data.shape == (6, 32, 36)
    assert told == []


def test_training_shows_no_labels_on_another_volume(window, volume, told):
    window.click("train", wait=False)
    window.viewer.layers["rock"].data = volume[::-1].copy()
    window.wait()
    assert window.model is not None
    assert [layer.name for layer in window.viewer.layers] == ["rock"]
    assert told == []


def test_regions_are_grown_anew_on_another_volume(window, volume, told):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    window.viewer.layers["rock"].data = volume[::-1].copy()
    window.wait()
    [tree] = window.model.hierarchy([volume[2]])
    window.controls.granularity.number.value = 5
    assert (window.labels("regions").data[3] == tree.cut(n_regions=5)).all()
    assert told == []


def test_an_image_outlives_the_plugin(labelled, volume, told):
    labelled.viewer.window.remove_dock_widget("all")
    labelled.viewer.layers["rock"].data = volume[::-1].copy()
    assert told == []


def test_the_chosen_image_stays_chosen_with_another_name(window, volume):
    other = window.viewer.add_image(volume[::-1], name="other")
    window.controls.image.value = other
    window.click("train")
    other.name = "granite"
    assert window.controls.image.value is other
    window.click("label_all")
    expected = window.model.predict(volume[::-1])
    assert (window.viewer.layers["other classes"].data == expected).all()
    window.viewer.layers.remove(other)
    assert window.controls.image.value is window.viewer.layers["rock"]
