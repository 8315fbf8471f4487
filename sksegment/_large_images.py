"""Images of which all at once takes too much memory: which they are, and how large
their parts may be.
"""

import numpy as np

from sksegment._large_division import LARGEST
from sksegment._parts import row_blocks
from sksegment.memory import available, bytes_of_cell, estimate

__all__ = ["must_be_parted", "paint_over", "window_side"]

# Smaller images always fit.
_SMALL = 2**20
# Memory for one window, and its sides within reason.
_WINDOW_BYTES = 2**29
_SIDES = 128, 2048


def must_be_parted(estimator, shape):
    """Whether there is no memory for an image at once.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    shape : (int, int, int)
    """
    n_pixels = shape[0] * shape[1]
    if n_pixels <= _SMALL:
        return False
    # Those superpixels are made in blocks whatever the memory.
    return n_pixels > LARGEST or not estimate(estimator, shape).fits


def window_side(estimator):
    """Longest side of a window of the grid of an estimator."""
    free = available()
    n_bytes = _WINDOW_BYTES if free is None else min(_WINDOW_BYTES, free // 4)
    side = int(np.sqrt(n_bytes / bytes_of_cell(estimator)))
    surroundings = 2 * estimator.net_.module_.encoder.reach
    return int(np.clip(side - surroundings, *_SIDES))


def paint_over(superpixels, values):
    """Give every pixel the value of its superpixel, in place; -1 stays.

    Parameters
    ----------
    superpixels : ndarray of shape (H, W), int32
        Overwritten.
    values : ndarray of shape (n,), int32

    Returns
    -------
    painted : ndarray of shape (H, W), int32
        The same array.
    """
    # The last one is for void.
    values = np.r_[values, -1].astype(np.int32)
    for rows in row_blocks(superpixels.shape):
        superpixels[rows] = values[superpixels[rows]]
    return superpixels
