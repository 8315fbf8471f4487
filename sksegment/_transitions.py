"""Groups of labels that are nothing but the blurred borders between two others."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.spatial.distance import cdist

from sksegment._parts import row_blocks

__all__ = ["join_transitions"]

# Pixels from a border that its blur reaches, and the part of a group that is as near to
# both its sides; see docs/research.md.
_REACH = 2
_MOST = 0.5
# How much further it may be from side to side by way of the group.
_DETOUR = 1.1
# Groups are bits of a number of 64.
_MOST_GROUPS = 64
_BLOCK_PIXELS = 2**20


def join_transitions(groups, points, seeds, label_maps, n_apart=0):
    """Divide groups that are transitions among those on both sides of them.

    A border that is blurred, or cuts through voxels (the partial volume effect [1]_),
    has the looks of a class of its own, which is a rim around all there is. A group is
    taken for such a rim if it looks like something between two other groups, and if
    most of its pixels are within 2 pixels of both. Each of its labels joins the group
    that looks most like it.

    Parameters
    ----------
    groups : ndarray of shape (K,), int
        Group of every label, from 0 on.
    points : ndarray of shape (K, D)
        Looks of the labels.
    seeds : ndarray of shape (n,), int
        The labels that say what their group looks like, each as much as another; one
        at least of every group.
    label_maps : sequence of ndarray of shape (H, W), int
        Negative where void.
    n_apart : int, default=0
        Groups of the first so many labels are classes, whatever they look like.

    Returns
    -------
    groups : ndarray of shape (K,), int
        From 0 on; two are always left, if there were two.

    References
    ----------
    .. [1] R. A. Ketcham and W. D. Carlson, "Acquisition, optimization and
       interpretation of X-ray computed tomographic imagery: applications to the
       geosciences", Computers & Geosciences 27(4), 2001.
    """
    groups = np.array(groups)
    while 2 <= groups.max() < _MOST_GROUPS:
        members = [seeds[groups[seeds] == g] for g in range(groups.max() + 1)]
        centers = np.stack([points[labels].mean(axis=0) for labels in members])
        shares = _shares_between(label_maps, groups, centers)
        shares[groups[seeds[seeds < n_apart]]] = 0.0
        rim = int(shares.argmax())
        if shares[rim] <= _MOST:
            break
        distances = cdist(points, centers)
        distances[:, rim] = np.inf
        groups = np.where(groups == rim, distances.argmin(axis=1), groups)
        groups -= groups > rim
    return groups


def _shares_between(label_maps, groups, centers):
    """Largest part of every group that is near to both of two that it is between."""
    near = sum(_areas_near(labels, groups, len(centers)) for labels in label_maps)
    areas = np.einsum("ccc->c", near)
    distances = cdist(centers, centers)
    shares = np.zeros(len(centers))
    for group, (to_group, both) in enumerate(zip(distances, near, strict=True)):
        between = to_group[:, np.newaxis] + to_group <= _DETOUR * distances
        between[group], between[:, group] = False, False
        shares[group] = both[between].max(initial=0) / max(areas[group], 1)
    return shares


def _areas_near(labels, groups, n_groups):
    """Pixels of every group with the one and the other group nearby, (n, n, n)."""
    areas = np.zeros((n_groups,) * 3, np.int64)
    bits = np.append(np.uint64(1) << np.arange(n_groups, dtype=np.uint64), np.uint64(0))
    for rows in row_blocks(labels.shape, _BLOCK_PIXELS):
        top = max(rows.start - _REACH, 0)
        block = labels[top : rows.stop + _REACH]
        found = np.where(block < 0, -1, groups[block])
        inner = slice(rows.start - top, rows.stop - top)
        nearby = _spread(bits[found])[inner]
        found = found[inner]
        for group in range(n_groups):
            sets, counts = np.unique(nearby[found == group], return_counts=True)
            members = (sets[:, np.newaxis] & bits[:-1]) > 0
            areas[group] += (members * counts[:, np.newaxis]).T @ members
    return areas


def _spread(bits):
    """All bits of the window of 5 x 5 pixels around each pixel."""
    for axis in range(2):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (_REACH, _REACH)
        windows = sliding_window_view(np.pad(bits, pad), 2 * _REACH + 1, axis)
        bits = np.bitwise_or.reduce(windows, axis=-1)
    return bits
