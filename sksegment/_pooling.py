"""Means over superpixels of features on a coarser grid, as a sparse matrix."""

import numpy as np
from scipy import sparse

from sksegment._bilinear import taps
from sksegment._parts import row_blocks

__all__ = ["Pooling", "pooling_matrix"]


def pooling_matrix(
    superpixels: np.ndarray, grid_shape: tuple[int, int]
) -> sparse.csr_array:
    """Matrix that turns features on a coarser grid into means over superpixels.

    Multiplying it with features of shape (h * w, K) is the same as enlarging them
    bilinearly to the size of ``superpixels`` and taking the mean of every
    superpixel, without ever making the large array.

    Parameters
    ----------
    superpixels : ndarray of shape (H, W), int
        Ids 0..n-1; negative where void.
    grid_shape : (int, int)
        Height and width (h, w) of the features.

    Returns
    -------
    pooling : scipy.sparse.csr_array of shape (n, h * w), float32
        Every row sums to 1.
    """
    return Pooling(superpixels, grid_shape).matrix(*map(slice, grid_shape))


# About 75 bytes are needed for each pixel of a block.
_BLOCK_PIXELS = 2**20


class Pooling:
    """The matrix of `pooling_matrix`, for any part of the grid.

    Parameters
    ----------
    superpixels, grid_shape
        See `pooling_matrix`.
    """

    def __init__(self, superpixels, grid_shape):
        self.superpixels = superpixels
        self.grid_shape = grid_shape
        blocks = [superpixels[rows] for rows in row_blocks(superpixels.shape)]
        self.n_regions = max(int(block.max()) for block in blocks) + 1
        self.sizes = sum(
            np.bincount(block[block >= 0], minlength=self.n_regions) for block in blocks
        )
        self._taps = [*map(taps, superpixels.shape, grid_shape)]

    def matrix(self, rows, columns):
        """Columns of the matrix that belong to a part of the grid.

        Those of parts that together are the grid, times their features, add up to the
        means.

        Parameters
        ----------
        rows, columns : slice
            Of the grid; both with an end.

        Returns
        -------
        part : scipy.sparse.csr_array of shape (n, number of its cells), float32
        """
        window = [slice(part.start or 0, part.stop) for part in (rows, columns)]
        place = [*map(_positions, self._taps, window)]
        width = place[1].stop - place[1].start
        height = place[0].stop - place[0].start
        blocks = [
            self._block(
                slice(place[0].start + r.start, place[0].start + r.stop),
                place[1],
                window,
            )
            for r in row_blocks((height, width), _BLOCK_PIXELS)
        ]
        part = _sum(blocks)
        part.data /= np.repeat(np.maximum(self.sizes, 1), np.diff(part.indptr))
        return part.astype(np.float32)

    def _block(self, rows, columns, window):
        """Sums instead of means, over some rows and columns of the image."""
        labels = self.superpixels[rows, columns].ravel()
        inside = labels >= 0
        shape = [part.stop - part.start for part in window]
        total = sparse.csr_array((self.n_regions, shape[0] * shape[1]))
        for y, y_weight in _within(self._taps[0], rows, window[0]):
            for x, x_weight in _within(self._taps[1], columns, window[1]):
                weights = np.outer(y_weight, x_weight).ravel()
                cells = (y[:, np.newaxis] * shape[1] + x).ravel()
                keep = inside & (weights > 0)
                part = (weights[keep], (labels[keep], cells[keep]))
                total = total + sparse.coo_array(part, shape=total.shape).tocsr()
        return total


def _positions(taps_of_side, window):
    """Positions of a side that have a neighbour in a part of the grid."""
    (low, _), (high, _) = taps_of_side
    near = np.flatnonzero((high >= window.start) & (low < window.stop))
    return slice(int(near[0]), int(near[-1]) + 1)


def _within(taps_of_side, positions, window):
    """Neighbours as indices of the window, those outside without weight."""
    for neighbours, weights in taps_of_side:
        index = neighbours[positions] - window.start
        outside = (index < 0) | (index >= window.stop - window.start)
        yield np.where(outside, 0, index), np.where(outside, 0.0, weights[positions])


def _sum(matrices):
    if len(matrices) == 1:
        return matrices[0]
    parts = [matrix.tocoo() for matrix in matrices]
    data, rows, columns = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("data", "row", "col")
    )
    return sparse.coo_array((data, (rows, columns)), matrices[0].shape).tocsr()
