"""Damaged image files through the command line: one line, no hang, no flood."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cli_worker import MAX_BYTES, MAX_SECONDS, run_all
from corrupted_files import bombs, corrupted, whole_files
from drawn_images import is_fuzzing

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.io import ImageFileError, read_images

N_DAMAGED = 500 if is_fuzzing() else 25
# Files that are also trained on.
N_TRAINED = 500 if is_fuzzing() else 5
DAMAGED = dict(corrupted(seed) for seed in range(N_DAMAGED))
BOMBS = bombs()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """File of a tiny model of grey images."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    image = np.add.outer(np.arange(24), np.arange(32)).astype(np.uint8)
    SparseWNetSegmenter(
        3,
        superpixels=SuperpixelTransformer(n_segments=20),
        base_channels=2,
        depth=1,
        max_epochs=1,
        batches_per_epoch=1,
        random_state=0,
    ).fit([image]).save(path)
    return path


@pytest.fixture(scope="module")
def events(model, tmp_path_factory):
    """Run the commands on all files; returns what happened, a dict for each command."""
    folder = tmp_path_factory.mktemp("corrupted")
    inputs = folder / "inputs"
    inputs.mkdir()
    for name, content in (DAMAGED | BOMBS).items():
        (inputs / name).write_bytes(content)
    if is_fuzzing():
        return [*run_apart(model, inputs)]
    return [*run_all(model, inputs, N_TRAINED)]


def run_apart(model, inputs):
    """Run the commands in a process of their own, which may end or hang."""
    worker = Path(__file__).with_name("cli_worker.py")
    result = subprocess.run(
        [sys.executable, worker, model, inputs, str(N_TRAINED)],
        capture_output=True,
        text=True,
    )
    lines = result.stdout.splitlines()
    assert result.returncode == 0, f"ended after {lines[-1:]}: {result.stderr[-3000:]}"
    return map(json.loads, lines)


def assert_told_in_one_line(event):
    assert event["escaped"] is None, event
    assert event["code"] in (0, 2), event
    assert event["seconds"] < MAX_SECONDS, event
    # In a process of its own, where nothing else has taken memory before.
    assert event["peak"] < MAX_BYTES or not is_fuzzing(), event
    assert "out of memory" not in event["said"], event
    lines = event["said"].splitlines()
    assert len(lines) == (event["code"] == 2), event
    if lines:
        assert lines[0].startswith("sksegment: error: "), event
        assert event["file"] in lines[0], event


def test_damaged_files_are_told_in_one_line_each(events):
    assert len(events) == len(DAMAGED) + len(BOMBS) + N_TRAINED
    for event in events:
        assert_told_in_one_line(event)
    refused = sum(event["code"] == 2 for event in events)
    assert len(events) // 3 < refused < len(events)


def test_headers_of_60000_pixels_a_side_are_refused(events):
    of_bombs = [event for event in events if event["file"] in BOMBS]
    assert len(of_bombs) >= len(BOMBS)
    assert all(event["code"] == 2 for event in of_bombs)


@pytest.mark.parametrize("name", sorted(whole_files()))
def test_files_are_whole_before_they_are_damaged(name, tmp_path):
    (tmp_path / name).write_bytes(whole_files()[name])
    images = read_images(tmp_path / name)
    assert {image.shape[:2] for image in images} <= {(32, 40), (24, 20)}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_bombs_are_refused_by_name(name, tmp_path):
    (tmp_path / name).write_bytes(BOMBS[name])
    with pytest.raises(ImageFileError, match=name):
        read_images(tmp_path / name)
