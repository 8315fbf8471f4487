"""Read TIFF files of one or many pages, and refuse those that lost some."""

import contextlib
import logging
import re
import threading
from functools import partial

import numpy as np
import tifffile

from sksegment._shared import SharedState
from sksegment._tiff_nodata import missing_as_nan, warn_of_missing
from sksegment._tiff_pages import read_series
from sksegment._warn import warn_user

__all__ = [
    "bytes_beyond",
    "check_promise",
    "colours_of",
    "count_alpha",
    "count_pages",
    "has_palette",
    "is_palette_file",
    "is_tiff",
    "leading_axes",
    "open_tiff",
    "read_tiff",
    "series_axes",
    "type_of_pages",
    "warn_of_channels",
]

_LOGGER = logging.getLogger("tifffile")
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PLAIN_SERIES = frozenset({"generic", "uniform", "shaped", "ome", "imagej"})
_NAMED_CHANNEL = re.compile(r"<Channel\b[^>]*\b(Name|Color|Fluor|EmissionWavelength)=")
_ALPHA_SAMPLES = frozenset({1, 2})
# More are hardly channels.
_MOST_CHANNELS = 4
# No image that is worth a look is packed as tightly as this; what promises more
# has a damaged header, or wants to use up the memory.
_TIGHTEST = 10_000
_HARMLESS = 2**28


def is_tiff(path):
    """Whether a file begins as a TIFF does, whatever its name.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    answer : bool
    """
    with open(path, "rb") as file:
        return file.read(4) in _MAGIC


def has_palette(page):
    """Whether the numbers of a page stand for colours, other than in ImageJ's files.

    The palette of ImageJ is a way to look at measured values, not what was measured.
    """
    is_palette = page.photometric == tifffile.PHOTOMETRIC.PALETTE
    return is_palette and not page.parent.is_imagej


def colours_of(indices, page):
    """Colours that the palette of a page gives to indices, (...): (..., 3), uint8."""
    palette = (np.asarray(page.colormap) >> 8).astype(np.uint8)
    return palette.T[indices]


def count_alpha(page):
    """Count the samples of a page that are alpha."""
    return sum(int(sample) in _ALPHA_SAMPLES for sample in page.extrasamples)


def is_palette_file(path):
    """Whether the first page of a TIFF file has a palette; see `has_palette`."""
    try:
        with tifffile.TiffFile(path) as tif:
            return has_palette(tif.pages.first)
    # What is wrong with it is told when it is opened, and may be anything.
    except Exception:
        return False


def read_tiff(path):
    """Read the images of a TIFF file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    images : list of ndarray of shape (H, W) or (H, W, C)
        The axes of channels and of samples go last, without alpha; every position on
        the others is one image. Channels without names or colours in an ImageJ or OME
        file that has neither Z nor T are slices, hence images too. Floats that the
        file declares to be no data, as GDAL does, are NaN.

    Warns
    -----
    UserWarning
        If there are four such slices at most, or integers that are no data.

    Raises
    ------
    ValueError
        If the file is truncated, or needs a decoder that is not installed.
    Exception
        Whatever tifffile raises on damaged files.
    """
    with open_tiff(path) as series:
        return [page for one in series for page in _series_pages(one)]


def count_pages(path):
    """Count what `read_tiff` would return, from the headers alone.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    n_images : int
    """
    with open_tiff(path) as series:
        return sum(_count_series_pages(one) for one in series)


def leading_axes(path):
    """Axes that count the images of a file, in their order.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    axes : dict of str to int
        Lengths by the letters Z and T; empty where the images are counted otherwise.
    """
    with open_tiff(path) as series:
        axes = zip(series_axes(series[0]), series[0].shape, strict=True)
        found = {axis: length for axis, length in axes if axis not in "YXCS"}
        is_known = len(series) == 1 and {*found} <= {*"ZT"}
        return found if is_known else {}


def type_of_pages(path):
    """Type of the values that `read_tiff` would return, from the headers alone.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    dtype : numpy.dtype
    """
    with open_tiff(path) as series:
        # What a palette has, see `_with_colours`.
        return (
            np.dtype(np.uint8) if has_palette(series[0].keyframe) else series[0].dtype
        )


@contextlib.contextmanager
def open_tiff(path, *, one_by_one=False):
    """Open a TIFF and give its series; in the end refuse one that lost pages.

    tifffile only logs that the chain of pages leaves the file or that missing pages
    were filled with zeros: a truncated stack would pass for a shorter one.

    Parameters
    ----------
    path : str or path-like
    one_by_one : bool, default=False
        Whether pages are read one by one, so that a single one whose data are not in
        the file is no reason to refuse the others.

    Yields
    ------
    series : list of tifffile.TiffPageSeries

    Raises
    ------
    ValueError
        If the file is truncated, its chain of pages is broken, or its header promises
        far more than the file can hold.
    """
    complaints = _Complaints()
    _LOGGER.addHandler(complaints)
    try:
        with _UNHEARD.hold(), tifffile.TiffFile(path) as tif:
            series = tif.series
            _check_extent(tif, one_by_one)
            _check_promise(tif)
            complaints.check()
            # Slides keep thumbnails and labels in series of their own.
            if series[0].kind not in _PLAIN_SERIES:
                series = series[:1]
            yield [one for one in series if not one.keyframe.is_reduced]
            complaints.check()
    finally:
        _LOGGER.removeHandler(complaints)


