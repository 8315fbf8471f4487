"""Label maps that are made of those of a file, written in the form it has."""

from pathlib import Path

from sksegment._image_files import ImageFileError
from sksegment._output_files import check_folder, write_labels
from sksegment.cli._outputs import check_free
from sksegment.stacks._folder_writer import write_folder
from sksegment.stacks._writers import Place, refuse_video

__all__ = ["map_writer"]

_TIFF_SUFFIXES = (".tif", ".tiff")


def map_writer(labels, out, overwrite):
    """Check that label maps may be written.

    Parameters
    ----------
    labels : LabelFile
        What they are made of: their sizes, and that of a voxel, are its own.
    out : str
    overwrite : bool

    Returns
    -------
    write : callable
        Called with the maps, each (H, W) in int32, and the dtype they are stored in.

    Raises
    ------
    ValueError
        If the output is the input or a video.
    OSError
        If the output cannot be written, or exists.
    """
    path = Path(out)
    refuse_video(out)
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
        place.write_pages(pages, dtype, labels.stack)

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
    check_folder(path.parent, "-o")
    if not overwrite:
        check_free([path])
