import json

import numpy as np
import pytest

from sksegment.benchmarking import Run, plan_runs, read_runs, run_all
from sksegment.datasets import load_bsds
from sksegment.metrics import segmentation_scores


def finish(runs, bsds, out, **options):
    return [*run_all(runs, bsds, out, **options)]


def plan(models=("Kmeans-Pixel",), images=("100", "101"), **options):
    return plan_runs(models, images, **{"grid": {"n_clusters": [2, 3]}, **options})


def test_every_fit_has_a_line(bsds, tmp_path):
    progress = finish(plan(), bsds, tmp_path)
    assert [(p.n_done, p.n_runs) for p in progress] == [(i, 4) for i in range(5)]
    assert progress[0].last is None
    rows = read_runs(tmp_path)
    assert {Run.of(row).key for row in rows} == {run.key for run in plan()}
    assert [path.name for path in tmp_path.iterdir()] == ["Kmeans-Pixel.jsonl"]


def test_line_has_the_scores_of_every_annotator(bsds, tmp_path):
    run = plan(images=["102"])[1]
    finish([run], bsds, tmp_path)
    (row,) = read_runs(tmp_path)
    data = load_bsds(bsds, "test", image_ids=["102"])
    labels = run.make().fit_predict(data.images)[0]
    assert row["n_labels"] == len(np.unique(labels))
    assert len(row["scores"]) == len(row["v_pieces"]) == 2
    for truth, found in zip(data.targets[0], row["scores"], strict=True):
        expected = segmentation_scores(truth, labels)
        assert found == pytest.approx(
            {k: v for k, v in expected.items() if k != "probabilistic_rand"}, abs=1e-5
        )
    assert row["v_pieces"][0] < row["scores"][0]["v_measure"]


def test_nothing_is_done_twice(bsds, tmp_path):
    finish(plan(images=["100"]), bsds, tmp_path)
    before = (tmp_path / "Kmeans-Pixel.jsonl").read_bytes()
    progress = finish(plan(), bsds, tmp_path)
    assert [p.n_done for p in progress] == [2, 3, 4]
    after = (tmp_path / "Kmeans-Pixel.jsonl").read_bytes()
    assert after.startswith(before)
    assert len(finish(plan(), bsds, tmp_path)) == 1
    assert (tmp_path / "Kmeans-Pixel.jsonl").read_bytes() == after


def test_run_that_was_stopped_goes_on(bsds, tmp_path):
    for progress in run_all(plan(), bsds, tmp_path):
        if progress.n_done == 2:
            break
    assert len(read_runs(tmp_path)) == 2
    finish(plan(), bsds, tmp_path)
    whole = tmp_path / "whole"
    finish(plan(), bsds, whole)

    def without_time(rows):
        rows = [{**row, "seconds": 0} for row in rows]
        return sorted(json.dumps(row) for row in rows)

    found = read_runs(tmp_path / "Kmeans-Pixel.jsonl")
    assert without_time(found) == without_time(read_runs(whole))


def test_two_processes_find_what_one_does(bsds, tmp_path, tiny):
    runs = plan_runs(
        ["Sparse-SimCon-Patch", "Sparse-NCut-Image"],
        ["100", "101"],
        betas=[0.1],
        overrides=tiny,
    )
    finish(runs, bsds, tmp_path / "one", device="cpu")
    finish(runs, bsds, tmp_path / "two", device="cpu", n_jobs=2)
    one, two = (
        {Run.of(row).key: row for row in read_runs(tmp_path / name)}
        for name in ("one", "two")
    )
    assert one.keys() == two.keys()
    for key, row in one.items():
        assert row["scores"] == two[key]["scores"]
        assert row["loss"] == pytest.approx(two[key]["loss"])


def test_betas_and_seeds_of_an_image_are_fitted_together(bsds, tmp_path, tiny):
    runs = plan_runs(
        ["Sparse-SimCon-Patch"],
        ["100", "101"],
        grid={"beta_con": [0.1, 1.0], "tau": [0.0, 2.0]},
        seeds=[0, 1],
        overrides=tiny,
    ) + plan(images=["100"])
    progress = finish(runs, bsds, tmp_path / "together", device="cpu", together=True)
    assert (progress[-1].n_done, progress[-1].n_failed) == (16 + 2, 0)
    finish(runs, bsds, tmp_path / "apart", device="cpu")
    together, apart = (
        {Run.of(row).key: row for row in read_runs(tmp_path / name)}
        for name in ("together", "apart")
    )
    assert together.keys() == apart.keys()
    losses = [
        (row["loss"], apart[key]["loss"])
        for key, row in together.items()
        if "loss" in row
    ]
    assert len(losses) == 16
    for one, other in losses:
        assert one == pytest.approx(other, rel=0.05)


def test_training_of_a_net_is_recorded(bsds, tmp_path, tiny):
    runs = plan_runs(["Sparse-NCut-Patch"], ["100"], betas=[1.0], overrides=tiny)
    finish(runs, bsds, tmp_path, device="cpu")
    (row,) = read_runs(tmp_path)
    assert row["epochs"] == 2
    assert set(row["terms"]) == {"rec", "cut"}
    assert row["loss"] == pytest.approx(sum(row["terms"].values()), abs=1e-4)
    assert row["versions"]["sksegment"]


def test_fit_that_fails_is_told_and_left_out_and_tried_again(bsds, tmp_path):
    runs = plan(images=["100", "gone", "101"])
    progress = finish(runs, bsds, tmp_path)
    assert (progress[-1].n_done, progress[-1].n_failed) == (4, 2)
    errors = [p.last["error"] for p in progress[1:] if "error" in p.last]
    assert len(errors) == 2
    assert "gone" in errors[0]
    assert len(read_runs(tmp_path)) == 4
    assert [p.n_failed for p in finish(runs, bsds, tmp_path)] == [0, 1, 2]


def test_subset_is_the_one_of_the_run(bsds, tmp_path):
    progress = finish(plan(images=["100"], subset="val"), bsds, tmp_path)
    assert "no subset 'val'" in progress[-1].last["error"]
