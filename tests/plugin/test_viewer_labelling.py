"""Labelling slices in a real viewer, and joining their classes."""

import os
import time

import numpy as np
import pytest

from sksegment.plotting import label_colors

pytestmark = pytest.mark.napari


def test_all_slices_get_the_labels_of_the_model(window, volume):
    window.click("train")
    window.click("label_all")
    assert (window.labels().data == window.model.predict(volume)).all()


def test_one_slice_gets_the_labels_of_the_model(window, volume):
    window.click("train")
    window.viewer.dims.set_current_step(0, 5)
    window.click("label_slice")
    assert (window.labels().data[5] == window.model.predict([volume[5]])[0]).all()
    assert (window.labels().data[0] == 255).all()


def test_what_is_done_is_shown_and_kept_when_the_rest_is_cancelled(
    make_window, volume, threads
):
    window = make_window(np.concatenate([volume] * 20))
    window.viewer.dims.set_current_step(0, 50)
    window.click("train")
    predict = window.model._predict_image

    def slowly(*parts):
        time.sleep(0.02)
        return predict(*parts)

    def done():
        return (window.labels().data != 255).any(axis=(1, 2))

    window.model._predict_image = slowly
    before = threads()
    window.click("label_all", wait=False)
    window.wait(lambda: done().sum() > 3)
    assert not done().all()
    window.click("cancel")
    window.wait(lambda: threads() <= before)
    n_done = done().sum()
    assert 3 < n_done < 120
    # From the slice that is looked at onwards.
    assert done().nonzero()[0].tolist() == list(range(50, 50 + n_done))


def test_the_slider_joins_classes_in_all_slices(window, volume):
    window.click("train")
    window.click("label_all")
    most = window.controls.classes.max
    assert most > 2
    for n_classes in (2, 1, most, 2):
        window.controls.classes.value = n_classes
        window.wait(lambda: not window.actions._timer.isActive())
        found = window.labels().data
        assert len(np.unique(found)) == n_classes
        assert (found == window.model.predict(volume)).all()


def test_the_slice_looked_at_follows_the_slider_at_once(window):
    window.click("train")
    window.controls.classes.value = 2
    assert len(np.unique(window.labels().data[3])) == 2


@pytest.mark.parametrize("action", ["slider", "label_slice", "train", "data"])
def test_undo_brings_no_label_back_that_another_has_replaced(window, volume, action):
    window.click("train")
    layer = window.labels()
    layer.mode = "paint"
    for number in (3, 5):
        layer.paint((number, 10, 10), 1)
    window.viewer.dims.set_current_step(0, 5)
    if action == "slider":
        window.controls.classes.value = 1
        window.wait(lambda: not window.actions._timer.isActive())
    elif action == "data":
        window.viewer.layers["rock"].data = volume[::-1].copy()
    else:
        window.click(action)
    before = layer.data.copy()
    layer.undo()
    layer.undo()
    assert (layer.data == before).all()
    assert layer.mode == "paint"


def test_the_slider_counts_while_slices_are_labelled(make_window, volume):
    window = make_window(np.concatenate([volume] * 10))
    window.click("train")
    window.click("label_all", wait=False)
    window.controls.classes.value = 2
    window.wait()
    window.wait(lambda: not window.actions._timer.isActive())
    expected = window.model.predict(np.concatenate([volume] * 10))
    assert (window.labels().data == expected).all()


def test_an_image_that_is_removed_ends_its_labelling(make_window, volume):
    window = make_window(np.concatenate([volume] * 50))
    window.click("train")
    window.click("label_all", wait=False)
    window.wait(lambda: window.controls.progress.value > 2)
    window.viewer.layers.remove("rock")
    window.wait()
    assert window.controls.progress.value < 300
    assert not window.controls.train.enabled


def test_a_layer_that_is_removed_comes_again(window):
    window.click("train")
    window.viewer.layers.remove(window.labels())
    window.controls.classes.value = 1
    window.click("label_slice")
    assert (window.labels().data[3] == 0).all()


def test_labels_of_two_images_stay_apart(window, volume):
    window.click("train")
    window.viewer.add_image(volume[::-1], name="other")
    window.controls.image.value = window.viewer.layers["other"]
    window.click("label_all")
    expected = window.model.predict(volume)
    assert (window.viewer.layers["other classes"].data == expected[::-1]).all()
    assert (np.delete(window.labels().data, 3, axis=0) == 255).all()
    window.controls.classes.value = 2
    window.wait(lambda: not window.actions._timer.isActive())
    expected = window.model.predict(volume)
    assert (window.viewer.layers["other classes"].data == expected[::-1]).all()
    assert (window.labels().data[3] == expected[3]).all()


@pytest.mark.skipif(
    "offscreen" in os.environ.get("QT_QPA_PLATFORM", ""),
    reason="this platform of Qt draws no OpenGL",
)
def test_labels_are_seen_in_our_colours(make_window, volume, qtbot):
    window = make_window(volume)
    window.viewer.window._qt_window.show()
    window.click("train")
    window.controls.classes.value = 2
    window.labels().opacity = 1.0
    picture = window.viewer.screenshot(flash=False)[..., :3]
    for color in label_colors(2):
        share = (abs(picture.astype(int) - color) <= 2).all(axis=-1).mean()
        assert share > 0.05
