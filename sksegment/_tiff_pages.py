"""Pages of TIFF files as they are stored, whoever has to decode them.

What tifffile cannot decode without another package, Pillow's libtiff often can. But
Pillow changes what it reads: it inverts grey where 0 is white, takes 16 bits a channel
for 8, swaps bytes once too often, and leaves out channels. So it is given a file made
for it, and what is no picture codec it unpacks to mere bytes, which tifffile reads.
"""

import io
import os

import numpy as np
import tifffile
from PIL import TiffImagePlugin

from sksegment._shared import SharedState
from sksegment._tiff_assembly import assemble

__all__ = ["CodecError", "read_page", "read_series"]

# Codecs which give bytes back, whatever these are the pixels of.
_BYTE_CODECS = frozenset({5, 8, 32946, 50000})
# Those that every Pillow has: LZW, Deflate, JPEG, and those of faxes.
_SURE_CODECS = frozenset({2, 3, 4, 5, 7, 8, 32946})
_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_FILL_ORDER, _ROWS_PER_STRIP, _PREDICTOR, _JPEG_TABLES = 266, 278, 317, 347
# With those above, all that says how pixels are kept: samples, planes, faxes, tiles,
# kinds of samples and of their subsampling.
_LAYOUT = frozenset(
    {_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER, _ROWS_PER_STRIP}
    | {277, 284, 292, 293, _PREDICTOR, 322, 323, 338, 339, 530}
)
_SEPARATE = 2


class CodecError(ValueError):
    """Pixels that nothing which is installed can decode; the message says the cure."""


def read_page(page):
    """Read a page.

    Parameters
    ----------
    page : tifffile.TiffPage or tifffile.TiffFrame

    Returns
    -------
    pixels : ndarray
        Of the shape, the axes and the dtype of the page's keyframe.

    Raises
    ------
    CodecError
        If it needs a package that is not installed.
    ValueError
        If it is damaged.
    Exception
        Whatever tifffile raises on damaged files.
    """
    try:
        return page.asarray()
    except (ValueError, KeyError, NotImplementedError, ImportError) as error:
        if not _is_for_want_of_a_codec(error):
            raise
        return _decode(page, error)


def read_series(series):
    """Read all pages of a series; see `read_page`.

    Parameters
    ----------
    series : tifffile.TiffPageSeries

    Returns
    -------
    pixels : ndarray
        Of the shape of the series.
    """
    try:
        return series.asarray()
    except (ValueError, KeyError, NotImplementedError, ImportError) as error:
        if not _is_for_want_of_a_codec(error):
            raise
    if any(page is None for page in series.pages):
        raise ValueError("the TIFF is truncated or damaged (pages are missing)")
    pixels = np.empty((len(series.pages), *series.keyframe.shape), series.dtype)
    for place, page in zip(pixels, series.pages, strict=True):
        place[...] = read_page(page)
    return pixels.reshape(series.shape)


def _is_for_want_of_a_codec(error):
    # Zstandard is a module of Python from 3.14 on.
    return isinstance(error, ImportError) or "imagecodecs" in str(error)


def _decode(page, cause):
    keyframe = page.keyframe
    try:
        if _is_made_of_bytes(keyframe):
            return _decode_bytes(page)
        return _decode_picture(page)
    except OSError as error:
        # Pillow says no more than "decoder error", whether damaged or unknown.
        if keyframe.compression in _SURE_CODECS:
            raise ValueError(f"its {_codec_name(keyframe)} data are damaged") from error
        raise _codec_error(keyframe) from cause
    # What it says of kinds of pixels that it does not know.
    except (SyntaxError, KeyError):
        raise _codec_error(keyframe) from cause


def _is_made_of_bytes(keyframe):
    """Whether tifffile can read it once it is unpacked."""
    is_packed = keyframe.compression in _BYTE_CODECS and not keyframe.is_subsampled
    return is_packed and keyframe.bitspersample in (1, 8, 16, 32, 64)


def _codec_error(keyframe):
    return CodecError(
        f"its pixels ({_codec_name(keyframe)}, {keyframe.bitspersample} bits) need a "
        "decoder that is missing; pip install imagecodecs, or save it again without "
        "compression"
    )


def _codec_name(keyframe):
    try:
        return tifffile.COMPRESSION(keyframe.compression).name
    except ValueError:
        return f"codec {keyframe.compression}"


def _decode_picture(page):
    keyframe = page.keyframe
    image = _open_pillow(_tiff(page, _read_segments(page)))
    pixels = np.array(image.convert("RGB") if image.mode == "YCbCr" else image)
    if keyframe.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        pixels = ~pixels
    if image.mode == "L" and keyframe.bitspersample < 8:
        # It makes the most of 2 or 4 bits white.
        pixels //= 255 // (2**keyframe.bitspersample - 1)
    if keyframe.axes.startswith("S"):
        pixels = np.moveaxis(pixels, -1, 0)
    if (pixels.shape, pixels.dtype) != (keyframe.shape, keyframe.dtype):
        raise _codec_error(keyframe)
    return pixels


