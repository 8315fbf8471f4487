"""Label maps as one array, in memory or in a ``.npy`` file."""

import numpy as np

from sksegment._output_files import replacing

__all__ = ["to_array", "write_npy"]


def to_array(labels):
    """Put label maps together in memory.

    Parameters
    ----------
    labels : LabelPages

    Returns
    -------
    array : ndarray of shape (n, H, W)
    """
    array = np.empty(labels.shape, labels.dtype)
    for place, page in zip(array, labels.pages, strict=True):
        place[...] = page
    return array


def write_npy(path, labels):
    """Write label maps to a file which `numpy.load` can map.

    Parameters
    ----------
    path : pathlib.Path
    labels : LabelPages
    """
    header = {
        "descr": np.lib.format.dtype_to_descr(labels.dtype),
        "fortran_order": False,
        "shape": labels.shape,
    }
    with replacing(path) as file:
        np.lib.format.write_array_header_2_0(file, header)
        for page in labels.pages:
            file.write(page.tobytes())
