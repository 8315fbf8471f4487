"""A saved model, the header of its file, and files of earlier versions."""

import json
import runpy
from pathlib import Path

import pytest
from safetensors import safe_open
from safetensors.torch import save_file

_FORMAT1 = Path(__file__).parent / "format1"


def _header_of(path):
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["sksegment"])


def _write_with_header(path, source, header):
    with safe_open(source, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={"sksegment": json.dumps(header)})


@pytest.fixture(scope="session")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    fitted.save(path)
    return path


@pytest.fixture(scope="session")
def saved_dense(fitted_dense, tmp_path_factory):
    path = tmp_path_factory.mktemp("dense") / "model.safetensors"
    fitted_dense.save(path)
    return path


@pytest.fixture
def X(make_image):
    return [make_image((32, 40), 3), make_image((25, 33), 3, seed=3)]


@pytest.fixture(scope="session")
def header_of():
    """Read the header of a model file."""
    return _header_of


@pytest.fixture(scope="session")
def write_with_header():
    """Copy a model file with another header."""
    return _write_with_header


@pytest.fixture(scope="session")
def old_files():
    """Return model files of format 1, by their kind."""
    return {kind: _FORMAT1 / f"{kind}.safetensors" for kind in ("sparse", "dense")}


@pytest.fixture(scope="session")
def old_models():
    """Return what the files of format 1 were made with."""
    return runpy.run_path(str(_FORMAT1 / "make_files.py"))