def _decode_bytes(page):
    keyframe = page.keyframe
    if keyframe.imagedepth > 1:
        raise _codec_error(keyframe)
    segments = _unpack(page)
    changed = {_COMPRESSION: 1, _FILL_ORDER: 1, _PREDICTOR: 1}
    if keyframe.predictor != 1:
        undo = _UNDO[keyframe.predictor]
        segments = [undo(keyframe, data) for data in segments]
    if not keyframe.is_tiled:
        changed[_ROWS_PER_STRIP] = keyframe.imagelength
    with tifffile.TiffFile(io.BytesIO(_tiff(page, segments, changed))) as tif:
        return tif.pages[0].asarray()


def _unpack(page):
    """Bytes of each tile, or of the strips of each plane in one."""
    keyframe, segments = page.keyframe, _read_segments(page)
    if keyframe.is_tiled:
        rows, n_rows = keyframe.tilelength, keyframe.tilelength * len(segments)
        data = _unpack_rows(keyframe, segments, rows, n_rows)
        step = rows * _row_bytes(keyframe)
        return [data[start : start + step] for start in range(0, len(data), step)]
    n_rows = keyframe.imagelength
    rows = min(keyframe.rowsperstrip, n_rows)
    n_strips = -(-n_rows // rows)
    planes = range(0, len(segments), n_strips)
    return [
        _unpack_rows(keyframe, segments[first : first + n_strips], rows, n_rows)
        for first in planes
    ]


def _unpack_rows(keyframe, strips, rows, n_rows):
    """Unpack strips, or tiles one upon the other, as those of a grey image of bytes."""
    tags = {_WIDTH: _row_bytes(keyframe), _LENGTH: n_rows, _BITS: 8}
    tags |= {_COMPRESSION: keyframe.compression, _PHOTOMETRIC: 1}
    tags |= {_FILL_ORDER: keyframe.fillorder, _ROWS_PER_STRIP: rows}
    return _open_pillow(assemble("<", tags, strips)).tobytes()


def _row_bytes(keyframe):
    width = keyframe.tilewidth if keyframe.is_tiled else keyframe.imagewidth
    return -(-width * _n_samples(keyframe) * keyframe.bitspersample // 8)


def _n_samples(keyframe):
    """Samples that lie side by side."""
    return 1 if keyframe.planarconfig == _SEPARATE else keyframe.samplesperpixel


def _undo_differences(keyframe, data):
    """Undo the differences between neighbours."""
    # A float is taken for a whole number of as many bits.
    dtype = np.dtype(f"{keyframe.parent.byteorder}u{keyframe.bitspersample // 8}")
    steps = np.frombuffer(data, dtype).reshape(_steps_shape(keyframe, dtype.itemsize))
    sums = np.add.accumulate(steps, axis=1, dtype=dtype.newbyteorder("="))
    return sums.astype(dtype).tobytes()


def _undo_byte_differences(keyframe, data):
    """Undo the differences between bytes, and bring those of a number together."""
    steps = np.frombuffer(data, np.uint8).reshape(_steps_shape(keyframe, 1))
    sums = np.add.accumulate(steps, axis=1, dtype=np.uint8)
    # The highest bytes of a row come first.
    numbers = sums.reshape(len(sums), keyframe.bitspersample // 8, -1).swapaxes(1, 2)
    order = 1 if keyframe.parent.byteorder == ">" else -1
    return numbers[..., ::order].tobytes()


def _steps_shape(keyframe, itemsize):
    n_samples = _n_samples(keyframe)
    return -1, _row_bytes(keyframe) // (itemsize * n_samples), n_samples


# By number of the predictor.
_UNDO = {2: _undo_differences, 3: _undo_byte_differences}


def _read_segments(page):
    """Strips or tiles as they are in the file, which need not be the one opened."""
    places = zip(page.dataoffsets, page.databytecounts, strict=True)
    with open(page.parent.filehandle.path, "rb") as file:
        return [_read_at(file, *place) for place in places]


def _read_at(file, offset, count):
    file.seek(offset)
    return file.read(count)


def _tiff(page, segments, changed=None):
    """Make a file of one page with other segments."""
    keyframe = page.keyframe
    tags = {
        code: keyframe.tags[code].value for code in _LAYOUT if code in keyframe.tags
    }
    # Those of a page need not be the keyframe's.
    if page.jpegtables:
        tags[_JPEG_TABLES] = page.jpegtables
    return assemble(
        keyframe.parent.byteorder,
        tags | (changed or {}),
        segments,
        is_tiled=keyframe.is_tiled,
    )


def _open_pillow(data):
    # Not by `Image.open`, which takes bytes for pixels and many of them for a bomb.
    image = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    with _SILENT_LIBTIFF.hold():
        image.load()
    return image


def _close_stderr():
    before = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    return before


def _open_stderr(before):
    os.dup2(before, 2)
    os.close(before)


# Libtiff writes to stderr what the exception says as well. It is compiled into Pillow,
# which has no other way to silence it.
_SILENT_LIBTIFF = SharedState(_close_stderr, _open_stderr)
