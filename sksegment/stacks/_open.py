"""Open whatever holds slices as a stack."""

import contextlib
import importlib
import os
from collections.abc import Mapping
from typing import Any

from sksegment._image_files import ImageFileError, check_path, find_images, naming
from sksegment._tiff_files import is_tiff
from sksegment.stacks._array_source import array_source, list_source, npy_source
from sksegment.stacks._axes import name_axes, one_slicing_axis, positions
from sksegment.stacks._files_source import files_source
from sksegment.stacks._hdf5_source import hdf5_source
from sksegment.stacks._stack import Stack
from sksegment.stacks._tiff_source import tiff_source
from sksegment.stacks._video_source import VIDEO_SUFFIXES, video_source
from sksegment.stacks._zarr_source import is_zarr, zarr_source

__all__ = ["VOLUME_SUFFIXES", "open_stack", "opened"]

# Of files that hold volumes, beside those of videos, and of images that may be one.
VOLUME_SUFFIXES = frozenset((".zarr", ".npy", ".h5", ".hdf5", ".nxs"))

_OPENERS = {
    "npy": npy_source,
    "tiff": tiff_source,
    "video": video_source,
    "image": lambda path: files_source(path.name, [path]),
}
_RAW = "raw numbers state no shape; pass numpy.memmap(path, dtype=..., shape=...)"
_ARRAY_FILES = {
    **dict.fromkeys((".raw", ".vol", ".dat", ".bin"), _RAW),
    ".npz": "it holds several arrays; pass one, numpy.load(path)[name]",
    ".mrc": "pass its array, mrcfile.mmap(path).data",
    ".nrrd": 'pass its array, nrrd.read(path)[0], with axes="XYZ"',
    ".nii": 'pass its array, nibabel.load(path).get_fdata(), with axes="XYZ"',
}
_NO_DATASET = "dataset= names an array in an HDF5 or zarr file, not in other sources"


def open_stack(
    source: Any,
    *,
    axes: str | None = None,
    dataset: str | None = None,
    at: Mapping[str, int] | None = None,
) -> Stack:
    """Open a volume, a stack of images or a video, without reading it.

    Parameters
    ----------
    source : array-like, sequence, str or path-like
        One of

        - an array of shape (n, H, W) or (n, H, W, C), of numpy, dask, zarr or HDF5;
        - a list of n images of one shape, or of n image files;
        - a folder of image files, in natural order: ``slice2`` before ``slice10``;
        - a TIFF file of any kind, with ImageJ's and OME's axes and size of voxels;
        - a ``.npy`` file, an HDF5 or NeXus file, a zarr array, an OME-Zarr image;
        - a video, of shape (n, H, W, 3), or (n, H, W) if it is grey.
    axes : str, optional
        Letter of every axis of the data, in their order: Z or T for the axis to slice
        along, Y and X, and C (or S) for channels. Needed where the file does not state
        them and there is more than one way to read them: for 3 axes of which the last
        has 3 or 4 positions, and for 4 axes unless the last has at most 4 and the
        sides have more.
    dataset : str, optional
        Path of the array inside of an HDF5 or zarr file, or of a group with one, by
        itself or a link; needed if there are several.
    at : dict of str to int, optional
        Position to take of an axis, Z, T or C, counted from 0: of a volume in time
        ``{"T": 3}`` is the volume at one time, ``{"Z": 10}`` one slice at all times,
        ``{"C": 0}`` one channel.

    Returns
    -------
    stack : Stack

    Raises
    ------
    ValueError
        If the source cannot be read, or its axes are ambiguous or do not fit.
    TypeError
        If it is nothing that holds slices.
    ImportError
        If a package that reads such files is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.stacks import open_stack
    >>> stack = open_stack(np.zeros((40, 64, 48, 2), np.uint16), axes="YXZC")
    >>> stack
    Stack('array', axes='ZYXC', shape=(48, 40, 64, 2), dtype=uint16)
    >>> stack[-1].shape
    (40, 64, 2)
    >>> cells = np.zeros((9, 5, 64, 48), np.uint16)  # a volume in time
    >>> open_stack(cells, axes="TZYX", at={"T": 3})
    Stack('array', axes='ZYX', shape=(5, 64, 48), dtype=uint16)
    """
    if isinstance(source, Stack):
        differ = axes is not None and str(axes).upper() != source.axes
        if differ or dataset is not None or at is not None:
            raise ValueError(
                f"{source!r} is open already; pass axes=, dataset= and at= when it is "
                "opened"
            )
        return source
    found = _find_source(source, dataset)
    _check_dtype(found.name, found.dtype)
    letters = name_axes(
        found.name,
        found.shape,
        axes=axes,
        stated=found.axes,
        is_file=isinstance(source, (str, os.PathLike)),
    )
    if at is not None:
        found, letters = _at(found, letters, at)
    return Stack(found, one_slicing_axis(found.name, found.shape, letters))


