"""The door for label maps and for volumes of them, which may be larger than memory."""

import math
import os
from itertools import repeat
from typing import NamedTuple

import numpy as np

__all__ = [
    "LARGEST_ID",
    "VOID",
    "LabelSlice",
    "as_labels",
    "check_spatial",
    "count_slices",
    "labelled_slices",
    "read_labels_of",
    "slab_depth",
]

VOID = -1
# Chunks that span more than one slice are read together, up to so many bytes.
_LARGEST_SLAB = 64 * 2**20
#: Of classes and of objects where there are objects, so that both make one number.
LARGEST_ID = np.iinfo(np.int32).max
# What to pass instead of a path.
_ADVICE = {
    "labels": "sksegment.io.read_labels(path), or, where that is large, "
    "sksegment.stacks.open_stack(path) and the void= of the file, 255 or 65535",
    "objects": "sksegment.io.read_labels(path, void=None)",
    "image": "sksegment.stacks.open_stack(path)",
}


def check_spatial(spatial, *, flat):
    """Refuse what is neither 2d nor 3d, and a single map as a volume."""
    if spatial not in (None, "2d", "3d"):
        raise ValueError(f"spatial must be '2d' or '3d', got {spatial!r}")
    if flat and spatial == "3d":
        raise ValueError("labels is one (H, W) map; spatial='3d' is for volumes")


def as_labels(map_, name, void):
    """Check one label map and return it as int64 with -1 where void."""
    map_ = np.asarray(map_)
    if map_.dtype.kind not in "iub":
        raise ValueError(
            f"{name} holds {map_.dtype}; labels are whole numbers, see numpy.rint and "
            "astype(int)"
        )
    if map_.ndim != 2 or map_.size == 0:
        raise ValueError(f"{name} has shape {map_.shape}; expected (H, W)")
    labels = map_.astype(np.int64)
    labels[(labels < 0) | (labels == void)] = VOID
    return labels


class LabelSlice(NamedTuple):
    """A slice of a volume, or a map on its own.

    Attributes
    ----------
    labels : ndarray of shape (H, W), int64
        -1 where void.
    objects : ndarray of shape (H, W), int64, or None
        Numbers of objects, 0 where there is none.
    image : ndarray of shape (H, W), or None
    """

    labels: np.ndarray
    objects: np.ndarray | None = None
    image: np.ndarray | None = None


def labelled_slices(labels, objects, image, void, *, of_one_size=True):
    """Go through a volume, or through maps on their own, slice by slice.

    Parameters
    ----------
    labels : sequence of ndarray of shape (H, W)
        Anything with a length and an index, in memory or not.
    objects, image : sequence of ndarray of shape (H, W), or None
    void : int
    of_one_size : bool, default=True
        Refuse slices that differ in shape.

    Yields
    ------
    slice : LabelSlice
    """
    n_slices = count_slices(labels, "labels")
    volumes = (labels, "labels"), (objects, "objects"), (image, "image")
    parts = [_slices_of(volume, name, n_slices) for volume, name in volumes]
    shape = None
    for z, (map_, numbers, pixels) in enumerate(zip(*parts, strict=False)):
        map_ = _check_slice(map_, z, void, shape)
        shape = map_.shape if of_one_size else None
        numbers = _check_objects(numbers, f"slice {z} of objects", map_)
        pixels = _check_pixels(pixels, f"slice {z} of image", map_.shape)
        yield LabelSlice(map_, numbers, pixels)


def read_labels_of(labels, start, stop, void, shape=None):
    """Go through some slices of a volume.

    Parameters
    ----------
    labels : sequence of ndarray of shape (H, W)
    start, stop : int
    void : int
    shape : (int, int), optional
        That of the first slice.

    Yields
    ------
    map_ : ndarray of shape (H, W), int64
        -1 where void.
    """
    for z, map_ in enumerate(_read_slices(labels, start, stop), start):
        yield _check_slice(map_, z, void, shape)


def _check_slice(map_, z, void, shape):
    map_ = as_labels(map_, f"slice {z} of labels", void)
    if shape is not None and map_.shape != shape:
        raise ValueError(
            f"slice {z} of labels has shape {map_.shape}, but slice 0 has {shape}; "
            "those of one volume have one shape, spatial='2d' is for maps on their own"
        )
    return map_


def count_slices(volume, name):
    """Number of maps in a sequence; zarr arrays have a shape but no length."""
    if isinstance(volume, str | os.PathLike):
        raise TypeError(f"{name} is a path, {str(volume)!r}; pass {_ADVICE[name]}")
    shape = getattr(volume, "shape", None)
    if not hasattr(volume, "__getitem__") or not (shape or hasattr(volume, "__len__")):
        raise TypeError(
            f"{name} must be an (H, W) map or a sequence of them, got "
            f"{type(volume).__name__}"
        )
    n_slices = shape[0] if shape else len(volume)
    if n_slices == 0:
        raise ValueError(f"{name} is empty")
    return n_slices


def _slices_of(volume, name, n_slices):
    if volume is None:
        return repeat(None)
    n_found = count_slices(volume, name)
    if n_found != n_slices:
        raise ValueError(f"{name} has {n_found} slices, but labels has {n_slices}")
    return _read_slices(volume, 0, n_slices)


def _check_objects(numbers, name, labels):
    """Numbers of objects, none where there is no class."""
    if numbers is None:
        return None
    objects = as_labels(numbers, name, VOID)
    if objects.shape != labels.shape:
        raise ValueError(
            f"{name} has shape {objects.shape}; expected {labels.shape}, that of the "
            "labels"
        )
    largest = max(objects.max(), labels.max())
    if largest > LARGEST_ID:
        raise ValueError(
            f"{name}, or its labels, hold {largest}; where there are objects both are "
            f"at most {LARGEST_ID}"
        )
    return np.where(labels == VOID, 0, np.maximum(objects, 0))


def _check_pixels(pixels, name, shape):
    if pixels is None:
        return None
    pixels = np.asarray(pixels)
    if pixels.shape != shape or pixels.dtype.kind not in "iubf":
        raise ValueError(
            f"{name} is {pixels.dtype} of shape {pixels.shape}; expected numbers of "
            f"shape {shape}, those of the labels"
        )
    return pixels


def _read_slices(volume, start, stop):
    depth = slab_depth(volume)
    for first in range(start, stop, depth):
        if depth == 1:
            yield volume[first]
        else:
            yield from np.asarray(volume[first : min(first + depth, stop)])


def slab_depth(volume):
    """Slices that are read at once: a chunked array decodes whole chunks anyway."""
    chunks = getattr(volume, "chunks", None)
    if not chunks or len(volume.shape) != 3:
        return 1
    depth = chunks[0][0] if isinstance(chunks[0], tuple) else chunks[0]
    slice_bytes = math.prod(volume.shape[1:]) * volume.dtype.itemsize
    return max(1, min(depth, _LARGEST_SLAB // max(slice_bytes, 1)))
