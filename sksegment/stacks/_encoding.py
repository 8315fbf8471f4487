"""Label maps in the smallest dtype; void is the largest unsigned number, else -1."""

import numpy as np

__all__ = ["dtype_for", "pack", "recode", "void_of"]


def void_of(dtype):
    """Number that stands for void: 255, 65535, or -1 in signed dtypes."""
    dtype = np.dtype(dtype)
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else -1


def dtype_for(largest):
    """Smallest of uint8, uint16 and int32 that holds an id beside void."""
    if largest < void_of(np.uint8):
        return np.dtype(np.uint8)
    return np.dtype(np.uint16 if largest < void_of(np.uint16) else np.int32)


def recode(page, dtype):
    """Bring a label map to another dtype, and void to the void of that dtype.

    Parameters
    ----------
    page : ndarray of shape (H, W), uint8, uint16 or signed
    dtype : numpy.dtype

    Returns
    -------
    page : ndarray of shape (H, W)
        The same array where nothing is to be done.
    """
    if page.dtype == dtype:
        return page
    void = page < 0 if page.dtype.kind == "i" else page == void_of(page.dtype)
    recoded = page.astype(dtype)
    recoded[void] = void_of(dtype)
    return recoded


def pack(labels):
    """Bring labels to their smallest dtype.

    Parameters
    ----------
    labels : ndarray of shape (H, W), signed
        Negative where void.

    Returns
    -------
    page : ndarray of shape (H, W), uint8, uint16 or int32
    """
    return recode(labels, dtype_for(int(labels.max(initial=-1))))
