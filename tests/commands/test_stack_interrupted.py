"""Runs over stacks that were interrupted go on, and the line that says how."""

import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment import SparseWNetSegmenter
from sksegment.cli import main
from sksegment.io import load_model, write_image

N_REPEATS = 30
TINY = [
    *("--epochs", "1", "--n-segments", "60", "--max-labels", "4"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]


@pytest.fixture
def interrupt(monkeypatch):
    """Press Ctrl-C at the fourth slice of the next run."""
    predict = SparseWNetSegmenter._predict_image
    calls = []

    def stop(self, *parts):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return predict(self, *parts)

    monkeypatch.setattr(SparseWNetSegmenter, "_predict_image", stop)


@pytest.fixture
def interrupted(interrupt, run, scan, tmp_path):
    """Return the command that was interrupted, and what it said."""
    command = ("stack", scan, "-o", tmp_path / "labels.npy", *TINY)
    code, _, err = run(*command)
    assert code == 130
    return command, err


def test_ctrl_c_says_how_to_go_on(interrupted, tmp_path):
    partial = tmp_path / "labels.npy.partial"
    assert interrupted[1] == (
        f"sksegment: stopped by Ctrl-C; 3 of 8 slices are kept in {partial}: go on "
        "with --resume\n"
    )


def test_same_command_without_resume_says_so(interrupted, fails):
    line = fails(*interrupted[0])
    assert "go on with --resume, or begin anew with --overwrite" in line


def test_resume_goes_on_with_the_model_that_is_kept(interrupted, run, volume, tmp_path):
    kept = tmp_path / "labels.npy.model.safetensors"
    before = kept.read_bytes()
    code, text, err = run(*interrupted[0], "--resume")
    assert (code, err) == (0, "")
    assert f"going on with the model {kept}" in text
    assert kept.read_bytes() == before
    assert not (tmp_path / "labels.npy.partial").exists()
    expected = load_model(kept).predict(volume)
    assert_array_equal(np.load(tmp_path / "labels.npy"), expected)


def test_resume_trains_the_same_model_if_it_is_gone(interrupted, run, tmp_path):
    kept = tmp_path / "labels.npy.model.safetensors"
    before = load_model(kept).label_colors_
    kept.unlink()
    assert run(*interrupted[0], "--resume")[0] == 0
    assert_array_equal(load_model(kept).label_colors_, before)


def test_resume_with_another_model_is_refused(interrupted, fails, model, tmp_path):
    line = fails(*interrupted[0][:4], "--resume", "--model", model)
    assert "belongs to a run with another model" in line
    line = fails(*interrupted[0], "--resume", "--classes", 1)
    assert "belongs to a run with another model: it was begun without --clas" in line
    assert (tmp_path / "labels.npy.partial").exists()


OTHERS = [
    ("--epochs 2", "with --epochs 1, not 2"),
    ("--set depth=2", "with --set depth=1, not 2"),
    ("--n-segments auto", "with --n-segments 60, not auto"),
    ("--train-at 2,5", "without --train-at"),
    ("--seed 3", "without --seed"),
    ("--set tau=0.5", "without --set tau"),
    ("--mask {mask}", "without --mask"),
]


@pytest.mark.parametrize(("options", "difference"), OTHERS)
def test_resume_with_other_options_is_refused(
    options, difference, interrupted, fails, run, tmp_path
):
    write_image(tmp_path / "mask.png", np.ones((40, 48), np.uint8))
    options = options.format(mask=tmp_path / "mask.png").split()
    line = fails(*interrupted[0], *options, "--resume")
    assert f"belongs to a run with another model: it was begun {difference}; " in line
    assert line.endswith("leave it out, or begin anew with --overwrite")
    # That is true: without any option the run goes on.
    assert run(*interrupted[0][:4], "--resume")[0] == 0


def test_resume_with_another_region_is_refused(interrupt, run, fails, tmp_path, scan):
    region = tmp_path / "region.png"
    write_image(region, np.ones((40, 48), np.uint8))
    command = ("stack", scan, "-o", tmp_path / "a.npy", "--sample-region", region)
    command += (*TINY, *("--set", "patches__shapes=[(8,8)]"))
    command += ("--set", "patches__counts=[4]")
    assert run(*command)[0] == 130
    write_image(region, np.tri(40, 48, dtype=np.uint8))
    line = fails(*command, "--resume")
    assert "it was begun with another --sample-region; " in line
    write_image(region, np.ones((40, 48), np.uint8))
    assert run(*command, "--resume")[0] == 0


def test_resume_with_other_scribbles_is_refused(interrupt, run, fails, tmp_path, scan):
    marks, strokes = tmp_path / "marks.png", np.full((40, 48), 255, np.uint8)
    strokes[18:22, 20:28], strokes[1:4] = 0, 1
    write_image(marks, strokes)
    command = ("stack", scan, "-o", tmp_path / "a.npy", "--train-at", 4, *TINY)
    command += ("--scribbles", marks)
    assert run(*command)[0] == 130
    write_image(marks, strokes.T.reshape(strokes.shape))
    line = fails(*command, "--resume")
    assert "it was begun with another --scribbles; " in line
    write_image(marks, strokes)
    assert run(*command, "--resume")[0] == 0


@pytest.mark.parametrize("options", [["--overwrite"], ["--overwrite", "--resume"]])
def test_overwrite_begins_anew(options, interrupted, run, tmp_path):
    code, text, _ = run(*interrupted[0], *options)
    assert code == 0
    assert "trained on slice" in text


def test_resume_without_a_run_begins(run, scan, tmp_path):
    code, text, _ = run("stack", scan, "-o", tmp_path / "a.npy", "--resume", *TINY)
    assert code == 0
    assert "trained on slice" in text


def test_run_that_was_killed_goes_on(model, volume, tmp_path):
    scan, out = tmp_path / "scan.npy", tmp_path / "labels.npy"
    np.save(scan, np.tile(volume, (N_REPEATS, 1, 1)))
    command = ["stack", str(scan), "-o", str(out), "--model", str(model)]
    journal = tmp_path / "labels.npy.partial"
    with subprocess.Popen([sys.executable, "-m", "sksegment", *command]) as process:
        until = time.monotonic() + 120
        while not journal.exists() or journal.stat().st_size < 2000:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -9
    assert not out.exists()
    assert main([*command, "--resume", "-q"]) == 0
    expected = load_model(model).predict(volume)
    assert_array_equal(np.load(out), np.tile(expected, (N_REPEATS, 1, 1)))
    assert not journal.exists()
