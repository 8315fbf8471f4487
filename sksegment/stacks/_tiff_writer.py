"""Label maps as a multi-page TIFF that ImageJ, Fiji and OME readers open."""

import re

import tifffile

from sksegment._lengths import ome_sizes, resolution_tags
from sksegment._output_files import replacing

__all__ = ["identity_in_tiff", "write_tiff"]

# What fits the offsets of a classic TIFF, without what its headers may take.
_CLASSIC_BYTES = 2**32 - 2**25
_HEADER_BYTES = 4096


def write_tiff(path, labels):
    """Write label maps as OME-TIFF, each one compressed on its own.

    Parameters
    ----------
    path : pathlib.Path
    labels : LabelPages
    """
    with (
        replacing(path) as file,
        tifffile.TiffWriter(file, bigtiff=_is_big(labels), ome=True) as tif,
    ):
        tif.write(
            iter(labels.pages),
            shape=labels.shape,
            dtype=labels.dtype,
            photometric="minisblack",
            compression="zlib",
            # Several would read all pages ahead of what is compressed.
            maxworkers=1,
            metadata=_metadata(labels),
            **resolution_tags(labels.sizes, labels.unit),
        )


def identity_in_tiff(path):
    """Read of which run a file is; see `LabelPages.digest`.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    digest : str or None
        None where the file does not tell.
    """
    try:
        with tifffile.TiffFile(path) as tif:
            found = re.search(r'<OME\b[^>]*\bUUID="urn:uuid:([^"]*)"', tif.ome_metadata)
    # It may be any file.
    except Exception:
        return None
    return found and found[1]


def _is_big(labels):
    n_pages, height, width = labels.shape
    page_bytes = height * width * labels.dtype.itemsize + _HEADER_BYTES
    return n_pages * page_bytes > _CLASSIC_BYTES


def _metadata(labels):
    # Turned stacks have axes in an order that OME does not know.
    axes = labels.axes if labels.axes in ("ZYX", "TYX") else "ZYX"
    metadata = {"axes": axes, "UUID": f"urn:uuid:{labels.digest()}"}
    return metadata | ome_sizes(labels.sizes, labels.unit)
