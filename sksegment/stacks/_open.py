"""Open whatever holds slices as a stack."""

import os
from pathlib import Path

import numpy as np

from sksegment.stacks._array_source import array_source, list_source
from sksegment.stacks._axes import settle_axes
from sksegment.stacks._stack import Stack

__all__ = ["open_stack"]


def open_stack(source, *, axes=None, dataset=None):
    """Open a volume, a stack of images or a video, without reading it.

    Parameters
    ----------
    source : array-like, sequence of ndarray
        An array of shape (n, H, W) or (n, H, W, C), also a memmap or of dask or zarr;
        a list of n images.
    axes : str, optional
        Letter of every axis of the data, in their order: Z or T for the axis to slice
        along, Y and X, and C (or S) for channels. Needed where the file does not state
        them and there is more than one way to read them: for 3 axes of which the last
        has 3 or 4 positions, and for 4 axes unless the last has at most 4 and the
        sides have more.
    dataset : str, optional
        Path of the array inside of an HDF5 or zarr file; needed if it holds several.

    Returns
    -------
    stack : Stack

    Raises
    ------
    ValueError
        If the source cannot be read, or its axes are ambiguous or do not fit.
    TypeError
        If it is nothing that holds slices.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.stacks import open_stack
    >>> stack = open_stack(np.zeros((40, 64, 48, 2), np.uint16), axes="YXZC")
    >>> stack
    Stack('array', axes='ZYXC', shape=(48, 40, 64, 2), dtype=uint16)
    >>> stack[-1].shape
    (40, 64, 2)
    """
    if isinstance(source, Stack):
        return source
    found = _find_source(source, dataset)
    letters = settle_axes(found.name, found.shape, axes=axes, stated=found.axes)
    return Stack(found, letters)


def _find_source(source, dataset):
    if isinstance(source, (str, os.PathLike)):
        return _path_source(Path(source).absolute(), dataset)
    if dataset is not None:
        raise ValueError("dataset= names an array in an HDF5 or zarr file, not others")
    if isinstance(source, np.ndarray) and source.dtype == object:
        source = list(source)
    if all(hasattr(source, name) for name in ("shape", "dtype", "__getitem__")):
        return array_source(source)
    if not isinstance(source, (list, tuple)):
        raise TypeError(
            f"a stack is an array, a list of images, or a path; got "
            f"{type(source).__name__}"
        )
    if len(source) == 0:
        raise ValueError("the list is empty: at least one image is needed")
    return list_source(source)


def _path_source(path, dataset):
    raise ValueError(f"{path}: files of this kind cannot be read yet")
