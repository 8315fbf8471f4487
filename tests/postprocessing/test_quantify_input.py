import sys
from pathlib import Path

import numpy as np
import pytest

from sksegment.postprocessing import quantify

VOLUME = np.zeros((3, 4, 5), int)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (VOLUME.astype(float), r"slice 0 of labels holds float64.*astype\(int\)"),
        ([VOLUME[0], VOLUME[0, :3]], r"slice 1 of labels has shape \(3, 5\), but sli"),
        ([], "labels is empty"),
        (np.zeros((3, 4, 5, 3), int), r"slice 0 of labels has shape \(4, 5, 3\)"),
        (np.zeros((0, 5), int), r"slice 0 of labels has shape \(0, 5\)"),
        (np.arange(5), r"slice 0 of labels has shape \(\); expected \(H, W\)"),
    ],
)
def test_labels_that_are_no_maps_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        quantify(labels)


@pytest.mark.parametrize(
    ("labels", "spatial", "message"),
    [
        (VOLUME, "2D", "spatial must be '2d' or '3d', got '2D'"),
        (VOLUME[0], "3d", "one .* map; spatial='3d' is for volumes"),
    ],
)
def test_spatial_that_does_not_suit_is_refused(labels, spatial, message):
    with pytest.raises(ValueError, match=message):
        quantify(labels, spatial=spatial)


@pytest.mark.parametrize("path", ["labels.tif", Path("labels.tif")])
def test_a_path_is_refused_with_what_to_pass(path):
    told = r"labels is a path, 'labels\.tif'; pass .*read_labels\(path\), .*open_stack"
    with pytest.raises(TypeError, match=told):
        quantify(path)
    told = r"image is a path, 'labels\.tif'; pass sksegment\.stacks\.open_stack\(path\)"
    with pytest.raises(TypeError, match=told):
        quantify(VOLUME, image=path)


def test_a_stream_without_a_length_is_refused():
    with pytest.raises(TypeError, match=r"labels must be .* got generator"):
        quantify(map_ for map_ in VOLUME)


@pytest.mark.parametrize(
    ("spacing", "message"),
    [
        ((1.0, 2.0), r"spacing has 2 numbers; give the size of a voxel along \(z, y"),
        ((1.0, 2.0, -1.0), "must be positive"),
        (0, "must be positive"),
        ((1.0, 2.0, np.nan), "must be positive"),
        ((1.0, 2.0, np.inf), "must be positive"),
        ("abc", "must be positive"),
        ((1, 2, None), "must be positive"),
    ],
)
def test_spacing_that_is_no_size_is_refused(spacing, message):
    with pytest.raises(ValueError, match=message):
        quantify(VOLUME, spacing)


def test_spacing_of_a_map_has_two_numbers():
    with pytest.raises(ValueError, match=r"3 numbers; .* a pixel along \(y, x\)"):
        quantify(VOLUME[0], (1.0, 1.0, 1.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "um"}, "unit is 'um' but spacing is None; give the size"),
        ({"unit": 3, "spacing": 1}, "unit must be a name such as 'um', got 3"),
        ({"unit": " ", "spacing": 1}, "unit must be a name"),
        ({"unit": "voxel", "spacing": 1}, "'voxel' is no length"),
        ({"class_names": "air"}, "class_names is one text"),
    ],
)
def test_units_and_names_that_say_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        quantify(VOLUME, **options)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((2, 4, 5)), "image has 2 slices, but labels has 3"),
        (np.zeros((3, 4, 6)), r"slice 0 of image is float64 of shape \(4, 6\)"),
        (np.zeros((3, 4, 5, 3)), r"slice 0 of image is float64 of shape \(4, 5, 3\)"),
        (np.zeros((3, 4, 5), complex), "slice 0 of image is complex128"),
    ],
)
def test_images_that_do_not_belong_to_the_labels_are_refused(image, message):
    with pytest.raises(ValueError, match=message):
        quantify(VOLUME, image=image)


def test_without_pandas_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install "sksegment\[stacks\]"'):
        quantify(VOLUME)
