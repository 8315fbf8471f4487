import os
import stat
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageFile

from sksegment._image_files import (
    ImageFileError,
    count_images,
    find_images,
    image_type,
    read_images,
    warn_of_types,
)
from sksegment._output_files import check_folder, write_image, write_labels
from sksegment.stacks import open_stack


@pytest.fixture
def rgb():
    return np.random.default_rng(0).integers(0, 255, (32, 40, 3), dtype=np.uint8)


@pytest.fixture
def stack():
    return np.random.default_rng(0).integers(0, 60000, (5, 32, 40), dtype=np.uint16)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def test_folder_is_listed_in_natural_order_without_other_files(tmp_path):
    for name in ("s10.png", "s9.TIF", "S1.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sub.png").mkdir()
    assert [p.name for p in find_images([tmp_path])] == ["S1.jpg", "s9.TIF", "s10.png"]


def test_files_keep_their_order_and_come_once(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).touch()
    found = find_images([tmp_path / "b.png", tmp_path, str(tmp_path / "b.png")])
    assert [path.name for path in found] == ["b.png", "a.png"]


def test_folder_without_images_is_named(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ImageFileError, match=f"no images in the folder {tmp_path}"):
        find_images([tmp_path])
    with pytest.raises(ImageFileError, match="no inputs"):
        find_images([])


def test_empty_path_is_not_the_current_folder(tmp_path, monkeypatch):
    (tmp_path / "a.png").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageFileError, match="a path is empty"):
        find_images([""])


@pytest.mark.parametrize("kind", [str, Path])
def test_one_path_is_no_list_of_paths(kind):
    with pytest.raises(TypeError, match=r"list of paths, not a .* in brackets"):
        find_images(kind("a.png"))


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "ppm"])
def test_colour_comes_back_as_it_was(tmp_path, rgb, suffix):
    Image.fromarray(rgb).save(tmp_path / f"a.{suffix}")
    (image,) = read_images(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(image, rgb)


def test_jpeg_and_webp_are_read(tmp_path, rgb):
    for suffix in ("jpg", "webp"):
        Image.fromarray(rgb).save(tmp_path / f"a.{suffix}")
        assert read_images(tmp_path / f"a.{suffix}")[0].shape == rgb.shape


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_dtype_is_kept(tmp_path, stack, suffix):
    Image.fromarray(stack[0]).save(tmp_path / f"a.{suffix}")
    (image,) = read_images(tmp_path / f"a.{suffix}")
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, stack[0])


def test_float_and_bool_are_kept(tmp_path, rgb):
    tifffile.imwrite(tmp_path / "a.tif", rgb[..., 0].astype(np.float32) / 3)
    assert read_images(tmp_path / "a.tif")[0].dtype == np.float32
    Image.fromarray(rgb[..., 0] > 100).save(tmp_path / "a.png")
    assert read_images(tmp_path / "a.png")[0].dtype == bool


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_alpha_is_dropped(tmp_path, rgb, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.dstack([rgb, rgb[..., :1]])).save(path)
    np.testing.assert_array_equal(read_images(path)[0], rgb)
    Image.fromarray(rgb).convert("LA").save(path)
    assert read_images(path)[0].shape == rgb.shape[:2]


def test_channels_that_are_no_alpha_are_kept(tmp_path, rgb):
    five = np.dstack([rgb, rgb[..., :2]])
    tifffile.imwrite(
        tmp_path / "a.tif",
        five,
        photometric="rgb",
        extrasamples=["unspecified", "unspecified"],
    )
    np.testing.assert_array_equal(read_images(tmp_path / "a.tif")[0], five)


@pytest.mark.parametrize("suffix", ["png", "tif", "gif"])
def test_palette_becomes_rgb(tmp_path, rgb, suffix):
    quantized = Image.fromarray(rgb).quantize(16)
    quantized.save(tmp_path / f"a.{suffix}")
    (image,) = read_images(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(image, np.asarray(quantized.convert("RGB")))


def test_cmyk_becomes_rgb(tmp_path, rgb):
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "a.jpg")
    assert read_images(tmp_path / "a.jpg")[0].shape == rgb.shape


