"""--verbose tells the memory that a command will take, before it takes it."""

import re

import pytest

TINY = ["--epochs", "1", "--n-segments", "60", "--set", "base_channels=4"]
ESTIMATE = r"about [\d.]+ [kMG]B of memory \(images .*, answers .*\); [\d.]+ [MGT]B are"


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("fit {photo} -o {tmp}/model", ["training on 1 image(s)"]),
        (
            "segment {photo} -o {tmp}/out",
            ["training on 1 image(s)", "labelling {photo}"],
        ),
        ("predict {model} {photo} -o {tmp}/out", ["labelling {photo}"]),
        ("report {model} {photo} -o {tmp}/out.html", ["labelling an image"]),
        ("tune {photo} --steps con -o {tmp}/model", ["training on 1 image(s)"]),
        (
            "stack {scan} -o {tmp}/out.npy",
            ["training on 1 slice(s)", "labelling a slice"],
        ),
    ],
)
def test_lines_come_with_verbose_alone(
    command, names, photo, scan, model, run, tmp_path
):
    places = {"photo": photo, "scan": scan, "model": model, "tmp": tmp_path}
    args = command.format(**places).split()
    args += [] if "{model}" in command else TINY
    code, text, err = run(*args, "--verbose")
    assert (code, err) == (0, "")
    lines = [line for line in text.splitlines() if " of memory (" in line]
    assert len(lines) == len(names)
    for line, name in zip(lines, names, strict=True):
        assert re.match(re.escape(f"{name.format(**places)}: ") + ESTIMATE, line)
    code, text, _ = run(*args, "--overwrite")
    assert code == 0
    assert " of memory (" not in text