def _propagate(value):
    before, _LOGGER.propagate = _LOGGER.propagate, value
    return before


# What tifffile logs about damage is said by the exception.
_UNHEARD = SharedState(partial(_propagate, False), _propagate)


class _Complaints(logging.Handler):
    """Keeps what this thread logs about damage."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.damage = []
        self.thread = threading.get_ident()

    def emit(self, record):
        if record.thread != self.thread:
            return
        text = record.getMessage()
        if record.levelno >= logging.ERROR or "missing" in text.lower():
            self.damage.append(re.sub(r"^<[^>]*>\s*", "", text))

    def check(self):
        if self.damage:
            raise ValueError(f"the TIFF is truncated or damaged ({self.damage[0]})")


def bytes_beyond(page):
    """Count the bytes by which the data of a page leave its file, at least 0."""
    ends = map(sum, zip(page.dataoffsets, page.databytecounts, strict=False))
    return max(max(ends, default=0) - page.parent.filehandle.size, 0)


def _check_extent(tif, one_by_one):
    missing = [*map(bytes_beyond, tif.pages)]
    # What is cut off has lost its end. Otherwise it is the offset that is wrong.
    if any(missing[-1:] if one_by_one else missing):
        raise ValueError(f"the TIFF is truncated: {max(missing)} bytes are missing")


def _check_promise(tif):
    check_promise(sum(one.nbytes for one in tif.series), tif.filehandle.size)


def check_promise(promised, size):
    """Refuse a header that promises far more pixels than the file can hold.

    Parameters
    ----------
    promised, size : int
        Bytes of the pixels, and of the file.

    Raises
    ------
    ValueError
    """
    if promised > max(_HARMLESS, _TIGHTEST * size):
        raise ValueError(
            f"its header promises {promised:,} bytes of pixels, the file has {size:,}"
        )


def _series_pages(series):
    array = _with_colours(series)
    axes = series_axes(series)
    warn_of_channels(series)
    if array.ndim > len(axes):
        axes += "S"
    y, x = (axes.index(axis) if axis in axes else None for axis in "YX")
    if y is None or x is None:
        raise ValueError(f"its axes {axes} are not those of an image")
    channels = [i for i, axis in enumerate(axes) if axis in "CS"]
    others = [i for i in range(array.ndim) if i not in (y, x, *channels)]
    array = array.transpose([*others, y, x, *channels])
    sides = array.shape[len(others) : len(others) + 2]
    array = array.reshape(
        -1, *sides, *([_n_channels(array, channels)] * bool(channels))
    )
    return list(_without_alpha(array, series))


def series_axes(series):
    """Axes of a series, with slices that pass for channels as ``Q``.

    Slices for which nobody names an axis are marked as channels by tifffile.

    Parameters
    ----------
    series : tifffile.TiffPageSeries

    Returns
    -------
    axes : str
    """
    axes, tif = series.axes, series.parent
    if axes == "CYX" and series.kind == "imagej":
        unnamed = tif.imagej_metadata.get("mode", "grayscale") == "grayscale"
    else:
        unnamed = axes == "CYX" and not _NAMED_CHANNEL.search(tif.ome_metadata or "")
    return "QYX" if unnamed else axes


def warn_of_channels(series):
    """Warn of a few slices that may be channels.

    Parameters
    ----------
    series : tifffile.TiffPageSeries
    """
    is_slices = series_axes(series) == "QYX" and series.axes == "CYX"
    if is_slices and 1 < series.shape[0] <= _MOST_CHANNELS:
        warn_user(
            f"{series.parent.filename} has {series.shape[0]} channels without names, "
            "as programs write slices: they are taken for slices; if they are "
            "channels, name them in the file, or save them last, as (Y, X, C)"
        )


def _n_channels(array, channels):
    return int(np.prod(array.shape[array.ndim - len(channels) :]))


def _with_colours(series):
    array, keyframe = read_series(series), series.keyframe
    if has_palette(keyframe):
        return colours_of(array, keyframe)
    warn_of_missing(array, keyframe)
    return missing_as_nan(array, keyframe)


def _without_alpha(array, series):
    n_samples, n_alpha = series.keyframe.samplesperpixel, count_alpha(series.keyframe)
    if n_alpha == 0 or array.ndim < 4 or array.shape[-1] != n_samples:
        return array
    array = array[..., : n_samples - n_alpha]
    return array[..., 0] if array.shape[-1] == 1 else array


def _count_series_pages(series):
    sizes = zip(series_axes(series), series.shape, strict=True)
    return int(np.prod([size for axis, size in sizes if axis not in "YXCS"]))