def test_lzw_is_read_without_more_packages(tmp_path, rgb):
    Image.fromarray(rgb).save(tmp_path / "a.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(read_images(tmp_path / "a.tif")[0], rgb)


@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib"}, {"imagej": True}, {"bigtiff": True}],
    ids=lambda options: "-".join(options) or "plain",
)
def test_all_pages_of_a_stack_are_read(tmp_path, stack, options):
    tifffile.imwrite(tmp_path / "a.tif", stack, **options)
    images = read_images(tmp_path / "a.tif")
    assert count_images(tmp_path / "a.tif") == 5
    np.testing.assert_array_equal(np.stack(images), stack)


def test_ome_stack_and_channels(tmp_path, stack):
    tifffile.imwrite(tmp_path / "z.ome.tif", stack, metadata={"axes": "ZYX"})
    assert len(read_images(tmp_path / "z.ome.tif")) == 5
    two = np.stack([stack, stack + 1])
    tifffile.imwrite(tmp_path / "c.ome.tif", two, metadata={"axes": "CZYX"})
    images = read_images(tmp_path / "c.ome.tif")
    assert count_images(tmp_path / "c.ome.tif") == len(images) == 5
    np.testing.assert_array_equal(images[3], np.moveaxis(two[:, 3], 0, -1))


def test_lone_channels_are_images_unless_they_have_names(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.ome.tif", stack)
    assert len(read_images(tmp_path / "a.ome.tif")) == 5
    names = {"axes": "CYX", "Channel": {"Name": list("abcde")}}
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata=names)
    assert read_images(tmp_path / "a.ome.tif")[0].shape == (32, 40, 5)
    composite = {"axes": "CYX", "mode": "composite"}
    tifffile.imwrite(tmp_path / "a.tif", stack, imagej=True, metadata=composite)
    assert read_images(tmp_path / "a.tif")[0].shape == (32, 40, 5)


def test_imagej_hyperstack_keeps_its_channels(tmp_path, stack):
    data = np.stack([stack, stack // 2], axis=1)
    tifffile.imwrite(tmp_path / "a.tif", data, imagej=True, metadata={"axes": "ZCYX"})
    images = read_images(tmp_path / "a.tif")
    assert [image.shape for image in images] == [(32, 40, 2)] * 5
    np.testing.assert_array_equal(images[2][..., 1], data[2, 1])


def test_of_a_slide_only_the_image_is_read(tmp_path, rgb):
    path, maker = tmp_path / "slide.tif", "Aperio Image Library v11.2.1\n"
    with tifffile.TiffWriter(path) as tif:
        for image, text in ((rgb, "40x48"), (rgb[:16, :16], "thumbnail")):
            tif.write(image, tile=(16, 16), description=maker + text, metadata=None)
    [image] = read_images(path)
    np.testing.assert_array_equal(image, rgb)


def test_axes_that_make_no_image_are_named(tmp_path, stack):
    tifffile.imwrite(tmp_path / "a.tif", stack[0], metadata={"axes": "ZX"})
    with pytest.raises(ImageFileError, match="its axes ZX are not those of an image"):
        read_images(tmp_path / "a.tif")


def test_stack_of_colour_pages(tmp_path, rgb):
    pages = np.stack([rgb, 255 - rgb])
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="rgb")
    np.testing.assert_array_equal(np.stack(read_images(tmp_path / "a.tif")), pages)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "I;16", "CMYK"])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_type_of_a_file_is_that_of_its_pixels(tmp_path, mode, suffix):
    path = tmp_path / f"a.{suffix}"
    if (mode, suffix) == ("CMYK", "png"):
        path = tmp_path / "a.jpg"
    Image.new(mode, (9, 12)).save(path)
    assert image_type(path) == read_images(path)[0].dtype


@pytest.mark.parametrize("dtype", [">u2", "<f4", ">f8", "i2", "u1"])
def test_type_of_a_tiff_has_the_byte_order_of_this_machine(tmp_path, stack, dtype):
    dtype = np.dtype(dtype)
    order = dtype.byteorder if dtype.byteorder in "<>" else None
    tifffile.imwrite(tmp_path / "a.tif", stack.astype(dtype), byteorder=order)
    assert image_type(tmp_path / "a.tif") == dtype.newbyteorder("=")


