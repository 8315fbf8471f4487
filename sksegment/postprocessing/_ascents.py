"""Where one comes from each voxel by always stepping to the deepest neighbour."""

from itertools import chain

import numpy as np

__all__ = ["MARGIN", "climb", "windows"]

#: Slices on either side that the ascents from a slice depend on.
MARGIN = 2
# Axes and directions, those to what is before first, and the nearest in the last axis.
_NEIGHBOURS = ((2, -1), (1, -1), (0, -1), (2, 1), (1, 1), (0, 1))


def windows(slabs, shape):
    """Give slabs the slices around them, blank beyond the ends of the volume.

    Parameters
    ----------
    slabs : iterable of (codes, depths)
    shape : (int, int)
        Of a slice.

    Yields
    ------
    codes, depths : ndarray of shape (t, H, W)
        All but ``MARGIN`` slices at each end are new, and follow on those before.
    """
    blank = np.zeros((MARGIN, *shape), np.int32), np.zeros((MARGIN, *shape), np.float32)
    held = blank
    for slab in chain(slabs, [blank]):
        held = tuple(map(np.concatenate, zip(held, slab, strict=True)))
        if len(held[0]) > 2 * MARGIN:
            yield held
        held = tuple(part[-2 * MARGIN :].copy() for part in held)


def climb(codes, depths):
    """Find the ends of the ascents from the voxels of a window.

    The next voxel is the deepest of the six neighbours of the same class, unless the
    voxel itself is deeper. Of equally deep ones it is that with the deeper neighbours,
    then the first; so there is an order of all voxels, and no ascent comes back.

    Parameters
    ----------
    codes, depths : ndarray of shape (t + 2 * MARGIN, H, W)

    Returns
    -------
    ends : ndarray of shape (t + 2, H, W), int64
        Flat indices in this array. Those of its first and last slice are their own.
    """
    support = _support(codes, depths)[1:-1]
    codes, depths = codes[1:-1], depths[1:-1]
    best, best_support = depths.copy(), support.copy()
    chosen = np.zeros(codes.shape, np.int8)
    # Of equals the first in the order of the volume wins, the voxel itself included.
    for number, (axis, direction) in enumerate(_NEIGHBOURS):
        here, there = _sides(axis, direction)
        exceeds = np.greater_equal if direction < 0 else np.greater
        better = exceeds(support[there], best_support[here])
        better &= depths[there] == best[here]
        better |= depths[there] > best[here]
        better &= (codes[there] == codes[here]) & (codes[here] > 0)
        np.copyto(best[here], depths[there], where=better)
        np.copyto(best_support[here], support[there], where=better)
        chosen[here][better] = number + 1
    chosen[[0, -1]] = 0
    n_items = np.cumprod((1, *codes.shape[:0:-1]))[::-1]
    steps = [0, *(direction * n_items[axis] for axis, direction in _NEIGHBOURS)]
    return _followed(np.array(steps)[chosen])


def _support(codes, depths):
    """Sum of the depths of the neighbours of the same class."""
    support = np.zeros_like(depths)
    for axis, direction in _NEIGHBOURS:
        here, there = _sides(axis, direction)
        support[here] += np.where(codes[there] == codes[here], depths[there], 0)
    return support


def _sides(axis, direction):
    """Where there is a neighbour in this direction, and where that is."""
    cut = [slice(None)] * 3, [slice(None)] * 3
    cut[direction > 0][axis], cut[direction < 0][axis] = slice(1, None), slice(-1)
    return tuple(map(tuple, cut))


def _followed(steps):
    """Ends of the ways that are made of steps in the flat array."""
    ends = steps.ravel()
    ends += np.arange(ends.size)
    moved = True
    while moved:
        moved = False
        # In parts, since an array of the whole would be made on the way.
        for part in np.array_split(ends, len(steps)):
            further = ends[part]
            moved |= (further != part).any()
            part[:] = further
    return ends.reshape(steps.shape)
