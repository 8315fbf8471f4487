"""Exact distances to the border of a class, in a volume that comes slab by slab."""

import numpy as np

from sksegment.postprocessing._envelope import lower_envelope
from sksegment.postprocessing._label_slices import VOID

__all__ = ["DEEPEST", "DepthFinder"]

#: Depth in a class that nothing is outside of.
DEEPEST = np.float32(1e30)
# No slice has this number, and no two are half as far apart.
_NEVER = 2**30
# Voxels, at least those of a slice, for which lower envelopes are made together.
_TOGETHER = 2**20


class DepthFinder:
    """Distances of the voxels of each class to what is outside of it.

    Along the first axis the nearest voxel outside is before or after; what comes after
    a slab is found by going through the slabs from the last to the first, once. From
    there on each slice is on its own: lower envelopes along the other two axes make
    the distances exact, whatever the height of a slab.

    Parameters
    ----------
    slabs : Slabs
    spacing : sequence of 3 floats
    store : list or Spool
        Where to keep one row of slices for each slab.
    progress : callable
        Wraps what is gone through.
    """

    def __init__(self, slabs, spacing, store, progress):
        self._slabs, self._spacing = slabs, spacing
        shape = (slabs.n_classes, *slabs.shape[1:])
        self._following, self._blank = store, np.full(shape, _NEVER, np.int32)
        following = self._blank.copy()
        for index in progress(range(len(slabs) - 1, -1, -1), "looking back"):
            store.append(following.copy())
            codes = slabs[index]
            for z in reversed(range(len(codes))):
                for class_, slices in enumerate(following, start=1):
                    slices[_is_outside(codes[z], class_)] = slabs.starts[index] + z

    def __len__(self):
        return len(self._slabs)

    def __iter__(self):
        """Codes and depths (float32, 0 outside of the classes) of each slab."""
        preceding = -self._blank
        for index, start in enumerate(self._slabs.starts):
            codes = self._slabs[index]
            following = self._following[len(self._slabs) - 1 - index]
            depths = np.zeros(codes.shape, np.float32)
            for class_ in range(1, self._slabs.n_classes + 1):
                carried = preceding[class_ - 1], following[class_ - 1]
                self._fill(depths, codes, class_, start, *carried)
            yield codes, depths

    def _fill(self, depths, codes, class_, start, before, after):
        """Write the depths of one class; ``before`` becomes that of the next slab."""
        steps = np.empty(codes.shape, np.int32)
        for z in reversed(range(len(codes))):
            after = np.where(_is_outside(codes[z], class_), start + z, after)
            steps[z] = after - (start + z)
        for z in range(len(codes)):
            before[_is_outside(codes[z], class_)] = start + z
            np.minimum(steps[z], start + z - before, out=steps[z])
        n_together = max(1, _TOGETHER // codes[0].size)
        for first in range(0, len(codes), n_together):
            some = slice(first, first + n_together)
            inside = codes[some] == class_
            if inside.any():
                found = _in_slices(steps[some], self._spacing)
                depths[some][inside] = found[inside]


def _is_outside(codes, class_):
    return (codes != class_) & (codes != VOID)


def _in_slices(steps, spacing):
    """Distances in some slices, by the steps to what is nearest across slices."""
    squared = np.where(steps < _NEVER // 2, (steps * spacing[0]) ** 2, np.inf)
    for axis in (1, 2):
        squared = np.moveaxis(squared, axis, 0)
        shape = squared.shape
        squared = lower_envelope(squared.reshape(len(squared), -1), spacing[axis])
        squared = np.moveaxis(squared.reshape(shape), 0, axis)
    # So that what is equally far is so whatever the order of summation was.
    return np.minimum(np.sqrt(squared), DEEPEST).astype(np.float32)
