"""What it costs to open a stack."""

import subprocess
import sys

import pytest

from sksegment import stacks


def test_opening_a_stack_imports_no_heavy_libraries():
    heavy = ["torch", "sklearn", "scipy", "skimage", "pandas", "dask", "zarr", "h5py"]
    code = (
        "import sys; from sksegment.stacks import open_stack;"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert (result.returncode, result.stdout.strip()) == (0, "[]"), result.stderr


def test_dir_lists_the_public_names():
    assert dir(stacks) == sorted(stacks.__all__)


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="open_stacks"):
        stacks.open_stacks  # noqa: B018
