"""Arrays as sources: in memory, mapped from a file, of dask, zarr or HDF5."""

import functools
import math
import mmap
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sksegment.stacks._dimensions import named_axes
from sksegment.stacks._files_behind import files_behind
from sksegment.stacks._source import Source, cut_shape, page_source

__all__ = [
    "array_source",
    "chunk_thickness",
    "list_source",
    "mapped_source",
    "npy_source",
    "read_array",
]

# A mapping counts as memory in use, so no more than this is mapped at a time.
_MAPPED_BYTES = 16 * 2**20
# Of both ends of an array, by which its file is known again.
_COMPARED_BYTES = 4096


def array_source(array, name="array", **options):
    """Make a source of one array.

    Parameters
    ----------
    array : array-like
        With a shape, a dtype, and slices that can become numpy arrays.
    name : str
    **options : object
        Further attributes of the `Source`. Without axes, those count that the names of
        the dimensions tell.

    Returns
    -------
    source : Source

    Raises
    ------
    ValueError
        If the array is masked, or its shape is not known.
    TypeError
        If its dtype is none of numpy.
    """
    _check_array(array, name)
    if isinstance(array, np.ndarray) and (source := _memmap_source(array)):
        return source
    shape = tuple(map(int, array.shape))
    is_dask = hasattr(array, "__dask_graph__")
    read = _DaskReader(array) if is_dask else functools.partial(read_array, array)
    options = {**_known_files(array), **options}
    options["axes"] = options.get("axes") or named_axes(array)
    options["in_memory"] = isinstance(array, np.ndarray)
    options["behind"] = functools.partial(files_behind, array)
    return Source(
        name, shape, np.dtype(array.dtype), read, chunk_thickness(array), **options
    )


def _known_files(array):
    """Files that an open array of zarr or HDF5 is read from, as far as they are known.

    Returns
    -------
    files : dict
        ``paths`` and ``folders`` of the `Source`.
    """
    package = type(array).__module__.partition(".")[0]
    if package == "zarr":
        root = getattr(array.store, "root", None)
        folder = None if root is None else Path(root) / array.path
        return {"folders": (folder,)} if folder and folder.is_dir() else {}
    # A file that is open for writing may change without its data.
    if package == "h5py" and array.file.mode == "r":
        path = Path(os.fsdecode(array.file.filename))
        return {"paths": (path,)} if path.is_file() else {}
    return {}


def _check_array(array, name):
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array; pass its data, and label it after")
    if any(math.isnan(length) for length in array.shape):
        raise ValueError(
            f"{name} has the shape {array.shape}, of which not all is known; call "
            "compute_chunk_sizes() of the dask array first"
        )
    try:
        np.dtype(array.dtype)
    except TypeError as error:
        raise TypeError(
            f"{name} is {array.dtype}, which numpy does not know; pass "
            "numpy.asarray(array)"
        ) from error


@dataclass(frozen=True)
class _DaskReader:
    """Reads a part of a dask array; in another process without a cluster.

    On a worker a slice is read within a task. If that waited for tasks of its own,
    these would wait for the threads of others, which wait for the chunk it reads.
    """

    array: Any
    scheduler: str | None = None

    def __call__(self, cuts):
        return np.asarray(self.array[cuts].compute(scheduler=self.scheduler))

    def __reduce__(self):
        distributed = sys.modules.get("distributed")
        if distributed and distributed.futures_of(self.array):
            raise TypeError("chunks that are kept on a cluster are read through it")
        return type(self), (self.array, "synchronous")


def read_array(array, cuts):
    """Read a part of an array; see `Source`."""
    return np.asarray(array[cuts])


def chunk_thickness(array):
    """How many slices along each axis are worth reading together; see `Source`."""
    if isinstance(array, np.ndarray):
        return (1,) * array.ndim
    chunk = getattr(array, "chunksize", None) or getattr(array, "chunks", None)
    return tuple(map(int, chunk or (1, *array.shape[1:])))


