"""What is said where an optional package is not installed, and what works without."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("missing_extras_worker.py")
# The extra that each call needs, and the package that its message names.
NEEDS = {
    **dict.fromkeys(
        (
            *("headless_axes", "plot_classes", "plot_hierarchy", "plot_history"),
            *("plot_overlay", "plot_slices", "plot_superpixels", "plot_uncertainty"),
            *("SegmentationDisplay", "UncertaintyDisplay", "$ demo"),
        ),
        ("plot", "matplotlib"),
    ),
    **dict.fromkeys(("write_report", "$ report"), ("report", "jinja2")),
    **dict.fromkeys(("fetch_bsds300", "fetch_bsds300 home"), ("data", "pooch")),
    **dict.fromkeys(("open_stack h5", "$ stack h5"), ("stacks", "h5py")),
    "open_stack zarr": ("stacks", "zarr"),
    **dict.fromkeys(("predict_stack zarr", "$ stack zarr"), ("stacks", "zarr")),
    **dict.fromkeys(("open_stack video", "$ stack video"), ("stacks", "av")),
    "predict_stack video": ("stacks", "av"),
    "predict_stack client": ("stacks", "dask.distributed"),
    "$ stack --scheduler": ("stacks", "dask.distributed"),
    **dict.fromkeys(("quantify", "$ quantify"), ("stacks", "pandas")),
    "plugin": ("napari", "magicgui"),
}
WORKS = (
    *("overlay", "label_colors", "uncertainty", "open_stack npy", "predict_stack tif"),
    *("make_tomogram", "sample_images", "postprocess", "$ segment", "$ fit"),
    *("$ segment --preview", "$ predict", "$ stack", "$ clean"),
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    result = subprocess.run(
        [sys.executable, WORKER, tmp_path_factory.mktemp("files")],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_every_call_is_looked_at(outcomes):
    assert set(outcomes) == {*NEEDS, *WORKS}


@pytest.mark.parametrize("call", NEEDS)
def test_one_line_says_what_to_install(call, outcomes):
    extra, package = NEEDS[call]
    kind, said = outcomes[call]
    # A command ends with exit code 2 and the line on stderr.
    assert kind == ("Exit" if call.startswith("$") else "ImportError")
    assert said.startswith("2: sksegment: error: ") == call.startswith("$")
    assert "\n" not in said
    assert package in said
    assert f'pip install "sksegment[{extra}]"' in said


@pytest.mark.parametrize("call", WORKS)
def test_the_rest_works_without_any(call, outcomes):
    assert outcomes[call] is None
