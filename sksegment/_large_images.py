"""What is made of an image part by part, where all of it at once takes too much memory.

The net sees windows of its grid with all that they depend on, so that soft labels are
those of the whole image up to rounding, and there are no seams.
"""

import numpy as np

from sksegment._bilinear import columns_in_use, enlarging_matrix
from sksegment._large_division import LARGEST
from sksegment._logits import windows
from sksegment._parts import row_blocks
from sksegment.fitting import soft_labels_of_window, to_array
from sksegment.labelling import finish_shares, pooled
from sksegment.memory import available, bytes_of_cell, estimate

__all__ = ["enlarged_windows", "must_be_parted", "paint_over", "shares_of_windows"]

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


def shares_of_windows(estimator, grid, pooling, assignment, centers):
    """Do what `region_shares` does, window by window.

    Parameters
    ----------
    estimator : SparseWNetSegmenter
    grid : LazyGrid
    pooling : Pooling
    assignment, centers
        See `sksegment.labelling.region_shares`.

    Returns
    -------
    shares : ndarray of shape (n, K), float32
    """
    total = 0.0
    for rows, columns in windows(grid.shape, window_side(estimator)):
        f = soft_labels_of_window(estimator.net_, grid, rows, columns)
        total = total + pooled(to_array(f), pooling.matrix(rows, columns), assignment)
    return finish_shares(total, assignment, centers)


def enlarged_windows(estimator, grid, shape, labels=slice(None)):
    """Soft labels at full size, part by part.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    grid : LazyGrid
    shape : (int, int)
        Height and width of the image.
    labels : slice or ndarray of int, default=slice(None)
        Only those are enlarged.

    Yields
    ------
    place : (slice, slice)
        Rows and columns of the image; together all of it, none twice.
    f : ndarray of shape (h, w, K), float32
    """
    matrices = [*map(enlarging_matrix, shape, grid.shape)]
    ratio = max(size / cells for size, cells in zip(shape, grid.shape, strict=True))
    # Soft labels at full size take most of the memory, unless there are few.
    side = max(1, int(window_side(estimator) / np.sqrt(ratio)))
    for place in windows(shape, int(side * ratio)):
        parts = [m[part] for m, part in zip(matrices, place, strict=True)]
        rows, columns = map(columns_in_use, parts)
        f = soft_labels_of_window(estimator.net_, grid, rows, columns)
        f = to_array(f[:, labels])
        yield place, _enlarge(f, parts[0][:, rows], parts[1][:, columns])


def _enlarge(f, down, right):
    height, width, n_labels = f.shape
    rows = (down @ f.reshape(height, -1)).reshape(-1, width, n_labels)
    out = np.empty((len(rows), right.shape[0], n_labels), np.float32)
    for row, values in zip(out, rows, strict=True):
        row[...] = right @ values
    return out


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
