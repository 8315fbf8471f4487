"""Datasets of HDF5 and NeXus files as sources."""

import functools
import os
from pathlib import Path

import numpy as np

from sksegment.stacks._array_source import chunk_thickness, read_array
from sksegment.stacks._dimensions import named_axes
from sksegment.stacks._source import (
    LazyFile,
    Source,
    choose_dataset,
)

__all__ = ["hdf5_source"]


def hdf5_source(path, dataset=None):
    """Make a source of a dataset in an HDF5 file.

    Parameters
    ----------
    path : pathlib.Path
    dataset : str, optional
        Path inside of the file; by default the only dataset of 3 or 4 axes, or
        without such ones of 5.

    Returns
    -------
    source : Source
        With the axes that labels of its dimensions or ilastik's ``axistags`` state, and
        the size of voxels if the dataset has an attribute ``element_size_um``.

    Raises
    ------
    ImageFileError
        If there is no such dataset, or there are several.
    """
    file = LazyFile(_open_file, path)
    with file.lend() as hdf5:
        wanted = _choose(path.name, hdf5, dataset)
        found = hdf5[wanted]
        spacing = _voxel_size(found)
        source = Source(
            f"{path.name}:{wanted}",
            tuple(found.shape),
            found.dtype,
            functools.partial(_read, file, wanted),
            chunk_thickness(found),
            axes=named_axes(found),
            spacing=spacing,
            unit="um" if spacing else None,
            paths=(path, *_linked_files(path, found)),
            close=file.close,
        )
    file.close()
    return source


def _open_file(path):
    import h5py

    return h5py.File(path, "r")


def _read(file, dataset, cuts):
    with file.lend() as hdf5:
        return read_array(hdf5[dataset], cuts)


def _choose(name, hdf5, dataset):
    # A link to another file is followed only when it is named.
    named = hdf5.get(dataset) if dataset else None
    if hasattr(named, "shape"):
        return f"/{dataset.strip('/')}"
    found = _arrays_in(hdf5, "")
    if hasattr(named, "visititems"):
        group = f"/{dataset.strip('/')}".rstrip("/")
        # It may be a link itself.
        found |= _arrays_in(named, group)
        found |= _linked_arrays(named, group, [*found.items()])
    shapes = {path: node.shape for path, node in found.items()}
    return choose_dataset(name, shapes, dataset)


def _arrays_in(group, path):
    """Arrays by their paths, each once, without those behind links."""
    found = {}

    def note(key, node):
        if _is_array(node):
            found[f"{path}/{key}"] = node

    group.visititems(note)
    return found


def _linked_arrays(group, path, found):
    """Arrays that a group names by links within the file, as NeXus does."""
    import h5py

    inside = [node for key, node in found if key.startswith(f"{path}/")]
    links = {
        f"{path}/{key}": group.get(key)
        for key in group
        if isinstance(group.get(key, getlink=True), h5py.SoftLink)
    }
    return {
        key: node
        for key, node in links.items()
        if _is_array(node) and node not in inside
    }


def _is_array(node):
    return hasattr(node, "shape") and node.dtype.kind in "buif"


def _linked_files(path, dataset):
    """Other files that hold what is in a dataset, as far as they are there."""
    home = Path(os.fsdecode(dataset.file.filename))
    names = [home, *(name for name, *_ in dataset.external or ())]
    if dataset.is_virtual:
        names += [source.file_name for source in dataset.virtual_sources()]
    files = dict.fromkeys(home.parent / os.fsdecode(name) for name in names)
    return [file for file in files if file.is_file() and not file.samefile(path)]


def _voxel_size(dataset):
    sizes = np.ravel(dataset.attrs.get("element_size_um", ()))
    return dict(zip("ZYX", map(float, sizes), strict=True)) if len(sizes) == 3 else {}
