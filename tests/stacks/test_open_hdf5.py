"""Datasets of HDF5 and NeXus files as stacks."""

import json

import h5py
import numpy as np
import pytest

from sksegment.stacks import SliceError, open_stack


@pytest.fixture
def path(volume, tmp_path):
    """Write a NeXus file: the volume under two names, and what goes with it."""
    with h5py.File(tmp_path / "scan.nxs", "w") as file:
        data = file.create_dataset("entry/data/data", data=volume, chunks=(2, 32, 40))
        file["entry/instrument/detector/data"] = data
        file["entry/sample/angle"] = np.arange(5.0)
        file["entry/title"] = "a scan"
    return tmp_path / "scan.nxs"


def test_only_volume_is_found(path, volume):
    stack = open_stack(path)
    assert (stack.axes, stack.shape) == ("ZYX", volume.shape)
    assert stack.source == "scan.nxs:/entry/data/data"
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    np.testing.assert_array_equal(stack.along("y")[3], volume[:, 3])


@pytest.mark.parametrize("name", ["/entry/data/data", "entry/data/data", "/entry/data"])
def test_volume_is_named(path, volume, name):
    np.testing.assert_array_equal(open_stack(path, dataset=name)[1], volume[1])


def test_links_of_a_group_that_is_named_are_followed(path, volume):
    with h5py.File(path, "a") as file:
        data = file.create_group("scan/data")
        data["data"] = h5py.SoftLink("/entry/data/data")
        data["angle"] = h5py.SoftLink("/entry/sample/angle")
        data["nothing"] = h5py.SoftLink("/nowhere")
        file["alias"] = h5py.SoftLink("/entry/data")
        file["entry/default"] = h5py.SoftLink("/entry/data/data")
    # Two names of one array, as in entry, are no choice.
    for name in ("scan/data", "alias", "/entry/"):
        with open_stack(path, dataset=name) as stack:
            np.testing.assert_array_equal(stack[1], volume[1])
    with h5py.File(path, "a") as file:
        file["dark"] = volume[:2]
        file["scan/data/dark"] = h5py.SoftLink("/dark")
    with pytest.raises(ValueError, match=r"/scan/data/dark .*/scan/data/data"):
        open_stack(path, dataset="scan/data")


def test_candidates_are_listed(path, volume):
    with h5py.File(path, "a") as file:
        file["entry/dark"] = volume[:2]
    with pytest.raises(ValueError) as caught:
        open_stack(path)
    assert "/entry/data/data (5, 32, 40)" in str(caught.value)
    assert "/entry/dark (2, 32, 40)" in str(caught.value)
    assert "choose one with dataset=" in str(caught.value)
    assert open_stack(path, dataset="/entry/dark").shape == (2, 32, 40)


def test_wrong_names_and_files_without_a_volume(path, tmp_path):
    with pytest.raises(
        ValueError, match=r"nothing under '/data'.*/entry/data/data \(5"
    ):
        open_stack(path, dataset="/data")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"] = np.zeros((3, 4))
    with pytest.raises(ValueError, match=r"no volume; its arrays are: /x \(3, 4\)"):
        open_stack(tmp_path / "b.h5")
    h5py.File(tmp_path / "c.h5", "w").close()
    with pytest.raises(ValueError, match="its arrays are: none"):
        open_stack(tmp_path / "c.h5")


def test_axes_of_a_dataset(path, volume):
    stack = open_stack(path, axes="XYZ")
    np.testing.assert_array_equal(stack[3], volume[:, :, 3].T)


