"""Objects of a class, told apart where they touch."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Literal

import numpy as np

from sksegment._typing import LabelMaps
from sksegment.postprocessing._label_slices import VOID
from sksegment.postprocessing._maps import checked_maps
from sksegment.postprocessing._necks import cut_necks
from sksegment.postprocessing._rules import check_class, find_classes
from sksegment.postprocessing._tables import FLAT, SOLID, Scale

__all__ = ["separate_objects"]


def separate_objects(
    labels: Sequence[np.ndarray] | np.ndarray,
    classes: int | Sequence[int],
    *,
    neck: float = 0.8,
    spacing: float | Sequence[float] | None = None,
    spatial: Literal["2d", "3d"] | None = None,
    void: int = -1,
) -> LabelMaps:
    """Number the objects of some classes, and tell touching ones apart.

    Grains, particles, cells or coins that touch are one connected piece of their
    class. They are divided where a neck joins them: a watershed of the distance to the
    border of the class gives a basin for each of its maxima, and basins are joined,
    from the widest neck on, unless the neck is narrower than ``neck`` times the
    narrower of the two objects [1]_.

    Parameters
    ----------
    labels : ndarray of shape (H, W), list of them, or ndarray of shape (n, H, W), int
        Never modified. A volume takes about 64 bytes of memory a voxel.
    classes : int or sequence of int
        Classes that consist of objects, such as the grains but not the cement.
    neck : float, default=0.8
        Width of a neck over that of the narrower object, above which both are one.
        Lower values divide less; with 0.5 only what touches lightly is divided. It has
        no unit, so small and large objects may be in one image.
    spacing : float or sequence of float, optional
        Size of a voxel along (z, y, x), of a pixel along (y, x), in any unit; needed
        where these differ.
    spatial : {"2d", "3d"}, optional
        Whether a list or an (n, H, W) array are maps on their own, of any size, or the
        slices of one volume. Must be said for them.
    void : int, default=-1
        Label that is void, beside all negative ones. Objects end there, as at the
        border of the image, but no distance is measured from it.

    Returns
    -------
    objects : like ``labels``, int32
        Numbers of the objects from 1 on, by the first pixel, row by row, of all
        classes together; in each map anew. 0 elsewhere. Each object is of one class,
        and connected through sides or faces.

    Raises
    ------
    ValueError
        If the labels are no maps of whole numbers, ``spatial`` is needed, a class does
        not exist, or ``neck`` or the spacing is out of range.

    See Also
    --------
    quantify : Measures the objects, with ``objects=``.
    postprocess : Fills holes first, each of which is a border here.

    Notes
    -----
    The widths are twice the largest distance to the border, in an object and in the
    neck. What is as wide everywhere, such as a fibre, stays whole; one that gets
    narrower and wider again does not, and neither does a ring.

    References
    ----------
    .. [1] S. Beucher and C. Lantuéjoul, "Use of watersheds in contour detection",
       International Workshop on Image Processing, Rennes, 1979; the rule for joining
       is that of the persistence of maxima, relative to them instead of absolute.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.postprocessing import quantify, separate_objects
    >>> y, x = np.mgrid[:40, :70]
    >>> one, other = np.hypot(y - 20, x - 20) < 15, np.hypot(y - 20, x - 48) < 15
    >>> labels = (one | other).astype(int)
    >>> int(quantify(labels).classes["n_objects"][1])
    1
    >>> objects = separate_objects(labels, 1)
    >>> np.unique(objects).tolist()
    [0, 1, 2]
    >>> int(quantify(labels, objects=objects).classes["n_objects"][1])
    2
    """
    maps, _, pack = checked_maps(labels, spatial, void)
    classes = _check_classes(classes, find_classes(maps))
    if not isinstance(neck, Real) or not 0 < neck <= 1:
        raise ValueError(f"neck must be above 0 and at most 1, got {neck!r}")
    words = FLAT if maps[0].ndim == 2 else SOLID
    steps = Scale.check(spacing, None, words).spacing
    objects = [_separate(map_, classes, neck, steps) for map_ in maps]
    return pack([*objects[0]] if spatial == "3d" else objects)


def _check_classes(classes, found):
    if isinstance(classes, Integral):
        classes = [classes]
    elif isinstance(classes, str) or np.ndim(classes) != 1:
        raise ValueError(f"classes must be a whole number or several, got {classes!r}")
    if len(classes) == 0:
        raise ValueError("classes is empty; name those that consist of objects")
    for class_ in classes:
        check_class(class_, found, "classes")
    return {*map(int, classes)}


def _separate(labels, classes, neck, spacing):
    objects, n_before = np.zeros(labels.shape, np.int32), 0
    for class_ in classes:
        mask = labels == class_
        parts = cut_necks(mask, labels == VOID, neck, spacing)
        objects[mask] = parts[mask] + n_before
        n_before += int(parts.max())
    return _numbered_by_first_pixel(objects)


def _numbered_by_first_pixel(objects):
    first = np.full(int(objects.max()) + 1, objects.size)
    # Of several values for one place the last is kept.
    first[objects.ravel()[::-1]] = np.arange(objects.size)[::-1]
    first[0] = -1
    return np.argsort(np.argsort(first)).astype(np.int32)[objects]
