"""Folders and lists of image files as stacks."""

import warnings

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment.stacks import SliceError, open_stack


@pytest.fixture
def folder(volume, tmp_path):
    """Make a folder of slices that only natural order sorts."""
    folder = tmp_path / "slices"
    folder.mkdir()
    for index, image in enumerate(volume):
        tifffile.imwrite(folder / f"s{index + 8}.tif", image)
    return folder


def test_files_are_slices_in_natural_order(folder, volume):
    stack = open_stack(folder)
    assert stack.names == [f"s{number}.tif" for number in range(8, 13)]
    assert (stack.axes, stack.shape, stack.source) == ("ZYX", volume.shape, "slices")
    assert stack.along("x").names is None
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    np.testing.assert_array_equal(stack.along("y")[5], volume[:, 5])


def test_axes_of_times(folder):
    assert open_stack(folder, axes="TYX").axes == "TYX"
    with pytest.raises(ValueError, match="names 4 axes, but slices has 3"):
        open_stack(folder, axes="ZYXC")


def test_list_of_files_keeps_its_order(folder, volume):
    stack = open_stack([str(folder / "s11.tif"), folder / "s9.tif"])
    assert stack.names == ["s11.tif", "s9.tif"]
    np.testing.assert_array_equal(stack[1], volume[1])


def test_colour_files(tmp_path, colour_volume):
    for index, image in enumerate(colour_volume):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    stack = open_stack(tmp_path)
    assert (stack.axes, stack.shape) == ("ZYXC", (5, 32, 40, 3))
    np.testing.assert_array_equal(stack[2], colour_volume[2])


def test_one_image_file_is_a_stack_of_one(tmp_path, colour_volume):
    Image.fromarray(colour_volume[0]).save(tmp_path / "a.png")
    assert open_stack(tmp_path / "a.png").shape == (1, 32, 40, 3)


@pytest.mark.parametrize("index", [0, 2])
def test_unreadable_file_costs_one_slice(folder, volume, index):
    path = folder / f"s{index + 8}.tif"
    path.write_bytes(path.read_bytes()[:700])
    stack = open_stack(folder)
    expected = rf"slice {index} of slices \({path.name}\): .*{path.name} cannot be read"
    with pytest.raises(SliceError, match=expected):
        stack[index]
    for other in {*range(5)} - {index}:
        np.testing.assert_array_equal(stack[other], volume[other])


def test_other_sizes_and_dtypes_cost_their_slices(folder, volume):
    tifffile.imwrite(folder / "s9.tif", volume[1, :30])
    tifffile.imwrite(folder / "s10.tif", volume[2].astype(np.float32))
    stack = open_stack(folder)
    with pytest.raises(
        SliceError, match=r"\(s9\.tif\).*is \(30, 40\), the first has \(32"
    ):
        stack[1]
    with pytest.raises(
        SliceError, match=r"\(s10\.tif\).* it is float32, the first is int16"
    ):
        stack[2]
    np.testing.assert_array_equal(stack[3], volume[3])


def test_file_that_vanished_costs_one_slice(folder, volume):
    stack = open_stack(folder)
    (folder / "s9.tif").unlink()
    with pytest.raises(SliceError, match="there is no such file"):
        stack[1]
    np.testing.assert_array_equal(stack[2], volume[2])


def test_stack_file_among_slices_costs_one_slice(folder, volume):
    tifffile.imwrite(folder / "s9.tif", volume)
    with pytest.raises(SliceError, match="holds 5 images, not one slice"):
        open_stack(folder)[1]


def test_folders_without_slices(tmp_path):
    with pytest.raises(ValueError, match=f"no images in the folder {tmp_path}"):
        open_stack(tmp_path)
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(ValueError, match=r"a\.png is no image"):
        open_stack(tmp_path)
    with pytest.raises(ValueError, match="missing: there is no such file"):
        open_stack(tmp_path / "missing")
    with pytest.raises(ValueError, match="dataset= names an array"):
        open_stack(tmp_path, dataset="/data")


