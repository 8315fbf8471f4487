"""What can be imported, what it costs, and who may import whom."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sksegment

ROOT = Path(sksegment.__file__).parents[1]


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )


def test_importing_the_package_does_not_import_heavy_libraries():
    heavy = ["torch", "skorch", "sklearn", "skimage", "matplotlib", "networkx"]
    result = run_python(
        "import sys, sksegment; dir(sksegment); sksegment.__version__;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


def test_help_of_the_command_line_does_not_wait_for_libraries():
    heavy = ["numpy", "tifffile", "PIL", "scipy", "torch", "sklearn", "skimage"]
    code = (
        "import sys; from sksegment.cli import make_parser; make_parser(); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_importing_superpixels_does_not_import_torch():
    result = run_python(
        "import sys; from sksegment import SuperpixelTransformer;"
        "print('torch' in sys.modules)"
    )
    assert (result.returncode, result.stdout.strip()) == (0, "False"), result.stderr


def test_estimator_is_imported_from_the_package():
    result = run_python(
        "from sksegment import SparseWNetSegmenter; print(SparseWNetSegmenter())"
    )
    assert (result.returncode, result.stdout.strip()) == (0, "SparseWNetSegmenter()")


def test_importing_the_estimator_prints_and_warns_nothing():
    code = "import sksegment.segmenters, sksegment.io"
    result = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:sksegment", "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


@pytest.mark.parametrize("name", sksegment.__all__)
def test_public_name_resolves(name):
    assert getattr(sksegment, name) is not None


@pytest.mark.parametrize("name", sorted(sksegment._MODULES))
def test_public_module_resolves(name):
    assert getattr(sksegment, name) is importlib.import_module(f"sksegment.{name}")


def test_star_import_gives_the_public_names():
    names = {}
    exec("from sksegment import *", names)
    assert set(sksegment.__all__) <= set(names)


def test_dir_lists_the_public_names():
    assert set(sksegment.__all__) | set(sksegment._MODULES) <= set(dir(sksegment))


@pytest.mark.parametrize("name", sorted(sksegment._MODULES))
def test_all_of_a_public_module_resolves(name):
    module = importlib.import_module(f"sksegment.{name}")
    missing = [public for public in module.__all__ if not hasattr(module, public)]
    assert not missing


@pytest.mark.parametrize("name", sorted(sksegment._MODULES))
def test_dir_of_a_public_module_lists_no_imports(name):
    module = importlib.import_module(f"sksegment.{name}")
    shown = {public for public in dir(module) if not public.startswith("_")}
    assert shown == set(module.__all__)


def test_unknown_attribute_is_an_attribute_error():
    with pytest.raises(AttributeError, match="DenseNetSegmenter"):
        sksegment.DenseNetSegmenter  # noqa: B018


def test_unknown_name_is_an_import_error():
    with pytest.raises(ImportError, match="no_such_name"):
        exec("from sksegment import no_such_name")


def test_files_import_only_from_steps_before_their_own():
    beside = Path(sys.executable).with_name("lint-imports")
    linter = shutil.which(beside) or shutil.which("lint-imports")
    if linter is None:
        pytest.skip("import-linter is not installed: pip install sksegment[lint]")
    result = subprocess.run(
        [linter, "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert result.returncode == 0, result.stdout + result.stderr
