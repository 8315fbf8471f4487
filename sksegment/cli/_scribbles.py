"""Files of scribbles: which strokes belong to which image."""

import contextlib
from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError, count_images, find_images
from sksegment._label_files import ARRAY_SUFFIXES, read_pages
from sksegment._pages import Page
from sksegment._scribble_files import ScribblePages
from sksegment._tiff_files import is_palette_file, is_tiff

__all__ = [
    "open_pages",
    "scribbled_slices",
    "scribbles_of_images",
]

# What the name of a file may have beside that of its image.
_ENDINGS = ("_scribbles", "_strokes", "_labels")


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
    ValueError
        If other options make no sense beside them.
    ImageFileError
        If a file cannot be read, belongs to none of the images, or has another number
        of pages.
    """
    source = _checked_source(args)
    if source is None:
        return {}
    reader, scribbles = ScribblePages(source, args.unknown), {}
    for path, file in _files_by_image(source, paths).items():
        maps, n_pages = reader.read(file), count_images(path)
        if len(maps) != n_pages:
            raise ImageFileError(
                f"{file} has {len(maps)} page(s), but {path}, to which it belongs, has "
                f"{n_pages}; give a page for each, without strokes where there are none"
            )
        pages = [Page(path, index, n_pages) for index in range(n_pages)]
        scribbles |= _with_strokes(zip(pages, maps, strict=True))
    reader.check()
    _check_classes(scribbles, args)
    return scribbles


def _checked_source(args):
    """File or folder of the scribbles; None if there are none."""
    if args.scribbles is None:
        if args.unknown != "max":
            raise ValueError("--unknown says what is unknown in --scribbles: name them")
        return None
    if args.regions is not None:
        raise ValueError(
            "--scribbles tell classes apart, and --regions gives regions without "
            "classes; leave one of them out"
        )
    return _existing(Path(args.scribbles))


def _check_classes(scribbles, args):
    n_classes = 1 + max(int(map_.max()) for map_ in scribbles.values())
    if args.classes not in (None, "auto") and args.classes < n_classes:
        raise ValueError(
            f"the scribbles {args.scribbles} have {n_classes} classes, more than "
            f"--classes {args.classes}; give as many as these, or leave it out"
        )


def _existing(source):
    if not source.exists():
        raise ImageFileError(f"--scribbles {source}: there is no such file")
    return source


def _files_by_image(source, paths):
    """File of scribbles by image file."""
    if not source.is_dir() and len(paths) == 1:
        return {paths[0]: source}
    found = {}
    for file in _files_in(source) if source.is_dir() else [source]:
        path = _image_of(file, paths)
        if path in found:
            raise ImageFileError(
                f"{found[path]} and {file} are both scribbles of {path}; keep one"
            )
        found[path] = file
    return found


def _files_in(folder):
    """Images in natural order, then arrays; no other files."""
    images = []
    with contextlib.suppress(ImageFileError):
        images = find_images([folder])
    arrays = [p for p in folder.iterdir() if p.suffix.lower() in ARRAY_SUFFIXES]
    if not images and not arrays:
        raise ImageFileError(f"--scribbles {folder}: there are no images in the folder")
    return [*images, *sorted(arrays)]


def _image_of(file, paths):
    """Image of the name of a file, or else of that name without its ending."""
    endings = [ending for ending in _ENDINGS if file.stem.endswith(ending)]
    for stem in (file.stem, *map(file.stem.removesuffix, endings)):
        images = [path for path in paths if path.stem == stem]
        if len(images) == 1:
            return images[0]
        if images:
            raise ImageFileError(
                f"the scribbles {file} may belong to {images[0]} or to {images[1]}; "
                "run them apart"
            )
    raise ImageFileError(
        f"the scribbles {file} belong to the image of that name, but no input has it: "
        f"call them NAME{_ENDINGS[0]}.png, for an image NAME"
    )


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
    ValueError
        If other options make no sense beside them.
    ImageFileError
        If the file is no volume of the size of the stack, and has neither a page for
        every slice nor one for every slice of ``--train-at``.
    """
    source = _checked_source(args)
    if source is None:
        return {}
    reader = ScribblePages(source, args.unknown)
    with open_pages(source) as stored:
        pages = _along_view(stored, args.axes, view)
        numbers = range(len(view))
        if len(pages) != len(view):
            numbers = args.train_at or []
        if len(pages) != len(numbers):
            raise ImageFileError(
                f"{source} has {len(pages)} page(s), but {view.source} has {len(view)} "
                f"slices along {view.axes[0]}; give a page for each, or one for each "
                "slice of --train-at"
            )
        maps = zip(numbers, map(reader.take, pages), strict=True)
        scribbles = _with_strokes(maps)
    reader.check()
    _check_classes(scribbles, args)
    return scribbles


def _along_view(pages, axes, view):
    """Pages along the axis of a view if they are of all its volume, else as stored."""
    for volume in _volumes(pages, axes, view):
        axis = view.axes[0]
        # Those of a video and its strokes need not have the same letter.
        turned = volume if axis in "ZT" else volume.along(axis.lower())
        if turned.shape == view.shape[:3]:
            return turned
    return pages


def _volumes(pages, axes, view):
    """What pages may be: a volume with the axes that are said, or that are stated."""
    from sksegment.stacks import Stack, open_stack
    from sksegment.stacks._axes import settle_axes

    if isinstance(pages, Stack):
        if axes:
            # Strokes have no channels.
            axes = axes.upper().replace("C", "").replace("S", "")
            shape = pages._source.shape
            with contextlib.suppress(ValueError):
                yield Stack(pages._source, settle_axes(pages.source, shape, axes=axes))
        yield pages
    elif len(pages) > 1 and view.axes[0] not in "ZT":
        with contextlib.suppress(ValueError):
            yield open_stack([*pages])


@contextlib.contextmanager
def open_pages(source):
    """Pages of a volume, one by one; or of an image, as it is stored.

    Parameters
    ----------
    source : Path

    Yields
    ------
    pages : sequence of ndarray
    """
    from sksegment.stacks import open_stack

    _existing(source)
    if source.is_dir() and source.suffix.lower() != ".zarr":
        yield _FilesInTurn(_files_in(source))
    elif _is_volume(source):
        with open_stack(source) as pages:
            yield pages
    else:
        yield read_pages(source)


def _is_volume(path):
    from sksegment.stacks._open import VOLUME_SUFFIXES

    if path.suffix.lower() == ".npy":
        return np.load(path, mmap_mode="r", allow_pickle=False).ndim > 2
    if path.is_file() and is_tiff(path):
        return not is_palette_file(path)
    return path.suffix.lower() in VOLUME_SUFFIXES


class _FilesInTurn:
    """Maps of a folder, each read when its turn comes."""

    def __init__(self, files):
        self._files = files

    def __len__(self):
        return len(self._files)

    def __iter__(self):
        for file in self._files:
            yield from read_pages(file)


def _with_strokes(maps):
    return {key: map_ for key, map_ in maps if (map_ >= 0).any()}