@pytest.mark.parametrize("source", ["", [""]])
def test_empty_path_is_not_the_current_folder(source, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(ValueError, match="a path is empty"):
        open_stack(source)


def test_fingerprint_notices_another_slice(folder, volume):
    first = open_stack(folder).fingerprint()
    assert open_stack(folder).fingerprint() == first
    tifffile.imwrite(folder / "s13.tif", volume[0])
    assert open_stack(folder).fingerprint() != first


def test_overlays_beside_label_maps_are_no_slices(volume, tmp_path):
    for index, image in enumerate(volume):
        tifffile.imwrite(tmp_path / f"s{index}_labels.tif", image)
        tifffile.imwrite(tmp_path / f"s{index}_overlay.tif", np.zeros((9, 9, 3), "u1"))
    stack = open_stack(tmp_path)
    assert stack.shape == volume.shape
    np.testing.assert_array_equal(stack[2], volume[2])


def test_an_overview_among_the_slices_is_none_of_them(volume, tmp_path):
    for index, page in enumerate(volume):
        tifffile.imwrite(tmp_path / f"s{index}.tif", page)
    tifffile.imwrite(tmp_path / "overview.tif", np.zeros((90, 70, 3), "u1"))
    stack = open_stack(tmp_path)
    assert stack.shape == (len(volume) + 1, *volume.shape[1:])
    np.testing.assert_array_equal(stack[1], volume[0])
    with pytest.raises(SliceError, match=r"overview.tif"):
        stack[0]


def write_slice(path, image, size=0.5):
    """Write a slice as ImageJ does, with voxels of 2 um x size x size."""
    options = {"resolution": (1 / size,) * 2, "metadata": {"spacing": 2, "unit": "um"}}
    tifffile.imwrite(path, image, imagej=True, **options)


def test_size_of_voxels_is_what_all_files_state(tmp_path, volume):
    for index, image in enumerate(volume):
        write_slice(tmp_path / f"{index}.tif", image)
    (tmp_path / "3.tif").write_bytes((tmp_path / "3.tif").read_bytes()[:100])
    stack = open_stack(tmp_path)
    assert (stack.spacing, stack.unit) == (pytest.approx((2.0, 0.5, 0.5)), "um")
    listed = open_stack([tmp_path / "0.tif", tmp_path / "1.tif"])
    assert listed.spacing == stack.spacing


def test_files_that_state_different_sizes_are_named(folder, volume):
    write_slice(folder / "s9.tif", volume[0])
    write_slice(folder / "s12.tif", volume[0], size=0.25)
    expected = (
        r"files of slices state different sizes of a pixel, none \(s8.tif\), "
        r"2 x 0.5 x 0.5 um \(s9.tif\), 2 x 0.25 x 0.25 um \(s12.tif\); none of them"
    )
    with pytest.warns(UserWarning, match=expected):
        stack = open_stack(folder)
    assert (stack.spacing, stack.unit) == (None, None)


def warnings_of(folder, names):
    """What is said when slices of such names are opened."""
    for name in names:
        tifffile.imwrite(folder / f"{name}.tif", np.zeros((8, 8), np.uint8))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert len(open_stack(folder)) == len(names)
    return [str(warning.message) for warning in caught]


def test_slice_that_is_missing_is_told(tmp_path):
    [text] = warnings_of(tmp_path, [f"s2_{i:02d}" for i in (0, 2, 4, 6, 10, 12)])
    assert "counted in steps of 2, but s2_06.tif is followed by s2_10.tif" in text


@pytest.mark.parametrize("numbers", [[1, 2], [3], [5, 9, 20], [10, 13, 14, 19, 28]])
def test_numbers_that_do_not_count_say_nothing(tmp_path, numbers):
    assert warnings_of(tmp_path, [f"s{number}" for number in numbers]) == []


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("z", "_c", "count channels, but each is taken for a slice"),
        ("scan_T", "_ch", "count channels"),
        ("t", "z", "count times and slices, but all"),
        ("day", "_hour", None),
        ("z", "_tile", None),
        ("scan", "_mac", None),
    ],
)
def test_channels_and_times_in_names_are_told(tmp_path, first, second, message):
    names = [f"{first}{i}{second}{j}" for i in range(3) for j in range(2)]
    texts = warnings_of(tmp_path, names)
    assert len(texts) == (message is not None)
    assert all(message in text for text in texts)
