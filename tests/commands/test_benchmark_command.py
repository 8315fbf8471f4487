import json

import numpy as np
import pytest

from sksegment.baselines import KMeansPixelSegmenter
from sksegment.benchmarking import read_runs
from sksegment.io import write_image


@pytest.fixture(scope="module")
def bsds300(tmp_path_factory, make_image, disc_mask):
    root = tmp_path_factory.mktemp("bsds")
    for subset in ("train", "test"):
        for kind in ("images", "labels"):
            (root / subset / kind).mkdir(parents=True)
        for index in range(3):
            image = make_image((32, 40), 3, seed=index)
            write_image(root / subset / "images" / f"{100 + index}.png", image)
            np.savez(
                root / subset / "labels" / f"{100 + index}.npz",
                segmentations=disc_mask((32, 40)).astype(int)[np.newaxis],
            )
    return root


def bench(run, root, out, *args):
    return run("benchmark", "bsds", "--data", root, "--out", out, *args)


def test_fits_are_told_and_written(run, bsds300, tmp_path):
    args = ("--model", "Kmeans-Pixel", "--grid", "n_clusters=2,3", "--images", "0:2")
    code, text, err = bench(run, bsds300, tmp_path, *args)
    assert (code, err) == (0, "")
    lines = text.splitlines()
    assert lines[0] == "0 of 4 fits are done already"
    assert lines[-1].startswith("4 of 4  Kmeans-Pixel 101 n_clusters 3 seed 0  V ")
    assert len(read_runs(tmp_path)) == 4
    assert bench(run, bsds300, tmp_path, *args)[1] == "4 of 4 fits are done already\n"


def test_options_reach_the_fits(run, bsds300, tmp_path):
    args = ("--model", "Dense-SimCon-NoRec", "--images", "2", "--betas", "0.5,0.1")
    args += ("--seeds", "3", "--device", "cpu", "--set", "max_labels=3")
    args += ("--set", "base_channels=4", "--set", "depth=1", "--set", "max_epochs=1")
    assert bench(run, bsds300, tmp_path, *args, "-q")[:2] == (0, "")
    rows = read_runs(tmp_path)
    assert [row["setting"]["beta_con"] for row in rows] == [0.5, 0.1]
    assert {(row["image"], row["seed"]) for row in rows} == {("102", 3)}
    assert rows[0]["overrides"]["max_labels"] == 3


def test_report_compares_with_the_paper(run, bsds300, tmp_path):
    model = ("--model", "Kmeans-Superpixel", "--grid", "n_clusters=2,3")
    for subset in ("train", "test"):
        assert (
            bench(run, bsds300, tmp_path / subset, *model, "--subset", subset)[0] == 0
        )
    report = (
        "benchmark",
        "report",
        tmp_path / "test",
        "--training",
        tmp_path / "train",
    )
    code, text, _ = run(*report, "--json", tmp_path / "t.json")
    assert code == 0
    assert "| Kmeans-Superpixel | 3 | 2 | 0.71 / " in text
    assert "chosen on the training images" in text
    summary = json.loads((tmp_path / "t.json").read_text())["Kmeans-Superpixel"]
    assert summary["fixed"]["setting"] in ({"n_clusters": 2}, {"n_clusters": 3})


def test_values_of_a_grid_may_be_words(run, bsds300, tmp_path):
    args = ("--model", "Kmeans-Pixel", "--grid", "color_space=rgb,lab", "--images", "0")
    assert bench(run, bsds300, tmp_path, *args, "-q")[0] == 0
    settings = [row["setting"] for row in read_runs(tmp_path)]
    assert settings == [{"color_space": "rgb"}, {"color_space": "lab"}]


def test_a_fit_that_fails_is_told_and_the_others_are_done(
    run, bsds300, tmp_path, monkeypatch
):
    fit = KMeansPixelSegmenter.fit

    def fail(self, *args, **options):
        if self.n_clusters == 3:
            raise RuntimeError("out of memory")
        return fit(self, *args, **options)

    monkeypatch.setattr(KMeansPixelSegmenter, "fit", fail)
    args = ("--model", "Kmeans-Pixel", "--grid", "n_clusters=2,3", "--images", "0")
    code, _, err = bench(run, bsds300, tmp_path, *args)
    warning, error = err.splitlines()
    assert code == 2
    assert warning.startswith("sksegment: warning: Kmeans-Pixel 100 n_clusters 3 ")
    assert warning.endswith(": out of memory")
    assert "1 of 2 fits failed; the same command tries them again" in error
    assert [row["setting"] for row in read_runs(tmp_path)] == [{"n_clusters": 2}]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--model", "W-Net"), "no model type 'W-Net'"),
        (("--model", "Kmeans-Pixel", "--images", "5:9"), "leaves no image"),
        (("--model", "Kmeans-Pixel", "--images", "a:b"), "START:STOP"),
        (("--model", "Kmeans-Pixel", "--betas", "x"), "list of numbers like 1,2"),
        (("--model", "Kmeans-Pixel", "--grid", "k"), "NAME=VALUE"),
        (("--model", "Kmeans-Pixel", "--set", "k=1"), "Invalid parameter 'k'"),
        (("--model", "Kmeans-Pixel", "--subset", "val"), "no subset 'val'"),
    ],
)
def test_mistakes_are_told_in_one_line(fails, bsds300, tmp_path, args, message):
    assert message in bench(fails, bsds300, tmp_path, *args)
    assert not list(tmp_path.iterdir())


def test_summary_is_replaced_only_if_said_and_never_a_result(
    run, fails, bsds300, tmp_path
):
    model = ("--model", "Kmeans-Superpixel", "--grid", "n_clusters=2", "--images", "0")
    runs, kept = tmp_path / "runs", tmp_path / "new" / "t.json"
    assert bench(run, bsds300, runs, *model, "-q")[0] == 0
    report = ("benchmark", "report", runs, "--json")
    assert run(*report, kept)[0] == 0
    assert f"{kept} exists; choose another place with --json" in fails(*report, kept)
    kept.write_text("")
    assert run(*report, kept, "--overwrite")[0] == 0
    assert "Kmeans-Superpixel" in json.loads(kept.read_text())
    assert "is a folder" in fails(*report, tmp_path)
    [results] = runs.iterdir()
    before = results.read_bytes()
    line = fails(*report, results, "--overwrite")
    assert f"would replace the input {results}" in line
    assert results.read_bytes() == before


def test_report_of_an_empty_folder_is_refused(fails, tmp_path):
    assert str(tmp_path) in fails("benchmark", "report", tmp_path)


def test_benchmark_alone_shows_its_help(run):
    code, text, _ = run("benchmark")
    assert code == 0
    assert "sksegment benchmark report runs" in text
