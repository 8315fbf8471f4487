"""Slabs of a volume of labels, as thick as there is memory for."""

import math

import numpy as np

from sksegment._warn import warn_user
from sksegment.memory import available
from sksegment.postprocessing._label_slices import (
    VOID,
    count_slices,
    read_labels_of,
    slab_depth,
)
from sksegment.postprocessing._rules import check_class

__all__ = ["Slabs"]

# Bytes a voxel of a slab, measured: see docs/performance.md.
_BYTES = 64
# Slices of the slabs before and after that are worked on together with a slab.
_MORE = 4
# Thicker slabs would be no faster.
_ENOUGH_SLICES, _ENOUGH_VOXELS = 16, 2**22


class Slabs:
    """The slabs of a volume, in which some classes have codes from 1 on.

    Parameters
    ----------
    labels : sequence of n ndarray of shape (H, W)
    classes : list of int
        In ascending order.
    void : int
    n_kept : int, default=0
        Bytes a voxel that are kept of the whole volume.

    Attributes
    ----------
    shape : (int, int, int)
    n_classes : int
    starts : list of int
        First slice of each slab.
    """

    def __init__(self, labels, classes, void, n_kept=0):
        self._labels, self._classes, self._void = labels, classes, void
        n_slices = count_slices(labels, "labels")
        [first] = read_labels_of(labels, 0, 1, void)
        self.shape, self.n_classes = (n_slices, *first.shape), len(classes)
        self._height = _height(self.shape, n_kept, slab_depth(labels))
        self.starts = [*range(0, n_slices, self._height)]
        self._found = np.array([VOID])
        self._kept = None, None

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, index):
        """Codes of a slab, int32: -1 where void, 0 where another class is."""
        # The first slab is the last of those that are gone through backwards.
        if self._kept[0] != index:
            self._kept = None, None
            self._kept = index, self._read(self.starts[index])
        return self._kept[1]

    def check_classes(self):
        """Refuse a class that is in none of the slabs, once all were read."""
        found = self._found[self._found != VOID].tolist()
        for class_ in self._classes:
            check_class(class_, found, "classes")

    def _read(self, start):
        stop = min(start + self._height, self.shape[0])
        codes = np.empty((stop - start, *self.shape[1:]), np.int32)
        slices = read_labels_of(self._labels, start, stop, self._void, self.shape[1:])
        for place, labels in zip(codes, slices, strict=True):
            new = labels[~np.isin(labels, self._found)]
            if new.size:
                self._found = np.union1d(self._found, new)
            place[...] = np.where(labels == VOID, VOID, 0)
            for code, class_ in enumerate(self._classes, start=1):
                place[labels == class_] = code
        return codes


def _height(shape, n_kept, depth=1):
    """Slices of a slab that half of the free memory is enough for.

    Where there is a choice it is a multiple of what is worth reading at once.
    """
    size = math.prod(shape[1:])
    height = min(shape[0], max(_ENOUGH_SLICES, _ENOUGH_VOXELS // size, depth))
    free = available()
    if free is not None:
        kept = math.prod(shape) * n_kept
        _warn_of_shortage(shape, kept, free)
        fitting = (free - kept) // 2 // (size * _BYTES) - _MORE
        height = max(1, min(height, fitting))
    return max(height - height % depth, min(height, depth))


def _warn_of_shortage(shape, kept, free):
    """Tell before the work if not even a slab of one slice fits."""
    least = (1 + _MORE) * math.prod(shape[1:]) * _BYTES
    if least > free:
        what, needed = f"a slice of {shape[1]} x {shape[2]}", least
        cure = "cut the volume along y and x"
    elif least + kept > free:
        what, needed = f"a volume of {' x '.join(map(str, shape))}", least + kept
        cure = "write the objects to a file with out="
    else:
        return
    warn_user(
        f"the objects of {what} need about {needed / 1e9:.3g} GB of memory, but "
        f"{free / 1e9:.3g} GB are free; {cure}",
        RuntimeWarning,
    )
