"""Touching objects told apart in a volume, slab by slab."""

import numpy as np

from sksegment.postprocessing._ascents import windows
from sksegment.postprocessing._basins import find_basins
from sksegment.postprocessing._depths import DepthFinder
from sksegment.postprocessing._necks import join_basins

__all__ = ["NumberedObjects", "find_objects"]


class NumberedObjects:
    """Slices of numbers of objects, in the order of first voxels, made one by one.

    Parameters
    ----------
    pages : sequence of ndarray of shape (H, W), int32
        Numbers of parts of objects, 0 where there is none.
    roots : ndarray of int32
        The same for all parts of an object, by their numbers; 0 of 0.
    """

    def __init__(self, pages, roots):
        self._pages, self._roots = pages, roots
        self.n_objects = len(np.unique(roots)) - 1

    def __iter__(self):
        numbers, n = np.zeros(len(self._roots), np.int32), 0
        for page in self._pages:
            roots = self._roots[page]
            unseen = roots[(numbers[roots] == 0) & (roots > 0)]
            new, first = np.unique(unseen, return_index=True)
            numbers[new[np.argsort(first)]] = np.arange(n + 1, n + 1 + len(new))
            n += len(new)
            yield numbers[roots]


def find_objects(slabs, spacing, neck, store, progress):
    """Find the objects of the classes of some slabs.

    Parameters
    ----------
    slabs : Slabs
    spacing : sequence of 3 floats
    neck : float
    store : callable
        Makes a list, or what is like one, for what is needed later.
    progress : callable
        ``progress(slabs, text)`` wraps what is gone through.

    Returns
    -------
    objects : NumberedObjects

    Raises
    ------
    ValueError
        If a class does not exist, or slices are no maps of one shape.
    """
    depths, pages = DepthFinder(slabs, spacing, store(), progress), store()
    slabs.check_classes()
    going = progress(depths, "dividing")
    table = find_basins(windows(going, slabs.shape[1:]), pages)
    return NumberedObjects(pages, join_basins(table, neck))
