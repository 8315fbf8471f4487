"""Clean label maps: merge classes, smooth outlines, fill holes, remove islands."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Literal

import numpy as np

from sksegment._typing import LabelMaps
from sksegment.postprocessing._islands import absorb_islands
from sksegment.postprocessing._label_slices import VOID
from sksegment.postprocessing._maps import checked_maps
from sksegment.postprocessing._morphology import (
    close_class,
    fill_holes_of,
    open_class,
)
from sksegment.postprocessing._rules import check_merge, check_rules, find_classes

__all__ = ["postprocess"]


def postprocess(
    labels: Sequence[np.ndarray] | np.ndarray,
    *,
    min_size: int = 0,
    fill_holes: int = 0,
    merge: Mapping[int, int] | Sequence[Sequence[int]] | None = None,
    rules: Mapping[int, Mapping[str, Any]] | None = None,
    connectivity: int = 1,
    spatial: Literal["2d", "3d"] | None = None,
    void: int = -1,
) -> LabelMaps:
    """Clean label maps: merge classes, smooth outlines, fill holes, remove islands.

    The steps come in this order: merging, opening and closing, holes, islands. Void is
    never changed and never filled in; to the steps it is what lies outside the image.

    Parameters
    ----------
    labels : ndarray of shape (H, W), list of them, or ndarray of shape (n, H, W), int
        Never modified.
    min_size : int, default=0
        An island, a connected component of one class, of fewer pixels or voxels takes
        the class that most of its border is shared with; smaller ones first.
    fill_holes : int, default=0
        What one class encloses, up to so many pixels or voxels, becomes this class.
        Nothing is enclosed by the border or by void.
    merge : dict of int to int, or sequence of sequences of int, optional
        ``{5: 2, 6: 2}`` or groups, which take their first class: ``[[2, 5, 6]]``.
    rules : dict of int to dict, optional
        What differs for a class, after merging: its own ``min_size`` and
        ``fill_holes``, and the radii of an ``opening``, which takes off what is
        thinner (it goes to the nearest other class), and of a ``closing``, which takes
        in narrow gaps of other classes. Classes are treated in the order of the dict,
        then all others in ascending order. Example:
        ``{1: {"min_size": 200, "opening": 1}}``.
    connectivity : int, default=1
        Islands and holes are connected through sides or faces alone (1), or also
        through corners (2), in a volume edges (2) and corners (3).
    spatial : {"2d", "3d"}, optional
        Whether a list or an (n, H, W) array are maps on their own, of any size, or the
        slices of one volume. Must be said for them.
    void : int, default=-1
        Label that is void, beside all negative ones.

    Returns
    -------
    labels : like ``labels``
        New arrays of the same form and dtype, with the same class ids.

    Raises
    ------
    ValueError
        If the labels are no maps of whole numbers, ``spatial`` is needed, or merge,
        rules or a size name what there is not.
    TypeError
        If the labels are no sequence.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.postprocessing import postprocess
    >>> labels = np.array([[0, 0, 0, 1], [0, 2, 0, 1], [0, 0, 0, 1]])
    >>> postprocess(labels, min_size=2)
    array([[0, 0, 0, 1],
           [0, 0, 0, 1],
           [0, 0, 0, 1]])
    >>> postprocess(labels, merge={2: 1})
    array([[0, 0, 0, 1],
           [0, 1, 0, 1],
           [0, 0, 0, 1]])
    """
    checked, originals, pack = checked_maps(labels, spatial, void)
    _check_connectivity(connectivity, checked[0].ndim)
    classes = find_classes(checked)
    targets = check_merge(merge, classes, void, _largest_id(originals))
    for map_ in checked:
        _rename(map_, targets)
    classes = sorted({targets.get(class_, class_) for class_ in classes})
    rules = check_rules(rules, classes, fill_holes=fill_holes, min_size=min_size)
    cleaned = [_clean(map_, rules, connectivity) for map_ in checked]
    cleaned = cleaned[0] if spatial == "3d" else cleaned
    return pack([*map(_restore, cleaned, originals)])


def _check_connectivity(connectivity, dimension):
    if not isinstance(connectivity, Integral) or not 1 <= connectivity <= dimension:
        raise ValueError(
            f"connectivity must be from 1 to {dimension}, got {connectivity!r}"
        )


def _largest_id(maps):
    dtypes = {map_.dtype for map_ in maps}
    return min(1 if t.kind == "b" else np.iinfo(t).max for t in dtypes)


def _rename(labels, new_classes):
    for source, target in new_classes.items():
        labels[labels == source] = target


def _clean(labels, rules, connectivity):
    for class_, rule in rules.items():
        if rule["opening"]:
            labels = open_class(labels, class_, rule["opening"])
        if rule["closing"]:
            labels = close_class(labels, class_, rule["closing"])
    for class_, rule in rules.items():
        if rule["fill_holes"]:
            labels = fill_holes_of(labels, class_, rule["fill_holes"], connectivity)
    min_sizes = {class_: rule["min_size"] for class_, rule in rules.items()}
    return absorb_islands(labels, min_sizes, connectivity)


def _restore(labels, original):
    """The dtype, and the values that stood for void, of the original."""
    return np.where(labels == VOID, original, labels.astype(original.dtype))
