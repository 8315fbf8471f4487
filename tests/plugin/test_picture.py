"""Which slice is shown, how it is read, and in which order all are."""

import numpy as np
import pytest

from sksegment.napari._picture import Picture, as_index, shown_cut

dask_array = pytest.importorskip("dask.array")


def counting(*shape, dtype=np.uint16):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize(
    ("point", "order", "shape", "cut"),
    [
        ((0.0, 0.0), (0, 1), (20, 30), (None, None)),
        ((4.0, 0.0, 0.0), (0, 1, 2), (9, 20, 30), (4, None, None)),
        ((4.0, 3.0, 0.0), (1, 0, 2), (9, 20, 30), (None, 3, None)),
        # Transposed, the slice has the same pixels.
        ((4.0, 0.0, 0.0), (0, 2, 1), (9, 20, 30), (4, None, None)),
        # Another layer gives the viewer an axis of time.
        ((4.0, 0.0, 0.0), (0, 1, 2, 3), (9, 20, 30), (4, None, None)),
        ((0.0, 0.0), (0, 1, 2), (20, 30), (None, None)),
        # Rolled to axes that a single image does not have.
        ((0.0, 0.0), (2, 0, 1), (20, 30), (None, None)),
        ((2.0, 4.0, 0.0, 0.0), (0, 1, 2, 3), (5, 9, 20, 30), (2, 4, None, None)),
        # Outside of the image the nearest slice is meant.
        ((99.0, 0.0, 0.0), (0, 1, 2), (9, 20, 30), (8, None, None)),
        ((-7.0, 0.0, 0.0), (0, 1, 2), (9, 20, 30), (0, None, None)),
        ((3.6, 0.0, 0.0), (0, 1, 2), (9, 20, 30), (4, None, None)),
    ],
)
def test_the_shown_slice(point, order, shape, cut):
    assert shown_cut(point, order, shape) == cut


@pytest.mark.parametrize("cut", [(3, None, None), (None, 3, None), (None, None, 3)])
@pytest.mark.parametrize("rgb", [False, True])
@pytest.mark.parametrize("wrap", [np.asarray, dask_array.from_array])
def test_all_slices_of_an_orientation_begin_with_the_one_shown(cut, rgb, wrap):
    array = counting(9, 10, 11, *(3,) * rgb)
    picture = Picture.of("rock", wrap(array), rgb=rgb)
    axis = cut.index(3)
    [(stack, order, cuts)] = picture.stacks(cut)
    assert order == [*range(3, array.shape[axis]), 0, 1, 2]
    assert picture.count(cut) == len(order) == array.shape[axis]
    for number in (3, 0, 8):
        assert cuts(number)[axis] == number
        assert (stack[number] == array[as_index(cuts(number))]).all()
        assert (picture.read(cuts(number)) == stack[number]).all()


def test_a_single_image_is_a_stack_of_one():
    array = counting(12, 16)
    picture = Picture.of("photo", array)
    [(stack, order, cuts)] = picture.stacks((None, None))
    assert (order, cuts(0), picture.count((None, None))) == ([0], (None, None), 1)
    assert (stack[0] == array).all()
    assert picture.describe((None, None)) == "photo"


def test_with_time_and_depth_every_time_is_a_stack():
    array = counting(3, 4, 10, 12)
    picture = Picture.of("cells", array, axis_labels="tzyx")
    parts = [*picture.stacks((1, 2, None, None))]
    assert [order for _, order, _ in parts] == [
        [2, 3, 0, 1],
        [0, 1, 2, 3],
        [0, 1, 2, 3],
    ]
    seen = [cuts(number) for _, order, cuts in parts for number in order]
    assert seen[:2] == [(1, 2, None, None), (1, 3, None, None)]
    assert len(set(seen)) == picture.count((1, 2, None, None)) == 12
    for stack, order, cuts in parts:
        assert (stack[order[0]] == array[as_index(cuts(order[0]))]).all()
    assert picture.describe((1, 2, None, None)) == "slice t=1, z=2 of cells"


def test_axes_without_names_are_named_by_number():
    picture = Picture.of("rock", counting(9, 10, 11), axis_labels=("-3", "-2", "-1"))
    assert picture.describe((4, None, None)) == "slice axis 0=4 of rock"


def test_alpha_is_dropped():
    array = counting(10, 12, 4, dtype=np.uint8)
    picture = Picture.of("photo", array, rgb=True)
    assert picture.shape == (10, 12)
    assert (picture.read((None, None)) == array[..., :3]).all()


def test_only_the_slice_that_is_read_is_computed():
    computed = []

    def block(block_info):
        computed.append(block_info[None]["chunk-location"][0])
        return np.zeros((1, 10, 12), np.uint8)

    lazy = dask_array.map_blocks(
        block, dtype=np.uint8, chunks=((1,) * 6, 10, 12), meta=np.empty((0, 0, 0))
    )
    picture = Picture.of("rock", lazy)
    assert picture.read((4, None, None)).shape == (10, 12)
    assert computed == [4]


def test_what_is_neither_numpy_nor_dask_is_read_lazily():
    zarr = pytest.importorskip("zarr")
    array = counting(5, 10, 12)
    stored = zarr.create_array({}, data=array, chunks=(1, 10, 12))
    picture = Picture.of("rock", stored)
    assert hasattr(picture.array, "dask")
    assert (picture.read((2, None, None)) == array[2]).all()
