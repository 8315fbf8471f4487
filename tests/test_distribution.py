"""What is packed: the source distribution, and what indexes of packages show."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["benchmarks", "docs", "examples", "sksegment", "tests"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MADE = {"__pycache__", "_build", "generated", "auto_examples"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Names of the files of the source distribution."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("packed")
    code = "from setuptools import setup; setup()"
    command = [sys.executable, "-c", code, "-q", "egg_info", "--egg-base", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return set((folder / "sksegment.egg-info" / "SOURCES.txt").read_text().split("\n"))


def test_the_source_distribution_can_be_tested_and_documented(packed):
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.*")]
    wanted = {
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and not MADE & {*path.parts}
    }
    wanted |= {path.name for path in [*ROOT.glob("*.md"), *ROOT.glob("constraints*")]}
    assert wanted <= packed
    assert {"Makefile", "CITATION.cff", "conftest.py"} <= packed


def test_the_source_distribution_has_nothing_that_was_made(packed):
    assert not [name for name in packed if MADE & {*Path(name).parts}]


def test_indexes_of_packages_tell_what_the_package_is_for():
    assert {"Framework :: napari", "Typing :: Typed"} <= {*PROJECT["classifiers"]}
    assert PROJECT["urls"]


def test_only_systems_are_declared_on_which_the_tests_passed():
    promise = (ROOT / "docs" / "reliability.md").read_text()
    declared = [line.split(" :: ") for line in PROJECT["classifiers"]]
    assert [last for first, *_, last in declared if first == "Operating System"] == [
        "Linux"
    ]
    pythons = [last for first, *_, last in declared if first == "Programming Language"]
    assert all(f"Python {version}" in promise for version in pythons)
