"""The size of a voxel in TIFF files: as OME and ImageJ state it."""

import contextlib
import re
from xml.etree import ElementTree

from sksegment._image_files import ImageFileError, naming
from sksegment._tiff_files import is_tiff, open_tiff
from sksegment._warn import warn_user
from sksegment.stacks._voxels import voxel_size

__all__ = ["common_size", "size_in_file", "stated_size"]

# Sizes that a message names.
_MOST_TOLD = 4


def size_in_file(path):
    """Size of a voxel, or of a pixel, that an image file states.

    Parameters
    ----------
    path : pathlib.Path
        Only TIFF files state it.

    Returns
    -------
    spacing : dict of str to float
        Along Z, Y and X, where known.
    unit : str or None
    """
    with naming(path):
        if not is_tiff(path):
            return {}, None
        with open_tiff(path) as series:
            return stated_size(series[0].parent)


def common_size(name, paths):
    """Size of a voxel, or of a pixel, that image files state, if all state the same.

    Parameters
    ----------
    name : str
        Of their folder, for messages.
    paths : iterable of pathlib.Path
        Those that cannot be read are passed over.

    Returns
    -------
    spacing : dict of str to float
        Along Z, Y and X, where known.
    unit : str or None

    Warns
    -----
    UserWarning
        If they do not agree, and so no size is known.
    """
    found = {}
    for path in paths:
        with contextlib.suppress(ImageFileError):
            size = size_in_file(path)
            found.setdefault(_as_text(*size), (path, size))
    if len(found) > 1:
        told = [f"{text} ({path.name})" for text, (path, _) in found.items()]
        told[_MOST_TOLD:] = ["..."] * (len(told) > _MOST_TOLD)
        warn_user(
            f"the files of {name} state different sizes of a pixel, {', '.join(told)}; "
            "none of them is used: give the right one, or write it into all files"
        )
    return next(iter(found.values()))[1] if len(found) == 1 else ({}, None)


def _as_text(spacing, unit):
    """Size for messages, without the digits that are lost when it is written."""
    sides = [f"{spacing[letter]:.6g}" for letter in "ZYX" if letter in spacing]
    return f"{' x '.join(sides)} {unit}" if sides else "none"


def stated_size(tif):
    """Size of a voxel that an open TIFF file states.

    Parameters
    ----------
    tif : tifffile.TiffFile

    Returns
    -------
    spacing : dict of str to float
        Along Z, Y and X, where known.
    unit : str or None
    """
    if tif.is_ome:
        return voxel_size(_ome_sizes(tif.ome_metadata))
    if tif.is_imagej:
        return voxel_size(_imagej_sizes(tif))
    return {}, None


def _ome_sizes(xml):
    pixels = ElementTree.fromstring(xml).find(".//{*}Pixels")
    sizes = {} if pixels is None else pixels.attrib
    return {
        letter: (
            sizes[f"PhysicalSize{letter}"],
            sizes.get(f"PhysicalSize{letter}Unit", "µm"),
        )
        for letter in "ZYX"
        if f"PhysicalSize{letter}" in sizes
    }


def _imagej_sizes(tif):
    stated = tif.imagej_metadata or {}
    unit = re.sub(r"\\u00b5", "µ", str(stated.get("unit", "")), flags=re.IGNORECASE)
    sizes = {"Z": (stated["spacing"], unit)} if "spacing" in stated else {}
    for letter in "YX":
        tag = tif.pages[0].tags.get(f"{letter}Resolution")
        if tag is not None and tag.value[0]:
            sizes[letter] = (tag.value[1] / tag.value[0], unit)
    return sizes
