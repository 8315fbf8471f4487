"""Bilinear sampling between an image and a coarser grid, as sparse matrices of a side.

The sampling points are those of ``torch.nn.functional.interpolate`` with
``align_corners=False``; as matrices they can be had for any part of an image.
"""

import numpy as np
from scipy import sparse

__all__ = ["columns_in_use", "enlarging_matrix", "shrinking_matrix", "taps"]


def taps(size, grid_size):
    """Two neighbours on the grid, and their weights, of every position of a side.

    Parameters
    ----------
    size, grid_size : int

    Returns
    -------
    low, high : (ndarray of shape (size,), ndarray of shape (size,))
        Index on the grid, and weight.
    """
    position = (np.arange(size) + 0.5) * (grid_size / size) - 0.5
    position = np.clip(position, 0.0, grid_size - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, grid_size - 1)
    fraction = position - low
    return (low, 1.0 - fraction), (high, fraction)


def enlarging_matrix(size, grid_size):
    """Matrix that brings a side of a grid to the size of the image.

    Returns
    -------
    matrix : scipy.sparse.csr_array of shape (size, grid_size), float32
    """
    (low, low_weight), (high, high_weight) = taps(size, grid_size)
    rows = np.arange(size)
    parts = np.r_[low_weight, high_weight], (np.r_[rows, rows], np.r_[low, high])
    return sparse.coo_array(parts, (size, grid_size)).tocsr().astype(np.float32)


def shrinking_matrix(size, grid_size):
    """Matrix that brings a side of an image to that of the grid, without aliasing.

    It is that of ``interpolate`` with ``antialias=True``: a triangle whose half width
    is the spacing of the grid.

    Returns
    -------
    matrix : scipy.sparse.csr_array of shape (grid_size, size), float32
        Rows sum to 1.
    """
    spacing = size / grid_size
    centers = (np.arange(grid_size) + 0.5) * spacing
    reach = max(spacing, 1.0)
    first = np.floor(centers - reach).astype(np.int64)
    columns = first[:, np.newaxis] + np.arange(int(2 * reach) + 3)
    distances = np.abs(columns + 0.5 - centers[:, np.newaxis]) / reach
    weights = np.where(
        (columns >= 0) & (columns < size), np.maximum(1.0 - distances, 0.0), 0.0
    )
    weights /= weights.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(grid_size)[:, np.newaxis], columns.shape)
    used = weights > 0
    parts = weights[used], (rows[used], columns[used])
    return sparse.coo_array(parts, (grid_size, size)).tocsr().astype(np.float32)


def columns_in_use(matrix):
    """Columns of a matrix from the first to the last that is not all 0, a slice.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array
    """
    return slice(int(matrix.indices.min()), int(matrix.indices.max()) + 1)
