"""Regions of any granularity in a real viewer."""

import numpy as np
import pytest

pytestmark = pytest.mark.napari


def test_regions_of_the_slice_and_of_all(window, volume):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    assert not window.shows(window.controls.classes)
    [tree] = window.model.hierarchy([volume[3]])
    number = window.controls.granularity.number
    assert number.max == tree.n_superpixels
    assert number.value == tree.cut("auto").max() + 1
    for n_regions in (5, 2, 9):
        number.value = n_regions
        layer = window.labels("regions")
        assert (layer.data[3] == tree.cut(n_regions=n_regions)).all()
    assert (np.delete(layer.data, 3, axis=0) == 65535).all()
    window.click("label_all")
    expected = [tree.cut(n_regions=9) for tree in window.model.hierarchy(volume)]
    assert (layer.data == expected).all()


def test_the_slider_of_regions_has_even_steps_in_the_logarithm(window):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    granularity = window.controls.granularity
    for position in (0, 50, 120, 200):
        granularity._slider.value = position
        assert granularity.number.value == round(
            granularity.number.max ** (position / 200)
        )
        found = window.labels("regions").data[3]
        assert found.max() + 1 == granularity.number.value
    granularity.number.value = 1
    assert granularity._slider.value == 0


def test_regions_of_another_slice_grow_when_the_slider_is_moved_there(window, volume):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    window.viewer.dims.set_current_step(0, 5)
    window.controls.granularity.number.value = 6
    window.wait()
    [tree] = window.model.hierarchy([volume[5]])
    assert (window.labels("regions").data[5] == tree.cut(n_regions=6)).all()


def test_of_classes_and_regions_one_is_seen(window):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    assert (window.labels().visible, window.labels("regions").visible) == (False, True)
    window.controls.kind.value = "classes"
    assert (window.labels().visible, window.labels("regions").visible) == (True, False)
    window.click("train")
    assert (window.labels().visible, window.labels("regions").visible) == (True, False)
    window.controls.kind.value = "regions"
    window.wait()
    window.click("train")
    assert (window.labels().visible, window.labels("regions").visible) == (False, True)


def test_regions_of_another_image_are_shown_when_it_is_chosen(window, volume):
    window.click("train")
    window.controls.kind.value = "regions"
    window.wait()
    window.controls.granularity.number.value = 4
    window.viewer.add_image(volume[::-1], name="other", scale=(2, 0.5, 0.5))
    window.controls.image.value = window.viewer.layers["other"]
    window.wait()
    [tree] = window.model.hierarchy([volume[2]])
    found = window.viewer.layers["other regions"].data[3]
    assert (found == tree.cut(n_regions=4)).all()
    window.click("train")
    assert not window.viewer.layers["other classes"].visible


def test_the_slider_grows_regions_after_they_were_cancelled(window, volume):
    window.click("train")
    window.controls.kind.value = "regions"
    window.click("cancel")
    assert window.controls.status.value == "Growing regions was not finished"
    window.controls.granularity.number.value = 2
    window.wait()
    [tree] = window.model.hierarchy([volume[3]])
    assert (window.labels("regions").data[3] == tree.cut(n_regions=2)).all()
