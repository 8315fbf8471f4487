"""Clean label maps from a file to a file."""

import os
from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError
from sksegment._output_files import write_labels
from sksegment.cli._outputs import check_folder
from sksegment.postprocessing import postprocess
from sksegment.postprocessing._rules import check_merge
from sksegment.stacks._encoding import dtype_for, recode
from sksegment.stacks._folder_writer import write_folder
from sksegment.stacks._label_pages import LabelPages
from sksegment.stacks._video_writer import VIDEO_SUFFIXES
from sksegment.stacks._writers import Place

__all__ = ["clean"]

_LARGEST_ID = 65534
_TIFF_SUFFIXES = (".tif", ".tiff")


def clean(labels, out, *, spatial, overwrite, merge, **sizes):
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
    **sizes : int
        ``min_size`` and ``fill_holes`` of `sksegment.postprocessing.postprocess`.

    Raises
    ------
    ValueError
        If classes to merge do not exist, the output would replace the input, or it
        is no folder and the sizes of the maps differ.
    OSError
        If the output cannot be written, or exists.
    """
    write = _writer(labels, out, overwrite)
    classes = labels.find_classes()
    check_merge(merge, classes, void=-1, largest=_LARGEST_ID)
    if spatial == "3d":
        pages = postprocess([*labels], spatial="3d", merge=merge, **sizes)
    else:
        pages = (_clean_map(map_, merge, sizes) for map_ in labels)
    dtype = dtype_for(max([*classes, *merge.values()], default=0))
    write(pages, dtype)


def _clean_map(map_, merge, sizes):
    here = np.unique(map_).tolist()
    merge = {old: new for old, new in merge.items() if old in here}
    return postprocess(map_, merge=merge, **sizes)


def _writer(labels, out, overwrite):
    """Function that writes maps, once it is sure that they may be written."""
    path = Path(out)
    if path.suffix.lower() in VIDEO_SUFFIXES:
        raise ValueError(f"{out}: cleaned labels are written as labels, not as a video")
    if path.resolve() == labels.path.resolve():
        raise ValueError(f"{out} is the input and would be replaced; choose another -o")
    if labels.is_flat and _is_image_file(path, labels):
        _check_image_file(path, overwrite)
        return lambda pages, dtype: write_labels(path, next(iter(pages)))
    place = Place(out, labels.stack)
    place.check_free(resume=False, overwrite=overwrite)

    def write(pages, dtype):
        if place.write is not write_folder:
            pages = _of_one_size(pages, labels, out)
        recoded = (recode(page, dtype) for page in pages)
        place.write(place.path, LabelPages(recoded, dtype, labels.stack, str(out)))

    return write


def _of_one_size(pages, labels, out):
    """Refuse, at its turn, a map of another size than the first."""
    height, width = labels.stack.shape[1:3]
    for index, page in enumerate(pages):
        if page.shape != (height, width):
            raise ImageFileError(
                f"slice {index} of {labels.stack.source} is {page.shape[0]} x "
                f"{page.shape[1]}, but slice 0 is {height} x {width}, and {out} holds "
                "one size; choose a folder with -o"
            )
        yield page


def _is_image_file(path, labels):
    """Whether one map is written as an image; with a size it is a stack of one."""
    suffix = path.suffix.lower()
    has_sizes = bool(labels.stack._source.spacing)
    return suffix == ".png" or (suffix in _TIFF_SUFFIXES and not has_sizes)


def _check_image_file(path, overwrite):
    check_folder(path.parent)
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(
            f"{path} exists; choose another output, or replace it with overwrite=True"
        )
