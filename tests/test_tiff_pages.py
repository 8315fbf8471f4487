"""Compressed TIFFs give what they give without compression, or say what is missing.

What Pillow changes is left to imagecodecs; where that is installed all is read.
"""

import importlib.util
import re
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment.io import ImageFileError, read_images, read_labels
from sksegment.stacks import SliceError, open_stack

LZW, ZSTD, WEBP = 5, 50000, 50001
HAS_CODECS = importlib.util.find_spec("imagecodecs") is not None
LITTLE, BOTH = ["i2", "u4", "i4", "f4"], ["u1", "i1", "u2"]


def lzw(data):
    """Code bytes as LZW does without ever using what it learns."""
    codes = []
    for start in range(0, len(data), 200):
        codes += [256, *data[start : start + 200]]
    bits = "".join(f"{code:09b}" for code in [*codes, 257])
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def compress(path, code=LZW):
    """Make a file that is not compressed one that is, and change nothing else."""
    with tifffile.TiffFile(path, mode="r+") as tif:
        for page in tif.pages:
            kind = "Tile" if page.is_tiled else "Strip"
            file, places, counts = tif.filehandle, [], []
            for offset, count in zip(
                page.dataoffsets, page.databytecounts, strict=True
            ):
                file.seek(offset)
                data = lzw(file.read(count))
                file.seek(0, 2)
                places.append(file.tell())
                counts.append(len(data))
                file.write(data)
            tags = page.tags
            tags[f"{kind}Offsets"].overwrite(places)
            tags[f"{kind}ByteCounts"].overwrite(counts)
            tags["Compression"].overwrite(code)
    return path


