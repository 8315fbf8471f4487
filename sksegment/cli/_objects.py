"""Objects in the label maps of a file, told apart, into another file."""

from pathlib import Path

import numpy as np

from sksegment._output_files import nearest_folder
from sksegment.cli._map_files import map_writer
from sksegment.postprocessing import separate_objects
from sksegment.postprocessing._objects import objects_of_volume
from sksegment.postprocessing._rules import check_class
from sksegment.postprocessing._spool import Spool
from sksegment.stacks._encoding import dtype_for

__all__ = ["separate"]


def separate(labels, out, classes, *, spatial, overwrite, progress, spacing, neck):
    """Number the objects in the label maps of a file.

    Parameters
    ----------
    labels : LabelFile
    out : str
    classes : list of int
    spatial : {"2d", "3d"}
        Maps on their own are read one by one, into a folder also of different sizes; a
        volume slab by slab. Objects are on the disk until the largest number is known.
    overwrite : bool
    progress : bool
        Whether to show a bar for a volume.
    spacing : float, sequence of float or None
    neck : float
        See `sksegment.postprocessing.separate_objects`.

    Returns
    -------
    n_objects : int

    Raises
    ------
    ValueError
        If a class does not exist, the output would replace the input, it is no folder
        and the sizes of the maps differ, or it cannot hold so many objects.
    OSError
        If the output cannot be written, or exists.
    """
    write = map_writer(labels, out, overwrite)
    found = labels.find_classes()
    for class_ in classes:
        check_class(class_, found, "--classes")
    options = {"neck": neck, "spacing": spacing}
    folder = nearest_folder(Path(out).absolute().parent)
    if spatial == "3d":
        options |= {"folder": folder, "progress": progress}
        objects = objects_of_volume(labels, classes, **options)
        write(objects, dtype_for(objects.n_objects))
        return objects.n_objects
    pages, numbers = Spool(folder), []
    for map_ in labels:
        page = _in_one_map(map_, classes, options)
        pages.append(page)
        numbers.append(int(page.max()))
    write(pages, dtype_for(max(numbers)))
    return sum(numbers)


def _in_one_map(map_, classes, options):
    here = [class_ for class_ in classes if (map_ == class_).any()]
    if not here:
        return np.zeros_like(map_)
    return separate_objects(map_, here, **options)
