"""Basins of depth, numbered through all slabs, and the passes between them."""

import numpy as np

from sksegment._borders import borders_by_axis
from sksegment.postprocessing._ascents import climb

__all__ = ["BasinTable", "find_basins"]


class BasinTable:
    """Basins by their number from 1 on, and their passes.

    A part of a basin has a number of its own where the deepest place was not known yet
    when it was finished; ``whole`` tells what it is a part of. All others are numbered
    in the order of their deepest places.

    Attributes
    ----------
    whole : ndarray of shape (n + 1,), int32
        Number of the basin, of a basin its own.
    depths : ndarray of shape (n + 1,), float32
        The largest in the basin.
    codes : ndarray of shape (n + 1,), int32
        Of its class.
    first, second : ndarray of shape (p,), int32
    passes : ndarray of shape (p,), float32
        Depth at the deepest place of the border of two basins, the deepest first.
    """

    def __init__(self, whole, depths, codes, passes):
        self.whole, self.depths, self.codes = whole, depths, codes
        first, second, heights = map(np.concatenate, zip(*passes, strict=True))
        first, second = np.sort([whole[first], whole[second]], axis=0)
        # Basins of two classes have a border, but no pass.
        kept = (first != second) & (codes[first] == codes[second])
        pairs = _deepest(first[kept], second[kept], heights[kept])
        self.first, self.second, self.passes = pairs


def find_basins(windows, store):
    """Number the basins in a volume that comes in windows, as `windows` gives them.

    What ascends to the slice after a window ends there for now. The slices of a window
    are kept until it is known where it leads to in the next; what leads on even from
    there, through the whole of a window, is numbered as a part.

    Parameters
    ----------
    windows : iterable of (codes, depths)
    store : list or Spool
        Gets a slice of numbers, int32 and 0 where there is no class, for every slice.

    Returns
    -------
    table : BasinTable
    """
    scan = None
    for codes, depths in windows:
        scan = scan or _Scan(store, codes.shape[1:])
        scan.add(codes, depths)
    return scan.finish()


class _Scan:
    """What is known of the basins of the slices so far.

    Numbers from 1 on are for good. What goes on in the next slice has -1 minus the flat
    index of the voxel there. When that slice comes, such numbers of before are told
    from those of its own window by being smaller by the size of a slice.
    """

    def __init__(self, store, shape):
        self._store, self._size = store, int(np.prod(shape))
        self._held = np.zeros((1, *shape), np.int32), np.zeros((1, *shape), np.float32)
        self._n, self._passes = 0, []
        self._depths, self._codes = [np.zeros(1, np.float32)], [np.zeros(1, np.int32)]
        self._parts, self._wholes = np.zeros(0, np.int32), np.zeros(0, np.int32)

    def add(self, codes, depths):
        numbers = self._number(codes, depths)
        leads_to = self._ways(numbers[0].ravel())
        _replace(numbers, leads_to, -1 - self._size)
        _replace(self._held[0], leads_to, -1)
        _replace(self._wholes, leads_to, -1)
        self._release()
        last = (part[-1:] for part in self._held)
        new = numbers, depths[2:-2]
        self._held = tuple(map(np.concatenate, zip(last, new, strict=True)))

    def finish(self):
        self._release()
        whole = np.arange(self._n + 1, dtype=np.int32)
        whole[self._parts] = self._wholes
        depths, codes = map(np.concatenate, (self._depths, self._codes))
        return BasinTable(whole, depths, codes, self._passes)

    def _number(self, codes, depths):
        """Numbers in a window, those of before and of after included."""
        ends = climb(codes, depths)
        codes, depths = codes[1:-1].ravel(), depths[1:-1].ravel()
        numbers = np.zeros(ends.size, np.int32)
        front = self._held[0][-1].ravel()
        numbers[: self._size] = np.where(front < 0, front - self._size, front)
        numbers[-self._size :] = -1 - np.arange(self._size)
        inner = ends[1:-1].ravel()
        places = np.arange(self._size, self._size + inner.size)
        is_top = (inner == places) & (codes[self._size : -self._size] > 0)
        tops = places[is_top]
        numbers[tops] = self._new(depths[tops], codes[tops])
        numbers = numbers[ends[1:-1]]
        numbers[codes[self._size : -self._size].reshape(numbers.shape) <= 0] = 0
        return numbers

    def _new(self, depths, codes):
        """Numbers for some more basins."""
        self._depths.append(depths)
        self._codes.append(codes)
        self._n += len(depths)
        return np.arange(self._n - len(depths) + 1, self._n + 1)

    def _ways(self, leads_to):
        """Numbers that what went on in a slice has there; it may go back and on."""
        leads_to = leads_to.copy()
        while (leads_to < -self._size).any():
            _replace(leads_to, leads_to, -1 - self._size)
        return leads_to

    def _release(self):
        """Keep slices whose numbers are for good, and the passes in them."""
        numbers, depths = self._held
        goes_on = numbers < 0
        ways, part = np.unique(numbers[goes_on], return_inverse=True)
        blank = np.zeros(len(ways))
        parts = self._new(blank.astype(np.float32), blank.astype(np.int32))
        numbers[goes_on] = parts[part]
        self._parts = np.concatenate([self._parts, parts.astype(np.int32)])
        self._wholes = np.concatenate([self._wholes, ways])
        for page in numbers[1:]:
            self._store.append(page)
        self._passes.append(_passes(numbers, depths))


def _replace(numbers, new, first):
    """Put ``new[first - number]`` in the place of numbers up to ``first``."""
    old = numbers <= first
    numbers[old] = new[first - numbers[old]]


def _passes(basins, depths):
    """Pairs of basins with a common border, and its depth, the deepest first."""
    pairs, heights = [], []
    for borders in borders_by_axis(basins, least=1):
        pairs.append(np.sort(borders.sides(basins), axis=0))
        heights.append(np.minimum(*borders.sides(depths)))
    return _deepest(*np.concatenate(pairs, axis=1), np.concatenate(heights))


def _deepest(first, second, heights):
    """One row for each pair, that of the largest height; the largest of all first."""
    order = np.lexsort((-heights, second, first))
    first, second, heights = first[order], second[order], heights[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (np.diff(first) != 0) | (np.diff(second) != 0)
    order = np.flatnonzero(is_new)[np.argsort(-heights[is_new], kind="stable")]
    return first[order], second[order], heights[order]
