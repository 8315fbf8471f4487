"""Commands whose training is stopped: what is kept, the line, the code, going on."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment.io import load_model, write_labels
from sksegment.training import SegmentationNet

TINY = [
    *("--epochs", "5", "--n-segments", "60", "--max-labels", "4"),
    *("--precision", "float32"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]


@pytest.fixture
def stop_at(monkeypatch):
    """Send a signal in the first step of an epoch, once."""

    def stop_at(epoch, number=signal.SIGINT):
        get_loss, sent = SegmentationNet.get_loss, []

        def broken(self, *args, **kwargs):
            if len(self.history) == epoch and not sent:
                sent.append(number)
                signal.raise_signal(number)
            return get_loss(self, *args, **kwargs)

        monkeypatch.setattr(SegmentationNet, "get_loss", broken)

    return stop_at


# Command, its output, and where the model goes.
COMMANDS = [
    ("fit {photo} -o {out}/model", "model"),
    ("segment {photo} -o {out}", "model.safetensors"),
    ("segment {photo} -o {out} --each", "photo_model.safetensors"),
    ("stack {scan} -o {out}/labels.npy", "labels.npy.model.safetensors"),
]


@pytest.fixture(params=COMMANDS, ids=lambda pair: pair[0].partition(" {")[0])
def command(request, photo, scan, tmp_path):
    """Return a command that trains, and the file of its model."""
    text, target = request.param
    filled = text.format(photo=photo, scan=scan, out=tmp_path / "out")
    return [*filled.split(), *TINY], tmp_path / "out" / target


@pytest.mark.parametrize(
    ("number", "code", "name"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
def test_stop_keeps_the_model_in_a_file_beside(
    number, code, name, command, run, stop_at
):
    command, target = command
    stop_at(3, number)
    partial = target.with_name(f"{target.name}.partial")
    assert run(*command) == (
        code,
        "",
        f"sksegment: stopped by {name}; 2 of 5 epochs are kept in {partial}: go on "
        "with --resume\n",
    )
    assert [*target.parent.iterdir()] == [partial]
    model = load_model(partial)
    assert (model.n_iter_, model.interrupted_) == (2, True)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_resume_comes_to_what_the_training_would_have(command, run, stop_at):
    command, target = command
    assert run(*command)[0] == 0
    expected = load_model(target)
    target.unlink()
    stop_at(3)
    assert run(*command, "--overwrite")[0] == 130
    assert not target.exists()
    for file in target.parent.glob("labels.npy"):
        file.unlink()
    code, _, err = run(*command, "--resume")
    assert (code, err) == (0, "")
    found = load_model(target)
    assert (found.n_iter_, found.interrupted_, found.max_epochs) == (5, False, 5)
    losses = expected.history_[:, "loss"]
    assert found.history_[:, "loss"] == pytest.approx(losses, rel=1e-4)
    assert not [*target.parent.glob("*.partial")]


def test_stop_before_the_first_epoch_leaves_nothing(command, run, stop_at):
    command, target = command
    stop_at(1)
    assert run(*command) == (130, "", "sksegment: stopped by Ctrl-C\n")
    assert not target.parent.exists()


def test_an_interrupted_training_is_lost_only_when_it_is_said(
    command, run, fails, stop_at
):
    command, target = command
    stop_at(3)
    assert run(*command)[0] == 130
    partial = target.with_name(f"{target.name}.partial")
    assert f"{partial} is of a training that was interrupted" in fails(*command)
    assert load_model(partial).n_iter_ == 2
    assert run(*command, "--overwrite")[0] == 0
    assert load_model(target).n_iter_ == 5
    assert not partial.exists()


def test_a_complete_training_is_not_made_again(command, run, monkeypatch):
    command, target = command
    assert run(*command)[0] == 0
    expected = load_model(target)
    monkeypatch.setattr(SegmentationNet, "get_loss", None)
    if command[0] == "stack":
        target.with_name("labels.npy").unlink()
    code, _, err = run(*command, "--resume")
    assert (code, err) == (0, "")
    assert_array_equal(load_model(target).labels_[0], expected.labels_[0])


def test_classes_of_a_complete_training_are_joined_anew(photo, run, tmp_path):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY]
    assert run(*command, "--classes", "2")[0] == 0
    assert load_model(tmp_path / "model").labels_[0].max() == 1
    assert run(*command, "--resume")[0] == 0
    found = load_model(tmp_path / "model")
    assert_array_equal(found.labels_[0], found.unmerged_labels_[0])


def test_regions_of_a_complete_training_stay_regions(photo, run, tmp_path):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY, "--regions", "5"]
    assert run(*command)[0] == 0
    regions = load_model(tmp_path / "model").labels_[0]
    assert regions.max() == 4
    assert run(*command, "--resume")[0] == 0
    assert_array_equal(load_model(tmp_path / "model").labels_[0], regions)


def test_a_complete_training_of_another_kind_is_not_replaced(
    photo, run, fails, tmp_path
):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY]
    assert run(*command)[0] == 0
    before = (tmp_path / "model").read_bytes()
    assert "had max_epochs=5, not 6" in fails(*command, "--epochs", "6", "--resume")
    assert "model exists; choose" in fails(*command)
    assert (tmp_path / "model").read_bytes() == before


def test_a_stack_that_was_to_be_replaced_goes_on_from_its_training(
    scan, volume, run, stop_at, tmp_path
):
    out = tmp_path / "labels.npy"
    command = ["stack", scan, "-o", out, *TINY]
    assert run(*command)[0] == 0
    before = out.read_bytes()
    stop_at(3)
    assert run(*command, "--overwrite")[0] == 130
    assert out.read_bytes() == before
    assert run(*command, "--resume")[0] == 0
    assert len(np.load(out)) == len(volume)
    assert sorted(path.suffix for path in tmp_path.iterdir()).count(".partial") == 0


def test_resume_with_nothing_to_go_on_with_begins(photo, run, tmp_path):
    code, text, _ = run("fit", photo, "-o", tmp_path / "model", *TINY, "--resume")
    assert code == 0
    assert "for 5 epoch(s)" in text


def test_several_trainings_begin_anew_and_say_so(photo, run, monkeypatch, tmp_path):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY, "--n-init", "2"]
    assert run(*command)[0] == 0
    expected = load_model(tmp_path / "model")
    get_loss, nets = SegmentationNet.get_loss, {}

    def stopped_in_the_second(self, *args, **kwargs):
        nets.setdefault(id(self), self)
        if len(nets) == 2:
            monkeypatch.undo()
            signal.raise_signal(signal.SIGINT)
        return get_loss(self, *args, **kwargs)

    monkeypatch.setattr(SegmentationNet, "get_loss", stopped_in_the_second)
    other = [*command[:3], tmp_path / "other", *command[4:]]
    assert run(*other)[0] == 130
    code, _, err = run(*other, "--resume")
    assert code == 0
    assert "n_init=2 trainings are not gone on with" in err
    found = load_model(tmp_path / "other")
    assert_array_equal(found.labels_[0], expected.labels_[0])


def test_resume_with_fewer_epochs_is_content(photo, run, stop_at, tmp_path):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY]
    stop_at(3)
    assert run(*command)[0] == 130
    assert run(*command, "--epochs", "2", "--resume")[0] == 0
    assert load_model(tmp_path / "model").n_iter_ == 2


def test_resume_with_other_parameters_is_refused(photo, run, fails, stop_at, tmp_path):
    command = ["fit", photo, "-o", tmp_path / "model", *TINY]
    stop_at(3)
    assert run(*command)[0] == 130
    line = fails(*command, "--beta-con", "0.7", "--resume")
    assert "model.partial had beta_con=0.1, not 0.7; give the same as then" in line
    line = fails(*command, "--n-segments", "70", "--resume")
    assert "superpixels__n_segments=60, not 70" in line


def test_resume_with_other_images_is_refused(
    photo, scan, run, fails, stop_at, tmp_path, volume
):
    command = ("fit", photo, "-o", tmp_path / "model", *TINY)
    stop_at(2)
    assert run(*command, "--epochs", "4")[0] == 130
    line = fails("fit", scan, *command[2:], "--epochs", "4", "--resume")
    assert "had other images than" in line
    strokes = np.full(volume[0].shape, -1)
    strokes[18:22, 20:28], strokes[1:4] = 0, 1
    write_labels(tmp_path / "marks.png", strokes)
    marks = ("--scribbles", tmp_path / "marks.png")
    line = fails(*command, "--epochs", "4", "--resume", *marks)
    assert "had scribbles of 0 class(es), not 2" in line
    assert run(*command, "--epochs", "4", "--resume")[0] == 0


def test_resume_from_a_damaged_file_is_one_line(photo, fails, tmp_path):
    (tmp_path / "model.partial").write_bytes(b"x" * 100)
    line = fails("fit", photo, "-o", tmp_path / "model", *TINY, "--resume")
    assert "model.partial is damaged" in line


def test_sigterm_of_a_run_over_a_stack_says_how_to_go_on(
    model, scan, volume, run, tmp_path, monkeypatch
):
    from sksegment import SparseWNetSegmenter

    predict, calls = SparseWNetSegmenter._predict_image, []

    def terminate(self, *parts):
        calls.append(1)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGTERM)
        return predict(self, *parts)

    monkeypatch.setattr(SparseWNetSegmenter, "_predict_image", terminate)
    out = tmp_path / "labels.npy"
    command = ["stack", scan, "-o", out, "--model", model]
    assert run(*command) == (
        143,
        "",
        f"sksegment: stopped by SIGTERM; 3 of 8 slices are kept in {out}.partial: go "
        "on with --resume\n",
    )
    assert run(*command, "--resume")[0] == 0
    assert_array_equal(np.load(out), load_model(model).predict(volume))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_program_that_is_killed_in_training_goes_on(number, photo, run, tmp_path):
    target, partial = tmp_path / "model", tmp_path / "model.partial"
    command = ["fit", str(photo), "-o", str(target), *TINY, "--checkpoint", "1"]
    command += ["--epochs", "100000"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "sksegment", *command],
        env=environment,
        stderr=subprocess.PIPE,
    ) as process:
        while not partial.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        process.send_signal(number)
        lines = process.stderr.read().decode().splitlines()
    n_epochs = load_model(partial).n_iter_
    if number == signal.SIGTERM:
        assert process.returncode == 143
        assert lines == [
            f"sksegment: stopped by SIGTERM; {n_epochs} of 100000 epochs are kept in "
            f"{partial}: go on with --resume"
        ]
    assert run(*command, "--epochs", n_epochs + 2, "--resume")[0] == 0
    assert load_model(target).n_iter_ == n_epochs + 2
    assert not partial.exists()
