"""Basins joined to objects, unless the neck between them is narrow."""

import numpy as np

__all__ = ["join_basins"]


def join_basins(table, neck):
    """Join basins from the deepest pass on.

    Two are joined unless the pass is at most ``neck`` times as deep as the shallower
    one. Where it is as deep, both are parts of one flat top.

    Parameters
    ----------
    table : BasinTable
    neck : float

    Returns
    -------
    roots : ndarray of shape (n + 1,), int32
        The same number for all basins, and parts of basins, of an object.
    """
    parents = np.arange(len(table.depths), dtype=np.int32)
    # Views give and take numbers of Python, and are no copies.
    parent, deepest = memoryview(parents), memoryview(table.depths)

    def root_of(basin):
        while parent[basin] != basin:
            parent[basin] = basin = parent[parent[basin]]
        return basin

    rows = map(memoryview, (table.first, table.second, table.passes))
    for one, other, depth in zip(*rows, strict=True):
        low, high = sorted((root_of(one), root_of(other)), key=deepest.__getitem__)
        if depth > neck * deepest[low] or depth == deepest[low]:
            parent[low] = high
    while (parents != parents[parents]).any():
        parents = parents[parents]
    return parents[table.whole]