def test_files_of_several_types_are_named_with_a_cure(tmp_path, stack):
    paths = [tmp_path / name for name in ("a.tif", "broken.tif", "b.png", "c.tif")]
    tifffile.imwrite(paths[0], stack.astype(np.uint16), byteorder=">")
    paths[1].write_bytes(b"II*\0")
    Image.fromarray(stack[0].astype(np.uint8)).save(paths[2])
    tifffile.imwrite(paths[3], stack.astype(np.uint16))
    with pytest.warns(
        UserWarning, match=r"a\.tif is of uint16.*b\.png of uint8"
    ) as told:
        warn_of_types(paths)
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_types([paths[0], paths[3]])


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(ImageFileError, match=r"a\.png: there is no such file"):
        read_images(tmp_path / "a.png")
    with pytest.raises(ImageFileError, match=r"is a folder; .*stacks\.open_stack"):
        read_images(tmp_path)


def test_files_of_arrays_say_how_they_are_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((3, 8, 8)))
    with pytest.importorskip("h5py").File(tmp_path / "a.h5", "w") as file:
        file["a"] = np.zeros((3, 8, 8))
    for name in ("a.npy", "a.h5"):
        with pytest.raises(ImageFileError, match=r"holds arrays.*stacks\.open_stack"):
            read_images(tmp_path / name)


@pytest.mark.parametrize("read", [read_images, count_images])
def test_empty_file_and_no_image(tmp_path, read):
    path = tmp_path / "a.png"
    path.touch()
    with pytest.raises(ImageFileError, match=r"a\.png is empty"):
        read(path)
    path.write_text("no image at all " * 20)
    with pytest.raises(ImageFileError, match=r"a\.png is no image") as caught:
        read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tif"])
def test_truncated_file_is_never_half_grey(tmp_path, rgb, suffix, share):
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(rgb).save(path)
    cut(path, share)
    with pytest.raises(ImageFileError, match=rf"a\.{suffix} (cannot|is no)") as caught:
        read_images(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize(
    "options",
    [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"imagej": True}],
    ids=lambda options: "-".join(options) or "plain",
)
def test_truncated_stack_is_no_shorter_stack(tmp_path, stack, options, share, capfd):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, **options)
    cut(path, share)
    with pytest.raises(ImageFileError, match=r"a\.tif cannot be read"):
        read_images(path)
    assert capfd.readouterr().err == ""


def test_png_with_a_wrong_checksum(tmp_path, rgb):
    path = tmp_path / "a.png"
    Image.fromarray(rgb).save(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(ImageFileError, match=r"a\.png cannot be read"):
        read_images(path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs permissions")
def test_file_without_permission(tmp_path, rgb):
    path = tmp_path / "a.png"
    Image.fromarray(rgb).save(path)
    path.chmod(0)
    with pytest.raises(ImageFileError, match="permission denied"):
        read_images(path)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(
    ("largest", "dtype", "void"), [(254, np.uint8, 255), (255, np.uint16, 65535)]
)
def test_ids_are_unchanged_and_void_is_the_maximum(
    tmp_path, suffix, largest, dtype, void
):
    labels = np.array([[0, 1, -1], [2, 3, largest]], np.int32)
    write_labels(tmp_path / f"a.{suffix}", labels)
    (written,) = read_images(tmp_path / f"a.{suffix}")
    assert written.dtype == dtype
    np.testing.assert_array_equal(written, np.where(labels < 0, void, labels))
    assert labels[0, 2] == -1


def test_label_stack_comes_back_as_one_array(tmp_path):
    labels = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
    write_labels(tmp_path / "a.tif", labels)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), labels)


def test_label_maps_of_several_sizes(tmp_path):
    maps = [np.zeros((8, 9), int), np.ones((9, 8), int)]
    write_labels(tmp_path / "a.tif", maps)
    written = read_images(tmp_path / "a.tif")
    assert [page.shape for page in written] == [(8, 9), (9, 8)]


def test_bad_labels_are_refused(tmp_path):
    flat = np.zeros((4, 4), int)
    with pytest.raises(ValueError, match="PNG holds one"):
        write_labels(tmp_path / "a.png", [flat, flat])
    with pytest.raises(ValueError, match=r"as \.png or \.tif, not '\.jpg'"):
        write_labels(tmp_path / "a.jpg", flat)
    with pytest.raises(ValueError, match=r"65535.*65534"):
        write_labels(tmp_path / "a.png", flat + 65535)
    with pytest.raises(ValueError, match=r"integers.*float64 \(4, 4\)"):
        write_labels(tmp_path / "a.png", flat / 2)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path, rgb, monkeypatch):
    path = tmp_path / "a.png"
    write_image(path, rgb)
    before = path.read_bytes()

    def fail(self, file, **kwargs):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="no space"):
        write_image(path, 255 - rgb)
    with pytest.raises(OSError, match="no space"):
        write_labels(path, rgb[..., 0])
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_written_files_have_ordinary_permissions(tmp_path, rgb):
    (tmp_path / "plain").touch()
    write_image(tmp_path / "a.png", rgb)
    modes = {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()}
    assert len(modes) == 1


