"""Read label maps, of a segmentation or of ground truth."""

import itertools
import warnings
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from sksegment._image_files import ImageFileError, read_images
from sksegment._tiff_files import is_tiff, open_tiff
from sksegment._tiff_pages import read_series
from sksegment._typing import PathLike

__all__ = [
    "ARRAY_SUFFIXES",
    "label_maps",
    "largest_of",
    "mark_void",
    "read_labels",
    "read_pages",
    "whole_numbers",
]

ARRAY_SUFFIXES = (".npy", ".npz")


def read_labels(path: PathLike, *, void: int | str | None = "max") -> list[np.ndarray]:
    """Read the label maps of one file.

    Parameters
    ----------
    path : str or path-like
        A grey or palette image of any format `read_images` reads, with any number of
        pages; or an array of shape (H, W) or (n, H, W) in a ``.npy`` file, or in a
        ``.npz`` file, under the name ``segmentations`` if there are several.
    void : {"max"} or int or None, default="max"
        Value that stands for no label: "max" is the largest of the dtype, 255 or 65535,
        as which `write_labels` writes void; None is no value. Negative labels are void
        whatever it is.

    Returns
    -------
    maps : list of ndarray of shape (H, W), int32
        -1 where void.

    Raises
    ------
    ImageFileError
        If the file is missing, cannot be read, or is no label map; or, with "max", has
        0 and 255 alone: those may be two classes as well.

    See Also
    --------
    sksegment.stacks.open_stack : Read zarr, HDF5 and folders, with void as it is there.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment.io import read_labels, write_labels
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "labels.png"
    ...     write_labels(path, np.array([[0, 1], [2, -1]]))
    ...     read_labels(path)[0]
    array([[ 0,  1],
           [ 2, -1]], dtype=int32)
    """
    return label_maps(path, void)


def label_maps(path, void, option="--void"):
    """Read the label maps of one file, see `read_labels`.

    Parameters
    ----------
    path : str or path-like
    void : {"max"} or int or None
    option : str, default="--void"
        What says on the command line which value is void, for messages.

    Returns
    -------
    maps : list of ndarray of shape (H, W), int32
        -1 where void.
    """
    path = Path(path)
    pages = [whole_numbers(page, path) for page in read_pages(path)]
    if void == "max":
        void = _largest(pages, path, option)
    return [mark_void(page, void, path) for page in pages]


def read_pages(path):
    """Read the pages of a file of label maps as they are.

    Parameters
    ----------
    path : Path

    Returns
    -------
    pages : sequence of ndarray
        Indices of a palette, not its colours.

    Raises
    ------
    ImageFileError
        If the file is missing or cannot be read.
    """
    if path.suffix.lower() in ARRAY_SUFFIXES:
        pages = _read_array(path)
        return [pages] if pages.ndim == 2 else list(pages)
    return _read_palette(path) or read_images(path)


def _read_array(path):
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            with found:
                names = [n for n in found.files if n == "segmentations"] or found.files
                if len(names) != 1:
                    raise ImageFileError(
                        f"{path} has the arrays {', '.join(names)}; name the label "
                        "maps 'segmentations'"
                    )
                found = found[names[0]]
    except ImageFileError:
        raise
    except FileNotFoundError as error:
        raise ImageFileError(f"{path}: no such file") from error
    # A damaged zip file raises what its decoder does, from EOFError to zlib.error.
    except Exception as error:
        raise ImageFileError(f"{path} is no array of label maps: {error}") from error
    if found.ndim not in (2, 3) or found.size == 0:
        raise ImageFileError(
            f"{path} has an array of shape {found.shape}; label maps are (H, W) or "
            "(n, H, W)"
        )
    return found


def _read_palette(path):
    """Indices of an image with a palette, whose colours would say nothing."""
    try:
        if is_tiff(path):
            return _read_tiff_palette(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if image.mode == "P" and getattr(image, "n_frames", 1) == 1:
                    return [np.asarray(image)]
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        # `read_images` says what is wrong.
        pass
    return None


def _read_tiff_palette(path):
    with open_tiff(path) as (series, *others):
        is_palette = series.keyframe.photometric == tifffile.PHOTOMETRIC.PALETTE
        if others or not is_palette or series.axes[-2:] != "YX":
            return None
        return [*read_series(series).reshape(-1, *series.shape[-2:])]


def whole_numbers(page, path):
    """Check that a page is a map of whole numbers.

    Parameters
    ----------
    page : ndarray
    path : str or path-like
        For messages.

    Returns
    -------
    numbers : ndarray of shape (H, W), of any integer dtype

    Raises
    ------
    ImageFileError
        If it has channels, or other numbers.
    """
    if page.ndim != 2:
        raise ImageFileError(
            f"{path} has {page.shape[-1]} channels; a label map has one: write class "
            "numbers, not colours"
        )
    if page.dtype.kind == "f" and (page == np.rint(page)).all():
        page = page.astype(np.int64)
    if page.dtype.kind not in "iub":
        raise ImageFileError(
            f"{path} holds {page.dtype}; label maps hold whole numbers"
        )
    return page


def largest_of(dtype):
    """Value that is void because it is the largest of a dtype; None if it is signed."""
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else None


def mark_void(page, void, path):
    """Labels of a page, of which one value stands for none.

    Parameters
    ----------
    page : ndarray of shape (H, W), of any integer dtype
    void : int or None
    path : str or path-like
        For messages.

    Returns
    -------
    labels : ndarray of shape (H, W), int32
        -1 where the page is ``void`` or negative.

    Raises
    ------
    ImageFileError
        If a label is too large.
    """
    known = np.ones(page.shape, bool) if void is None else page != void
    largest = page[known].max(initial=0)
    if largest > np.iinfo(np.int32).max:
        raise ImageFileError(
            f"{path} has the number {largest}; class numbers are 0, 1, 2, ..."
        )
    # Negative ones may be as small as they like.
    return np.where(known, page.astype(np.int64), -1).clip(-1).astype(np.int32)


def _largest(pages, path, option):
    """Value that is void because it is the largest of the dtype of all pages."""
    largest = largest_of(np.result_type(*pages))
    if largest is None:
        return None
    if {*itertools.chain.from_iterable(map(np.unique, pages))} == {0, largest}:
        raise ImageFileError(
            f"{path} has the values 0 and {largest} alone, which may be two classes, "
            f"or one and void: say void={largest} or void=None (on the command line "
            f"{option} {largest} or {option} none)"
        )
    return largest
