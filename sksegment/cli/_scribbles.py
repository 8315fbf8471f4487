"""Options and files of scribbles: which strokes belong to which image."""

from pathlib import Path

from sksegment._image_files import ImageFileError, count_images
from sksegment._pages import Page
from sksegment._scribble_files import ScribblePages, read_scribbles
from sksegment.cli._options import add_void_value

__all__ = ["add_scribbles", "scribbled_slices", "scribbles_of_images"]

# What the name of a file may have beside that of its image.
_ENDINGS = ("_scribbles", "_strokes", "_labels")


def add_scribbles(parser, text):
    """Add the files, what they are to a command, and what is unknown in them."""
    group = parser.add_argument_group("hints")
    group.add_argument("--scribbles", metavar="FILE", help=text)
    add_void_value(
        group,
        "--unknown",
        "value of pixels without a stroke; with 0, as drawing programs have it, the "
        "strokes 1, 2, ... become classes 0, 1, ... (default: the largest of the data "
        "type, 255 or 65535)",
    )


def scribbles_of_images(args, paths):
    """Read the scribbles of image files.

    Parameters
    ----------
    args : argparse.Namespace
    paths : list of Path
        The images.

    Returns
    -------
    scribbles : dict of Page to ndarray of shape (H, W), int32
        Of the images that have some; -1 where unknown.

    Raises
    ------
    ImageFileError
        If a file cannot be read, belongs to none of the images, or has another number
        of pages.
    """
    if args.scribbles is None:
        return {}
    scribbles = {}
    for path, file in _image_of_each(Path(args.scribbles), paths).items():
        maps, n_pages = read_scribbles(file, unknown=args.unknown), count_images(path)
        if len(maps) != n_pages:
            raise ImageFileError(
                f"{file} has {len(maps)} page(s), but {path}, to which it belongs, has "
                f"{n_pages}; give a page for each, without strokes where there are none"
            )
        pages = [Page(path, index, n_pages) for index in range(n_pages)]
        scribbles |= _with_strokes(zip(pages, maps, strict=True))
    return scribbles


def _image_of_each(source, paths):
    """File of scribbles by image file."""
    if not source.exists():
        raise ImageFileError(f"--scribbles {source}: there is no such file")
    if not source.is_dir() and len(paths) == 1:
        return {paths[0]: source}
    files = [source]
    if source.is_dir():
        files = sorted(
            file
            for file in source.iterdir()
            if file.is_file() and not file.name.startswith(".")
        )
    found = {}
    for file in files:
        path = _image_of(file, paths)
        if path in found:
            raise ImageFileError(
                f"{found[path]} and {file} are both scribbles of {path}; keep one"
            )
        found[path] = file
    if not found:
        raise ImageFileError(f"--scribbles {source}: the folder is empty")
    return found


def _image_of(file, paths):
    stem = file.stem
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    images = [path for path in paths if path.stem in (stem, file.stem)]
    if len(images) != 1:
        found = f"{len(images)} inputs have" if images else "no input has"
        raise ImageFileError(
            f"the scribbles {file} belong to the image of that name, but {found} it: "
            f"call them NAME{_ENDINGS[0]}.png, for an image NAME"
        )
    return images[0]


def scribbled_slices(args, view):
    """Read the scribbles of a stack, slice by slice.

    Parameters
    ----------
    args : argparse.Namespace
    view : Stack

    Returns
    -------
    scribbles : dict of int to ndarray of shape (H, W), int32
        By the numbers of slices that have some; -1 where unknown.

    Raises
    ------
    ImageFileError
        If the file has neither a page for every slice nor one for every slice of
        ``--train-at``.
    """
    from sksegment.stacks import open_stack

    if args.scribbles is None:
        return {}
    if not Path(args.scribbles).exists():
        raise ImageFileError(f"--scribbles {args.scribbles}: there is no such file")
    reader = ScribblePages(args.scribbles, args.unknown)
    with open_stack(args.scribbles) as pages:
        numbers = range(len(view))
        if len(pages) != len(view):
            numbers = args.train_at or []
        if len(pages) != len(numbers):
            raise ImageFileError(
                f"{args.scribbles} has {len(pages)} page(s), but {view.source} has "
                f"{len(view)} slices; give a page for each, or one for each slice of "
                "--train-at"
            )
        maps = zip(numbers, map(reader.take, pages), strict=True)
        scribbles = _with_strokes(maps)
    reader.check()
    return scribbles


def _with_strokes(maps):
    return {key: map_ for key, map_ in maps if (map_ >= 0).any()}