def list_source(images):
    """Make a source of a list of images of one shape.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W) or (H, W, C)

    Returns
    -------
    source : Source

    Raises
    ------
    ValueError
        If the images are no arrays of numbers, or of different shapes or dtypes.
    """
    behind = functools.partial(files_behind, *images)
    images = [np.asanyarray(image) for image in images]
    first = images[0]
    for index, image in enumerate(images):
        _check_array(image, f"image {index} of the list")
        if image.ndim not in (2, 3):
            raise ValueError(
                f"image {index} of the list has shape {image.shape}; expected (H, W) "
                "or (H, W, C)"
            )
        if (image.shape, image.dtype) != (first.shape, first.dtype):
            raise ValueError(
                f"image {index} of the list is {image.dtype} of shape {image.shape}, "
                f"but image 0 is {first.dtype} of shape {first.shape}; a stack has "
                "slices of one kind"
            )
    shape = (len(images), *first.shape)
    axes = "ZYXC"[: len(shape)]
    return page_source(
        "list",
        images.__getitem__,
        shape,
        first.dtype,
        axes=axes,
        in_memory=True,
        behind=behind,
    )


def npy_source(path):
    """Make a source of a ``.npy`` file.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    source : Source
    """
    array = np.lib.format.open_memmap(path, mode="r")
    return mapped_source(path, array.dtype, array.offset, array.shape, _order(array))


def mapped_source(path, dtype, offset, shape, order="C", **options):
    """Make a source of an array that lies in a file as it is.

    Parameters
    ----------
    path : pathlib.Path
    dtype : numpy.dtype
    offset : int
        Where in the file it begins.
    shape : tuple of int
    order : {"C", "F"}, default="C"
    **options : object
        Further attributes of the `Source`.

    Returns
    -------
    source : Source
    """
    thickness = (1, *shape[1:])
    read = functools.partial(_read_mapped, path, dtype, offset, shape)
    if order == "F":
        thickness = (*shape[:-1], 1)
        read = functools.partial(_read_mapped, path, dtype, offset, shape[::-1])
        read = functools.partial(_read_transposed, read)
    options = {"name": path.name, "paths": (path,), **options}
    return Source(
        shape=tuple(shape), dtype=dtype, read=read, thickness=thickness, **options
    )


def _read_transposed(read, cuts):
    return read(cuts[::-1]).T


def _read_mapped(path, dtype, offset, shape, cuts):
    """Copy a part of a file, mapping no more of it at a time than is needed."""
    first, last, _ = cuts[0].indices(shape[0])
    block = np.empty(cut_shape(shape, cuts), dtype)
    row_bytes = math.prod(shape[1:]) * dtype.itemsize
    step = max(1, _MAPPED_BYTES // row_bytes)
    for row in range(first, last, step):
        end = min(row + step, last)
        rows = np.memmap(
            path, dtype, "r", offset + row * row_bytes, (end - row, *shape[1:])
        )
        block[row - first : end - first] = rows[:, *cuts[1:]]
    return block


def _memmap_source(array):
    """Make a source of the file behind a memmap, or None if it cannot be told."""
    root = array
    while isinstance(root.base, np.ndarray):
        root = root.base
    order = _order(array)
    mapped = isinstance(root, np.memmap) and isinstance(root.base, mmap.mmap)
    if not mapped or None in (root.filename, order) or root.mode == "c":
        return None
    # The offset that a view names is the one of the whole.
    offset = root.offset + _address(array) - _address(root)
    if not _is_still_there(root.filename, offset, array, order):
        return None
    layout = (array.dtype, offset, array.shape, order)
    return mapped_source(Path(root.filename), *layout, part=f"{order} {offset}")


def _is_still_there(path, offset, array, order):
    """Whether the file is the one that was mapped: it may be gone, or another one."""
    try:
        with Path(path).open("rb") as file:
            if file.seek(0, os.SEEK_END) < offset + array.nbytes:
                # What was cut off cannot be read from memory either.
                return True
            pixels = array.ravel(order).view(np.uint8)
            last = max(0, pixels.size - _COMPARED_BYTES)
            return all(
                _are_at(file, offset + start, pixels[start : start + _COMPARED_BYTES])
                for start in (0, last)
            )
    except OSError:
        return False


def _are_at(file, place, values):
    file.seek(place)
    return file.read(values.size) == values.tobytes()


def _address(array):
    return array.__array_interface__["data"][0]


def _order(array):
    if array.flags.c_contiguous:
        return "C"
    return "F" if array.flags.f_contiguous else None
