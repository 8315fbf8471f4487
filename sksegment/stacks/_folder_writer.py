"""Label maps as a folder of images, one a slice."""

from pathlib import Path

import tifffile
from PIL import Image

from sksegment._lengths import ome_sizes, resolution_tags
from sksegment._output_files import replacing

__all__ = ["page_names", "write_folder"]

_TIFF_SUFFIXES = (".tif", ".tiff")


def page_names(stack):
    """Name the label map of every slice.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    names : list of str
        Those of the input with ``.png``, or as they are if they are TIFF files; numbers
        where the input has no names, or two would be the same.
    """
    names = [*map(_page_name, stack.names or ())]
    if names and len({name.casefold() for name in names}) == len(stack):
        return names
    n_digits = max(4, len(str(len(stack) - 1)))
    return [f"{index:0{n_digits}d}.png" for index in range(len(stack))]


def _page_name(name):
    name = Path(name)
    suffix = name.suffix if name.suffix.lower() in _TIFF_SUFFIXES else ".png"
    return name.stem + suffix


def write_folder(path, labels):
    """Write every label map to a file of its own.

    Parameters
    ----------
    path : pathlib.Path
        A folder, which need not exist; other files in it are left alone.
    labels : LabelPages
    """
    path.mkdir(parents=True, exist_ok=True)
    for name, page in zip(page_names(labels.stack), labels.pages, strict=True):
        with replacing(path / name) as file:
            if name.lower().endswith(_TIFF_SUFFIXES):
                metadata = _metadata(labels, name)
                is_ome = metadata is not None
                tifffile.imwrite(
                    file,
                    page,
                    compression="zlib",
                    ome=is_ome,
                    metadata=metadata,
                    **resolution_tags(labels.sizes, labels.unit),
                )
            else:
                Image.fromarray(page).save(file, format="PNG")


def _metadata(labels, name):
    """What a TIFF states of the size of its voxels; None if it is not known."""
    if not labels.sizes:
        return None
    stated = ome_sizes(labels.sizes, labels.unit)
    return {"axes": "YX", "UUID": f"urn:uuid:{labels.digest(f' {name}')}", **stated}
