"""Clean label maps from a file to a file."""

import numpy as np

from sksegment.cli._map_files import map_writer
from sksegment.postprocessing import postprocess
from sksegment.postprocessing._rules import check_merge, check_rules
from sksegment.stacks._encoding import dtype_for

__all__ = ["clean"]

_LARGEST_ID = 65534


def clean(labels, out, *, spatial, overwrite, merge, rules, **sizes):
    """Clean the label maps of a file.

    Parameters
    ----------
    labels : LabelFile
    out : str
    spatial : {"2d", "3d"}
        Maps on their own are read and written one by one, into a folder also of
        different sizes; a volume as a whole.
    overwrite : bool
    merge : dict of int to int
    rules : dict of int to dict
    **sizes : int
        ``min_size`` and ``fill_holes`` of `sksegment.postprocessing.postprocess`.

    Raises
    ------
    ValueError
        If classes to merge do not exist, or those of rules after that, the output would
        replace the input, or it is no folder and the sizes of the maps differ.
    OSError
        If the output cannot be written, or exists.
    """
    write = map_writer(labels, out, overwrite)
    classes = labels.find_classes()
    check_merge(merge, classes, void=-1, largest=_LARGEST_ID)
    merged = sorted({merge.get(class_, class_) for class_ in classes})
    check_rules(rules, merged, **sizes)
    if spatial == "3d":
        pages = postprocess([*labels], spatial="3d", merge=merge, rules=rules, **sizes)
    else:
        pages = (_clean_map(map_, merge, rules, sizes) for map_ in labels)
    dtype = dtype_for(max([*classes, *merge.values()], default=0))
    write(pages, dtype)


def _clean_map(map_, merge, rules, sizes):
    """Clean one map, which need not have all classes."""
    here = np.unique(map_).tolist()
    merge = {old: new for old, new in merge.items() if old in here}
    here = {merge.get(class_, class_) for class_ in here}
    rules = {class_: rule for class_, rule in rules.items() if class_ in here}
    return postprocess(map_, merge=merge, rules=rules, **sizes)
