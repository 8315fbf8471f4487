"""Versions of what results depend on, for reports, and for reports of bugs."""

import os
import platform
from importlib import metadata

__all__ = ["show_versions", "versions"]

_DECIDING = (
    *("sksegment", "numpy", "scipy", "scikit-image", "scikit-learn"),
    *("torch", "skorch"),
)
_OTHERS = (
    *("joblib", "networkx", "pillow", "safetensors", "threadpoolctl", "tifffile"),
    *("tqdm", "av", "dask", "distributed", "h5py", "imagecodecs", "jinja2"),
    *("matplotlib", "pandas", "pooch", "zarr", "napari", "magicgui", "qtpy", "PyQt6"),
)


def versions() -> dict[str, str]:
    """Versions of what the labels depend on.

    Returns
    -------
    versions : dict of str to str
    """
    found = {name: metadata.version(name) for name in _DECIDING}
    return {**found, "Python": platform.python_version()}


def show_versions() -> None:
    """Print what a report of a bug should tell of the machine and the packages.

    Examples
    --------
    >>> import sksegment
    >>> sksegment.show_versions()
    Python: ...
    system: ...
    """
    for name, value in _machine().items():
        print(f"{name}: {value}")
    print()
    for name in (*_DECIDING, *_OTHERS):
        print(f"{name}: {_version_of(name)}")


def _machine():
    import torch

    from sksegment.training import choose_device, choose_dtype

    device = choose_device("auto")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return {
        "Python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": name,
        "precision": str(choose_dtype("auto", device)).removeprefix("torch."),
    }


def _version_of(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
