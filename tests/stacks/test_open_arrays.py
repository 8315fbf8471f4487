"""Arrays, lists, memmaps, ``.npy`` files and dask arrays as stacks."""

import json
import pickle

import dask.array as da
import numpy as np
import pytest

from sksegment.stacks import SliceError, Stack, open_stack


class Spy:
    """An array that remembers how much of it was read."""

    def __init__(self, shape, dtype=np.uint8, damaged=()):
        self.shape, self.dtype, self.damaged = shape, np.dtype(dtype), damaged
        self.read = []

    def __getitem__(self, key):
        first = key[0]
        if any(index in self.damaged for index in range(first.start, first.stop)):
            raise OSError("disk error")
        self.read.append(range(first.start, first.stop))
        return np.full((first.stop - first.start, *self.shape[1:]), first.start)


def test_slices_are_those_of_the_array(volume):
    stack = open_stack(volume)
    assert (len(stack), stack.shape, stack.dtype) == (5, (5, 32, 40), np.int16)
    assert (stack.axes, stack.spacing, stack.unit) == ("ZYX", None, None)
    assert (stack.names, stack.source) == (None, "array")
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    np.testing.assert_array_equal(stack[-2], volume[3])


def test_channels_stay_last(colour_volume):
    stack = open_stack(colour_volume)
    assert (stack.axes, stack[1].shape) == ("ZYXC", (32, 40, 3))


@pytest.mark.parametrize("index", [5, -6])
def test_index_beyond_the_end(volume, index):
    with pytest.raises(IndexError, match="has 5 slices"):
        open_stack(volume)[index]


def test_only_whole_numbers_are_indices(volume):
    assert open_stack(volume)[np.int64(2)].shape == (32, 40)
    for index in (1.0, "1", slice(2)):
        with pytest.raises(TypeError, match="one by one"):
            open_stack(volume)[index]


def test_only_the_slice_in_question_is_read():
    spy = Spy((1000, 2000, 2000), np.uint16)
    stack = open_stack(spy)
    assert spy.read == []
    assert stack[700][0, 0] == 700
    assert spy.read == [range(700, 701)]


def test_damaged_slice_is_named_and_the_others_are_read():
    stack = open_stack(Spy((4, 32, 40), damaged=[2]))
    with pytest.raises(SliceError, match="slice 2 of array cannot be read: disk error"):
        stack[2]
    assert [stack[index][0, 0] for index in (0, 1, 3)] == [0, 1, 3]


def test_damaged_slice_of_a_chunk_costs_only_itself():
    spy = Spy((8, 32, 40), damaged=[2])
    spy.chunks = (4, 32, 40)
    stack = open_stack(spy)
    with pytest.raises(SliceError, match="slice 2 of array"):
        stack[2]
    assert stack[1][0, 0] == 1


def test_slice_error_is_a_value_error():
    assert issubclass(SliceError, ValueError)


@pytest.mark.parametrize("dtype", ["bool", ">u2", ">f8", "<i4", "float16"])
def test_values_pass_and_become_native(volume, dtype):
    volume = volume.astype(dtype)
    stack = open_stack(volume)
    assert stack.dtype.isnative
    assert stack[1].dtype == stack.dtype
    np.testing.assert_array_equal(stack[1], volume[1])


def test_read_only_arrays_are_read(volume):
    volume.flags.writeable = False
    np.testing.assert_array_equal(open_stack(volume)[1], volume[1])


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((5, 32, 40), complex), "is complex; pass its magnitude"),
        (np.zeros((5, 32, 40), "M8[s]"), "expected numbers"),
        (np.ma.zeros((5, 32, 40)), "masked array"),
        ([np.ma.zeros((32, 40))], "image 0 of the list is a masked array"),
    ],
)
def test_arrays_of_no_plain_numbers(array, message):
    with pytest.raises(ValueError, match=message):
        open_stack(array)


@pytest.mark.parametrize("source", [3, None, {"a": 1}, iter([])])
def test_what_holds_no_slices(source):
    with pytest.raises(TypeError, match="a stack is an array, a list of images, or a"):
        open_stack(source)


