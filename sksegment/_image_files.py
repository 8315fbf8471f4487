"""Image files: find and read the inputs."""

import contextlib
import os
import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageMode, UnidentifiedImageError

from sksegment._tiff_files import (
    check_promise,
    count_pages,
    is_tiff,
    read_tiff,
    type_of_pages,
)
from sksegment._tiff_pages import CodecError
from sksegment._typing import PathLike
from sksegment._warn import warn_user

__all__ = [
    "ImageFileError",
    "check_path",
    "count_images",
    "find_images",
    "image_type",
    "is_image_name",
    "naming",
    "read_images",
    "warn_of_types",
]

# What stands for an image in a folder; a file that is named may be called anything.
_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jp2", ".j2k", ".webp", ".gif", ".bmp"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".dcm"),
    *(".tif", ".tiff", ".btf", ".lsm", ".stk"),
)
# Of HDF5 and of NumPy.
_MAGIC_OF_ARRAYS = (b"\x89HDF\r\n\x1a\n", b"\x93NUMPY")
# Types of colour in the header of a PNG.
_PNG_GREY, _PNG_GREY_ALPHA = 0, 4
# The second image of other formats is a thumbnail or a depth map, not a page.
_PAGED_FORMATS = frozenset({"GIF", "TIFF", "WEBP"})
_NOT_RGB_MODES = frozenset({"P", "PA", "CMYK", "YCbCr", "HSV", "LAB", "RGBX", "RGBa"})


class ImageFileError(ValueError):
    """An image file that cannot be read; the message is one line that names it."""


def find_images(inputs: Sequence[PathLike]) -> list[Path]:
    """List the image files among files and folders.

    Parameters
    ----------
    inputs : sequence of str or path-like
        Files are taken as they are, `read_images` says what is wrong with them. A
        folder stands for the image files in it, without its sub-folders and hidden
        files, in natural order: ``slice2.tif`` before ``slice10.tif``.

    Returns
    -------
    paths : list of pathlib.Path
        Every file once, in the order of the inputs.

    Raises
    ------
    ImageFileError
        If a folder has no image files, there are no inputs, or one is an empty text.
    TypeError
        If it is one path.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sksegment.io import find_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("b10.png", "b9.png", "notes.txt"):
    ...         pathlib.Path(folder, name).touch()
    ...     [path.name for path in find_images([folder])]
    ['b9.png', 'b10.png']
    """
    if isinstance(inputs, str | os.PathLike):
        raise TypeError(
            f"find_images takes a list of paths, not a {type(inputs).__name__}; "
            "put it in brackets: find_images([path])"
        )
    paths: dict[str, Path] = {}
    for entry in map(check_path, inputs):
        for path in _images_in(entry) if entry.is_dir() else [entry]:
            # Of a link to itself, Path.resolve would raise.
            paths.setdefault(os.path.realpath(path), path)
    if not paths:
        raise ImageFileError("there are no inputs; name image files or folders")
    return list(paths.values())


def check_path(path):
    """Refuse an empty text, which would be the current folder.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    path : pathlib.Path

    Raises
    ------
    ImageFileError
    """
    if path == "":
        raise ImageFileError(
            "a path is empty (a variable that is not set?); name a file or a folder"
        )
    return Path(path)


def _images_in(folder):
    found = [
        path for path in folder.iterdir() if is_image_name(path) and path.is_file()
    ]
    if not found:
        raise ImageFileError(
            f"there are no images in the folder {folder}; name a folder that holds "
            "the files themselves, or the files"
        )
    return sorted(found, key=_natural_key)


def is_image_name(path):
    """Whether a file of this name in a folder is taken for an image.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    answer : bool
    """
    return path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")


def _natural_key(path):
    parts = re.split(r"(\d+)", path.name.casefold())
    numbers = [int(part) if part.isdecimal() else part for part in parts]
    return numbers, path.name


