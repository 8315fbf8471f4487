"""Pages of TIFF files, whoever has to decode them.

What tifffile cannot decode without imagecodecs, Pillow's libtiff often can. But Pillow
changes much of what it reads: it inverts grey where 0 is white, takes 16 bits a channel
for 8, swaps bytes once too often, and leaves out channels. So it is asked only for what
comes out as it is in the file.
"""

import os
from contextlib import contextmanager

import numpy as np
import tifffile
from PIL import Image

from sksegment._shared import SharedState

__all__ = ["CodecError", "PageReader", "read_series"]

# LZW, Deflate and JPEG, which every Pillow has: what fails there is damaged.
_SURE_CODECS = frozenset({5, 7, 8, 32946})
_SEPARATE, _UNASSOCIATED_ALPHA = 2, 2
_COLOURS = (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)
_NUMBERS = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.PALETTE)
# Types of numbers whose values Pillow keeps, in both byte orders and in one.
_KEPT = frozenset({"bool", "uint8", "int8", "uint16"})
_KEPT_IN_LITTLE_ENDIAN = frozenset({"int16", "int32", "uint32", "float32"})
# What tifffile raises for want of a codec, among others.
_NO_CODEC = (ValueError, KeyError, NotImplementedError, ImportError)


class CodecError(ValueError):
    """Pixels that nothing which is installed can decode; the message says the cure."""


class PageReader:
    """Reads pages of open TIFF files, one at a time."""

    def __init__(self):
        self._path = self._image = None

    def read(self, page):
        """Decode a page, as tifffile or else Pillow does.

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
            with _named_damage(page.keyframe):
                return page.asarray()
        except _NO_CODEC as error:
            if not _lacks_codec(error):
                raise
            return self._decode(page, error)

    def close(self):
        """Close the file, which Pillow may have opened."""
        if self._image is not None:
            self._image.close()
        self._path = self._image = None

    def _decode(self, page, cause):
        keyframe = page.keyframe
        if not _has_faithful_decoder(keyframe):
            raise _codec_error(keyframe) from cause
        try:
            with _SILENT_LIBTIFF.hold():
                pixels = self._by_pillow(page)
        except (OSError, EOFError, SyntaxError) as error:
            # Pillow says no more than "decoder error", whether damaged or unknown.
            if keyframe.compression in _SURE_CODECS:
                raise _damage(keyframe) from error
            raise _codec_error(keyframe) from cause
        if pixels.shape != keyframe.shape or pixels.itemsize < keyframe.dtype.itemsize:
            raise _codec_error(keyframe) from cause
        # It has one signed and one unsigned type for many, with the same bits.
        return pixels.astype(keyframe.dtype.newbyteorder("="))

    def _by_pillow(self, page):
        # Of an image in several files, pages name theirs.
        path = page.parent.filehandle.path
        if path != self._path:
            self.close()
            self._path, self._image = path, Image.open(path)
        self._image.seek(page.index)
        is_ycbcr = self._image.mode == "YCbCr"
        return np.array(self._image.convert("RGB") if is_ycbcr else self._image)


def read_series(series):
    """Read all pages of a series.

    Parameters
    ----------
    series : tifffile.TiffPageSeries

    Returns
    -------
    pixels : ndarray
        Of the shape of the series.

    Raises
    ------
    Exception
        What `PageReader.read` raises.
    """
    try:
        with _named_damage(series.keyframe):
            return series.asarray()
    except _NO_CODEC as error:
        if not _lacks_codec(error):
            raise
    if any(page is None for page in series.pages):
        raise ValueError("the TIFF is truncated or damaged (pages are missing)")
    pixels = np.empty((len(series.pages), *series.keyframe.shape), series.dtype)
    reader = PageReader()
    try:
        for place, page in zip(pixels, series.pages, strict=True):
            place[...] = reader.read(page)
    finally:
        reader.close()
    return pixels.reshape(series.shape)


@contextmanager
def _named_damage(keyframe):
    """Say of the file what imagecodecs says of its own functions."""
    try:
        yield
    except Exception as error:
        is_of_codec = type(error).__module__.startswith("imagecodecs")
        if not is_of_codec or isinstance(error, ImportError):
            raise
        raise _damage(keyframe) from error


def _lacks_codec(error):
    # Zstandard is a module of Python from 3.14 on; early versions of tifffile do not
    # name the package.
    is_told = "imagecodecs" in str(error) or "not supported" in str(error)
    return is_told or isinstance(error, ImportError)


def _has_faithful_decoder(keyframe):
    """Whether Pillow gives the values that are in the file, if it gives any."""
    dtype, n_samples = keyframe.dtype.name, keyframe.samplesperpixel
    if keyframe.photometric in _COLOURS:
        known = ((), (_UNASSOCIATED_ALPHA,))[n_samples == 4]
        is_plain = tuple(map(int, keyframe.extrasamples)) == known
        is_packed = keyframe.planarconfig != _SEPARATE
        return is_plain and is_packed and n_samples in (3, 4) and dtype == "uint8"
    if keyframe.photometric not in _NUMBERS or n_samples != 1:
        return False
    is_little_endian = keyframe.parent.byteorder == "<"
    # Types of 2, 4 or 12 bits are those of more.
    is_whole = keyframe.bitspersample in (1, 8 * keyframe.dtype.itemsize)
    kept = _KEPT | _KEPT_IN_LITTLE_ENDIAN if is_little_endian else _KEPT
    return is_whole and dtype in kept


def _codec_error(keyframe):
    return CodecError(
        f"its pixels ({_codec_name(keyframe)}, {keyframe.dtype}) need imagecodecs, "
        'which is not installed: pip install "sksegment[codecs]", or save it again '
        "without compression"
    )


def _damage(keyframe):
    return ValueError(f"its {_codec_name(keyframe)} data are damaged")


def _codec_name(keyframe):
    try:
        return tifffile.COMPRESSION(keyframe.compression).name
    except ValueError:
        return f"codec {keyframe.compression}"


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
