"""Image files that are damaged, cut, or lie about their size."""

import io
import struct
import zlib

import numpy as np
import tifffile
from PIL import Image

__all__ = ["bombs", "corrupted", "whole_files"]

# Sides that a header may claim; the pixels of it would be 3.6 GB.
SIDE = 60_000


def _photo(shape, seed=0):
    """A disc on a ramp with noise, uint8."""
    rng = np.random.default_rng(seed)
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    disc = (rows - shape[0] / 2) ** 2 + (columns - shape[1] / 2) ** 2 < 90
    image = (2 * columns + 120 * disc)[..., np.newaxis]
    image = np.broadcast_to(image, (*shape[:2], *(shape[2:] or (1,))))
    image = np.clip(image + rng.normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    return image if shape[2:] else image[..., 0]


def _pillow(image, format_, **options):
    file = io.BytesIO()
    image.save(file, format=format_, **options)
    return file.getvalue()


def _tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **options)
    return file.getvalue()


def whole_files():
    """Small PNG, JPEG and TIFF files of every sort, by names with their suffix."""
    grey, colour = _photo((32, 40)), _photo((32, 40, 3))
    as_grey, as_colour = Image.fromarray(grey), Image.fromarray(colour)
    deep = grey.astype(np.uint16) * 200
    volume = np.stack([_photo((24, 20), seed) for seed in range(5)])
    palette = as_colour.quantize(16)
    return {
        "grey.png": _pillow(as_grey, "PNG"),
        "colour.png": _pillow(as_colour, "PNG"),
        "alpha.png": _pillow(as_colour.convert("RGBA"), "PNG"),
        "palette.png": _pillow(palette, "PNG"),
        "deep.png": _pillow(Image.fromarray(deep), "PNG"),
        "grey.jpg": _pillow(as_grey, "JPEG"),
        "colour.jpg": _pillow(as_colour, "JPEG", quality=90),
        "progressive.jpg": _pillow(as_colour, "JPEG", progressive=True),
        "cmyk.jpg": _pillow(as_colour.convert("CMYK"), "JPEG"),
        "plain.tif": _tiff(grey),
        "colour.tif": _tiff(colour, photometric="rgb", compression="zlib"),
        "float.tif": _tiff(deep.astype(np.float32)),
        "tiled.tif": _tiff(grey, tile=(16, 16), compression="zlib"),
        "big.tif": _tiff(deep, bigtiff=True, byteorder=">"),
        "pages.tif": _tiff(volume, compression="zlib"),
        "imagej.tif": _tiff(volume, imagej=True),
        "ome.tif": _tiff(volume, ome=True, metadata={"axes": "ZYX"}),
        "lzw.tif": _pillow(as_colour, "TIFF", compression="tiff_lzw"),
        "jpeg.tif": _pillow(as_colour, "TIFF", compression="jpeg"),
    }


def corrupted(seed):
    """One damaged file, by a seed: its name and its content."""
    rng = np.random.default_rng(seed)
    files = whole_files()
    name = sorted(files)[rng.integers(len(files))]
    damage = _DAMAGES[rng.integers(len(_DAMAGES))]
    return f"{seed}_{damage.__name__[1:]}_{name}", bytes(damage(files[name], rng))


def _flip_bits(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.integers(1, 20)):
        place = rng.integers(len(damaged))
        damaged[place] ^= 1 << rng.integers(8)
    return damaged


def _flip_header(content, rng):
    return _flip_bits(content[:160], rng) + content[160:]


def _flip_end(content, rng):
    # The tags of a TIFF may stand behind its pixels.
    return content[:-200] + _flip_bits(content[-200:], rng)


def _cut(content, rng):
    return content[: rng.integers(len(content))]


def _cut_beginning(content, rng):
    return content[rng.integers(1, 64) :]


def _overwrite(content, rng):
    place, length = rng.integers(len(content)), rng.integers(1, 64)
    junk = rng.bytes(length) if rng.random() < 0.5 else bytes(length)
    return content[:place] + junk + content[place + length :]


def _insert(content, rng):
    place = rng.integers(len(content))
    return content[:place] + rng.bytes(rng.integers(1, 64)) + content[place:]


def _large_numbers(content, rng):
    """Sides, counts and offsets become the largest there are."""
    damaged = bytearray(content)
    place = rng.integers(min(len(content), 400) - 4)
    damaged[place : place + 4] = rng.choice([b"\xff" * 4, b"\x7f" + b"\xff" * 3])
    return damaged


_DAMAGES = (
    _flip_bits,
    _flip_header,
    _flip_end,
    _cut,
    _cut_beginning,
    _overwrite,
    _insert,
    _large_numbers,
)


def bombs():
    """Small files with headers of 60,000 x 60,000 pixels, by name."""
    jpeg = whole_files()["grey.jpg"]
    frame = jpeg.index(b"\xff\xc0") + 5
    sides = struct.pack(">HH", SIDE, SIDE)
    return {
        "bomb.png": _png_bomb(0),
        "colour_bomb.png": _png_bomb(2),
        "bomb.jpg": jpeg[:frame] + sides + jpeg[frame + 4 :],
        "bomb.tif": _tiff_bomb({}),
        "deflated_bomb.tif": _tiff_bomb({259: 8}),
        "lzw_bomb.tif": _tiff_bomb({259: 5}),
        "deep_bomb.tif": _tiff_bomb({258: 32, 259: 8}),
        "strips_bomb.tif": _tiff_bomb({259: 8, 278: 1}),
    }


def _png_bomb(colour_type):
    def chunk(kind, data):
        sum_ = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", sum_)

    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, colour_type, 0, 0, 0)
    pixels = zlib.compress(bytes(100_000))
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _tiff_bomb(changes):
    """A TIFF of one strip of few bytes; ``changes`` are tags of one number."""
    pixels = zlib.compress(bytes(100_000))
    tags = {256: SIDE, 257: SIDE, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: SIDE}
    tags |= {279: len(pixels)} | changes
    offset = 8 + len(pixels)
    entries = b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items())
    )
    directory = struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0)
    return struct.pack("<2sHI", b"II", 42, offset) + pixels + directory
