"""Borders between the regions of a map of ids, one axis after the other."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Borders", "borders_by_axis"]


@dataclass(frozen=True, eq=False)
class Borders:
    """Pairs of neighbours along one axis that are of two regions.

    Attributes
    ----------
    axis : int
    where : ndarray, bool
        Of the map without the end of this axis, which comes first.
    """

    axis: int
    where: np.ndarray

    def sides(self, values):
        """Values of the first and of the second of each pair, (n,) each."""
        first, second = _neighbours(values, self.axis)
        return first[self.where], second[self.where]

    def firsts(self, values):
        """View of values with the axes of ``where``, to be written through."""
        return _neighbours(values, self.axis)[0]


def borders_by_axis(ids, least=0):
    """Find the borders between regions, of which those below ``least`` are void.

    Parameters
    ----------
    ids : ndarray of shape (H, W) or (n, H, W), int
    least : int, default=0

    Yields
    ------
    borders : Borders
        Of the first axis, of the second, ...
    """
    for axis in range(ids.ndim):
        first, second = _neighbours(ids, axis)
        yield Borders(axis, (first != second) & (first >= least) & (second >= least))


def _neighbours(values, axis):
    moved = np.moveaxis(values, axis, 0)
    return moved[:-1], moved[1:]
