"""Label maps as OME-Zarr, a chunk a slice."""

import os
import shutil

from sksegment.stacks._encoding import void_of

__all__ = ["identity_in_zarr", "write_zarr"]

_UNITS = {
    "pm": "picometer",
    "Å": "angstrom",
    "nm": "nanometer",
    "um": "micrometer",
    "µm": "micrometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "m": "meter",
}


def write_zarr(path, labels):
    """Write label maps as the array "0" of an OME-Zarr group.

    Parameters
    ----------
    path : pathlib.Path
        A folder; one that was there is replaced once the new one is complete.
    labels : LabelPages
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write_group(temporary, labels)
        _replace(path, temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def identity_in_zarr(path):
    """Read of which run a folder is; see `LabelPages.digest`.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    digest : str or None
        None where the folder does not tell.
    """
    import zarr

    try:
        return zarr.open_group(path, mode="r").attrs["sksegment"]["run"]
    # It may be any folder.
    except Exception:
        return None


def _replace(path, new):
    """Put a folder in the place of another, which stays if this fails."""
    old = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        os.replace(path, old)
    try:
        os.replace(new, path)
    except BaseException:
        if old.exists():
            os.replace(old, path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_group(path, labels):
    import zarr

    # Version 2 of zarr and 0.4 of OME-Zarr are what most viewers read.
    group = zarr.open_group(path, mode="w", zarr_format=2)
    array = group.create_array(
        "0",
        shape=labels.shape,
        dtype=labels.dtype,
        chunks=(1, *labels.shape[1:]),
        fill_value=void_of(labels.dtype),
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )
    for index, page in enumerate(labels.pages):
        array[index] = page
    group.attrs.update(_attributes(labels))


def _attributes(labels):
    scale = {"type": "scale", "scale": [labels.sizes.get(axis, 1.0) for axis in "ZYX"]}
    # A length without a unit is none, for those who read it.
    units = [labels.unit if axis in labels.sizes else None for axis in "ZYX"]
    multiscale = {
        "version": "0.4",
        "name": labels.stack.source,
        "axes": [*map(_axis, labels.axes.lower(), units)],
        "datasets": [{"path": "0", "coordinateTransformations": [scale]}],
    }
    return {
        "multiscales": [multiscale],
        "image-label": {"version": "0.4"},
        "sksegment": {"run": labels.digest()},
    }


def _axis(letter, unit):
    axis = {"name": letter, "type": "time" if letter == "t" else "space"}
    if unit and letter != "t":
        axis["unit"] = _UNITS.get(unit, unit)
    return axis