def read_images(path: PathLike) -> list[np.ndarray]:
    """Read the images of one file.

    Parameters
    ----------
    path : str or path-like
        Any format scikit-image reads.

    Returns
    -------
    images : list of ndarray of shape (H, W) or (H, W, C)
        One for ordinary files; all pages, in order, of a TIFF, an ImageJ or OME stack,
        or an animation. The dtype is that of the file. A palette becomes RGB; alpha
        is dropped; the pixels are not rotated by EXIF tags. Floats that a TIFF declares
        to be no data, as GDAL does, are NaN.

    Raises
    ------
    ImageFileError
        If the file is missing, empty, truncated, or no image.
    TypeError
        If it is not one path.

    Warns
    -----
    UserWarning
        If a PNG has 16 bits a channel in colour, of which 8 are read, or a TIFF has
        integers that it declares to be no data.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment.io import read_images, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_image(pathlib.Path(folder) / "a.png", np.zeros((8, 9, 3), np.uint8))
    ...     images = read_images(pathlib.Path(folder) / "a.png")
    >>> [(image.shape, str(image.dtype)) for image in images]
    [((8, 9, 3), 'uint8')]
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"read_images reads one file, not a {type(path).__name__}; of several: "
            "[image for path in paths for image in read_images(path)]"
        )
    with naming(path):
        if is_tiff(path):
            return read_tiff(path)
        with open(path, "rb") as file:
            if file.read(8).startswith(_MAGIC_OF_ARRAYS):
                raise ImageFileError(
                    f"{path} holds arrays, not images; open it with "
                    "sksegment.stacks.open_stack"
                )
        try:
            return _read_pillow(path)
        except UnidentifiedImageError:
            return _read_other(path)


def count_images(path):
    """Count the images in one file, from its headers alone.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    n_images : int
        Length of what `read_images` returns, if the file turns out to be whole.

    Raises
    ------
    ImageFileError
        If the file is missing, empty, or already its headers are damaged.
    """
    with naming(path):
        if is_tiff(path):
            return count_pages(path)
        try:
            with Image.open(path) as image:
                return _count_frames(image)
        except UnidentifiedImageError:
            return len(_read_other(path))


def image_type(path):
    """Type of the values in one file, from its headers alone.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    dtype : numpy.dtype or None
        Of what `read_images` returns, in the byte order of this machine; None where
        only the pixels tell.

    Raises
    ------
    ImageFileError
        As `count_images`.
    """
    with naming(path):
        if is_tiff(path):
            return type_of_pages(path).newbyteorder("=")
        try:
            with Image.open(path) as image:
                typestr = ImageMode.getmode(image.mode).typestr
                return np.dtype(typestr).newbyteorder("=")
        except UnidentifiedImageError:
            return None


def warn_of_types(paths):
    """Warn of files with values of several types, such as bytes and 16 bits.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        Those that cannot be read are passed over.
    """
    found = {}
    for path in paths if len(paths) > 1 else ():
        with contextlib.suppress(ImageFileError):
            found.setdefault(image_type(path), path)
    found.pop(None, None)
    if len(found) > 1:
        (one, first), (other, second) = list(found.items())[:2]
        warn_user(
            f"{first} is of {one}, but {second} of {other}, so their values are hardly "
            "in the same units; convert them to one type, or run them apart"
        )


@contextlib.contextmanager
def naming(path):
    """Turn whatever a decoder raises into one line that names the file.

    Parameters
    ----------
    path : str or path-like

    Raises
    ------
    ImageFileError
        If the file is missing, empty, a folder, or what is done within raises.
    """
    path = Path(path)
    if not path.exists():
        raise ImageFileError(f"{path}: there is no such file; check its name")
    if path.is_dir():
        raise ImageFileError(
            f"{path} is a folder; name an image file, or open it with "
            "sksegment.stacks.open_stack"
        )
    try:
        if path.stat().st_size == 0:
            raise ImageFileError(f"{path} is empty (0 bytes); copy or export it again")
        yield
    except (ImageFileError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise ImageFileError(
            f"{path} is no image, or of a format that cannot be read; convert it to "
            "PNG or TIFF"
        ) from error
    except PermissionError as error:
        raise ImageFileError(
            f"{path} cannot be read: permission denied; ask for the right to read it"
        ) from error
    except CodecError as error:
        raise ImageFileError(f"{path} cannot be read: {error}") from error
    # Decoders raise everything from SyntaxError to struct.error on damaged files.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ImageFileError(
            f"{path} cannot be read: {reason}; copy or export it again"
        ) from error


def _read_pillow(path):
    with Image.open(path) as image:
        if image.format == "PNG":
            return [_png_pixels(image, path)]
        frames, n_frames = [], _count_frames(image)
        if n_frames > 1:
            # Pillow looks at one frame at a time.
            n_bands = 3 if image.mode in _NOT_RGB_MODES else len(image.getbands())
            promised = n_frames * image.width * image.height * n_bands
            check_promise(promised, os.path.getsize(path))
        for index in range(n_frames):
            image.seek(index)
            frames.append(_frame_pixels(image))
        return frames


def _count_frames(image):
    return image.n_frames if image.format in _PAGED_FORMATS else 1


def _frame_pixels(image):
    image.load()
    if image.mode in _NOT_RGB_MODES:
        image = image.convert("RGB")
    pixels = np.array(image)
    if image.mode in ("LA", "La"):
        return pixels[..., 0]
    return pixels[..., :3] if image.mode == "RGBA" else pixels


def _png_pixels(image, path):
    """Pixels of a PNG, which Pillow reads with 8 bits unless it is grey."""
    pixels = _frame_pixels(image)
    with open(path, "rb") as file:
        # Of the first chunk, whose place and order are fixed.
        depth, kind = file.read(26)[24:]
    if depth == 16 and kind != _PNG_GREY:
        warn_user(
            f"{path} has 16 bits a channel, of which 8 are read; convert it to TIFF to "
            "keep them all"
        )
    return pixels[..., 0] if kind == _PNG_GREY_ALPHA and pixels.ndim == 3 else pixels


def _read_other(path):
    from skimage.io import imread

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = imread(path)
    # The readers of rare formats are many, and so are their errors.
    except Exception as error:
        raise UnidentifiedImageError from error
    if array.ndim == 2 or (array.ndim == 3 and array.shape[-1] <= 4):
        return [array]
    if array.ndim not in (3, 4):
        raise UnidentifiedImageError
    return list(array)
