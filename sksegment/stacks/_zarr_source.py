"""Zarr arrays and OME-Zarr images as sources."""

import numpy as np

from sksegment._image_files import ImageFileError
from sksegment.stacks._array_source import array_source
from sksegment.stacks._files_behind import ZARR_FILES
from sksegment.stacks._source import choose_dataset
from sksegment.stacks._voxels import voxel_size

__all__ = ["is_zarr", "zarr_source"]


def is_zarr(path):
    """Whether a folder is a zarr array or group.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    answer : bool
    """
    return any((path / name).is_file() for name in ZARR_FILES)


def zarr_source(path, dataset=None):
    """Make a source of a zarr array, or of an image of OME-Zarr.

    Parameters
    ----------
    path : pathlib.Path
        Folder of an array or a group, of zarr's version 2 or 3.
    dataset : str, optional
        Path of the array in the group; by default the full resolution of an OME-Zarr
        image, the only one at any depth, or the only array of 3 or 4 axes.

    Returns
    -------
    source : Source
        With the axes, and the size of voxels, that OME-Zarr states, also of an array
        whose path is given; else with the axes that are names of its dimensions.

    Raises
    ------
    ImageFileError
        If the array cannot be opened, there is none, or there are several.
    """
    import zarr

    try:
        root = zarr.open(str(path), mode="r")
        if hasattr(root, "shape") and is_zarr(path.parent):
            image = zarr.open(str(path.parent), mode="r")
            if _multiscale(image, path.name):
                path, root, dataset = path.parent, image, path.name
        return _find(path, root, dataset)
    except ImageFileError:
        raise
    # Metadata are JSON by anybody's hand: what they lack shows in many ways.
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ImageFileError(f"{path} cannot be opened as zarr: {reason}") from error


def _find(path, root, dataset):
    if hasattr(root, "shape"):
        return _source(path, root, path.name)
    image, level = _choose(path.name, root, (dataset or "").strip("/"))
    parent = root[image] if image else root
    stated = _multiscale(parent, level)
    axes, (spacing, unit) = _axes(stated, parent[level].ndim), _size(stated, level)
    name = f"{path.name}/{image}/{level}".replace("//", "/")
    return _source(path, parent[level], name, axes=axes, spacing=spacing, unit=unit)


def _source(path, array, name, **options):
    metadata = [path / file for file in ZARR_FILES]
    paths = tuple(file for file in metadata if file.is_file())
    # Where the chunks are, and no other array of the group.
    folders = (path / array.path,)
    return array_source(array, name, paths=paths, folders=folders, **options)


def _choose(name, root, dataset):
    """Name the group and the array in it."""
    node = root.get(dataset) if dataset else root
    if node is not None and not hasattr(node, "shape"):
        for stated in _multiscales(node):
            return dataset, stated["datasets"][0]["path"]
    if not hasattr(node, "shape"):
        shapes = _candidates(root, dataset)
        dataset = choose_dataset(name, shapes, dataset or None).strip("/")
    image, _, level = dataset.rpartition("/")
    return image, level


def _candidates(root, dataset):
    """Shapes of the OME-Zarr images by their paths; of all arrays without any."""
    nodes = sorted(root.members(max_depth=None))
    arrays = {f"/{key}": node.shape for key, node in nodes if hasattr(node, "shape")}
    folder = f"{dataset}/" if dataset else ""
    images = [
        f"/{key}/{stated['datasets'][0]['path']}"
        for key, node in nodes
        if key.startswith(folder) and not _is_of_labels(key)
        for stated in _multiscales(node)[:1]
    ]
    return {path: arrays[path] for path in images} or arrays


def _is_of_labels(key):
    """Whether a group is of labels, which OME-Zarr keeps within their image."""
    return "labels" in key.split("/")


def _multiscales(group):
    attributes = group.attrs.asdict()
    return attributes.get("ome", attributes).get("multiscales", [])


def _multiscale(group, level):
    for stated in _multiscales(group):
        if level in [entry["path"] for entry in stated["datasets"]]:
            return stated
    return {}


def _axes(stated, ndim):
    if "axes" in stated:
        return "".join(_axis_name(axis).upper()[:1] for axis in stated["axes"])
    # The first versions knew images of five axes only.
    return "TCZYX" if stated and ndim == 5 else None


def _axis_name(axis):
    return axis if isinstance(axis, str) else axis["name"]


def _size(stated, level):
    axes = stated.get("axes", [])
    entry = [entry for entry in stated.get("datasets", []) if entry["path"] == level]
    scale = np.ones(len(axes))
    steps = [step for part in (*entry, stated) for step in _scales(part)]
    for step in steps:
        scale = scale * step
    sizes = {
        axis["name"].upper(): (length, axis.get("unit", ""))
        for axis, length in zip(axes, scale, strict=True)
        if steps and not isinstance(axis, str) and axis["name"].upper() in "ZYX"
    }
    return voxel_size(sizes)


def _scales(part):
    steps = part.get("coordinateTransformations", [])
    return [np.asarray(step["scale"]) for step in steps if step["type"] == "scale"]
