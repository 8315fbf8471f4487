import sys

import numpy as np
import tifffile

from sksegment._image_files import read_images
from sksegment.cli import main
from sksegment.cli._demo import run_demo
from sksegment.io import load_model


def test_demo(tmp_path, capsys):
    run_demo(
        tmp_path,
        base_channels=4,
        depth=1,
        max_epochs=1,
        batches_per_epoch=1,
        superpixels__n_segments=200,
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["coffee", "coins"]
    for name, shape in {"coffee": (400, 600), "coins": (303, 384)}.items():
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == [
            "labels.png",
            "labels.tif",
            "losses.png",
            "model.safetensors",
            "overlay.png",
        ]
        labels = read_images(tmp_path / name / "labels.png")[0]
        assert labels.shape == shape
        np.testing.assert_array_equal(
            labels, tifffile.imread(tmp_path / name / "labels.tif")
        )
        assert load_model(tmp_path / name / "model.safetensors").n_iter_ == 1


def test_demo_without_matplotlib(tmp_path, capsys, monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sksegment: error: ")
    assert "sksegment[plot]" in line
    assert not (tmp_path / "demo").exists()
