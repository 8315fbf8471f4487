"""Strokes from files of class numbers, and what is unknown in them."""

from functools import partial

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from sksegment.io import ImageFileError, read_labels, read_scribbles, write_labels


@pytest.fixture
def write(tmp_path):
    """Write pages as an array, and return the path."""

    def write_(pages, dtype=np.uint8):
        path = tmp_path / "strokes.npy"
        np.save(path, np.asarray(pages, dtype))
        return path

    return write_


STROKES = np.array([[-1, 0, -1], [1, -1, -1]])


def test_what_was_written_is_read(tmp_path):
    path = tmp_path / "strokes.png"
    write_labels(path, STROKES)
    [map_] = read_scribbles(path)
    assert_array_equal(map_, STROKES)
    assert map_.dtype == np.int32


def test_with_zero_unknown_classes_begin_one_lower(write):
    [map_] = read_scribbles(write([[0, 1, 0], [2, 0, 0]]), unknown=0)
    assert_array_equal(map_, STROKES)


def test_negative_values_are_unknown_whatever_is_said(write):
    path = write([[-1, 5, -7], [2, -1, -1]], np.int16)
    for unknown in ("max", None, 5):
        [map_] = read_scribbles(path, unknown=unknown)
        assert (map_[[0, 0, 1, 1], [0, 2, 1, 2]] == -1).all()
        assert map_[0, 1] == (-1 if unknown == 5 else 5)


def test_every_page_is_read_even_one_without_strokes(write):
    maps = read_scribbles(write([[[0, 0]], [[0, 1]], [[2, 0]]]), unknown=0)
    assert [map_.tolist() for map_ in maps] == [[[-1, -1]], [[-1, 0]], [[1, -1]]]


def test_numbers_of_a_palette_are_classes_not_its_colours(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 0]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 200, 10, 10, 10, 10, 200])
    image.save(tmp_path / "strokes.png")
    [map_] = read_scribbles(tmp_path / "strokes.png", unknown=0)
    assert_array_equal(map_, [[-1, 0], [1, -1]])


@pytest.mark.parametrize(
    ("pages", "unknown", "message"),
    [
        ([[0, 1], [2, 0]], "max", "a class for every pixel.*--unknown 0"),
        ([[0, 1], [2, 0]], 7, "a class for every pixel"),
        ([[0, 1], [2, 0]], None, "a class for every pixel"),
        ([[0, 255]], "max", "0 and 255 alone.*--unknown 255 or --unknown 0"),
        ([[255, 255]], "max", "no strokes"),
        ([[0, 0]], 0, "no strokes"),
    ],
)
def test_scribbles_that_say_all_or_nothing_are_refused(write, pages, unknown, message):
    path = write(pages)
    with pytest.raises(ImageFileError, match=message) as caught:
        read_scribbles(path, unknown=unknown)
    assert str(path) in str(caught.value)


def test_strokes_in_colour_are_refused(tmp_path):
    path = tmp_path / "strokes.png"
    Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(path)
    with pytest.raises(ImageFileError, match="class numbers, not colours"):
        read_scribbles(path)


def test_0_and_255_can_be_told_apart(write):
    path = write([[0, 255]])
    assert_array_equal(read_scribbles(path, unknown=255)[0], [[0, -1]])
    assert_array_equal(read_scribbles(path, unknown=0)[0], [[-1, 254]])


def test_pages_of_a_palette_are_class_numbers(tmp_path):
    pages = np.array([[[0, 1]], [[2, 0]]], np.uint8)
    colormap = np.zeros((3, 256), np.uint16)
    colormap[:, 1:3] = 40_000
    path = tmp_path / "strokes.tif"
    tifffile.imwrite(path, pages, photometric="palette", colormap=colormap)
    maps = read_scribbles(path, unknown=0)
    assert [map_.tolist() for map_ in maps] == [[[-1, 0]], [[1, -1]]]
    assert len(read_labels(path)) == 2


@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.uint64])
def test_numbers_that_are_too_large_are_refused(write, dtype):
    path = write([[0, 3_000_000_001]], dtype)
    for read in (read_labels, partial(read_scribbles, unknown=0)):
        with pytest.raises(ImageFileError, match=r"strokes.npy has .*3000000001"):
            read(path)
    largest = np.iinfo(dtype).max
    if np.dtype(dtype).kind == "u":
        assert read_labels(write([[5, largest]], dtype))[0].tolist() == [[5, -1]]
