"""What a report of a bug tells of machine and packages."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import sksegment
from sksegment._versions import versions

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
OF_USERS = ["plot", "report", "data", "stacks", "napari"]


@pytest.fixture
def printed(capsys):
    sksegment.show_versions()
    return dict(re.findall(r"^([\w-]+): (.+)$", capsys.readouterr().out, re.M))


def test_versions_are_those_installed():
    assert versions()["numpy"] == np.__version__
    assert {"sksegment", "torch", "scikit-image", "Python"} <= versions().keys()


def test_every_package_is_printed_that_is_needed_or_brought_by_an_extra(printed):
    project = tomllib.loads(PROJECT.read_text())["project"]
    extras = project["optional-dependencies"]
    brought = [requirement for name in OF_USERS for requirement in extras[name]]
    wanted = [*project["dependencies"], *brought]
    names = {re.match(r"[\w-]+", requirement)[0] for requirement in wanted}
    assert names <= printed.keys()
    assert printed["torch"] == metadata.version("torch")


def test_what_decides_on_the_numbers_is_printed(printed):
    assert printed["precision"] in ("float32", "bfloat16")
    assert int(printed["threads"]) >= 1
    assert printed["device"]


def test_a_package_that_is_missing_is_said_to_be(monkeypatch, capsys):
    monkeypatch.setattr("sksegment._versions._OTHERS", ("no-such-package",))
    sksegment.show_versions()
    assert "no-such-package: not installed" in capsys.readouterr().out
