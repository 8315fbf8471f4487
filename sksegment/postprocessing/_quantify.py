"""Sizes, positions and shapes of classes and objects, in voxels and physical units."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from tqdm import tqdm

from sksegment._output_files import replacing
from sksegment._typing import ClassNames, PathLike
from sksegment._warn import warn_user
from sksegment.postprocessing._components import measure_components
from sksegment.postprocessing._label_slices import (
    VOID,
    check_spatial,
    count_slices,
    labelled_slices,
)
from sksegment.postprocessing._tables import (
    FLAT,
    SOLID,
    Scale,
    class_columns,
    join_columns,
    name_classes,
    object_columns,
)

if TYPE_CHECKING:
    import pandas

__all__ = ["TABLE_NAMES", "Quantification", "quantify"]

#: Of the files of classes and of objects, in this order.
TABLE_NAMES = ("classes.csv", "objects.csv")


@dataclass(frozen=True, eq=False)
class Quantification:
    """What is in a label map or volume; see `quantify` for the columns.

    Attributes
    ----------
    classes : pandas.DataFrame
        One row a class.
    objects : pandas.DataFrame
        One row an object: a connected component of one class, or what was given.
    spacing : tuple of float
        Size of a voxel (z, y, x), or of a pixel (y, x), in ``unit``.
    unit : str
        Unit of length in the names of the columns.
    n_void : int
        Voxels, or pixels, that are void; no fraction counts them.
    """

    classes: "pandas.DataFrame"
    objects: "pandas.DataFrame"
    spacing: tuple
    unit: str
    n_void: int = 0

    def to_csv(self, folder: PathLike) -> list[Path]:
        """Write ``classes.csv`` and ``objects.csv``, each whole or not at all.

        Those that are there already are replaced.

        Parameters
        ----------
        folder : str or path-like
            Made where it does not exist.

        Returns
        -------
        paths : list of pathlib.Path
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / name for name in TABLE_NAMES]
        for path, frame in zip(paths, (self.classes, self.objects), strict=True):
            with replacing(path) as file:
                frame.to_csv(file, index=False)
        return paths


