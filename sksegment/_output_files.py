"""Write label maps, pictures and other files, whole or not at all."""

import contextlib
import math
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

from sksegment._lengths import OME_UNITS, ome_sizes, resolution_tags
from sksegment._typing import PathLike

__all__ = [
    "check_folder",
    "nearest_folder",
    "replacing",
    "write_image",
    "write_labels",
    "write_pages",
]


def write_labels(
    path: PathLike,
    labels: np.ndarray,
    *,
    spacing: float | Sequence[float] | Mapping[str, float] | None = None,
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
    spacing : float, sequence of float, or dict of str to float, optional
        Size of a voxel along (z, y, x), of a pixel along (y, x); one number where all
        are equal; or what is known of "Z", "Y" and "X". A TIFF of maps of one size
        states it as OME does, and in its tags; other files cannot.
    unit : str, optional
        Of the spacing: "um", "nm", "mm", "cm", "m", "pm", "Å" or "inch". A size without
        one is read by few programs, and not by `sksegment.stacks.open_stack`.

    Raises
    ------
    ValueError
        If the labels are no such array, an id is above 65534, the suffix or the unit
        is another, or the spacing is no size.
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
    write_pages(path, labels, spacing=spacing, unit=unit)


def write_pages(path, labels, *, spacing=None, unit=None, leading=None):
    """Do what `write_labels` does, of pages that need not be slices of a volume.

    Parameters
    ----------
    path, labels, spacing, unit
        See `write_labels`.
    leading : dict of str to int, optional
        Letters and lengths of the axes that count the maps, such as
        ``{"T": 9, "Z": 5}``; by default, and where they do not fit, slices.
    """
    path = Path(path)
    maps = _label_maps(labels)
    if not leading or math.prod(leading.values()) != len(maps):
        leading = {"Z": len(maps)}
    sizes = _sizes(spacing, unit, len(maps))
    if path.suffix.lower() in (".tif", ".tiff"):
        _write_tiff(path, maps, sizes, unit, leading if len(maps) > 1 else {})
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


def _sizes(spacing, unit, n_maps):
    """Sizes of a voxel by the letters of their axes."""
    if unit is not None and unit not in OME_UNITS:
        raise ValueError(
            f"unit {unit!r} is none that a TIFF states; choose um, nm, mm, cm, m, pm, "
            "Å or inch"
        )
    if spacing is None:
        return {}
    if isinstance(spacing, Mapping):
        letters, steps = [*spacing], [*spacing.values()]
    else:
        steps = (
            [spacing] * (3 if n_maps > 1 else 2) if np.ndim(spacing) == 0 else spacing
        )
        letters = [*"ZYX"[-len(steps) :]]
    try:
        steps = [float(step) for step in steps]
    except (TypeError, ValueError):
        steps = []
    fits = len(steps) == len(letters) and {*letters} <= {*"ZYX"}
    if not (fits and all(0 < step < np.inf for step in steps)):
        raise ValueError(
            f"spacing {spacing!r} must be positive numbers along (z, y, x), or (y, x) "
            "of a single map"
        )
    return dict(zip(letters, steps, strict=True))


def _write_tiff(path, maps, spacing, unit, leading):
    options = {"photometric": "minisblack", "compression": "zlib"}
    is_stated = bool(spacing) or "T" in leading
    is_ome = is_stated and len({page.shape for page in maps}) == 1
    with replacing(path) as file, tifffile.TiffWriter(file, ome=is_ome) as tif:
        if is_ome:
            axes = "".join([*leading, "YX"])
            metadata = {"axes": axes} | ome_sizes(spacing, unit)
            tif.write(
                iter(maps),
                shape=(*leading.values(), *maps[0].shape),
                dtype=maps[0].dtype,
                maxworkers=1,
                metadata=metadata,
                **options,
                **resolution_tags(spacing, unit),
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


def check_folder(folder, option=None):
    """Refuse a folder that cannot be made or written to, without making it.

    Parameters
    ----------
    folder : str or path-like
    option : str, optional
        By which another one is chosen, for messages.

    Raises
    ------
    NotADirectoryError, PermissionError
    """
    nearest = nearest_folder(folder)
    by = "" if option is None else f" with {option}"
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} is a file; choose a folder{by}")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{nearest} cannot be written to: permission denied; choose another "
            f"folder{by}"
        )


def nearest_folder(folder):
    """Find what exists of a folder: itself, or the one that it will be made in.

    Parameters
    ----------
    folder : str or path-like

    Returns
    -------
    nearest : pathlib.Path
    """
    nearest = Path(folder).absolute()
    while not nearest.exists():
        nearest = nearest.parent
    return nearest


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
