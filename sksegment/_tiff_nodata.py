"""Pixels of TIFF files that GDAL and other programs of maps declare to be no data."""

import numpy as np

from sksegment._warn import warn_user

__all__ = ["has_missing", "missing_as_nan", "warn_of_missing"]

_GDAL_NODATA = 42113


def has_missing(keyframe):
    """Whether pages may have numbers that are to be read as NaN.

    Parameters
    ----------
    keyframe : tifffile.TiffPage

    Returns
    -------
    answer : bool
    """
    return keyframe.dtype.kind == "f" and _missing(keyframe) is not None


def missing_as_nan(pixels, keyframe):
    """Replace the number that means no data in pages of floats.

    Parameters
    ----------
    pixels : ndarray
    keyframe : tifffile.TiffPage

    Returns
    -------
    pixels : ndarray
        The same, or a copy.
    """
    if not has_missing(keyframe):
        return pixels
    return np.where(pixels == _missing(keyframe), pixels.dtype.type("nan"), pixels)


def warn_of_missing(pixels, keyframe):
    """Warn of integers that mean no data: there is no NaN among them.

    Parameters
    ----------
    pixels : ndarray
    keyframe : tifffile.TiffPage
    """
    missing = None if keyframe.dtype.kind == "f" else _missing(keyframe)
    if missing is not None and (share := np.mean(pixels == missing)) > 0:
        warn_user(
            f"{keyframe.parent.filename} calls {missing:g} no data and has it in "
            f"{share:.0%} of its pixels, which count as values; give a mask without "
            'them, or save it as float32, where they are NaN, with the mask "finite"'
        )


def _missing(keyframe):
    """Number that means no data, or None."""
    try:
        number = float(keyframe.tags.valueof(_GDAL_NODATA))
    except (TypeError, ValueError):
        return None
    # As the pixels have it: -3.4e38 in full digits is none that floats hold.
    with np.errstate(over="ignore"):
        return keyframe.dtype.type(number) if keyframe.dtype.kind == "f" else number
