"""Touching objects told apart at their necks, by a watershed of depths."""

import numpy as np
from scipy.ndimage import distance_transform_edt, maximum
from skimage.measure import label
from skimage.segmentation import watershed

from sksegment._borders import borders_by_axis

__all__ = ["cut_necks"]


def cut_necks(mask, void, neck, spacing):
    """Divide each connected piece of a mask where it is narrow.

    The depth of a pixel is its distance to what is outside. Every maximum of it has a
    basin, and two basins meet at a pass, the deepest place of their border. From the
    deepest pass on, basins are joined unless the pass is at most ``neck`` times as deep
    as the maximum of the shallower one.

    Parameters
    ----------
    mask : ndarray of shape (H, W) or (n, H, W), bool
    void : ndarray of the same shape, bool
        What is neither inside nor outside, such as all beyond the border.
    neck : float
    spacing : sequence of float
        Size of a pixel or voxel along the axes.

    Returns
    -------
    objects : ndarray of the same shape, int32
        0 outside, numbers from 1 in any order and with gaps inside.
    """
    free = mask | void
    if free.all():
        return label(mask, connectivity=1).astype(np.int32)
    depths = np.where(mask, distance_transform_edt(free, sampling=spacing), 0.0)
    basins = watershed(-depths, mask=mask)
    highest = maximum(depths, basins, np.arange(basins.max() + 1))
    first, second, passes = _passes(basins, depths)
    return _unite(first, second, passes, highest, neck)[basins]


def _passes(basins, depths):
    """Pairs of basins with a common border, and its depth, the deepest first."""
    pairs, heights = [], []
    for borders in borders_by_axis(basins, least=1):
        pairs.append(np.sort(borders.sides(basins), axis=0))
        heights.append(np.minimum(*borders.sides(depths)))
    (first, second), heights = np.concatenate(pairs, axis=1), np.concatenate(heights)
    order = np.lexsort((-heights, second, first))
    first, second, heights = first[order], second[order], heights[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    order = np.flatnonzero(is_new)[np.argsort(-heights[is_new], kind="stable")]
    return first[order], second[order], heights[order]


def _unite(first, second, passes, highest, neck):
    """Basin of the highest maximum of the object that each basin is part of."""
    highest, parent = highest.tolist(), list(range(len(highest)))

    def root_of(basin):
        while parent[basin] != basin:
            parent[basin] = basin = parent[parent[basin]]
        return basin

    for one, other, depth in zip(
        first.tolist(), second.tolist(), passes.tolist(), strict=True
    ):
        low, high = sorted((root_of(one), root_of(other)), key=highest.__getitem__)
        if depth > neck * highest[low]:
            parent[low] = high
    return np.array([*map(root_of, range(len(parent)))], np.int32)
