"""Axes are stated or unambiguous, else refused with both readings."""

import numpy as np
import pytest

from sksegment.stacks import open_stack
from sksegment.stacks._axes import arrange_axes, settle_axes


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((5, 32, 40), "ZYX"),
        ((5, 32, 2), "ZYX"),
        ((3, 32, 40), "ZYX"),
        ((5, 32, 40, 3), "ZYXC"),
        ((2, 32, 40, 1), "ZYXC"),
    ],
)
def test_shapes_of_one_reading_need_no_axes(shape, axes):
    assert settle_axes("array", shape) == axes


def test_three_axes_with_three_or_four_at_the_end_can_be_colours():
    expected = (
        "volume.npy has shape (20, 512, 3), which is either 20 x 512 pixels in 3 "
        "channels (one image: wrap it in a list and use predict) or 20 slices of "
        '512 x 3 (axes="ZYX"); pass axes='
    )
    with pytest.raises(ValueError) as caught:
        settle_axes("volume.npy", (20, 512, 3))
    assert str(caught.value) == expected
    assert settle_axes("volume.npy", (20, 512, 3), axes="ZYX") == "ZYX"


@pytest.mark.parametrize("shape", [(5, 32, 40, 31), (5, 3, 40, 3)])
def test_four_axes_that_can_be_read_in_two_ways(shape):
    with pytest.raises(ValueError, match=r'axes="ZYXC".* or .*axes="CZYX".*pass axes='):
        settle_axes("array", shape)


def test_one_image_belongs_into_a_list():
    with pytest.raises(ValueError, match="one image; wrap it in a list"):
        settle_axes("array", (32, 40))
    with pytest.raises(ValueError, match=r"no axis to slice along.* wrap it in a list"):
        settle_axes("array", (32, 40, 3), axes="YXC")


def test_five_axes_need_a_choice():
    with pytest.raises(ValueError, match=r"e\.g\. volume\[0\]"):
        settle_axes("array", (2, 2, 5, 32, 40))


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ("ZYX", "names 3 axes, but array has 4"),
        ("ZZYX", "names Z 2 times"),
        ("ZYXQ", "has the letter 'Q'"),
        ("ZTCX", "does not name Y"),
        ("", "does not name Y|names 0 axes"),
    ],
)
def test_axes_that_do_not_fit(axes, message):
    with pytest.raises(ValueError, match=message):
        settle_axes("array", (5, 32, 40, 2), axes=axes)


def test_axes_must_be_a_string():
    with pytest.raises(TypeError, match="axes must be a string"):
        settle_axes("array", (5, 32, 40), axes=0)


def test_two_slicing_axes_need_a_choice():
    told = r'4 positions on T and 5 on Z.*open_stack\(\.\.\., at=\{"T": 0\}\)'
    with pytest.raises(ValueError, match=told):
        settle_axes("array", (4, 5, 32, 40), axes="TZYX")


def test_axes_of_one_position_do_not_count():
    assert settle_axes("array", (1, 5, 32, 40), axes="TZYX") == "_ZYX"
    assert settle_axes("array", (5, 1, 32, 40), axes="TZYX") == "T_YX"
    assert settle_axes("a.zarr", (1, 1, 5, 32, 40), stated="TCZYX") == "__ZYX"


def test_stated_axes_that_are_no_letters_ask_for_better_ones():
    with pytest.raises(ValueError, match=r"calls its axes QQYX.* pass axes="):
        settle_axes("a.tif", (5, 2, 32, 40), stated="QQYX")
    assert settle_axes("a.tif", (5, 2, 32, 40), axes="zcyx", stated="QQYX") == "ZCYX"


def test_axes_are_arranged_slices_first_and_channels_last():
    assert arrange_axes("CYXZ") == "ZYXC"
    assert arrange_axes("CYXT", "X") == "XTYC"
    assert arrange_axes("_ZYX", "Y") == "YZX"


@pytest.mark.parametrize("axes", ["ZYXC", "CZYX", "YXZC", "XCYZ", "SZYX"])
def test_data_are_turned(colour_volume, axes):
    order = ["ZYXC".index(letter) for letter in axes.replace("S", "C")]
    stack = open_stack(colour_volume.transpose(order), axes=axes)
    assert (stack.axes, stack.shape) == ("ZYXC", colour_volume.shape)
    np.testing.assert_array_equal(np.stack(list(stack)), colour_volume)


def test_empty_arrays_are_refused():
    with pytest.raises(ValueError, match="array is empty"):
        open_stack(np.zeros((0, 32, 40)))


@pytest.fixture
def in_time():
    """Return volumes of three slices in two channels at four times."""
    return np.random.default_rng(0).integers(0, 255, (4, 3, 2, 16, 20), np.uint8)


def test_one_position_of_an_axis(in_time):
    stack = open_stack(in_time, axes="TZCYX", at={"T": 2})
    assert (stack.axes, stack.shape) == ("ZYXC", (3, 16, 20, 2))
    np.testing.assert_array_equal(stack[1], np.moveaxis(in_time[2, 1], 0, -1))
    stack = open_stack(in_time, axes="TZCYX", at={"Z": -1, "C": 0})
    assert (stack.axes, stack.shape) == ("TYX", (4, 16, 20))
    np.testing.assert_array_equal(np.stack([*stack]), in_time[:, 2, 0])
    turned = open_stack(in_time, axes="TZCYX", at={"T": 2, "C": 1}).along("x")
    np.testing.assert_array_equal(turned[7], in_time[2, :, 1, :, 7])


def test_one_position_of_all_slices(in_time):
    stack = open_stack(in_time[:, 0, 0], axes="TYX", at={"T": 3})
    assert (stack.axes, stack.shape) == ("TYX", (1, 16, 20))
    np.testing.assert_array_equal(stack[0], in_time[3, 0, 0])


@pytest.mark.parametrize(
    ("at", "error", "message"),
    [
        ({"T": 4}, ValueError, "array has 4 positions on T, so there is none at 4"),
        ({"T": -5}, ValueError, "none at -5"),
        ({"Q": 0}, ValueError, "no axis 'Q' .*choose among T, Z, C"),
        ({"Y": 0}, ValueError, "no axis 'Y' "),
        ({"T": 0.5}, TypeError, "names 0.5, not an integer"),
        (3, TypeError, "at must be a dictionary"),
        ({}, ValueError, "has 4 positions on T and 3 on Z"),
    ],
)
def test_positions_that_there_are_not(in_time, at, error, message):
    with pytest.raises(error, match=message):
        open_stack(in_time, axes="TZCYX", at=at)


def test_open_stack_cannot_be_narrowed(in_time):
    stack = open_stack(in_time, axes="TZCYX", at={"T": 0})
    with pytest.raises(ValueError, match="pass axes=, dataset= and at= when"):
        open_stack(stack, at={"T": 1})
