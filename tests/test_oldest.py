"""The versions that `make test-oldest` installs are the oldest that are declared."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# What the package imports; tools of tests, pages and the viewer have other pins.
EXTRAS = ("plot", "report", "data", "stacks")


def pins(name):
    lines = (ROOT / name).read_text().splitlines()
    found = dict(line.split("==") for line in lines)
    return {canonicalize_name(name): Version(pin) for name, pin in found.items()}


def declared():
    """Return the oldest version of each dependency, as it is declared."""
    lines = [*PROJECT["dependencies"]]
    for extra in EXTRAS:
        lines += PROJECT["optional-dependencies"][extra]
    floors = {}
    for requirement in map(Requirement, lines):
        ((operator, version),) = {
            (s.operator, s.version) for s in requirement.specifier
        }
        assert operator == ">=", f"{requirement} has no oldest version"
        floors[canonicalize_name(requirement.name)] = Version(version)
    return floors


def test_every_declared_floor_is_the_pin_and_none_is_left_out():
    # dask and its extra distributed are released together.
    floors = declared()
    assert pins("constraints-oldest.txt") == {
        **floors,
        "distributed": floors["dask"],
    }


def test_oldest_is_not_newer_than_newest():
    newest = pins("constraints.txt")
    for name, oldest in pins("constraints-oldest.txt").items():
        assert oldest <= newest[name], name


def test_matrix_in_the_documents_is_that_of_the_pins():
    page = (ROOT / "docs" / "reliability.md").read_text()
    rows = re.findall(r"^\| (\S+) \| (\d\S*) \| (\d\S*) \|$", page, re.M)
    newest = pins("constraints.txt")
    expected = {
        name: (oldest, newest[name])
        for name, oldest in pins("constraints-oldest.txt").items()
    }
    found = {name: (Version(old), Version(new)) for name, old, new in rows}
    assert found == expected


def test_python_that_is_declared_is_the_one_in_the_documents():
    page = (ROOT / "docs" / "reliability.md").read_text()
    tested = re.findall(r"Python (\d\.\d+)", page)
    declared = [
        line.rsplit(" ", 1)[-1] for line in PROJECT["classifiers"] if ":: 3." in line
    ]
    assert sorted(declared) == sorted(tested)
    assert PROJECT["requires-python"] == f">={min(tested)}"