def made(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(100, 30, shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def of_stack(path):
    with open_stack(path) as stack:
        return list(stack)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        np.testing.assert_array_equal(one, other)


def assert_told(path, told):
    """The reason and the cure, by both readers, without advice that is of no use."""
    told = rf"cannot be read: its pixels \({re.escape(told)}\) .*sksegment\[codecs\]"
    with pytest.raises(ImageFileError, match=told) as caught:
        read_images(path)
    assert "export it again" not in str(caught.value)
    with pytest.raises(SliceError, match=told):
        of_stack(path)


@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize("dtype", [*BOTH, *LITTLE, "f2", "f8"])
def test_lzw_keeps_values_or_says_what_is_missing(tmp_path, dtype, byteorder):
    volume = made((3, 8, 9), dtype)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, volume, byteorder=byteorder, photometric="minisblack")
    compress(path)
    if HAS_CODECS or dtype in BOTH or (dtype in LITTLE and byteorder == "<"):
        assert_same(of_stack(path), [*volume])
        assert_same(read_images(path), [*volume])
    else:
        assert_told(path, f"LZW, {np.dtype(dtype)}")


GREY = {"photometric": "minisblack"}
RGB = {"photometric": "rgb"}
NAMED = {"axes": "CYX", "Channel": {"Name": ["a", "b", "c"]}}
LAYOUTS = {
    "white is 0": ((3, 8, 9), "u1", {"photometric": "miniswhite"}),
    "strips": ((3, 8, 9), "u2", {**GREY, "rowsperstrip": 3}),
    "tiles": ((3, 40, 24), "u2", {**GREY, "tile": (16, 16)}),
    "colours": ((3, 8, 9, 3), "u1", RGB),
    "16 bits of colour": ((3, 8, 9, 3), "u2", RGB),
    "alpha": ((8, 9, 4), "u1", {**RGB, "extrasamples": ["unassalpha"]}),
    "planes": ((3, 8, 9), "u1", {**RGB, "planarconfig": "separate"}),
    "planes in strips": (
        *((3, 8, 9), "u2"),
        {**RGB, "planarconfig": "separate", "rowsperstrip": 3},
    ),
    "planes in tiles": (
        *((3, 40, 24), "u2"),
        {**RGB, "planarconfig": "separate", "tile": (16, 16)},
    ),
    "two samples": ((8, 9, 2), "u1", {**GREY, "planarconfig": "contig"}),
    "five samples": ((3, 8, 9, 5), "f4", {**GREY, "planarconfig": "contig"}),
    "channels of OME": ((3, 8, 9), "u1", {**GREY, "ome": True, "metadata": NAMED}),
    "channels and slices": (
        *((4, 2, 8, 9), "u1"),
        {**GREY, "ome": True, "metadata": {"axes": "ZCYX"}},
    ),
    "ImageJ": ((4, 2, 8, 9), "u2", {"imagej": True, "metadata": {"axes": "ZCYX"}}),
    "big": ((3, 8, 9), "f4", {**GREY, "bigtiff": True, "byteorder": ">"}),
}


CHANGED_BY_PILLOW = {
    *("white is 0", "16 bits of colour", "planes", "planes in strips"),
    *("planes in tiles", "two samples", "five samples", "big"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lzw_keeps_layouts_or_says_what_is_missing(tmp_path, layout):
    shape, dtype, options = LAYOUTS[layout]
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, made(shape, dtype), **options)
    expected = of_stack(path), read_images(path)
    compress(path)
    if layout in CHANGED_BY_PILLOW and not HAS_CODECS:
        assert_told(path, f"LZW, {np.dtype(dtype)}")
        return
    assert_same(of_stack(path), expected[0])
    assert_same(read_images(path), expected[1])


@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize(
    ("dtype", "shape", "options"),
    [
        ("u1", (8, 9, 3), RGB),
        ("u2", (8, 9), GREY),
        ("i4", (40, 24), {**GREY, "tile": (16, 16)}),
    ],
)
def test_differences_of_neighbours_are_summed(
    tmp_path, dtype, shape, options, byteorder
):
    image = made(shape, dtype)
    path, step = tmp_path / "a.tif", options.get("tile", shape)[1]
    columns = np.arange(shape[1]) % step > 0
    differences = image.copy()
    differences[:, columns] -= np.roll(image, 1, axis=1)[:, columns]
    # Tifffile writes this tag under no other name.
    extra = [(65000, "H", 1, 2, True)]
    options = {**options, "byteorder": byteorder, "extratags": extra}
    tifffile.imwrite(path, differences, **options)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.filehandle.seek(tif.pages[0].tags[65000].offset)
        tif.filehandle.write(struct.pack(f"{byteorder}H", 317))
    assert tifffile.TiffFile(path).pages[0].predictor == 2
    compress(path)
    if byteorder == ">" and dtype == "i4" and not HAS_CODECS:
        assert_told(path, "LZW, int32")
    else:
        assert_same(read_images(path), [image])


@pytest.mark.parametrize("codec", ["tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize(("dtype", "predictor"), [("u2", 2), ("f4", 3)])
def test_what_other_programs_compress_is_read(tmp_path, dtype, predictor, codec):
    """By libtiff, whose LZW uses what it learns, in strips of a few rows."""
    volume = np.round(made((3, 300, 80), dtype) / 16).astype(dtype)
    pages = [Image.fromarray(image) for image in volume]
    options = {"tiffinfo": {317: predictor}, "compression": codec}
    path = tmp_path / "a.tif"
    pages[0].save(path, save_all=True, append_images=pages[1:], **options)
    assert tifffile.TiffFile(path).pages[0].predictor == predictor
    assert_same(of_stack(path), [*volume])
    assert_same(read_images(path), [*volume])


@pytest.mark.parametrize("white", [0, 1])
@pytest.mark.parametrize("codec", ["group4", "tiff_lzw"])
def test_single_bits_are_those_of_the_file(tmp_path, codec, white):
    image = Image.fromarray(made((20, 30), "u1") > 90)
    raw, path = tmp_path / "raw.tif", tmp_path / "a.tif"
    image.save(raw, tiffinfo={262: white})
    image.save(path, tiffinfo={262: white}, compression=codec)
    with tifffile.TiffFile(path) as tif:
        page = tif.pages[0]
        name, is_white = page.compression.name, page.photometric == 0
    if is_white and not HAS_CODECS:
        assert_told(path, f"{name}, bool")
    else:
        assert_same(read_images(path), read_images(raw))
        assert_same(of_stack(path), of_stack(raw))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_read_as_pillow_reads_it(tmp_path, mode):
    ramp = np.add.outer(np.arange(32), np.arange(40)).astype(np.uint8)
    pages = [Image.fromarray(ramp + 40 * i).convert(mode) for i in range(3)]
    options = {"save_all": True, "compression": "jpeg"}
    pages[0].save(tmp_path / "a.tif", append_images=pages[1:], **options)
    with Image.open(tmp_path / "a.tif") as image:
        expected = [image.seek(i) or np.array(image) for i in range(3)]
    assert_same(of_stack(tmp_path / "a.tif"), expected)
    assert_same(read_images(tmp_path / "a.tif"), expected)


def test_zstd_is_read(tmp_path):
    volume = made((3, 20, 24), "u2")
    pages = [Image.fromarray(image) for image in volume]
    options = {"save_all": True, "compression": "zstd"}
    try:
        pages[0].save(tmp_path / "a.tif", append_images=pages[1:], **options)
    except OSError:
        pytest.skip("this Pillow has no Zstandard")
    assert_same(of_stack(tmp_path / "a.tif"), [*volume])
    assert_same(read_images(tmp_path / "a.tif"), [*volume])


def test_label_map_of_a_palette_may_be_compressed(tmp_path):
    image = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8), mode="P")
    image.putpalette([0, 0, 0, 200, 10, 10, 10, 200, 10])
    image.save(tmp_path / "a.tif", compression="tiff_lzw")
    assert read_labels(tmp_path / "a.tif")[0].tolist() == [[0, 1], [2, 2]]


@pytest.mark.skipif(HAS_CODECS, reason="imagecodecs decodes, or says so itself")
@pytest.mark.parametrize(("code", "name"), [(ZSTD, "ZSTD"), (WEBP, "WEBP")])
def test_unknown_codec_is_named_with_what_to_install(tmp_path, code, name):
    tifffile.imwrite(tmp_path / "a.tif", made((3, 8, 9), "u1"), **GREY)
    compress(tmp_path / "a.tif", code)
    assert_told(tmp_path / "a.tif", f"{name}, uint8")


def test_damaged_lzw_is_not_blamed_on_a_missing_package(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", made((8, 9), "u1"), **GREY)
    compress(tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tif:
        tif.filehandle.seek(tif.pages[0].dataoffsets[0] + 9)
        tif.filehandle.write(b"\xff" * 40)
    with pytest.raises(ImageFileError, match="its LZW data are damaged"):
        read_images(tmp_path / "a.tif")


def test_damaged_jpeg_is_not_blamed_on_a_missing_package(tmp_path):
    Image.fromarray(made((8, 9), "u1")).save(tmp_path / "a.tif", compression="jpeg")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as tif:
        tif.filehandle.seek(tif.pages[0].dataoffsets[0])
        tif.filehandle.write(bytes(40))
    with pytest.raises(ImageFileError, match="its JPEG data are damaged"):
        read_images(tmp_path / "a.tif")


@pytest.mark.parametrize("read", [read_images, of_stack])
def test_damage_that_imagecodecs_finds_is_named_in_the_same_words(
    tmp_path, monkeypatch, read
):
    tifffile.imwrite(tmp_path / "a.tif", made((8, 9), "u1"), **GREY)
    compress(tmp_path / "a.tif")
    inside = {"__module__": "imagecodecs._imcd"}
    error = type("ImcdError", (RuntimeError,), inside)("decode returned LZW_CORRUPT")

    def fails(*args, **options):
        raise error

    monkeypatch.setattr(tifffile.TiffPage, "asarray", fails)
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", fails)
    with pytest.raises((ImageFileError, SliceError), match="its LZW data are damaged"):
        read(tmp_path / "a.tif")


@pytest.mark.filterwarnings("ignore:.*from closed file")
def test_compressed_files_of_one_ome_image_are_all_read(tmp_path, ome_of_two_files):
    volume = made((2, 32, 40), "i2")
    for index, image in enumerate(volume):
        description = ome_of_two_files.format(own=index)
        path = tmp_path / f"{index}.ome.tif"
        tifffile.imwrite(path, image, description=description, metadata=None)
        compress(path)
    assert_same(read_images(tmp_path / "0.ome.tif"), [*volume])
