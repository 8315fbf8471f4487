"""Image files as sources, one slice each."""

import functools

from sksegment._image_files import ImageFileError, read_images
from sksegment.stacks._source import page_source

__all__ = ["files_source"]


def files_source(name, paths):
    """Make a source of image files, one slice each.

    Parameters
    ----------
    name : str
        Of the folder, for messages.
    paths : sequence of pathlib.Path
        In the order of the slices, of any format that `read_images` reads.

    Returns
    -------
    source : Source
        Of the shape and dtype of the first file that can be read.

    Raises
    ------
    ImageFileError
        If none can be read.
    """
    first = _first_readable(paths)
    shape = (len(paths), *first.shape)
    return page_source(
        name,
        functools.partial(_read_file, tuple(paths)),
        shape,
        first.dtype,
        axes="ZYXC"[: len(shape)],
        names=[path.name for path in paths],
        paths=tuple(paths),
    )


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
