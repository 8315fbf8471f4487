"""Soft labels of one image, all at once or, where it is too large, part by part.

Then the net sees windows of its grid with all that they depend on, so that soft labels
are those of the whole image up to rounding, and there are no seams.
"""

import numpy as np

from sksegment._bilinear import columns_in_use, enlarging_matrix
from sksegment._large_images import window_side
from sksegment._logits import windows
from sksegment._parts import ScaledParts
from sksegment.fitting import enlarge, soft_labels, soft_labels_of_window, to_array
from sksegment.labelling import finish_shares, pooled, region_shares
from sksegment.training import LazyGrid, to_grid

__all__ = ["SoftLabels", "SoftLabelsByParts", "assemble", "grid_of", "soft_labels_of"]


def grid_of(scaled, resolution, position):
    """What the net sees of an array (H, W, C), or part by part of `ScaledParts`."""
    make = LazyGrid if isinstance(scaled, ScaledParts) else to_grid
    return make(scaled, resolution, position)


def soft_labels_of(estimator, grid):
    """What the net of an estimator says of an image, by the grid of this."""
    if isinstance(grid, LazyGrid):
        return SoftLabelsByParts(estimator, grid)
    return SoftLabels(soft_labels(estimator.net_, grid))


class SoftLabels:
    """Soft labels of an image, a tensor (1, K, h, w) on the grid of the net."""

    def __init__(self, f):
        self._f = f

    def shares(self, pooling, assignment="mean", centers=None):
        """Share of every label in every superpixel, see `region_shares`."""
        return region_shares(to_array(self._f), pooling, assignment, centers)

    def parts(self, shape, labels=slice(None)):
        """Soft labels at full size, part by part.

        Parameters
        ----------
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
        yield (slice(None), slice(None)), enlarge(self._f[:, labels], shape)


class SoftLabelsByParts:
    """Those of an image that is too large; the methods are those of `SoftLabels`."""

    def __init__(self, estimator, grid):
        self._estimator, self._grid = estimator, grid

    def shares(self, pooling, assignment="mean", centers=None):
        """Sums of windows, for a `Pooling`."""
        total = 0.0
        for place in windows(self._grid.shape, window_side(self._estimator)):
            f = to_array(self._window(*place))
            total = total + pooled(f, pooling.matrix(*place), assignment)
        return finish_shares(total, assignment, centers)

    def parts(self, shape, labels=slice(None)):
        """Windows that are enlarged."""
        sizes = self._grid.shape
        matrices = [*map(enlarging_matrix, shape, sizes)]
        ratio = max(size / cells for size, cells in zip(shape, sizes, strict=True))
        # Soft labels at full size take most of the memory, unless there are few.
        side = max(1, int(window_side(self._estimator) / np.sqrt(ratio)))
        for place in windows(shape, int(side * ratio)):
            down, right = (m[part] for m, part in zip(matrices, place, strict=True))
            rows, columns = map(columns_in_use, (down, right))
            f = to_array(self._window(rows, columns)[:, labels])
            yield place, _enlarge(f, down[:, rows], right[:, columns])

    def _window(self, rows, columns):
        return soft_labels_of_window(self._estimator.net_, self._grid, rows, columns)


def _enlarge(f, down, right):
    height, width, n_labels = f.shape
    rows = (down @ f.reshape(height, -1)).reshape(-1, width, n_labels)
    out = np.empty((len(rows), right.shape[0], n_labels), np.float32)
    for row, values in zip(out, rows, strict=True):
        row[...] = right @ values
    return out


def assemble(parts, shape):
    """Put parts of an image together, pairs of a place and an array (h, w, ...).

    A part that is all of the image is not even copied.
    """
    image = None
    for place, values in parts:
        if values.shape[:2] == tuple(shape):
            return values
        if image is None:
            image = np.empty((*shape, *values.shape[2:]), values.dtype)
        image[place] = values
    return image
