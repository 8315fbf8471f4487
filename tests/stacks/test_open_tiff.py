"""TIFF files as stacks: pages, ImageJ, OME, BigTIFF; whole and damaged."""

import logging
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment._tiff_files import read_tiff
from sksegment.stacks import SliceError, open_stack

UM = {"spacing": 0.5, "unit": "um"}


def damage(path, page):
    """Overwrite the middle of the data of a page."""
    with tifffile.TiffFile(path) as tif:
        offset = tif.pages[page].dataoffsets[0]
        count = tif.pages[page].databytecounts[0]
    with open(path, "r+b") as file:
        file.seek(offset + count // 3)
        file.write(b"\xff" * (count // 3))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metadata": None},
        {"compression": "zlib"},
        {"compression": "zlib", "metadata": None},
        {"imagej": True},
        {"imagej": True, "metadata": {"axes": "ZYX"}, "compression": "zlib"},
        {"ome": True, "metadata": {"axes": "ZYX"}},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"byteorder": ">", "compression": "zlib"},
        {"tile": (16, 16)},
        {"rowsperstrip": 5},
    ],
    ids=str,
)
def test_pages_are_slices(volume, tmp_path, options):
    tifffile.imwrite(tmp_path / "a.tif", volume, **options)
    stack = open_stack(tmp_path / "a.tif")
    assert (stack.axes, stack.shape, stack.dtype) == ("ZYX", volume.shape, np.int16)
    np.testing.assert_array_equal(stack[3], volume[3])
    np.testing.assert_array_equal(np.stack(list(stack)), volume)
    np.testing.assert_array_equal(stack.along("x")[7], volume[:, :, 7])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float32", "float64", "int32"])
def test_dtypes_are_kept(volume, tmp_path, dtype):
    volume = (volume > 0).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", volume)
    stack = open_stack(tmp_path / "a.tif")
    assert stack[2].dtype == dtype
    np.testing.assert_array_equal(stack[2], volume[2])


