"""From image layers to pictures, and from labels to layers."""

import numpy as np
import pytest

from sksegment.plotting import label_colors

pytest.importorskip("napari", reason="napari is not installed; see make test-napari")

from napari.components import ViewerModel
from napari.layers import Image, Labels

from sksegment.napari._layers import (
    label_colormap,
    look_at,
    picture_of,
    show_labels,
    shown_cut_of,
)
from sksegment.napari._picture import as_index

pytestmark = pytest.mark.napari


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(0, 255, (9, 32, 40), np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_colours_are_those_of_our_pictures_and_void_is_clear(dtype):
    colormap, void = label_colormap(np.dtype(dtype)), np.iinfo(dtype).max
    ids = np.arange(min(int(void), 256)).astype(dtype)
    shown = colormap.map(ids)
    assert (np.rint(shown[:, :3] * 255) == label_colors(len(ids))).all()
    assert (shown[:, 3] == 1).all()
    assert (colormap.map(np.array([void], dtype)) == 0).all()
    assert colormap.background_value == void


def test_many_regions_repeat_the_colours():
    shown = label_colormap(np.dtype("uint16")).map(np.array([256, 3000], np.uint16))
    assert (np.rint(shown[:, :3] * 255) == label_colors(3001)[[256, 3000]]).all()


def test_of_several_scales_the_finest_is_read(volume):
    layer = Image([volume, volume[:, ::2, ::2]], multiscale=True)
    picture = picture_of(layer)
    assert picture.shape == volume.shape
    assert (picture.read((3, None, None)) == volume[3]).all()


def test_a_colour_image_has_no_axis_for_its_channels():
    image = np.zeros((3, 32, 40, 4), np.uint8)
    picture = picture_of(
        Image(image, name="film", rgb=True, axis_labels=("t", "y", "x"))
    )
    assert picture.shape == (3, 32, 40)
    assert picture.read((2, None, None)).shape == (32, 40, 3)
    assert picture.describe((2, None, None)) == "slice t=2 of film"


def seen_by_napari(viewer, layer):
    """What the viewer draws, from the layer's own slicing."""
    viewer.layers.selection.active = layer
    return np.asarray(layer._slice.image.raw)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 0, 1)])
def test_the_cut_is_the_slice_that_is_drawn(volume, order):
    viewer = ViewerModel()
    layer = viewer.add_image(volume, scale=(3, 0.5, 0.7), translate=(10, -4, 2))
    viewer.dims.order = order
    for step in (0, 2, 7):
        viewer.dims.set_current_step(order[0], step)
        cut = shown_cut_of(viewer, layer, volume.shape)
        assert cut[order[0]] == step
        drawn = seen_by_napari(viewer, layer)
        expected = volume[as_index(cut)]
        assert (drawn == expected).all() or (drawn == expected.T).all()


def test_the_cut_is_right_where_another_layer_brings_time_and_other_units(volume):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 9, 32, 40), np.uint8), units=("s", "mm", "mm", "mm"))
    layer = viewer.add_image(volume, units="um", scale=(1000, 1000, 1000))
    viewer.dims.order = (1, 0, 2, 3)
    for step in (1, 6):
        viewer.dims.set_current_step(1, step)
        viewer.dims.order = (0, 1, 2, 3)
        cut = shown_cut_of(viewer, layer, volume.shape)
        assert (seen_by_napari(viewer, layer) == volume[as_index(cut)]).all()


@pytest.mark.parametrize("place", [{"shear": (0.2, 0, 0)}, {"rotate": (0, 20, 0)}])
@pytest.mark.parametrize("more_axes", [False, True])
def test_the_cut_is_the_slice_that_is_drawn_of_a_slanted_volume(
    volume, place, more_axes
):
    viewer = ViewerModel()
    if more_axes:
        viewer.add_image(np.zeros((4, *volume.shape), np.uint8))
    layer = viewer.add_image(volume, **place)
    for world in (2, 5):
        viewer.dims.set_point(viewer.dims.ndim - 3, world)
        cut = shown_cut_of(viewer, layer, volume.shape)
        assert (seen_by_napari(viewer, layer) == volume[as_index(cut)]).all()


def test_the_viewer_comes_to_a_slice_of_a_layer_of_other_units(volume):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 9, 32, 40), np.uint8), units=("s", "um", "um", "um"))
    layer = viewer.add_image(
        volume, units="mm", scale=[0.001] * 3, translate=[0.002] * 3
    )
    look_at(viewer, layer, (6, None, None))
    assert shown_cut_of(viewer, layer, volume.shape) == (6, None, None)
    assert (seen_by_napari(viewer, layer) == volume[6]).all()


def test_labels_lie_where_the_image_lies(volume):
    viewer = ViewerModel()
    affine = np.eye(4)
    affine[0, 3] = 5
    image = viewer.add_image(
        volume,
        name="rock",
        scale=(2, 0.5, 0.5),
        translate=(1, 2, 3),
        rotate=(0, 0, 10),
        affine=affine,
        units=("mm", "um", "um"),
        axis_labels=("z", "y", "x"),
    )
    labels = np.zeros(volume.shape, np.uint8)
    layer = show_labels(viewer, image, labels, "classes")
    assert isinstance(layer, Labels)
    assert layer.name == "rock classes"
    assert layer.data is labels
    assert layer.units == image.units
    assert layer.axis_labels == image.axis_labels
    for point in np.random.default_rng(0).uniform(0, 30, (5, 3)):
        assert np.allclose(layer.data_to_world(point), image.data_to_world(point))


def test_the_layer_is_used_again_unless_it_was_removed(volume):
    viewer = ViewerModel()
    image = viewer.add_image(volume)
    layer = show_labels(viewer, image, np.zeros(volume.shape, np.uint8), "classes")
    other = np.ones(volume.shape, np.uint16)
    assert show_labels(viewer, image, other, "classes", layer) is layer
    assert layer.data is other
    assert layer.colormap.background_value == 65535
    viewer.layers.remove(layer)
    assert show_labels(viewer, image, other, "classes", layer) is not layer
    assert len(viewer.layers) == 2
