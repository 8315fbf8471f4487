"""The environment of the plugin: its pins go together with those of the rest."""

from pathlib import Path

import pytest

import sksegment

ROOT = Path(sksegment.__file__).parents[1]


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.lower().replace("_", "-").split("==") for line in lines)


@pytest.mark.skipif(
    not (ROOT / "constraints.txt").exists(), reason="the package is installed alone"
)
def test_no_package_has_two_versions():
    ours, others = pins("constraints-napari.txt"), pins("constraints.txt")
    twice = {name for name in ours.keys() & others.keys() if ours[name] != others[name]}
    assert not twice
    assert {"napari", "magicgui", "qtpy", "pyqt6"} <= ours.keys()
