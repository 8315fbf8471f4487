"""The examples run to their end: with little to do, and as scripts of their own."""

import os
import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import tifffile
from skimage import data

from sksegment import datasets
from sksegment.segmenters._training import TrainingMixin

EXAMPLES = sorted(Path(__file__).parents[1].glob("examples/*.py"))
PLOTS = [path for path in EXAMPLES if path.stem.startswith("plot_")]
TAKE_A_FILE = [path for path in PLOTS if "sys.argv" in path.read_text()]

make_tomogram, fit = datasets.make_tomogram, TrainingMixin.fit


def make_small_tomogram(shape, *, grain_size=24, **params):
    shape = [min(side, 48) for side in shape]
    return make_tomogram(shape, grain_size=min(grain_size, 16), **params)


def small(photograph):
    return lambda: photograph()[::4, ::4].copy()


def fit_briefly(model, X, y=None, **params):
    model.set_params(max_epochs=1, base_channels=4, patches__counts=(8,))
    return fit(model, X, y, **params)


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run an example on small scans with brief trainings; what it shows is returned."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.extend(plt.get_fignums()))
    monkeypatch.setattr(datasets, "make_tomogram", make_small_tomogram)
    monkeypatch.setattr(TrainingMixin, "fit", fit_briefly)
    for name in ("astronaut", "immunohistochemistry"):
        monkeypatch.setattr(data, name, small(getattr(data, name)))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def run_example(path, *args):
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, args)])
        runpy.run_path(str(path), run_name="__main__")
        plt.close("all")
        return figures

    return run_example


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_example_shows_a_figure(path, run):
    assert len(run(path)) == 1


@pytest.mark.parametrize("path", TAKE_A_FILE, ids=lambda path: path.stem)
def test_example_takes_a_file(path, run, tmp_path):
    volume, _ = make_small_tomogram((4, 64, 64), random_state=0)
    tifffile.imwrite(tmp_path / "scan.tif", volume, photometric="minisblack")
    assert len(run(path, tmp_path / "scan.tif")) == 1


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_example_draws_its_figure_in_one_cell(path):
    cells = path.read_text().split("\n# %%\n")
    drawing = [c for c in cells if re.search(r"axes\[|axis\.|plt\.show\(", c)]
    assert len(drawing) == 1  # the gallery shows a figure at the end of each cell


@pytest.mark.parametrize("path", PLOTS, ids=lambda path: path.stem)
def test_example_is_in_the_gallery(path):
    docs = path.parents[1] / "docs"
    assert f"images/examples/{path.stem}.png" in (docs / "gallery.md").read_text()
    picture = docs / "images" / "examples" / f"{path.stem}.png"
    assert picture.stat().st_size < 150_000


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, tmp_path):
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