def test_pages_written_one_by_one(volume, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for image in volume:
            tif.write(image)
    np.testing.assert_array_equal(
        np.stack(list(open_stack(tmp_path / "a.tif"))), volume
    )


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colour_pages(colour_volume, tmp_path, compression, planar):
    written = colour_volume
    if planar == "separate":
        written = np.moveaxis(colour_volume, -1, 1)
    tifffile.imwrite(
        tmp_path / "a.tif",
        written,
        photometric="rgb",
        planarconfig=planar,
        compression=compression,
    )
    stack = open_stack(tmp_path / "a.tif")
    assert (stack.axes, stack.shape) == ("ZYXC", (5, 32, 40, 3))
    np.testing.assert_array_equal(stack[2], colour_volume[2])


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_alpha_is_dropped(colour_volume, tmp_path, compression):
    alpha = np.concatenate([colour_volume, colour_volume[..., :1]], axis=-1)
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", alpha, compression=compression, **options)
    np.testing.assert_array_equal(open_stack(tmp_path / "a.tif")[2], colour_volume[2])


def test_palette_becomes_rgb(colour_volume, tmp_path):
    pages = [Image.fromarray(image).quantize(16) for image in colour_volume]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    stack = open_stack(tmp_path / "a.tif")
    assert stack.shape == (5, 32, 40, 3)
    np.testing.assert_array_equal(stack[1], np.asarray(pages[1].convert("RGB")))


def test_lzw_needs_no_more_packages(volume, tmp_path):
    volume = volume.astype(np.uint16)
    pages = [Image.fromarray(image) for image in volume]
    options = {"save_all": True, "compression": "tiff_lzw"}
    pages[0].save(tmp_path / "a.tif", append_images=pages[1:], **options)
    stack = open_stack(tmp_path / "a.tif")
    np.testing.assert_array_equal(stack[4], volume[4])
    np.testing.assert_array_equal(stack[1], volume[1])


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("kind", "axes"), [("ome", "CZYX"), ("ome", "ZCYX"), ("imagej", "ZCYX")]
)
def test_channels_go_last(volume, tmp_path, kind, axes, compression):
    data = np.stack([volume, volume // 2], axis=axes.index("C")).astype(np.uint16)
    options = {kind: True, "metadata": {"axes": axes}, "compression": compression}
    tifffile.imwrite(tmp_path / "a.tif", data, photometric="minisblack", **options)
    stack = open_stack(tmp_path / "a.tif")
    assert (stack.axes, stack.shape) == ("ZYXC", (5, 32, 40, 2))
    np.testing.assert_array_equal(stack[3][..., 1], data.take(1, axes.index("C"))[3])


def test_times_and_slices_need_a_choice(volume, tmp_path):
    data = np.stack([volume, volume]).astype(np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", data, imagej=True, metadata={"axes": "TZYX"})
    with pytest.raises(ValueError, match=r"2 positions on T and 5 on Z.*at=.\"T\": 0"):
        open_stack(tmp_path / "a.tif")
    for compression in (None, "zlib"):
        tifffile.imwrite(
            tmp_path / "a.ome.tif",
            data,
            metadata={"axes": "TZYX", "PhysicalSizeX": 2, "PhysicalSizeY": 2},
            compression=compression,
        )
        stack = open_stack(tmp_path / "a.ome.tif", at={"Z": 3})
        assert (stack.axes, stack._source.spacing) == ("TYX", {"Y": 2, "X": 2})
        np.testing.assert_array_equal(np.stack([*stack]), data[:, 3])
    np.save(tmp_path / "a.npy", data[None])
    with pytest.raises(ValueError, match=r"3 or 4 axes.*; read its array first .*load"):
        open_stack(tmp_path / "a.npy")


def test_times_are_slices(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", volume, ome=True, metadata={"axes": "TYX"})
    assert open_stack(tmp_path / "a.tif").axes == "TYX"


def test_stated_axes_can_be_overruled(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", volume, ome=True, metadata={"axes": "ZYX"})
    stack = open_stack(tmp_path / "a.tif", axes="YXZ")
    np.testing.assert_array_equal(stack[7], volume[:, :, 7])


def test_unnamed_axes_of_pages_are_asked_for(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([volume, -volume], axis=1))
    with pytest.raises(ValueError, match="calls its axes QQYX"):
        open_stack(tmp_path / "a.tif")
    stack = open_stack(tmp_path / "a.tif", axes="ZCYX")
    np.testing.assert_array_equal(stack[2][..., 1], -volume[2])


def test_single_page_is_a_stack_of_one(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", volume[0])
    stack = open_stack(tmp_path / "a.tif")
    assert stack.shape == (1, 32, 40)
    np.testing.assert_array_equal(stack[0], volume[0])


def test_size_of_a_voxel_in_imagej(volume, tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif",
        volume,
        imagej=True,
        resolution=(4, 2),
        metadata={"axes": "ZYX", **UM},
    )
    stack = open_stack(tmp_path / "a.tif")
    assert (stack.spacing, stack.unit) == ((0.5, 0.5, 0.25), "um")
    assert stack.along("x").spacing == (0.25, 0.5, 0.5)


def test_unit_of_imagej_in_its_own_spelling(volume, tmp_path):
    metadata = {"axes": "ZYX", "spacing": 2.0, "unit": "\\u00B5m"}
    tifffile.imwrite(
        tmp_path / "a.tif", volume, imagej=True, resolution=(1, 1), metadata=metadata
    )
    assert open_stack(tmp_path / "a.tif").unit == "um"


def test_size_of_a_voxel_in_ome_in_two_units(volume, tmp_path):
    metadata = {"axes": "ZYX", "PhysicalSizeX": 250.0, "PhysicalSizeXUnit": "nm"}
    metadata |= {"PhysicalSizeY": 250.0, "PhysicalSizeYUnit": "nm"}
    metadata |= {"PhysicalSizeZ": 0.5}
    tifffile.imwrite(tmp_path / "a.tif", volume, ome=True, metadata=metadata)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.spacing == pytest.approx((500.0, 250.0, 250.0))
    assert stack.unit == "nm"


@pytest.mark.parametrize("spacing", ["x", 0.0, -2.0, "inf"])
def test_size_that_is_no_length_costs_no_slice(volume, tmp_path, spacing):
    metadata = {"axes": "ZYX", "spacing": spacing, "unit": "um"}
    tifffile.imwrite(
        tmp_path / "a.tif", volume, imagej=True, resolution=(1, 1), metadata=metadata
    )
    stack = open_stack(tmp_path / "a.tif")
    assert stack.spacing is None
    np.testing.assert_array_equal(stack[1], volume[1])


def test_resolution_of_nothing_costs_no_slice(volume, tmp_path):
    resolution, metadata = ((0, 1), (0, 1)), {"axes": "ZYX", **UM}
    tifffile.imwrite(
        tmp_path / "a.tif",
        volume,
        imagej=True,
        resolution=resolution,
        metadata=metadata,
    )
    stack = open_stack(tmp_path / "a.tif")
    assert stack.spacing is None
    np.testing.assert_array_equal(stack[1], volume[1])


def test_size_that_is_not_stated_is_none(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", volume, resolution=(72, 72))
    assert open_stack(tmp_path / "a.tif").spacing is None
    tifffile.imwrite(
        tmp_path / "a.tif",
        volume,
        imagej=True,
        resolution=(4, 4),
        metadata={"axes": "ZYX", "unit": "um"},
    )
    stack = open_stack(tmp_path / "a.tif")
    assert (stack.spacing, stack.unit) == (None, None)


def test_damaged_page_costs_one_slice(volume, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", volume, compression="zlib", rowsperstrip=32)
    damage(tmp_path / "a.tif", 2)
    stack = open_stack(tmp_path / "a.tif")
    with pytest.raises(SliceError, match=r"slice 2 of a\.tif cannot be read") as caught:
        stack[2]
    assert "\n" not in str(caught.value)
    for index in (0, 1, 3, 4):
        np.testing.assert_array_equal(stack[index], volume[index])


def test_damaged_lzw_page_costs_one_slice(volume, tmp_path):
    volume = volume.astype(np.uint16)
    pages = [Image.fromarray(image) for image in volume]
    options = {"save_all": True, "compression": "tiff_lzw"}
    pages[0].save(tmp_path / "a.tif", append_images=pages[1:], **options)
    damage(tmp_path / "a.tif", 2)
    stack = open_stack(tmp_path / "a.tif")
    with pytest.raises(SliceError, match=r"slice 2 of a\.tif cannot be read"):
        stack[2]
    np.testing.assert_array_equal(stack[3], volume[3])
    np.testing.assert_array_equal(stack[1], volume[1])


def test_page_of_another_size_costs_one_slice(volume, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for index, image in enumerate(volume):
            tif.write(image[: 32 - 2 * (index == 1)], metadata=None)
    stack = open_stack(tmp_path / "a.tif")
    assert stack.shape == volume.shape
    with pytest.raises(SliceError, match=r"slice 1 of a\.tif.*its shape is \(30, 40\)"):
        stack[1]
    np.testing.assert_array_equal(stack[2], volume[2])


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metadata": None},
        {"compression": "zlib"},
        {"imagej": True},
        {"ome": True},
        {"metadata": None, "compression": "zlib"},
    ],
    ids=str,
)
def test_truncated_file_never_passes_for_a_shorter_one(tmp_path, options, share):
    volume = np.random.default_rng(0).integers(0, 255, (8, 64, 64), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", volume, **options)
    data = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(ValueError, match=r"a\.tif cannot be read") as caught:
        open_stack(tmp_path / "a.tif")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_page_that_lies_elsewhere_costs_itself(
    volume, tmp_path, compression, bigtiff
):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path, bigtiff=bigtiff) as tif:
        for page in volume:
            tif.write(page, compression=compression, metadata=None)
    with tifffile.TiffFile(path, mode="r+b") as tif:
        tif.pages[1].tags["StripOffsets"].overwrite(10**9)
    with open_stack(path) as stack:
        assert len(stack) == len(volume)
        with pytest.raises(SliceError, match=r"slice 1 of a\.tif.*beyond the end"):
            stack[1]
        np.testing.assert_array_equal(stack[2], volume[2])


@pytest.mark.parametrize("share", [0.5, 1])
def test_imagej_stack_of_one_page(volume, tmp_path, share):
    """ImageJ writes stacks of more than 4 GB so."""
    description = "ImageJ=1.53t\nimages=5\nslices=5\nspacing=2.0\nunit=um\n"
    options = {"description": description, "metadata": None}
    tifffile.imwrite(tmp_path / "a.tif", volume[0], **options)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        offset = tif.pages[0].dataoffsets[0]
    data = (tmp_path / "a.tif").read_bytes()[:offset] + volume.tobytes()
    (tmp_path / "a.tif").write_bytes(data[: int(len(data) * share)])
    if share == 1:
        np.testing.assert_array_equal(open_stack(tmp_path / "a.tif")[4], volume[4])
    else:
        with pytest.raises(ValueError, match="truncated"):
            open_stack(tmp_path / "a.tif")


def test_several_images_in_one_ome_file_need_a_choice(volume, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        tif.write(volume, metadata={"axes": "ZYX"})
        tif.write(volume[:2], metadata={"axes": "ZYX"})
    with pytest.raises(
        ValueError,
        match=r"2 images.*tifffile\.imread\(path, series=0\) and pass the array$",
    ):
        open_stack(tmp_path / "a.ome.tif")


@pytest.mark.filterwarnings("ignore:.*from closed file")
def test_fingerprint_notices_a_change_in_another_file_of_ome(
    volume, tmp_path, ome_of_two_files
):
    def write(index, image):
        description = ome_of_two_files.format(own=index)
        path = tmp_path / f"{index}.ome.tif"
        tifffile.imwrite(path, image, description=description, metadata=None)

    for index in range(2):
        write(index, volume[index])
    stack = open_stack(tmp_path / "0.ome.tif")
    np.testing.assert_array_equal(np.stack(list(stack)), volume[:2])
    first = stack.fingerprint()
    stack.close()
    assert open_stack(tmp_path / "0.ome.tif").fingerprint() == first
    write(1, volume[2])
    assert open_stack(tmp_path / "0.ome.tif").fingerprint() != first


def test_reading_says_and_warns_nothing(volume, tmp_path, caplog):
    tifffile.imwrite(tmp_path / "a.tif", volume, compression="zlib")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        open_stack(tmp_path / "a.tif")[1]
    assert not caplog.records


def test_a_damaged_file_does_no_harm_in_other_threads(volume, tmp_path):
    for index, image in enumerate(volume):
        with tifffile.TiffWriter(tmp_path / f"s{index}.tif") as tif:
            tif.write(image, metadata=None)
            tif.write(image, metadata=None)
    with tifffile.TiffFile(tmp_path / "s2.tif", mode="r+") as tif:
        place = tif.pages[0].offset + 2 + 12 * len(tif.pages[0].tags)
        tif.filehandle.seek(place)
        tif.filehandle.write(struct.pack(f"{tif.byteorder}I", 2**30))

    def is_read(index):
        try:
            read_tiff(tmp_path / f"s{index % 5}.tif")
        except ValueError:
            return False
        return True

    before = logging.getLogger("tifffile").propagate
    with ThreadPoolExecutor(5) as pool:
        found = [*pool.map(is_read, range(200))]
    assert found == [index % 5 != 2 for index in range(200)]
    assert logging.getLogger("tifffile").propagate == before
