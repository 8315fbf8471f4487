"""Image files: find and read the inputs, write label maps and pictures."""

import contextlib
import os
import re
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from sksegment._shared import SharedState
from sksegment._tiff_files import count_pages, is_tiff, ome_sizes, read_tiff
from sksegment._typing import PathLike
from sksegment._warn import warn_user

__all__ = [
    "ImageFileError",
    "count_images",
    "find_images",
    "naming",
    "read_images",
    "replacing",
    "write_image",
    "write_labels",
]

# What stands for an image in a folder; a file that is named may be called anything.
_SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jp2", ".j2k", ".webp", ".gif", ".bmp"),
    *(".tga", ".ppm", ".pgm", ".pbm", ".pnm", ".dcm"),
    *(".tif", ".tiff", ".btf", ".lsm", ".stk"),
)
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
        If a folder has no image files, or there are no inputs.

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
    paths: dict[Path, Path] = {}
    for entry in map(Path, inputs):
        for path in _images_in(entry) if entry.is_dir() else [entry]:
            paths.setdefault(path.resolve(), path)
    if not paths:
        raise ImageFileError("there are no inputs; name image files or folders")
    return list(paths.values())


def _images_in(folder):
    found = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    ]
    if not found:
        raise ImageFileError(
            f"there are no images in the folder {folder}; name a folder that holds "
            "the files themselves, or the files"
        )
    return sorted(found, key=_natural_key)


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
        is dropped; the pixels are not rotated by EXIF tags.

    Raises
    ------
    ImageFileError
        If the file is missing, empty, truncated, or no image.
    TypeError
        If it is not one path.

    Warns
    -----
    UserWarning
        If a PNG has 16 bits a channel in colour, of which 8 are read.

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
            return _read_tiff(path)
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
        raise ImageFileError(f"{path} is a folder; name an image file")
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
        frames = []
        for index in range(_count_frames(image)):
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


def _read_tiff(path):
    try:
        return read_tiff(path)
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        codec_error = error
    # Pillow brings its own decoders for LZW and JPEG.
    try:
        with _SILENT_LIBTIFF.hold():
            frames = _read_pillow(path)
    except UnidentifiedImageError:
        raise codec_error from None
    pages = [
        _as_stored(*pair) for pair in zip(frames, _page_dtypes(path), strict=False)
    ]
    if len(pages) < len(frames) or any(page is None for page in pages):
        raise codec_error
    return pages


def _page_dtypes(path):
    with tifffile.TiffFile(path) as tif:
        return [page.dtype.newbyteorder("=") for page in tif.pages]


def _as_stored(frame, dtype):
    """Pixels as they are in the file, or None if Pillow has lost some of their bits.

    It has one signed and one unsigned type for many, with the same bits.
    """
    if frame.dtype == dtype:
        return frame
    whole = frame.dtype.kind in "biu" and dtype.kind in "biu"
    return frame.astype(dtype) if whole and frame.itemsize >= dtype.itemsize else None


def _close_stderr():
    before = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    return before


def _open_stderr(before):
    os.dup2(before, 2)
    os.close(before)


# Libtiff writes to stderr what the exception says as well. It is compiled into Pillow,
# which has no other way to silence it.
_SILENT_LIBTIFF = SharedState(_close_stderr, _open_stderr)