def test_list_of_images(volume, colour_volume):
    stack = open_stack(list(volume))
    assert (stack.axes, stack.shape, stack.source) == ("ZYX", (5, 32, 40), "list")
    np.testing.assert_array_equal(stack[3], volume[3])
    assert open_stack(tuple(colour_volume)).axes == "ZYXC"
    objects = np.empty(5, object)
    objects[:] = list(volume)
    np.testing.assert_array_equal(open_stack(objects)[3], volume[3])


def test_bad_lists_are_refused(volume):
    with pytest.raises(ValueError, match="the list is empty"):
        open_stack([])
    with pytest.raises(ValueError, match="image 1 of the list is int16 of shape"):
        open_stack([volume[0], volume[0, 1:]])
    with pytest.raises(ValueError, match="image 0 of the list has shape"):
        open_stack([3, 4])


def test_dataset_is_for_files_of_many_arrays(volume, tmp_path):
    np.save(tmp_path / "a.npy", volume)
    for source in (volume, tmp_path / "a.npy"):
        with pytest.raises(ValueError, match="dataset= names an array in an HDF5"):
            open_stack(source, dataset="/data")


def test_a_stack_is_opened_already(volume):
    stack = open_stack(volume)
    assert open_stack(stack) is stack


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["i2", ">i2", "f4"])
def test_npy_file(volume, tmp_path, dtype, order):
    np.save(tmp_path / "a.npy", np.asarray(volume, dtype, order=order))
    with open_stack(tmp_path / "a.npy") as stack:
        assert (stack.source, stack.shape) == ("a.npy", (5, 32, 40))
        np.testing.assert_array_equal(stack[2], volume[2])
        np.testing.assert_array_equal(stack.along("y")[3], volume[:, 3])
        np.testing.assert_array_equal(stack.along("x")[-1], volume[:, :, -1])


def test_damaged_npy_files(volume, tmp_path):
    np.save(tmp_path / "a.npy", volume)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data[:2000])
    with pytest.raises(ValueError, match=r"a\.npy cannot be read"):
        open_stack(tmp_path / "a.npy")
    with pytest.raises(ValueError, match=r"b\.npy: there is no such file"):
        open_stack(tmp_path / "b.npy")


def test_other_array_files_say_how(volume, tmp_path):
    np.savez(tmp_path / "a.npz", volume=volume)
    volume.tofile(tmp_path / "a.raw")
    with pytest.raises(ValueError, match=r"numpy\.load\(path\)\[name\]"):
        open_stack(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"numpy\.memmap\(.*\)$"):
        open_stack(str(tmp_path / "a.raw"))
    (tmp_path / "a.mrc").write_bytes(b"\0" * 1024)
    with pytest.raises(ValueError, match=r"a\.mrc cannot be read: .*mrcfile\.mmap"):
        open_stack(tmp_path / "a.mrc")


def test_memmap_travels_as_its_path(tmp_path):
    mapped = np.memmap(tmp_path / "a.raw", np.uint16, "w+", shape=(50, 64, 64))
    mapped[:] = np.arange(50)[:, None, None]
    for array in (mapped, mapped[10:], np.asarray(mapped)[10:20]):
        stack = open_stack(array)
        assert stack.source == "a.raw"
        data = pickle.dumps(stack)
        assert len(data) < 2000
        np.testing.assert_array_equal(pickle.loads(data)[3], array[3])


def test_scattered_view_of_a_memmap_is_read_as_an_array(tmp_path):
    mapped = np.memmap(tmp_path / "a.raw", np.uint16, "w+", shape=(9, 32, 40))
    mapped[:] = np.arange(9)[:, None, None]
    np.testing.assert_array_equal(open_stack(mapped[::2, ::2])[2], mapped[4, ::2])


