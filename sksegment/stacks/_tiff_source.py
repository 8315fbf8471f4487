"""TIFF files as sources: pages, ImageJ hyperstacks, OME and BigTIFF."""

import functools
import math
from pathlib import Path

import numpy as np
import tifffile

from sksegment._image_files import ImageFileError
from sksegment._tiff_files import (
    bytes_beyond,
    colours_of,
    count_alpha,
    has_palette,
    open_tiff,
    series_axes,
    warn_of_channels,
)
from sksegment._tiff_nodata import has_missing, missing_as_nan
from sksegment._tiff_pages import PageReader
from sksegment.stacks._array_source import mapped_source
from sksegment.stacks._source import LazyFile, page_source
from sksegment.stacks._tiff_sizes import stated_size

__all__ = ["tiff_source"]

# Series which differ in nothing but the shape of their pages, in the order of these.
_LOOSE_KINDS = frozenset({"generic", "uniform", "shaped"})


def tiff_source(path):
    """Make a source of a TIFF file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    source : Source
        Of the axes that ImageJ, OME or the pages state. What is neither compressed
        nor scattered is mapped, all else is read page by page. A palette becomes RGB,
        alpha is dropped.

    Raises
    ------
    ValueError
        If the file is truncated, its chain of pages is broken, or it holds several
        images of their own.
    """
    with open_tiff(path, one_by_one=True) as all_series:
        _check_series(all_series)
        series, tif = all_series[0], all_series[0].parent
        spacing, unit = stated_size(tif)
        options = {"name": path.name, "paths": _files(path, series), "spacing": spacing}
        options["unit"] = unit
        if len(all_series) > 1:
            pages = [page.index for page in tif.pages if not page.is_reduced]
            first = tif.pages[pages[0]]
            layout = (len(pages), *first.shape), f"Z{first.axes}", 1
            return _paged_source(path, first, *layout, pages=pages, **options)
        shape, axes, n_leading = _layout(series)
        warn_of_channels(series)
        if not _is_mappable(series):
            return _paged_source(
                path, series.keyframe, shape, axes, n_leading, **options
            )
        dtype = np.dtype(series.dtype).newbyteorder(tif.byteorder)
        return mapped_source(
            path, dtype, series.dataoffset, shape, axes=axes, **options
        )


def _files(path, series):
    """All files of an image: OME allows many."""
    pages = series.pages if series.is_multifile else ()
    names = {page.parent.filehandle.path for page in pages if page is not None}
    return (path, *map(Path, sorted(names - {str(path)})))


def _paged_source(path, keyframe, shape, axes, n_leading, *, pages=None, **options):
    dtype, colours = np.dtype(keyframe.dtype), _colours(keyframe)
    if colours == "palette":
        shape, axes, dtype = (*shape, 3), f"{axes}S", np.dtype(np.uint8)
    elif colours:
        place = axes.index("S")
        shape = (*shape[:place], colours, *shape[place + 1 :])
    file = LazyFile(_OpenTiff, path, pages)
    return page_source(
        read_page=functools.partial(_read_page, file, colours),
        shape=shape,
        dtype=dtype,
        n_leading=n_leading,
        axes=axes,
        close=file.close,
        **options,
    )


def _check_series(all_series):
    loose = all(series.kind in _LOOSE_KINDS for series in all_series)
    tif = all_series[0].parent
    if len(all_series) > 1 and not loose:
        raise ImageFileError(
            f"{tif.filehandle.path} holds {len(all_series)} images of their own; "
            "choose one with tifffile.imread(path, series=0) and pass the array"
        )
    if tif.is_imagej and all_series[0].kind != "imagej":
        n_images = (tif.imagej_metadata or {}).get("images", 1)
        if n_images > len(tif.pages):
            raise ValueError(
                f"the TIFF is truncated: it holds {len(tif.pages)} of {n_images} slices"
            )


def _is_mappable(series):
    """Whether a series lies in the file as one plain array, all of it."""
    if series.dataoffset is None or series.is_multifile or _colours(series.keyframe):
        return False
    if has_missing(series.keyframe):
        return False
    # ImageJ writes one page for a whole stack of more than 4 GB.
    n_bytes = math.prod(series.shape) * series.dtype.itemsize
    missing = series.dataoffset + n_bytes - series.parent.filehandle.size
    if missing > 0:
        raise ValueError(f"the TIFF is truncated: {missing} bytes are missing")
    return True


def _layout(series):
    """Shape and axes of a series, and how many of the axes count pages."""
    shape, axes = series.shape, series_axes(series)
    unknown = [letter for letter in axes if letter not in "ZTYXCS"]
    if len(unknown) == 1 and not {*"ZT"} & {*axes}:
        axes = axes.replace(unknown[0], "Z")
    n_leading = len(shape) - len(series.keyframe.shape)
    if not {*"ZT", *unknown} & {*axes}:
        return (1, *shape), f"Z{axes}", n_leading + 1
    return shape, axes, n_leading


def _colours(keyframe):
    """Tell what has to be done to a page: "palette", number of samples kept, None."""
    if has_palette(keyframe):
        return "palette"
    n_alpha = count_alpha(keyframe)
    return keyframe.samplesperpixel - n_alpha if n_alpha else None


class _OpenTiff:
    """An open TIFF file whose pages are read by number."""

    def __init__(self, path, pages=None):
        self._tif, self._reader = tifffile.TiffFile(path), PageReader()
        self._pages = self._tif.series[0].pages
        if pages is not None:
            self._pages = [self._tif.pages[index] for index in pages]

    def read(self, index):
        """Decode a page."""
        page = self._pages[index]
        if page is None:
            raise ValueError("this page is missing")
        if bytes_beyond(page):
            raise ValueError("its pixels are said to lie beyond the end of the file")
        return self._reader.read(page), page.keyframe

    def close(self):
        """Close the file, in both libraries."""
        self._tif.close()
        self._reader.close()


def _read_page(file, colours, index):
    with file.lend() as tiff:
        image, keyframe = tiff.read(index)
    if colours == "palette":
        return colours_of(image, keyframe)
    if colours:
        image = image.take(range(colours), axis=keyframe.axes.index("S"))
    return missing_as_nan(image, keyframe)
