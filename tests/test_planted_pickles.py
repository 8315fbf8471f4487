"""Arrays from strangers may hold pickles; no reader ever opens them."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from sksegment.cli import main
from sksegment.datasets import load_bsds
from sksegment.io import ImageFileError, read_images, read_labels, write_image
from sksegment.stacks import open_stack

PICKLE = {"id": "pickle", "protocol": 5}
DELTA = {"id": "delta", "dtype": "|u1"}


class Trap:
    """Make a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.fixture
def marker(tmp_path):
    """File that must not be made."""
    path = tmp_path / "executed"
    yield path
    assert not path.exists()


@pytest.fixture
def array_file(marker, tmp_path):
    """Write an array of objects in a .npy or .npz file."""

    def write(suffix):
        path = tmp_path / f"planted{suffix}"
        objects = np.full((16, 20), Trap(marker), dtype=object)
        save = np.savez if suffix == ".npz" else np.save
        save(path, objects)
        assert path.stat().st_size > 100
        return path

    return write


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_labels_are_no_objects(suffix, array_file):
    with pytest.raises(ImageFileError, match="planted"):
        read_labels(array_file(suffix))


def test_images_are_no_objects(array_file):
    with pytest.raises(ImageFileError, match="planted"):
        read_images(array_file(".npy"))


def test_stacks_are_no_objects(array_file):
    with pytest.raises(ValueError, match="planted"):
        open_stack(array_file(".npy"))


def test_ground_truth_of_a_dataset_is_no_objects(marker, tmp_path):
    for name in ("images", "labels"):
        (tmp_path / "test" / name).mkdir(parents=True)
    write_image(tmp_path / "test/images/1.jpg", np.zeros((16, 20, 3), np.uint8))
    objects = np.full((1, 16, 20), Trap(marker), dtype=object)
    np.savez(tmp_path / "test/labels/1.npz", segmentations=objects)
    with pytest.raises(ValueError, match=r"1\.npz is no \.npz file"):
        load_bsds(tmp_path, "test")


def test_command_line_tells_in_one_line(array_file, tmp_path, capsys):
    path = str(array_file(".npy"))
    assert main(["stack", path, "-o", str(tmp_path / "out.tif"), "-q"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    "codecs",
    [
        {"compressor": PICKLE},
        {"filters": [PICKLE]},
        {"filters": [DELTA, PICKLE]},
        {"filters": [PICKLE, DELTA]},
        {"dtype": "|O", "filters": [PICKLE], "fill_value": None},
    ],
    ids=str,
)
def test_codecs_of_a_zarr_array_are_no_pickles(codecs, marker, tmp_path):
    folder = tmp_path / "planted.zarr"
    folder.mkdir()
    metadata = {"zarr_format": 2, "shape": [4, 16, 16], "chunks": [4, 16, 16]}
    metadata |= {"dtype": "|u1", "compressor": None, "filters": None}
    metadata |= {"fill_value": 0, "order": "C", **codecs}
    (folder / ".zarray").write_text(json.dumps(metadata))
    (folder / "0.0.0").write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(ValueError, match="planted"):
        open_stack(folder)[0]


def test_codecs_of_zarr_3_are_no_pickles(marker, tmp_path):
    folder = tmp_path / "planted.zarr"
    (folder / "c/0/0").mkdir(parents=True)
    grid = {"name": "regular", "configuration": {"chunk_shape": [4, 16, 16]}}
    keys = {"name": "default", "configuration": {"separator": "/"}}
    planted = {"name": "numcodecs.pickle", "configuration": {"protocol": 5}}
    metadata = {"zarr_format": 3, "node_type": "array", "shape": [4, 16, 16]}
    metadata |= {"data_type": "uint8", "fill_value": 0, "chunk_grid": grid}
    metadata |= {"chunk_key_encoding": keys, "codecs": [{"name": "bytes"}, planted]}
    (folder / "zarr.json").write_text(json.dumps(metadata))
    (folder / "c/0/0/0").write_bytes(pickle.dumps(Trap(marker)))
    with pytest.raises(ValueError, match="planted"):
        open_stack(folder)[0]
