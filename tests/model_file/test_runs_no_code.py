"""Nothing in a model file is ever executed, wherever it is planted."""

import ast
import base64
import contextlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from sksegment import _model_file, _persistence, io
from sksegment.io import ModelFileError, load_model

RUNS_CODE = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "marshal", "shelve"}


class Trap:
    """Make a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def marker(tmp_path):
    """File that the trap makes; the trap works."""
    path = tmp_path / "executed"
    pickle.loads(pickle.dumps(Trap(path)))
    assert path.exists()
    path.unlink()
    return path


@pytest.mark.parametrize("suffix", [".pkl", ".pt", ".pth", ".safetensors", ".npy", ""])
@pytest.mark.parametrize("writer", ["pickle", "torch", "torch legacy"])
def test_pickle_of_any_name_is_refused_and_not_executed(
    writer, suffix, marker, tmp_path
):
    path = tmp_path / f"model{suffix}"
    if writer == "pickle":
        path.write_bytes(pickle.dumps(Trap(marker)))
    else:
        zipped = writer == "torch"
        torch.save(Trap(marker), path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelFileError, match="damaged or no safetensors file"):
        load_model(path)
    assert not marker.exists()


def test_model_renamed_to_pickle_suffixes_is_still_read(saved, tmp_path, fitted):
    for suffix in (".pkl", ".pt"):
        path = tmp_path / f"model{suffix}"
        path.write_bytes(saved.read_bytes())
        assert load_model(path).loss_ == fitted.loss_


@pytest.mark.parametrize("key", ["sksegment", "sha256", "format", "pickle"])
@pytest.mark.parametrize("protocol", [0, 5])
def test_pickle_in_the_metadata_is_not_executed(key, protocol, marker, saved, tmp_path):
    with safe_open(saved, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    planted = pickle.dumps(Trap(marker), protocol)
    path = tmp_path / "planted.safetensors"
    for text in (planted.decode("latin-1"), base64.b64encode(planted).decode()):
        save_file(tensors, path, metadata=metadata | {key: text})
        try:
            load_model(path)
        except ModelFileError:
            pass
        else:
            # What other programs write there is not read at all.
            assert key == "format"
        assert not marker.exists()


@pytest.mark.parametrize(
    "place",
    [
        ("class",),
        ("params", "random_state"),
        ("params", "superpixels"),
        ("params", "patches", "params", "region"),
        ("superpixels", "params", "method"),
        ("superpixels", "params", "mask"),
        ("fitted", "history"),
        ("fitted", "loss_"),
        ("versions", "sksegment"),
    ],
    ids=".".join,
)
def test_pickle_in_a_field_of_the_header_is_not_executed(
    place, marker, saved, tmp_path, header_of, write_with_header
):
    path = tmp_path / "planted.safetensors"
    planted = pickle.dumps(Trap(marker), 0).decode("latin-1")
    for value in (planted, {"pickle": planted}, {"estimator": planted, "params": {}}):
        header = header_of(saved)
        target = header
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = value
        write_with_header(path, saved, header)
        with contextlib.suppress(ModelFileError):
            load_model(path)
        assert not marker.exists()


def test_pickle_in_a_tensor_is_not_executed(marker, saved, tmp_path):
    with safe_open(saved, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = {"sksegment": file.metadata()["sksegment"]}
    planted = torch.frombuffer(bytearray(pickle.dumps(Trap(marker))), dtype=torch.uint8)
    path = tmp_path / "planted.safetensors"
    for name in ("fitted/label_colors", "labels/0", "net/encoder.head.weight"):
        save_file(tensors | {name: planted}, path, metadata=metadata)
        with contextlib.suppress(ModelFileError):
            load_model(path)
        assert not marker.exists()


@pytest.mark.parametrize("module", [_model_file, _persistence, io])
def test_load_path_has_nothing_that_runs_code(module):
    tree = ast.parse(Path(module.__file__).read_text())
    imported, called = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call):
            called.add(ast.unparse(node.func))
    assert {"numpy", "sksegment"} & imported
    assert not imported & RUNS_CODE
    assert not called & {"eval", "exec", "compile", "__import__", "torch.load"}
    assert "np.load" not in called


def test_loading_calls_no_reader_of_pickles(saved, fitted, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a pickle was read")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(torch, "load", refuse)
    assert load_model(saved).loss_ == fitted.loss_


@pytest.mark.slow
def test_loading_finds_no_class_of_a_pickle_and_starts_no_program(saved):
    # Audit hooks see what the interpreter itself does; they cannot be removed, hence
    # a process of its own.
    code = """
import json, sys
from sksegment.io import load_model
load_model(sys.argv[1])
seen = []
sys.addaudithook(lambda event, args: seen.append(event))
load_model(sys.argv[1])
print(json.dumps(sorted(set(seen))))
"""
    result = subprocess.run(
        [sys.executable, "-c", code, str(saved)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    events = set(json.loads(result.stdout))
    assert events
    forbidden = {"pickle.find_class", "marshal.loads", "exec", "compile", "import"}
    forbidden |= {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}
    forbidden |= {"socket.connect", "ctypes.dlopen"}
    assert not events & forbidden
