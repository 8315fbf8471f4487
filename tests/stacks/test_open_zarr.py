"""Zarr arrays of both versions, and OME-Zarr, as stacks."""

import pickle

import numpy as np
import pytest
import zarr

from sksegment.io import ImageFileError
from sksegment.stacks import SliceError, open_stack


def make_ome(path, volume, *, version, axes, scale, unit="micrometer"):
    """Write an image of two resolutions, and no more than OME-Zarr asks for."""
    group = zarr.open_group(str(path), mode="w", zarr_format=version)
    group.create_array("s0", data=volume)
    group.create_array("s1", data=volume[..., ::2, ::2])
    kinds = {"t": "time", "c": "channel"}
    names = [
        {"name": name, "type": kinds.get(name, "space")}
        | ({"unit": unit} if name in "zyx" else {})
        for name in axes
    ]
    datasets = [
        {
            "path": f"s{level}",
            "coordinateTransformations": [
                {"type": "scale", "scale": [*scale[:-2], *(s * f for s in scale[-2:])]}
            ],
        }
        for level, f in ((0, 1.0), (1, 2.0))
    ]
    stated = [{"version": "0.4", "axes": names, "datasets": datasets}]
    if version == 3:
        group.attrs["ome"] = {"version": "0.5", "multiscales": stated}
    else:
        group.attrs["multiscales"] = stated


@pytest.mark.parametrize("version", [2, 3])
def test_array(volume, tmp_path, version):
    path = tmp_path / "a.zarr"
    zarr.create_array(str(path), data=volume, chunks=(2, 16, 16), zarr_format=version)
    stack = open_stack(path)
    assert (stack.axes, stack.shape, stack.source) == ("ZYX", volume.shape, "a.zarr")
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    np.testing.assert_array_equal(stack.along("x")[3], volume[:, :, 3])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack))[4], volume[4])


def test_array_that_is_open_already(volume, tmp_path):
    array = zarr.create_array(str(tmp_path / "a.zarr"), data=volume)
    np.testing.assert_array_equal(open_stack(array)[2], volume[2])


@pytest.mark.parametrize("version", [2, 3])
def test_ome_image(volume, tmp_path, version):
    path, scale = tmp_path / "a.ome.zarr", [2.0, 0.5, 0.25]
    make_ome(path, volume, version=version, axes="zyx", scale=scale)
    stack = open_stack(path)
    assert (stack.axes, stack.spacing, stack.unit) == ("ZYX", (2.0, 0.5, 0.25), "um")
    assert stack.source == "a.ome.zarr/s0"
    np.testing.assert_array_equal(stack[2], volume[2])
    half = open_stack(path, dataset="s1")
    assert (half.shape, half.spacing) == ((5, 16, 20), (2.0, 1.0, 0.5))


def test_ome_image_of_five_axes(volume, tmp_path):
    path, scale = tmp_path / "a.zarr", [1, 1, 3, 2, 1]
    data = np.stack([volume, -volume])[None]
    make_ome(path, data, version=2, axes="tczyx", scale=scale, unit="nanometer")
    stack = open_stack(path)
    assert (stack.axes, stack.shape) == ("ZYXC", (5, 32, 40, 2))
    assert (stack.spacing, stack.unit) == ((3.0, 2.0, 1.0), "nm")
    np.testing.assert_array_equal(stack[2][..., 1], -volume[2])


def test_single_channel_of_ome_is_no_axis(volume, tmp_path):
    data = volume[None, None]
    make_ome(tmp_path / "a.zarr", data, version=3, axes="tczyx", scale=[1] * 5)
    assert open_stack(tmp_path / "a.zarr").shape == (5, 32, 40)


def test_image_in_a_group(volume, tmp_path):
    zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    make_ome(tmp_path / "a.zarr/0", volume, version=3, axes="zyx", scale=[3, 2, 1])
    stack = open_stack(tmp_path / "a.zarr", dataset="0")
    assert (stack.source, stack.spacing) == ("a.zarr/0/s0", (3.0, 2.0, 1.0))
    assert open_stack(tmp_path / "a.zarr").fingerprint() == stack.fingerprint()
    make_ome(tmp_path / "a.zarr/1", volume, version=3, axes="zyx", scale=[3, 2, 1])
    with pytest.raises(ValueError, match=r"2 volumes.*: /0/s0 \(5, 32, 40\), /1/s0"):
        open_stack(tmp_path / "a.zarr")


@pytest.mark.parametrize("version", [2, 3])
def test_only_image_of_a_group_may_have_five_axes(volume, tmp_path, version):
    path, options = tmp_path / "a.zarr", {"version": version, "scale": [1, 1, 3, 2, 1]}
    zarr.open_group(str(path), mode="w", zarr_format=version)
    make_ome(path / "0", volume[None, None], axes="tczyx", **options)
    zarr.open_group(str(path / "0/labels"), mode="w", zarr_format=version)
    make_ome(path / "0/labels/cells", volume[None, None], axes="tczyx", **options)
    stack = open_stack(path)
    assert (stack.source, stack.spacing) == ("a.zarr/0/s0", (3.0, 2.0, 1.0))
    np.testing.assert_array_equal(stack[2], volume[2])
    cells = open_stack(path, dataset="0/labels/cells")
    assert cells.source == "a.zarr/0/labels/cells/s0"