def quantify(
    labels: Sequence[np.ndarray] | np.ndarray,
    spacing: float | Sequence[float] | None = None,
    *,
    unit: str | None = None,
    objects: Sequence[np.ndarray] | np.ndarray | None = None,
    image: Sequence[np.ndarray] | np.ndarray | None = None,
    class_names: ClassNames | None = None,
    spatial: Literal["2d", "3d"] | None = None,
    void: int = -1,
    progress: bool = False,
) -> Quantification:
    """Measure the classes and the objects of a label map or of a volume.

    An object is a connected component of one class: its voxels share faces
    (6-connectivity), its pixels sides (4-connectivity). Or objects are given, such as
    those of `separate_objects`. The volume is read once, slice by slice, and may be
    larger than memory.

    Parameters
    ----------
    labels : ndarray of shape (H, W), or sequence of n of them, int
        One array of two axes is a map. All else is n slices of one volume, or maps on
        their own: an (n, H, W) array, memory map, zarr, HDF5 or dask array, a list, or
        any object with a length whose ``[i]`` is a slice.
    spacing : float or sequence of float, optional
        Size of a voxel along (z, y, x), of a pixel along (y, x); one number where all
        are equal. None measures in voxels or pixels.
    unit : str, optional
        Unit of the spacing, such as ``"um"``, for the names of the columns.
    objects : like ``labels``, int, optional
        Numbers of objects from 1 on, each in one class, of the same shape; of
        `separate_objects` or of any other method. What has none (0 or less) is no
        object, but counts for its class. The parts of an object need not touch.
    image : like ``labels``, optional
        Grey image of the same shape, for mean intensities.
    class_names : dict of int to str, or sequence of str, optional
        Classes that are named have a row also where nothing is labelled so.
    spatial : {"2d", "3d"}, optional
        Whether several maps are on their own, of any size, or the slices of one
        volume, as which they are taken by default.
    void : int, default=-1
        Label that is void, beside all negative ones: 255 or 65535 in label files that
        `sksegment.io.write_labels` wrote. A warning tells where it was forgotten.
    progress : bool, default=False
        Show a progress bar over the slices.

    Returns
    -------
    result : Quantification
        ``result.classes`` has the columns ``class``, ``name``, ``n_voxels``,
        ``fraction`` (of what is not void), ``volume_um3`` and ``n_objects``.

        ``result.objects`` has ``object``, ``class``, ``name``, ``n_voxels``,
        ``volume_um3``, ``surface_area_um2``, ``equivalent_diameter_um`` (of the ball
        of the same volume), ``centroid_z_voxel``, ..., ``centroid_z_um``, ... (the
        centre of the first voxel is the origin), the half-open box ``start_z``,
        ``stop_z``, ... in voxels, ``touches_border`` (of the volume) and, with an
        image, ``mean_intensity``.

        Of a map they are ``n_pixels``, ``area_um2``, ``perimeter_um``,
        ``centroid_y_pixel`` and so on; of several on their own the rows of each follow
        those of the one before, with its number as ``map``. Where no spacing is given
        the unit is ``voxel`` or ``pixel``, where a spacing has no unit it is ``unit``.

    Raises
    ------
    ValueError
        If a slice is no map of whole numbers, slices differ in shape, objects or
        image have another shape, an object is in two classes, or the spacing or
        ``spatial`` does not suit the labels.
    TypeError
        If labels, objects or image are no sequence.
    ImportError
        If pandas is not installed.

    Notes
    -----
    Surface area and perimeter are those of the voxel faces and pixel sides towards
    anything else, other objects, void and the border included: exact for boxes,
    additive, and too large for a smooth shape whatever the resolution, by 3/2 for a
    ball and 4/pi for a disk. Compare them among objects rather than with the surface of
    a model.

    Objects are numbered by their first voxel, as by ``skimage.measure.label(labels,
    background=-1, connectivity=1)`` of a volume in memory with -1 where void; given
    ones keep their numbers, and are in this order.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.postprocessing import quantify
    >>> volume = np.zeros((4, 8, 8), int)
    >>> volume[1:3, 2:5, 2:5] = 1
    >>> names = ["air", "gas"]
    >>> result = quantify(volume, (2.0, 0.5, 0.5), unit="um", class_names=names)
    >>> result.classes[["name", "n_voxels", "volume_um3", "n_objects"]]
      name  n_voxels  volume_um3  n_objects
    0  air       238       119.0          1
    1  gas        18         9.0          1
    >>> result.objects.loc[1, ["surface_area_um2", "centroid_z_um"]].tolist()
    [28.5, 3.0]
    """
    pandas = _import_pandas()
    dtype = _dtype_of(labels)
    flat = getattr(labels, "ndim", None) == 2
    check_spatial(spatial, flat=flat)
    alone = flat or spatial == "2d"
    scale = Scale.of(spacing, unit, FLAT if alone else SOLID)
    if flat:
        labels = [np.asarray(labels)]
        objects = None if objects is None else [np.asarray(objects)]
        image = None if image is None else [np.asarray(image)]
    slices = labelled_slices(labels, objects, image, void, of_one_size=not alone)
    n_void: list[int] = []
    slices = _counting_void(slices, n_void)
    total = count_slices(labels, "labels")
    bar = tqdm(slices, total=total, unit="slice", disable=not progress)
    parts = ([slice_] for slice_ in bar) if alone else [bar]
    columns = [_columns(part, class_names, scale) for part in parts]
    of_classes, of_objects = columns[0]
    if alone and not flat:
        of_classes, of_objects = map(join_columns, zip(*columns, strict=True))
    _warn_of_void(of_classes["class"], dtype)
    frames = pandas.DataFrame(of_classes), pandas.DataFrame(of_objects)
    return Quantification(*frames, scale.spacing, scale.unit, sum(n_void))


def _dtype_of(labels):
    """Dtype of maps as it is known without reading one."""
    if isinstance(labels, list | tuple) and labels:
        labels = labels[0]
    return getattr(labels, "dtype", None)


def _warn_of_void(classes, dtype):
    """Tell of a class that in label files is none."""
    if getattr(dtype, "kind", None) != "u":
        return
    largest = np.iinfo(dtype).max
    if (classes == largest).any():
        warn_user(
            f"class {largest} is the largest number of {dtype}, which is void in label "
            f"files: pass void={largest}, or labels of a wider type if it is a class"
        )


def _counting_void(slices, counts):
    for slice_ in slices:
        counts.append(int(np.count_nonzero(slice_.labels == VOID)))
        yield slice_


def _columns(slices, class_names, scale):
    """Columns of the classes and of the objects in a volume, or in one map."""
    table, shape = measure_components(slices)
    names = name_classes(class_names, table["class"])
    return (
        class_columns(table, names, scale),
        object_columns(table, names, scale, shape),
    )


def _import_pandas():
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "the tables need pandas, which is not installed: "
            'pip install "sksegment[stacks]"'
        ) from error
    return pandas