def test_labels_of_dimensions_are_axes(volume, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("data", data=np.moveaxis(volume, 0, -1))
        for dimension, label in zip(data.dims, "yxz", strict=True):
            dimension.label = label
    np.testing.assert_array_equal(open_stack(tmp_path / "a.h5")[3], volume[3])


@pytest.mark.parametrize("axes", ["tzyxc", "czyx", "yxz"])
def test_axes_that_ilastik_states(axes, volume, tmp_path):
    data = np.moveaxis(volume, 0, -1) if axes == "yxz" else volume
    shape = dict(zip(axes.strip("tc"), data.shape, strict=True))
    data = data.reshape([shape.get(letter, 1) for letter in axes])
    tags = {"axes": [{"key": letter} for letter in axes]}
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("exported_data", data=data)
        data.attrs["axistags"] = json.dumps(tags)
    stack = open_stack(tmp_path / "a.h5")
    assert stack.axes == "ZYX"
    np.testing.assert_array_equal(stack[3], volume[3])


def test_tags_that_make_no_sense_are_passed_over(path, volume):
    for tags in ("{", "[]", '{"axes": [{"key": "z"}]}', 3):
        with h5py.File(path, "a") as file:
            file["entry/data/data"].attrs["axistags"] = tags
        np.testing.assert_array_equal(open_stack(path)[1], volume[1])


def test_linked_file_is_followed_when_it_is_named(path, volume, tmp_path):
    with h5py.File(tmp_path / "master.h5", "w") as file:
        file["entry/data_000001"] = h5py.ExternalLink("scan.nxs", "/entry/data/data")
    stack = open_stack(tmp_path / "master.h5", dataset="/entry/data_000001")
    np.testing.assert_array_equal(stack[2], volume[2])


@pytest.mark.parametrize("kind", ["link", "virtual", "external"])
def test_fingerprint_notices_a_change_in_a_linked_file(kind, path, volume, tmp_path):
    other = tmp_path / "master.h5"
    with h5py.File(other, "w") as file:
        if kind == "link":
            file["data"] = h5py.ExternalLink("scan.nxs", "/entry/data/data")
        elif kind == "virtual":
            layout = h5py.VirtualLayout(volume.shape, volume.dtype)
            layout[:] = h5py.VirtualSource("scan.nxs", "entry/data/data", volume.shape)
            file.create_virtual_dataset("data", layout)
        else:
            external = [(str(path), 0, volume.nbytes)]
            file.create_dataset("data", volume.shape, volume.dtype, external=external)
    first = open_stack(other, dataset="data").fingerprint()
    assert open_stack(other, dataset="data").fingerprint() == first
    with h5py.File(path, "a") as file:
        file["entry/data/data"][2, 3, 4] += 1
    assert open_stack(other, dataset="data").fingerprint() != first


def test_size_of_a_voxel(path):
    assert open_stack(path).spacing is None
    with h5py.File(path, "a") as file:
        file["entry/data/data"].attrs["element_size_um"] = [2.0, 0.5, 0.25]
    stack = open_stack(path)
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.25), "um")


def test_big_endian_dataset(volume, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["data"] = volume.astype(">i2")
    stack = open_stack(tmp_path / "a.h5")
    assert stack[1].dtype == np.int16
    np.testing.assert_array_equal(stack[1], volume[1])


def test_damaged_chunk_costs_its_slices(volume, tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset(
            "data", data=volume, chunks=(1, 32, 40), compression="gzip", fletcher32=True
        )
        chunk = data.id.get_chunk_info(2)
    with open(tmp_path / "a.h5", "r+b") as file:
        file.seek(chunk.byte_offset + 20)
        file.write(b"\xff" * 200)
    stack = open_stack(tmp_path / "a.h5")
    with pytest.raises(SliceError, match=r"slice 2 of a\.h5:/data cannot be read"):
        stack[2]
    np.testing.assert_array_equal(stack[3], volume[3])


def test_truncated_file(path):
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"scan\.nxs cannot be read: .*truncated"):
        open_stack(path)


def test_missing_package(path, hide):
    hide("h5py")
    with pytest.raises(ImportError, match=r'pip install "sksegment\[stacks\]"'):
        open_stack(path)


def test_file_is_held_open_only_while_it_is_read(path, volume):
    stack = open_stack(path)
    with h5py.File(path, "a") as file:
        file["more"] = 1
    with stack:
        np.testing.assert_array_equal(stack[0], volume[0])
        with pytest.raises(OSError, match="already open"):
            h5py.File(path, "a")
    with h5py.File(path, "a") as file:
        file["still"] = 1
        assert {*file} == {"entry", "more", "still"}
