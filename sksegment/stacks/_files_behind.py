"""Files that an array is read from, so that they are not replaced by its labels."""

import functools
import os
import sys
from pathlib import Path

import numpy as np

__all__ = ["ZARR_FILES", "files_behind"]

#: Of an array or a group, in the versions 3 and 2.
ZARR_FILES = ("zarr.json", ".zarray", ".zgroup")


def files_behind(*arrays):
    """Find the files that arrays are read from, as far as they can be told.

    Parameters
    ----------
    *arrays : array-like
        Of numpy: a view of a memmap, of any shape. Of zarr or HDF5. Of dask: all that
        its graph reads, and all files that are named there.

    Returns
    -------
    paths : set of pathlib.Path
        Files, and folders of zarr arrays, that exist.
    """
    return {path for array in arrays for path in _found(array) if path.exists()}


def _found(node):
    if isinstance(node, np.ndarray):
        yield from _mapped(node)
    elif isinstance(node, str | os.PathLike):
        yield from _named(node)
    elif hasattr(node, "__dask_graph__"):
        for task in (node.__dask_graph__() or {}).values():
            yield from _in_task(task)
    else:
        yield from _opened(node)


def _mapped(array):
    """File of the memmap that an array is a view of."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and array.filename is not None:
            yield Path(array.filename)
            return
        array = array.base


def _named(name):
    path = Path(name)
    try:
        # A folder may be named for the files in it.
        if path.is_file() or any((path / file).is_file() for file in ZARR_FILES):
            yield path
    # Not every text can be a name.
    except (OSError, ValueError):
        pass


def _opened(array):
    """File or folder of an open array of zarr or HDF5."""
    package = type(array).__module__.partition(".")[0]
    if package == "zarr" and hasattr(array, "store"):
        root = getattr(array.store, "root", getattr(array.store, "path", None))
        if isinstance(root, str | os.PathLike):
            yield Path(root) / array.path
    elif package == "h5py" and hasattr(array, "file"):
        yield Path(os.fsdecode(array.file.filename))


def _in_task(task):
    """All that a task of dask is given, which is a tuple in its older versions."""
    if isinstance(task, tuple | list):
        for part in task:
            yield from _in_task(part)
    elif isinstance(task, dict):
        yield from _in_task([*task.values()])
    elif isinstance(task, functools.partial):
        yield from _in_task([task.args, task.keywords])
    elif _is_node(task):
        for name in ("func", "args", "kwargs", "value"):
            yield from _in_task(getattr(task, name, ()))
    else:
        yield from _found(task)


def _is_node(task):
    spec = sys.modules.get("dask._task_spec")
    return spec is not None and isinstance(task, spec.GraphNode)
