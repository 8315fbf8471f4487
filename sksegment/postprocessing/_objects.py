"""Objects of a class, told apart where they touch."""

from collections.abc import Sequence
from functools import partial
from numbers import Integral, Real
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from sksegment._output_files import nearest_folder
from sksegment._typing import LabelMaps, PathLike
from sksegment.postprocessing._label_slices import VOID, count_slices
from sksegment.postprocessing._maps import checked_maps
from sksegment.postprocessing._rules import check_class, find_classes
from sksegment.postprocessing._slabs import Slabs
from sksegment.postprocessing._spool import Spool
from sksegment.postprocessing._streamed_objects import find_objects
from sksegment.postprocessing._tables import FLAT, SOLID, Scale

__all__ = ["objects_of_volume", "separate_objects"]

# Bytes a voxel of basins and objects in memory.
_KEPT = 8


def separate_objects(
    labels: Sequence[np.ndarray] | np.ndarray,
    classes: int | Sequence[int],
    *,
    neck: float = 0.8,
    spacing: float | Sequence[float] | None = None,
    spatial: Literal["2d", "3d"] | None = None,
    void: int = -1,
    out: PathLike | None = None,
    overwrite: bool = False,
    progress: bool = False,
) -> LabelMaps | Path:
    """Number the objects of some classes, and tell touching ones apart.

    Grains, particles, cells or coins that touch are one connected piece of their
    class. They are divided where a neck joins them: a watershed of the distance to the
    border of the class gives a basin for each of its maxima, and basins are joined,
    from the widest neck on, unless the neck is narrower than ``neck`` times the
    narrower of the two objects [1]_.

    Parameters
    ----------
    labels : ndarray of shape (H, W), or sequence of n of them, int
        Never modified. Slices of a volume, ``spatial="3d"``, may be larger than memory:
        a memory map, zarr, HDF5 or dask array, a `sksegment.stacks.Stack`, or any
        object with a length whose ``[i]`` is a slice.
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
        Label that is void, beside all negative ones: 255 or 65535 in label files that
        `sksegment.io.write_labels` wrote. Objects end there, as at the border of the
        image, but no distance is measured from it.
    out : str or path-like, optional
        Where to write the objects of a volume, if they are larger than memory, too: a
        ``.tif``, ``.zarr`` or ``.npy`` file or a folder, as by
        `sksegment.stacks.predict_stack`. Nothing appears there before all is complete.
    overwrite : bool, default=False
        Replace an output that exists.
    progress : bool, default=False
        Show a progress bar over the slabs of a volume.

    Returns
    -------
    objects : like ``labels``, int32, or pathlib.Path
        Numbers of the objects from 1 on, by the first pixel, row by row, of all
        classes together; in each map anew. 0 elsewhere. Each object is of one class,
        and connected through sides or faces. The path where ``out`` is one.

    Raises
    ------
    ValueError
        If the labels are no maps of whole numbers, ``spatial`` is needed, a class does
        not exist, or ``neck`` or the spacing is out of range.
    TypeError
        If the labels are no sequence.
    FileExistsError
        If there is an output, and not ``overwrite``.
    OSError
        If the output cannot be written.

    Warns
    -----
    RuntimeWarning
        If not even a slab of one slice seems to fit into memory.

    See Also
    --------
    quantify : Measures the objects, with ``objects=``.
    postprocess : Fills holes first, each of which is a border here.

    Notes
    -----
    The widths are twice the largest distance to the border, in an object and in the
    neck. What is as wide everywhere, such as a fibre, stays whole; one that gets
    narrower and wider again does not, and neither does a ring.

    A volume is read twice, slab by slab, from the last to the first and back. A slab
    takes 64 bytes of memory a voxel, and is as thick as half of the free memory is
    enough for; the objects are the same whatever that is, and however large they are:
    distances are exact, each voxel goes to the deepest of its neighbours, in whichever
    slab, and basins are joined when all are known. A row for each basin and for each
    border of two stays in memory. With ``out`` the basins of the voxels are kept beside
    it meanwhile, compressed, in a file without a name, which is gone when the program
    is.

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
    _check_neck(neck)
    named = _as_classes(classes)
    if spatial == "3d" and getattr(labels, "ndim", None) != 2:
        options = {"neck": neck, "spacing": spacing, "void": void}
        options["progress"] = progress
        return _in_volume(labels, named, out, overwrite, options)
    if out is not None:
        raise ValueError(
            "out= is for the slices of a volume, spatial='3d'; write maps on their own "
            "with sksegment.io.write_labels"
        )
    maps, _, pack = checked_maps(labels, spatial, void)
    found = find_classes(maps)
    for class_ in named:
        check_class(class_, found, "classes")
    steps = Scale.of(spacing, None, FLAT).spacing
    return pack([_in_map(map_, named, neck, steps) for map_ in maps])


def _check_neck(neck):
    if not isinstance(neck, Real) or not 0 < neck <= 1:
        raise ValueError(f"neck must be above 0 and at most 1, got {neck!r}")


def _as_classes(classes):
    if isinstance(classes, Integral):
        classes = [classes]
    elif isinstance(classes, str) or np.ndim(classes) != 1:
        raise ValueError(f"classes must be a whole number or several, got {classes!r}")
    if len(classes) == 0:
        raise ValueError("classes is empty; name those that consist of objects")
    return sorted({*map(int, classes)})


def _in_map(labels, classes, neck, spacing):
    here = [class_ for class_ in classes if (labels == class_).any()]
    if not here:
        return np.zeros(labels.shape, np.int32)
    # Rows are slices of one row.
    rows, (height, width) = labels[:, np.newaxis], spacing
    slabs = Slabs(rows, here, VOID)
    objects = find_objects(slabs, (height, 1.0, width), neck, list, _bar(False))
    return np.concatenate([*objects])


def _in_volume(labels, classes, out, overwrite, options):
    """Objects in a volume as an array, or the path of the file they are in."""
    if out is not None:
        return _in_file(labels, classes, out, overwrite, options)
    objects = [*objects_of_volume(labels, classes, **options)]
    return np.stack(objects) if hasattr(labels, "shape") else objects


def _in_file(labels, classes, out, overwrite, options):
    # What writes videos imports scikit-learn, which takes a second.
    from sksegment.stacks import Stack, open_stack
    from sksegment.stacks._encoding import dtype_for
    from sksegment.stacks._writers import Place, refuse_video

    refuse_video(out)
    count_slices(labels, "labels")
    stack = labels if isinstance(labels, Stack) else open_stack(labels, axes="ZYX")
    place = Place(out, stack)
    place.check_free(resume=False, overwrite=overwrite)
    folder = nearest_folder(place.path.parent)
    objects = objects_of_volume(stack, classes, folder=folder, **options)
    place.write_pages(objects, dtype_for(objects.n_objects), stack)
    return Path(out)


def objects_of_volume(
    labels, classes, *, neck, spacing, void=VOID, folder=None, progress=False
):
    """Find the objects in a volume.

    Parameters
    ----------
    labels, classes, neck, spacing, void, progress
        See `separate_objects`.
    folder : path-like, optional
        Where to keep what is needed again until the objects are written; by default it
        is kept in memory.

    Returns
    -------
    objects : NumberedObjects
    """
    classes = _as_classes(classes)
    steps = Scale.of(spacing, None, SOLID).spacing
    _check_neck(neck)
    store, n_kept = (list, _KEPT) if folder is None else (partial(Spool, folder), 0)
    slabs = Slabs(labels, classes, void, n_kept)
    return find_objects(slabs, steps, neck, store, _bar(progress))


def _bar(shown):
    return lambda parts, text: tqdm(parts, desc=text, unit="slab", disable=not shown)