def test_folder_that_cannot_be_is_refused_before_it_is_made(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    check_folder(tmp_path / "new" / "folder")
    with pytest.raises(NotADirectoryError, match=r"a is a file; choose a folder$"):
        check_folder(tmp_path / "a" / "b" / "c")
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    cure = r"permission denied; choose another folder with -o$"
    with pytest.raises(PermissionError, match=cure):
        check_folder(tmp_path / "new" / "folder", "-o")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_bad_pictures_are_refused(tmp_path, rgb):
    with pytest.raises(ValueError, match="uint8"):
        write_image(tmp_path / "a.png", rgb / 255)
    with pytest.raises(ValueError, match=r"cannot be written as '\.xyz'"):
        write_image(tmp_path / "a.xyz", rgb)


def write_png16(path, image):
    """Write a PNG of 16 bits with 1 to 4 channels, which Pillow does not."""
    height, width, n_channels = image.shape
    rows = image.astype(">u2").tobytes()
    step = 2 * width * n_channels
    data = b"".join(b"\0" + rows[i : i + step] for i in range(0, len(rows), step))
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[n_channels]
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(data)), (b"IEND", b"")
    text = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        check = struct.pack(">I", zlib.crc32(name + content))
        text += struct.pack(">I", len(content)) + name + content + check
    path.write_bytes(text)


def test_16_bits_of_grey_are_kept_and_of_colour_said_to_be_8(tmp_path):
    image = np.random.default_rng(0).integers(0, 65535, (8, 9, 4)).astype(np.uint16)
    path = tmp_path / "a.png"
    write_png16(path, image[..., :1])
    np.testing.assert_array_equal(read_images(path)[0], image[..., 0])
    for n_channels, shape in ((2, (8, 9)), (3, (8, 9, 3)), (4, (8, 9, 3))):
        write_png16(path, image[..., :n_channels])
        with pytest.warns(UserWarning, match=r"a\.png has 16 bits .* convert it"):
            (found,) = read_images(path)
        assert (found.shape, found.dtype) == (shape, np.uint8)
        expected = image[..., : 1 if n_channels == 2 else 3].reshape(shape) / 257
        np.testing.assert_allclose(found, expected, atol=1.0)


def test_threads_leave_stderr_as_it_was(tmp_path, rgb, capfd):
    Image.fromarray(rgb).save(tmp_path / "a.tif", compression="tiff_lzw")
    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(read_images, [tmp_path / "a.tif"] * 80)]
    os.write(2, b"still heard")
    assert capfd.readouterr().err.endswith("still heard")
    for (image,) in found:
        np.testing.assert_array_equal(image, rgb)


def test_several_paths_are_refused_with_what_to_write(tmp_path):
    with pytest.raises(TypeError, match=r"one file, not a list; .*read_images\(path\)"):
        read_images([tmp_path / "a.png"])


@pytest.mark.parametrize("kind", ["ome", "imagej"])
@pytest.mark.parametrize("n", [2, 4, 5])
def test_a_few_channels_without_names_are_slices_with_a_warning(tmp_path, kind, n):
    data = np.arange(n * 12 * 10, dtype=np.uint8).reshape(n, 12, 10)
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, data, **{kind: True}, metadata={"axes": "CYX"})
    for read in (read_images, lambda path: list(open_stack(path))):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert len(read(path)) == n
        texts = [str(warning.message) for warning in caught]
        assert len(texts) == (n <= 4)
        assert all("a.tif" in text and "taken for slices" in text for text in texts)


