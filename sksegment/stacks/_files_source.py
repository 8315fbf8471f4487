"""Image files as sources, one slice each."""

import contextlib
import functools
from collections import Counter

import numpy as np

from sksegment._image_files import ImageFileError, read_images, warn_of_types
from sksegment.stacks._file_names import warn_of_names
from sksegment.stacks._source import page_source
from sksegment.stacks._tiff_sizes import common_size

__all__ = ["files_source"]

# Files that are looked at for what a slice is like.
_N_SAMPLES = 5


def files_source(name, paths, home=None):
    """Make a source of image files, one slice each.

    Parameters
    ----------
    name : str
        Of the folder, for messages.
    paths : sequence of pathlib.Path
        In the order of the slices, of any format that `read_images` reads.
    home : pathlib.Path, optional
        The folder they were found in.

    Returns
    -------
    source : Source
        Of the shape and dtype that most of a few files have, evenly spread: an overview
        among the slices is none of them. Of the size of voxels that all files state.

    Raises
    ------
    ImageFileError
        If none can be read.
    """
    slice_shape, dtype = _usual_form(paths)
    warn_of_types(paths)
    warn_of_names(name, paths)
    shape = (len(paths), *slice_shape)
    spacing, unit = common_size(name, paths)
    return page_source(
        name,
        functools.partial(_read_file, tuple(paths)),
        shape,
        dtype,
        axes="ZYXC"[: len(shape)],
        names=[path.name for path in paths],
        paths=tuple(paths),
        home=home,
        spacing=spacing,
        unit=unit,
    )


def _usual_form(paths):
    """Shape and dtype of a slice."""
    spread = np.linspace(0, len(paths) - 1, min(_N_SAMPLES, len(paths)))
    forms = Counter()
    for index in spread.round().astype(int):
        with contextlib.suppress(ImageFileError):
            image = _read_file(paths, index)
            forms[image.shape, image.dtype] += 1
    if not forms:
        image = _first_readable(paths)
        forms[image.shape, image.dtype] += 1
    # The first of the most frequent.
    return forms.most_common(1)[0][0]


def _first_readable(paths):
    failed = None
    for index in range(len(paths)):
        try:
            return _read_file(paths, index)
        except ImageFileError as error:
            failed = failed or error
    raise failed


def _read_file(paths, index):
    images = read_images(paths[index])
    if len(images) != 1:
        raise ImageFileError(
            f"{paths[index]} holds {len(images)} images, not one slice; open it by "
            "itself if it is a TIFF, else pass what sksegment.io.read_images returns"
        )
    return images[0]
