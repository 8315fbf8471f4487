"""Label maps in memory, of any size or the slices of one volume, and their form."""

import numpy as np

from sksegment.postprocessing._label_slices import (
    as_labels,
    check_spatial,
    count_slices,
)

__all__ = ["checked_maps"]


def checked_maps(labels, spatial, void):
    """Check label maps, and remember the form in which they came.

    Parameters
    ----------
    labels : ndarray of shape (H, W), list of them, or ndarray of shape (n, H, W), int
    spatial : {"2d", "3d"} or None
        None is for one map.
    void : int

    Returns
    -------
    maps : list of ndarray of shape (H, W), int64
        -1 where void; of a volume its only member is of shape (n, H, W).
    originals : list of n ndarray of shape (H, W)
        As they are.
    pack : callable
        Brings a list of n maps into the form that the labels had.

    Raises
    ------
    ValueError
        If they are no maps of whole numbers, or ``spatial`` is needed.
    """
    named, pack = _split(labels, spatial)
    maps = [as_labels(map_, name, void) for name, map_ in named.items()]
    maps = [_stack(maps)] if spatial == "3d" else maps
    return maps, [np.asarray(map_) for map_ in named.values()], pack


def _split(labels, spatial):
    """Named maps, and the function that brings the answer into the form they had."""
    flat = getattr(labels, "ndim", None) == 2
    check_spatial(spatial, flat=flat)
    if flat:
        return {"labels": labels}, lambda maps: maps[0]
    n_maps = count_slices(labels, "labels")
    if spatial is None:
        raise ValueError(
            "labels are several maps: say spatial='3d' where they are the slices of "
            "one volume, spatial='2d' where each is on its own"
        )
    maps = {f"map {i} of labels": labels[i] for i in range(n_maps)}
    return maps, np.stack if hasattr(labels, "ndim") else list


def _stack(maps):
    shapes = sorted({map_.shape for map_ in maps})
    if len(shapes) > 1:
        raise ValueError(
            f"the slices have the shapes {', '.join(map(str, shapes))}; those of one "
            "volume have one shape, spatial='2d' is for maps on their own"
        )
    return np.stack(maps)