@pytest.mark.parametrize("n", [1, 3])
def test_sizes_of_voxels_are_written_where_known(tmp_path, n):
    path = tmp_path / "labels.tif"
    maps = np.arange(n * 20, dtype=np.int32).reshape(n, 4, 5)
    write_labels(path, maps, spacing={"Z": 2.0, "Y": 0.5, "X": 0.25}, unit="um")
    np.testing.assert_array_equal(read_images(path), maps)
    with tifffile.TiffFile(path) as tif:
        text = tif.ome_metadata
    assert 'PhysicalSizeX="0.25"' in text
    assert 'PhysicalSizeZ="2.0"' in text
    stack = open_stack(path)
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.25), "um")
    write_labels(path, maps, spacing=stack.spacing, unit="\u00b5m")
    assert open_stack(path).spacing == stack.spacing
    assert open_stack(path).unit == "um"
    # Maps of several sizes have no common frame.
    write_labels(path, [maps[0], maps[0][:3]], spacing={"Y": 1.0, "X": 1.0}, unit="nm")
    assert [page.shape for page in read_images(path)] == [(4, 5), (3, 5)]


@pytest.mark.parametrize(
    ("spacing", "expected"),
    [
        ((0.5, 0.25), {"Y": 0.5, "X": 0.25}),
        (np.array([2.0, 0.5, 0.25]), {"Z": 2.0, "Y": 0.5, "X": 0.25}),
        (0.5, {"Y": 0.5, "X": 0.5}),
        (None, {}),
    ],
)
def test_sizes_of_pixels_may_be_numbers(tmp_path, spacing, expected):
    path = tmp_path / "labels.tif"
    write_labels(path, np.eye(4, dtype=int), spacing=spacing, unit="nm")
    assert open_stack(path)._source.spacing == expected


@pytest.mark.parametrize(
    "spacing", [(), (1, 2, 3, 4), (1, 0), (1, np.nan), "ab", {"T": 1.0}, {"X": "b"}]
)
def test_sizes_that_are_none_are_refused(tmp_path, spacing):
    with pytest.raises(ValueError, match=r"positive numbers along \(z, y, x\)"):
        write_labels(tmp_path / "a.tif", np.eye(4, dtype=int), spacing=spacing)
    with pytest.raises(ValueError, match="unit 'foot' is none that a TIFF states"):
        write_labels(tmp_path / "a.tif", np.eye(4, dtype=int), spacing=1, unit="foot")
    assert not [*tmp_path.iterdir()]


def test_animation_that_promises_more_than_its_file_can_hold_is_refused(tmp_path):
    side, n_frames = 4000, 100
    header = b"GIF89a" + struct.pack("<HH", side, side) + b"\x80\0\0" + bytes(6)
    # Of one pixel; Pillow fills the rest of the screen.
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    path = tmp_path / "bomb.gif"
    path.write_bytes(header + n_frames * frame + b";")
    with pytest.raises(
        ImageFileError, match=r"bomb\.gif .*promises .* bytes of pixels"
    ):
        read_images(path)


def write_map(path, image, nodata, **options):
    """Write a TIFF as GDAL does, which names the number that means no data."""
    tags = [(42113, "s", 0, nodata, True)]
    options = {"photometric": "minisblack", "metadata": None, **options}
    tifffile.imwrite(path, image, extratags=tags, **options)
    return path


@pytest.mark.parametrize("nodata", ["-9999", "-3.4028234663852886e+38", "1e39"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_floats_that_are_no_data_are_nan(tmp_path, nodata, compression):
    image = np.random.default_rng(0).random((12, 14, 5), np.float32)
    with np.errstate(over="ignore"):
        missing = np.float32(nodata)
    image[:4, :, 1:] = missing
    options = {"planarconfig": "contig", "compression": compression}
    path = write_map(tmp_path / "map.tif", image, nodata, **options)
    expected = np.where(image == missing, np.nan, image)
    np.testing.assert_array_equal(read_images(path)[0], expected)
    np.testing.assert_array_equal(open_stack(path)[0], expected)
    assert read_images(path)[0].dtype == open_stack(path).dtype == np.float32


def test_integers_that_are_no_data_are_named(tmp_path):
    image = np.full((12, 14), 300, np.int16)
    assert_silent(read_images, write_map(tmp_path / "whole.tif", image, "-9999"))
    image[:3] = -9999
    with pytest.warns(UserWarning, match=r"hole\.tif calls -9999 no data and .*in 25%"):
        read_images(write_map(tmp_path / "hole.tif", image, "-9999"))


@pytest.mark.parametrize("nodata", ["", "none", "-9999999", "nan"])
def test_no_data_that_integers_cannot_be(tmp_path, nodata):
    image = np.full((12, 14), 300, np.int16)
    assert_silent(read_images, write_map(tmp_path / "map.tif", image, nodata))


def assert_silent(read, path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(path)
