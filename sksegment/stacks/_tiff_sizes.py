"""The size of a voxel in TIFF files: as OME and ImageJ state it."""

import re
from xml.etree import ElementTree

from sksegment._image_files import naming
from sksegment._tiff_files import is_tiff, open_tiff
from sksegment.stacks._voxels import voxel_size

__all__ = ["size_in_file", "stated_size"]


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