def write_labels(
    path: PathLike,
    labels: np.ndarray,
    *,
    spacing: Mapping[str, float] | None = None,
    unit: str | None = None,
) -> None:
    """Write label maps, whole or not at all.

    Ids are written as they are, in uint8 where the largest is at most 254, else in
    uint16; void becomes the largest number of that dtype, 255 or 65535.

    Parameters
    ----------
    path : str or path-like
        With the suffix ``.png``, or ``.tif`` or ``.tiff``.
    labels : ndarray of shape (H, W), int
        Negative where void. For TIFF also (n, H, W), or a list of n maps of any size.
    spacing : dict of str to float, optional
        Size of a voxel along "Z", "Y" and "X", where known: a TIFF of maps of one size
        states it as OME does, other files cannot.
    unit : str, optional
        Of the spacing, e.g. "um".

    Raises
    ------
    ValueError
        If the labels are no such array, an id is above 65534, or the suffix is
        another.
    OSError
        If the file cannot be written; one that was there before is still whole.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment.io import read_images, write_labels
    >>> labels = np.array([[0, 1], [2, -1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_labels(pathlib.Path(folder) / "labels.png", labels)
    ...     read_images(pathlib.Path(folder) / "labels.png")[0]
    array([[  0,   1],
           [  2, 255]], dtype=uint8)
    """
    path = Path(path)
    maps = _label_maps(labels)
    if path.suffix.lower() in (".tif", ".tiff"):
        _write_tiff(path, maps, spacing or {}, unit)
    elif path.suffix.lower() != ".png":
        raise ValueError(
            f"{path}: label maps are written as .png or .tif, not {path.suffix!r}"
        )
    elif len(maps) != 1:
        raise ValueError(
            f"{path}: a PNG holds one label map; write {len(maps)} as .tif"
        )
    else:
        with replacing(path) as file:
            Image.fromarray(maps[0]).save(file, format="PNG")


def _write_tiff(path, maps, spacing, unit):
    options = {"photometric": "minisblack", "compression": "zlib"}
    is_ome = bool(spacing) and len({page.shape for page in maps}) == 1
    with replacing(path) as file, tifffile.TiffWriter(file, ome=is_ome) as tif:
        if is_ome:
            axes = "ZYX"[-2 - (len(maps) > 1) :]
            sizes = {axis: size for axis, size in spacing.items() if axis in axes}
            metadata = {"axes": axes} | ome_sizes(sizes, unit)
            shape = (len(maps), *maps[0].shape)[-len(axes) :]
            tif.write(
                iter(maps),
                shape=shape,
                dtype=maps[0].dtype,
                maxworkers=1,
                metadata=metadata,
                **options,
            )
            return
        for page in maps:
            tif.write(page, **options, metadata=None)


def _label_maps(labels):
    maps = [*map(np.asarray, labels)]
    if maps and maps[0].ndim == 1:
        maps = [np.asarray(labels)]
    if not maps or any(
        m.ndim != 2 or m.size == 0 or m.dtype.kind not in "iu" for m in maps
    ):
        shapes = ", ".join(sorted({f"{m.dtype} {m.shape}" for m in maps})) or "nothing"
        raise ValueError(
            f"labels must be integers of shape (H, W) or (n, H, W); got {shapes}"
        )
    largest = max(int(page.max()) for page in maps)
    if largest > 65534:
        raise ValueError(
            f"the largest id is {largest}, but a label file holds ids up to 65534; "
            "save the array with numpy.save"
        )
    dtype = np.uint8 if largest <= 254 else np.uint16
    void = np.iinfo(dtype).max
    return [np.where(page < 0, void, page).astype(dtype) for page in maps]


def write_image(path: PathLike, rgb: np.ndarray) -> None:
    """Write a picture, whole or not at all.

    Parameters
    ----------
    path : str or path-like
        Its suffix, e.g. ``.png``, says the format.
    rgb : ndarray of shape (H, W, 3) or (H, W), uint8

    Raises
    ------
    ValueError
        If the array or the suffix is another.
    OSError
        If the file cannot be written; one that was there before is still whole.
    """
    path, rgb = Path(path), np.asarray(rgb)
    if (
        rgb.dtype != np.uint8
        or rgb.ndim not in (2, 3)
        or rgb.shape[2:] not in ((), (3,))
    ):
        raise ValueError(
            f"a picture must be uint8 of shape (H, W, 3) or (H, W); got {rgb.dtype} of "
            f"shape {rgb.shape}"
        )
    format_ = Image.registered_extensions().get(path.suffix.lower())
    if format_ not in Image.SAVE:
        raise ValueError(f"{path}: pictures cannot be written as {path.suffix!r}")
    with replacing(path) as file:
        Image.fromarray(rgb).save(file, format=format_)


@contextlib.contextmanager
def replacing(path):
    """Open a new file that takes the place of another once it is complete.

    Parameters
    ----------
    path : pathlib.Path
        It stays as it is if anything goes wrong.

    Yields
    ------
    file : file object
        For bytes.
    """
    temporary = path.with_name(
        f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp"
    )
    try:
        with open(temporary, "wb") as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