def _at(source, letters, at):
    """Take one position of some axes; a channel alone is no axis any more."""
    for place, index in positions(source.name, source.shape, letters, at).items():
        source = source.at(place, index)
        if letters[place] == "C":
            letters = letters.replace("C", "_")
    return source, letters


@contextlib.contextmanager
def opened(source, *, axes=None, dataset=None):
    """Open a stack for a while; one that the caller has opened stays open.

    Parameters
    ----------
    source, axes, dataset
        See `open_stack`.

    Yields
    ------
    stack : Stack
    """
    stack = open_stack(source, axes=axes, dataset=dataset)
    with contextlib.nullcontext() if stack is source else stack:
        yield stack


def _find_source(source, dataset):
    if isinstance(source, (str, os.PathLike)):
        return _path_source(check_path(source).absolute(), dataset)
    if dataset is not None:
        raise ValueError(_NO_DATASET)
    if all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__")):
        if source.dtype != object:
            return array_source(source)
        source = list(source)
    if not isinstance(source, (list, tuple)):
        raise TypeError(
            "a stack is an array, a list of images, or a path; got "
            f"{type(source).__name__}"
        )
    if len(source) == 0:
        raise ValueError("the list is empty: at least one image is needed")
    if all(isinstance(path, (str, os.PathLike)) for path in source):
        return files_source("list", [check_path(path).absolute() for path in source])
    return list_source(source)


def _path_source(path, dataset):
    if is_zarr(path):
        _import("zarr", path)
        return zarr_source(path, dataset)
    if path.is_dir():
        kind = "folder"
    else:
        with naming(path):
            kind = _kind(path)
    if kind == "hdf5":
        _import("h5py", path)
        with naming(path):
            return hdf5_source(path, dataset)
    if dataset is not None:
        raise ValueError(_NO_DATASET)
    return _plain_source(path, kind)


def _plain_source(path, kind):
    if kind == "folder":
        return files_source(path.name, _without_overlays(find_images([path])), path)
    if kind == "video":
        _import("av", path)
    with naming(path):
        if kind == "raw":
            advice = _ARRAY_FILES[path.suffix.lower()]
            raise ImageFileError(f"{path} cannot be read: {advice}")
        return _OPENERS[kind](path)


def _without_overlays(paths):
    """Leave out the pictures that are written beside label maps, to be looked at."""
    names = {path.stem for path in paths}
    overlays = {
        f"{name.removesuffix('_labels')}_overlay"
        for name in names
        if name.endswith("_labels")
    }
    return [path for path in paths if path.stem not in overlays]


def _kind(path):
    with open(path, "rb") as file:
        magic = file.read(8)
    suffix = path.suffix.lower()
    if magic.startswith(b"\x93NUMPY"):
        return "npy"
    if magic == b"\x89HDF\r\n\x1a\n":
        return "hdf5"
    if is_tiff(path):
        return "tiff"
    if suffix in _ARRAY_FILES:
        return "raw"
    return "video" if suffix in VIDEO_SUFFIXES else "image"


def _import(module, path):
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"reading {path.name} needs {module}, which is not installed: pip install "
            '"sksegment[stacks]"'
        ) from error


def _check_dtype(name, dtype):
    if dtype.kind == "c":
        raise ValueError(f"{name} is complex; pass its magnitude, numpy.abs")
    if dtype.kind not in "buif":
        raise ValueError(f"{name} has dtype {dtype}; expected numbers")
