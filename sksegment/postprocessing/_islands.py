"""Small islands take the label that surrounds them."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from sksegment._borders import borders_by_axis
from sksegment.postprocessing._label_slices import VOID

__all__ = ["absorb_islands"]


def absorb_islands(labels, min_sizes, connectivity):
    """Give islands that are too small the label most of their border is shared with.

    Smaller islands come first, and what they join grows by them, so that a group of
    small islands becomes one large enough rather than nothing. None stays that is too
    small, except those that border on nothing but void.

    Parameters
    ----------
    labels : ndarray of shape (H, W) or (n, H, W), int64
        -1 where void.
    min_sizes : dict of int to int
        Smallest size that stays, for every class there is.
    connectivity : int

    Returns
    -------
    labels : ndarray
    """
    if max(min_sizes.values(), default=0) <= 1:
        return labels
    islands, n = label(
        labels, background=VOID, connectivity=connectivity, return_num=True
    )
    flat = islands.ravel()
    sizes = np.bincount(flat)[1:]
    classes = np.empty(n + 1, np.int64)
    classes[flat] = labels.ravel()
    found, classes = np.unique(classes[1:], return_inverse=True)
    limits = np.array([min_sizes[class_] for class_ in found.tolist()], np.int64)
    if not (sizes < limits[classes]).any():
        return labels
    classes = _absorb(classes, sizes, limits, _shared_borders(islands, n))
    return np.r_[VOID, found[classes]][islands]


def _shared_borders(islands, n):
    """Symmetric matrix of the pixel sides or voxel faces two islands share."""
    found = borders_by_axis(islands, least=1)
    rows, columns = np.hstack([borders.sides(islands) for borders in found]) - 1
    counts = _count_pairs(rows, columns, n, np.ones(len(rows), np.int64))
    return (counts + counts.T).tocoo()


def _count_pairs(rows, columns, n, counts):
    return coo_array((counts, (rows, columns)), shape=(n, n)).tocsr()


def _absorb(classes, sizes, limits, borders):
    """Class of every island when all small ones have joined a neighbour."""
    region = np.arange(len(classes))
    # Without chance between equal sizes, rows of single pixels would go one by one.
    chance = np.random.default_rng(0).permutation(len(classes))
    while (moves := _which_move(classes, sizes, limits, borders, chance)).any():
        classes = _majority(classes, moves, borders, len(limits))
        group, borders = _unite(classes, borders)
        n = borders.shape[0]
        region, sizes = group[region], np.bincount(group, sizes, minlength=n)
        classes, chance = (_first_of_group(v, group, n) for v in (classes, chance))
    return classes[region]


def _which_move(classes, sizes, limits, borders, chance):
    """Small islands that come before all their small neighbours.

    No two of them are neighbours, so that all can move at once.
    """
    row, column = borders.row, borders.col
    small = sizes < limits[classes]
    small &= np.bincount(row, minlength=len(sizes)) > 0
    rank = np.empty(len(sizes), np.int64)
    rank[np.lexsort((chance, sizes))] = np.arange(len(sizes))
    return small & (rank < _least_small_neighbour(rank, small, row, column))


def _unite(classes, borders):
    """Islands of neighbours of one class: the new number of each, and new borders."""
    row, column = borders.row, borders.col
    joined = classes[row] == classes[column]
    links = coo_array((joined[joined], (row[joined], column[joined])), borders.shape)
    n, group = connected_components(links, directed=False)
    apart = ~joined
    pairs = group[row[apart]], group[column[apart]]
    return group, _count_pairs(*pairs, n, borders.data[apart]).tocoo()


def _least_small_neighbour(rank, small, row, column):
    least = np.full(len(rank), len(rank))
    among = small[column]
    np.minimum.at(least, row[among], rank[column[among]])
    return least


def _majority(classes, moves, borders, n_classes):
    """Classes after some islands took that of most of their border, or the lowest."""
    row, column = borders.row, borders.col
    voting = moves[row]
    votes = coo_array(
        (borders.data[voting], (row[voting], classes[column[voting]])),
        shape=(len(classes), n_classes),
    )
    votes.sum_duplicates()
    # scipy's argmax goes row by row, in Python. Here the last assignment stays: that of
    # most votes, and of equals that of the lowest class.
    order = np.lexsort((-votes.col, votes.data))
    chosen = classes.copy()
    chosen[votes.row[order]] = votes.col[order]
    return chosen


def _first_of_group(values, group, n):
    first = np.empty(n, values.dtype)
    first[group[::-1]] = values[::-1]
    return first
