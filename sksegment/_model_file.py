"""The model file: tensors and a JSON header in one safetensors file, no pickle.

The file of version 1 has in its metadata, under ``sksegment``, one JSON object with
the keys ``format``, ``class``, ``params``, ``superpixels``, ``fitted`` and
``versions``; its tensors are named ``net/...`` for the weights, ``fitted/...`` for
arrays of the estimator, ``labels/<i>`` for the maps of the training images and
``param/<i>`` for parameters that are arrays. Beside the header stands, under
``sha256``, the digest of header and tensors; the earliest files have none.
"""

import hashlib
import json
import os
import platform
import secrets
import stat
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

__all__ = [
    "FORMAT",
    "ModelFileError",
    "check_class",
    "decode",
    "encode",
    "read_file",
    "write_file",
]

FORMAT = 1
# What the metadata may hold; ``format`` is what other programs say of the framework.
_KEYS = frozenset({"sksegment", "sha256", "format"})
_PACKAGES = ("sksegment", "torch", "scikit-learn", "scikit-image", "skorch", "numpy")


class ModelFileError(ValueError):
    """A model file that cannot be read or must not be trusted."""


def write_file(path, header, tensors):
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    header : dict
        What JSON can hold.
    tensors : dict of str to tensor

    Raises
    ------
    OSError
        If the file cannot be written; one that was there before is still whole.
    """
    path = Path(path)
    header = {"format": FORMAT, **header, "versions": _versions()}
    text = json.dumps(header, allow_nan=True)
    tensors = {name: value.detach().cpu().clone() for name, value in tensors.items()}
    tensors = {name: value.contiguous() for name, value in tensors.items()}
    metadata = {"sksegment": text, "sha256": _digest(text, tensors)}
    if not path.parent.is_dir():
        raise FileNotFoundError(f"cannot write {path}: there is no such folder")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    permissions = _make_file(temporary)
    try:
        save_file(tensors, temporary, metadata=metadata)
        _flush(temporary)
        os.chmod(temporary, permissions)
        os.replace(temporary, path)
    except SafetensorError as error:
        raise OSError(f"cannot write {path}: {error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def _make_file(path):
    """Make a new file; return the permissions that any new one has."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    try:
        return stat.S_IMODE(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def read_file(path):
    """Read a model file.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    header : dict
    tensors : dict of str to tensor

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ModelFileError
        If it is no model file, is damaged, or is of a newer version.

    Notes
    -----
    The file is mapped into memory: nothing larger than the file is allocated, whatever
    its header says.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no model file {path}")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            header = _header(metadata, path)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelFileError(
            f"{path} is damaged or no safetensors file: {error}"
        ) from error
    _check_digest(metadata, tensors, path)
    return header, tensors


def _digest(text, tensors):
    """SHA-256 of header and tensors, wherever in the file they are."""
    digest = hashlib.sha256(text.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _check_digest(metadata, tensors, path):
    expected = metadata.get("sha256")
    if metadata.keys() - _KEYS:
        raise ModelFileError(f"{path} is damaged: its metadata have unknown keys")
    if expected not in (None, _digest(metadata["sksegment"], tensors)):
        raise ModelFileError(
            f"{path} is damaged: its contents have changed since it was written; copy "
            "it again"
        )


def _header(metadata, path):
    try:
        header = json.loads(metadata["sksegment"])
        found = header["format"]
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ModelFileError(f"{path} is not a model of sksegment") from error
    if not isinstance(found, int) or not 1 <= found <= FORMAT:
        written_by = header.get("versions", {}).get("sksegment", "a newer version")
        raise ModelFileError(
            f"{path} has format {found}, written by sksegment {written_by}; this "
            f"version reads up to {FORMAT}: upgrade sksegment"
        )
    return header


def _versions():
    found = {name: version(name) for name in _PACKAGES}
    return {**found, "python": platform.python_version()}


def _flush(path):
    """Wait until a file is on the disk, so that a power cut leaves no empty one."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def check_class(class_):
    """Refuse an estimator of which a file could not be read: only ours are made anew.

    Raises
    ------
    ValueError
    """
    if class_.__module__.partition(".")[0] != "sksegment":
        raise ValueError(
            f"{class_.__qualname__} cannot be saved: a file holds no code, and only "
            "the classes of sksegment are made anew from it; pickle it instead"
        )


def encode(value, name, tensors):
    """Turn a parameter into what JSON can hold.

    Parameters
    ----------
    value : object
        A number, text, container, slice, array or nested estimator.
    name : str
        Of the parameter, for the message.
    tensors : dict
        Arrays are added to it.

    Raises
    ------
    ValueError
        If the value is code or unknown.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, torch.device):
        return str(value)
    if isinstance(value, (list, tuple)):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return {kind: [encode(item, name, tensors) for item in value]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, np.ndarray):
        key = f"param/{len(tensors)}"
        native = value.dtype.newbyteorder("=")
        tensors[key] = torch.from_numpy(np.array(value, dtype=native))
        return {"array": key}
    if isinstance(value, (np.random.RandomState, np.random.Generator)):
        # Only its state at the time of the fit would mean anything.
        return None
    if hasattr(value, "get_params"):
        check_class(type(value))
        params = value.get_params(deep=False)
        encoded = {k: encode(v, f"{name}__{k}", tensors) for k, v in params.items()}
        return {"estimator": type(value).__name__, "params": encoded}
    raise ValueError(
        f"{name}={value!r} cannot be saved: a model file holds no code; use pickle for "
        "your own use, or a parameter that is data"
    )


def decode(value, classes, tensors):
    """Undo `encode`.

    Parameters
    ----------
    value : object
    classes : dict of str to class
        Nested estimators that may be made.
    tensors : dict of str to tensor

    Returns
    -------
    value : object
    """
    if not isinstance(value, dict):
        return value
    if "estimator" in value:
        params = {k: decode(v, classes, tensors) for k, v in value["params"].items()}
        return classes[value["estimator"]](**params)
    if "slice" in value:
        return slice(*value["slice"])
    if "array" in value:
        return tensors[value["array"]].numpy()
    container = tuple if "tuple" in value else list
    items = value[container.__name__]
    return container(decode(item, classes, tensors) for item in items)