@pytest.mark.parametrize("name", [None, "other.raw"])
def test_memmap_of_a_file_that_is_gone_is_read_from_memory(name, tmp_path):
    path = tmp_path / "a.raw"
    mapped = np.memmap(path, np.uint16, "w+", shape=(9, 64, 64))
    mapped[:] = np.arange(9)[:, None, None]
    path.unlink()
    if name is not None:
        np.full(9 * 64 * 64, 77, np.uint16).tofile(path)
    np.testing.assert_array_equal(open_stack(mapped)[4], mapped[4])
    np.testing.assert_array_equal(open_stack(mapped[2:])[3], mapped[5])


def test_dask_is_computed_slice_by_slice(volume):
    computed = []

    def note(block):
        computed.append(block.shape)
        return block

    array = da.from_array(volume, chunks=(1, 32, 40)).map_blocks(note, dtype="i2")
    stack = open_stack(array)
    computed.clear()
    np.testing.assert_array_equal(stack[3], volume[3])
    assert computed == [(1, 32, 40)]


def test_thick_chunks_are_computed_once(volume):
    computed = []

    def note(block):
        computed.append(block.shape)
        return block

    array = da.from_array(volume, chunks=(2, 32, 40)).map_blocks(note, dtype="i2")
    stack = open_stack(array)
    computed.clear()
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    assert len(computed) == 3


def test_slices_of_a_chunk_do_not_depend_on_each_other(volume):
    stack = open_stack(da.from_array(volume, chunks=(5, 32, 40)))
    stack[1][:] = 0
    np.testing.assert_array_equal(stack[1], volume[1])


def test_along_another_axis(volume, colour_volume):
    stack = open_stack(volume).along("x")
    assert (stack.axes, stack.shape) == ("XZY", (40, 5, 32))
    np.testing.assert_array_equal(stack[7], volume[:, :, 7])
    np.testing.assert_array_equal(stack.along("Z")[1], volume[1])
    colours = open_stack(colour_volume).along("y")
    np.testing.assert_array_equal(colours[7], colour_volume[:, 7])


def test_along_lists_is_read_in_blocks(volume):
    stack = open_stack(list(volume)).along("y")
    np.testing.assert_array_equal(np.stack(list(stack)), volume.swapaxes(0, 1))


@pytest.mark.parametrize("axis", ["t", "c", 0, "zy"])
def test_along_an_axis_there_is_not(volume, axis):
    with pytest.raises(ValueError, match="choose one of x, y, z"):
        open_stack(volume).along(axis)


def test_fingerprint_knows_the_file_again(volume, tmp_path):
    np.save(tmp_path / "a.npy", volume)
    first = open_stack(tmp_path / "a.npy").fingerprint()
    assert json.loads(json.dumps(first)) == first
    assert open_stack(str(tmp_path / "a.npy")).fingerprint() == first
    assert open_stack(tmp_path / "a.npy").along("x").fingerprint() != first
    np.save(tmp_path / "a.npy", volume)
    assert open_stack(tmp_path / "a.npy").fingerprint() != first


def test_fingerprint_of_an_array_is_its_kind(volume):
    fingerprint = open_stack(volume).fingerprint()
    assert fingerprint["shape"] == [5, 32, 40]
    assert (fingerprint["dtype"], fingerprint["axes"]) == ("int16", "ZYX")


@pytest.mark.parametrize("options", [{"axes": "YXZ"}, {"dataset": "a"}])
def test_open_stack_is_not_opened_in_another_way(options, volume):
    stack = open_stack(volume)
    assert open_stack(stack, axes="zyx") is stack
    with pytest.raises(ValueError, match="is open already"):
        open_stack(stack, **options)


def test_dask_array_of_unknown_length(volume):
    array = pytest.importorskip("dask.array").from_array(volume, chunks=(1, 32, 40))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        open_stack(array[array.mean(axis=(1, 2)) > 0])


def test_dtype_that_is_not_of_numpy():
    tensor = pytest.importorskip("torch").zeros(3, 32, 40)
    with pytest.raises(TypeError, match=r"is torch\.float32.*numpy\.asarray"):
        open_stack(tensor)


def test_closed_stack_says_so(volume):
    with open_stack(volume) as stack:
        assert isinstance(stack, Stack)
    with pytest.raises(ValueError, match="array is closed"):
        stack[0]