@pytest.mark.parametrize("version", [2, 3])
def test_array_of_an_image_keeps_the_size_of_its_voxels(volume, tmp_path, version):
    path, scale = tmp_path / "a.zarr", [2.0, 0.5, 0.25]
    make_ome(path, volume, version=version, axes="zyx", scale=scale)
    half = open_stack(path / "s1")
    assert (half.source, half.shape) == ("a.zarr/s1", (5, 16, 20))
    assert (half.spacing, half.unit) == ((2.0, 1.0, 0.5), "um")


def test_names_of_dimensions_are_axes(volume, tmp_path):
    turned = np.moveaxis(volume, 0, -1)
    paths = [tmp_path / name for name in ("3.zarr", "2.zarr", "other.zarr")]
    zarr.create_array(str(paths[0]), data=turned, dimension_names=["y", "X", "z"])
    array = zarr.create_array(str(paths[1]), data=turned, zarr_format=2)
    array.attrs["_ARRAY_DIMENSIONS"] = ["y", "x", "time"]
    for source in (*paths[:2], array):
        np.testing.assert_array_equal(open_stack(source)[3], volume[3])
    assert open_stack(paths[1]).axes == "TYX"
    assert open_stack(paths[0], axes="ZYX").shape == turned.shape
    # What says nothing of axes is read as ever.
    zarr.create_array(str(paths[2]), data=turned, dimension_names=["x", "row", None])
    assert open_stack(paths[2]).shape == turned.shape


def test_group_of_arrays(volume, tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("scan/data", data=volume)
    group.create_array("angles", data=np.arange(5))
    np.testing.assert_array_equal(open_stack(tmp_path / "a.zarr")[1], volume[1])
    group.create_array("scan/dark", data=volume[:2])
    with pytest.raises(
        ValueError, match=r"/scan/da\w+ .*dataset=|dataset=.*/scan/dark"
    ):
        open_stack(tmp_path / "a.zarr")
    stack = open_stack(tmp_path / "a.zarr", dataset="/scan/dark")
    assert stack.shape == (2, 32, 40)
    with pytest.raises(ValueError, match="nothing under 'no'"):
        open_stack(tmp_path / "a.zarr", dataset="no")


def test_damaged_chunk_costs_its_slices(volume, tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), data=volume, chunks=(1, 32, 40))
    (tmp_path / "a.zarr/c/2/0/0").write_bytes(b"\xff" * 50)
    stack = open_stack(tmp_path / "a.zarr")
    with pytest.raises(SliceError, match=r"slice 2 of a\.zarr cannot be read"):
        stack[2]
    np.testing.assert_array_equal(stack[3], volume[3])


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", [None, "scan/data"], ids=["array", "group"])
def test_fingerprint_notices_another_chunk(volume, tmp_path, name, version):
    path = tmp_path / "a.zarr"
    options = {"chunks": (2, 16, 16), "zarr_format": version}
    array = zarr.create_array(str(path), name=name, data=volume, **options)
    first = open_stack(path, dataset=name).fingerprint()
    assert open_stack(path, dataset=name).fingerprint() == first
    # The metadata stay as they are.
    array[2:4, :16, :16] = 0
    assert open_stack(path, dataset=name).fingerprint() != first


def test_fingerprint_is_of_one_array_of_the_group(volume, tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("scan", data=volume)
    dark = group.create_array("dark", data=volume[:2], chunks=(1, 32, 40))
    first = open_stack(tmp_path / "a.zarr", dataset="scan").fingerprint()
    dark[1] = 0
    assert open_stack(tmp_path / "a.zarr", dataset="scan").fingerprint() == first


def test_damaged_metadata(volume, tmp_path):
    zarr.create_array(str(tmp_path / "a.zarr"), data=volume)
    (tmp_path / "a.zarr/zarr.json").write_text("{")
    with pytest.raises(ValueError, match=r"a\.zarr cannot be opened as zarr"):
        open_stack(tmp_path / "a.zarr")


@pytest.mark.parametrize(
    "multiscales", [[{}], 5, [{"datasets": [{"path": "9"}]}], [{"datasets": [{}]}]]
)
def test_metadata_that_make_no_sense(multiscales, volume, tmp_path):
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="w")
    group.create_array("0", data=volume)
    group.attrs["multiscales"] = multiscales
    with pytest.raises(ImageFileError, match=r"a\.zarr cannot be opened as zarr"):
        open_stack(tmp_path / "a.zarr")


def test_missing_package(volume, tmp_path, hide):
    zarr.create_array(str(tmp_path / "a.zarr"), data=volume)
    hide("zarr")
    with pytest.raises(ImportError, match=r'pip install "sksegment\[stacks\]"'):
        open_stack(tmp_path / "a.zarr")
