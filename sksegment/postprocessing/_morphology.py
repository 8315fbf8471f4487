"""Holes, openings and closings of one class among others, with void left alone."""

import numpy as np
from scipy.ndimage import distance_transform_edt
from skimage.measure import label
from skimage.morphology import isotropic_dilation, isotropic_erosion

from sksegment.postprocessing._label_slices import VOID

__all__ = ["close_class", "fill_holes_of", "open_class"]


def fill_holes_of(labels, class_, max_size, connectivity):
    """Fill what a class encloses, up to a size; the border and void enclose nothing."""
    holes = label(labels != class_, connectivity=connectivity)
    filled = np.bincount(holes.ravel()) <= max_size
    filled[holes[labels == VOID]] = False
    for axis, size in enumerate(labels.shape):
        # A volume of one slice is like a map: nothing would be enclosed else.
        for end in (0, -1) if size > 1 else ():
            filled[np.take(holes, end, axis=axis)] = False
    return np.where(filled[holes], class_, labels)


def open_class(labels, class_, radius):
    """Take off what a ball does not fit in; it goes to the nearest other class."""
    inside, void = labels == class_, labels == VOID
    others = ~(inside | void)
    if not others.any():
        return labels
    # Void is like what is beyond the border: neither worn away nor growing.
    core = isotropic_erosion(inside | void, radius) & inside
    removed = inside & ~_dilate(core, radius)
    nearest = distance_transform_edt(
        ~others, return_distances=False, return_indices=True
    )
    opened = labels.copy()
    opened[removed] = labels[tuple(axis[removed] for axis in nearest)]
    return opened


def close_class(labels, class_, radius):
    """Take in what a ball beside the class does not fit in, of any other class."""
    inside, void = labels == class_, labels == VOID
    grown = _dilate(inside, radius) | void
    if grown.all():
        return np.where(void, VOID, class_)
    closed = inside | isotropic_erosion(grown, radius)
    return np.where(closed & ~void, class_, labels)


def _dilate(mask, radius):
    # The distance to nothing is not defined.
    return isotropic_dilation(mask, radius) if mask.any() else mask
