"""Options that cannot be meant: one line that names them, and nothing is written."""

import pytest

from sksegment import SparseWNetSegmenter
from sksegment.cli._unfinished import train_model


@pytest.fixture
def in_folder(photo, tmp_path, monkeypatch):
    """Work in the folder of the photo; return a function that lists what is new."""
    monkeypatch.chdir(tmp_path)
    before = {*tmp_path.iterdir()}
    return lambda: {*tmp_path.iterdir()} - before


TRAINING = ["fit photo.png", "segment photo.png", "stack photo.png", "tune photo.png"]


@pytest.mark.parametrize("number", ["0", "-1"])
@pytest.mark.parametrize("command", TRAINING)
def test_epochs_below_1_are_refused(number, command, fails, in_folder):
    options = ["--truth", "photo.png"] if command.startswith("tune") else []
    line = fails(*command.split(), "-o", "out", f"--epochs={number}", *options)
    assert f"argument --epochs: '{number}' is not a number from 1 on" in line
    assert not in_folder()


@pytest.mark.parametrize("number", [0, -3])
def test_a_net_that_is_to_be_trained_for_no_epoch_is_refused(
    number, make_image, tmp_path
):
    estimator = SparseWNetSegmenter(max_epochs=number)
    with pytest.raises(ValueError, match=f"max_epochs.*Got {number}"):
        train_model(estimator, {"a": make_image()}, tmp_path / "model", every=1)


EMPTY = [
    ("segment photo.png -o {}", "-o/--out"),
    ("segment photo.png --out={}", "-o/--out"),
    ("segment {} -o out", "INPUT"),
    ("segment photo.png {} -o out", "INPUT"),
    ("segment photo.png -o out --mask {}", "--mask"),
    ("segment photo.png -o out --scribbles {}", "--scribbles"),
    ("segment photo.png -o out --preview {}", "--preview"),
    ("fit {} -o model", "INPUT"),
    ("fit photo.png -o {}", "-o/--out"),
    ("predict {} photo.png -o out", "MODEL"),
    ("predict model {} -o out", "INPUT"),
    ("stack {} -o out", "SOURCE"),
    ("stack photo.png -o {}", "-o/--out"),
    ("stack photo.png -o out --model {}", "--model"),
    ("stack photo.png -o out --save-model {}", "--save-model"),
    ("tune {} --truth photo.png -o model", "INPUT"),
    ("tune photo.png --truth {} -o model", "--truth"),
    ("quantify {} -o out", "LABELS"),
    ("quantify photo.png -o {}", "-o/--out"),
    ("clean {} -o out.png", "LABELS"),
    ("clean photo.png -o {}", "-o/--out"),
    ("score {} photo.png", "LABELS"),
    ("report {} photo.png -o a.html", "MODEL"),
    ("report model {} -o a.html", "INPUT"),
    ("demo -o {}", "-o/--out"),
    ("benchmark bsds --model all --data {} --out out", "--data"),
    ("benchmark bsds --model all --data . --out {}", "--out"),
    ("benchmark report {}", "RUNS"),
]


@pytest.mark.parametrize(("command", "name"), EMPTY)
def test_an_empty_path_is_not_the_current_folder(command, name, fails, in_folder):
    line = fails(*(word.replace("{}", "") for word in command.split()))
    assert f"argument {name}: it is empty" in line
    assert not in_folder()
