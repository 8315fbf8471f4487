import pytest

from sksegment import MODEL_TYPES
from sksegment.benchmarking import BENCHMARK_MODELS, Run, plan_runs


def test_models_are_those_of_table_1_and_felzenszwalb():
    assert (*MODEL_TYPES, "Felzenszwalb") == BENCHMARK_MODELS


def test_betas_weigh_the_losses_of_the_type():
    runs = plan_runs(["Dense-NCut-Image", "Sparse-SimCon-Patch"], ["1"], betas=[0.5])
    assert [run.setting for run in runs] == [
        {"beta_cut": 0.5},
        {"beta_sim": 0.5, "beta_con": 0.5},
    ]


def test_default_betas_are_the_nine_of_the_paper():
    runs = plan_runs(["Sparse-NCut-Patch"], ["1"])
    betas = [run.setting["beta_cut"] for run in runs]
    assert betas == [5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]


def test_grid_is_every_combination():
    grid = {"n_clusters": [2, 3], "color_space": ["lab", "rgb"]}
    runs = plan_runs(["Kmeans-Pixel"], ["1"], grid=grid)
    assert [tuple(run.setting.values()) for run in runs] == [
        (2, "lab"),
        (2, "rgb"),
        (3, "lab"),
        (3, "rgb"),
    ]


def test_images_come_one_after_the_other():
    runs = plan_runs(["Kmeans-Pixel"], ["1", "2"], grid={"n_clusters": [2, 3]})
    assert [run.image for run in runs] == ["1", "1", "2", "2"]


def test_seeds_repeat_what_depends_on_chance():
    runs = plan_runs(
        ["Kmeans-Pixel", "Felzenszwalb"], ["1"], grid=None, seeds=[3, 4, 5]
    )
    seeds = {m: {r.seed for r in runs if r.model == m} for m in {r.model for r in runs}}
    assert seeds == {"Kmeans-Pixel": {3, 4, 5}, "Felzenszwalb": {3}}
    assert len([r for r in runs if r.model == "Felzenszwalb"]) == 27


def test_estimator_has_all_that_the_run_says():
    run = Run(
        "Dense-NCut-Patch", {"beta_cut": 2.0}, 7, "1", overrides={"max_labels": 5}
    )
    model = run.make(device="cpu")
    assert (model.beta_cut, model.random_state, model.max_labels) == (2.0, 7, 5)
    assert (model.device, model.base_channels) == ("cpu", 16)
    paper = Run("Dense-NCut-Patch", {}, 7, "1", size="paper").make()
    assert paper.base_channels == 64


def test_runs_are_told_apart_by_all_they_are_made_of():
    run = Run("Kmeans-Pixel", {"n_clusters": 2}, 0, "1")
    others = [
        Run("Kmeans-Superpixel", {"n_clusters": 2}, 0, "1"),
        Run("Kmeans-Pixel", {"n_clusters": 3}, 0, "1"),
        Run("Kmeans-Pixel", {"n_clusters": 2}, 1, "1"),
        Run("Kmeans-Pixel", {"n_clusters": 2}, 0, "2"),
        Run("Kmeans-Pixel", {"n_clusters": 2}, 0, "1", subset="train"),
        Run("Kmeans-Pixel", {"n_clusters": 2}, 0, "1", size="paper"),
        Run("Kmeans-Pixel", {"n_clusters": 2}, 0, "1", overrides={"n_init": 2}),
    ]
    assert len({other.key for other in [run, *others]}) == 8
    assert Run.of({**run.as_dict(), "scores": []}).key == run.key


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ["Sparse"]}, "'Sparse'; known are Dense-NCut-Image"),
        ({"grid": {"n_cluster": [2]}}, "n_cluster"),
        ({"overrides": {"beta_sim": 1}}, "beta_sim"),
        ({"models": ["Sparse-NCut-Image"], "size": "huge"}, "neither 'paper'"),
        ({"grid": {"n_clusters": [3, 0]}}, "n_clusters"),
        ({"overrides": {"n_clusters": {1, 2}}}, "cannot be written as JSON"),
        ({"betas": [1.0], "grid": {"n_clusters": [2]}}, "not both"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_run(options, message):
    with pytest.raises(ValueError, match=message):
        plan_runs(**{"models": ["Kmeans-Pixel"], "images": ["1"], **options})


def test_what_is_equal_is_run_once():
    runs = plan_runs(["Kmeans-Pixel"], ["1", "1"], grid={"n_clusters": [2, 2, 3]})
    assert [run.setting for run in runs] == [{"n_clusters": 2}, {"n_clusters": 3}]
    keys = {Run("Kmeans-Pixel", {"n_clusters": k}, 0, "1").key for k in (2, 2.0, 3)}
    assert len(keys) == 2
