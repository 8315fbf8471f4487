"""Searches over the parameters of the segmenter."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sksegment.model_selection import (
    SCORERS,
    InSampleSplit,
    segmentation_scorer,
    v_measure_scorer,
)


def pass_images(images):
    return images


GRID = {"beta_sim": [0.1, 1.0], "beta_con": [0.1], "superpixels__n_segments": [20, 40]}


def test_search_over_betas_and_superpixels_on_several_images(
    images, truths, make_segmenter
):
    search = GridSearchCV(
        make_segmenter(),
        GRID,
        scoring=v_measure_scorer,
        cv=LeaveOneOut(),
        error_score="raise",
    ).fit(images, truths)
    assert search.best_params_.keys() == GRID.keys()
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(images, truths) == search.best_estimator_.score(images, truths)


def test_search_over_betas_and_superpixels_on_one_image(images, truths, make_segmenter):
    search = GridSearchCV(
        make_segmenter(),
        GRID,
        scoring=segmentation_scorer,
        refit="adjusted_mutual_info",
        cv=InSampleSplit(),
        error_score="raise",
    ).fit(images[:1], truths[:1])
    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_
    score = SCORERS["adjusted_mutual_info"](best, images[:1], truths[:1])
    assert score == pytest.approx(search.best_score_, abs=1e-12)


def test_search_over_a_stack_in_a_pipeline(grey_images, grey_truths, make_segmenter):
    X, y = np.stack(grey_images)[..., np.newaxis], np.stack(grey_truths)
    pipeline = Pipeline(
        [("pass", FunctionTransformer(pass_images)), ("model", make_segmenter())]
    )
    search = GridSearchCV(
        pipeline,
        {"model__beta_sim": [0.1, 1.0]},
        scoring=SCORERS,
        refit="v_measure",
        cv=KFold(3),
        error_score="raise",
    ).fit(X, y)
    assert search.predict(X).shape == X.shape[:3]


def test_parallel_search_chooses_the_same(images, truths, make_segmenter):
    search = GridSearchCV(
        make_segmenter(),
        {"beta_sim": [0.1, 10.0]},
        scoring=SCORERS,
        refit="v_measure",
        cv=InSampleSplit(),
        error_score="raise",
    )
    serial = clone(search).fit(images, truths)
    parallel = search.set_params(n_jobs=2).fit(images, truths)
    assert parallel.best_params_ == serial.best_params_
    for name in SCORERS:
        column = f"mean_test_{name}"
        np.testing.assert_array_equal(
            parallel.cv_results_[column], serial.cv_results_[column]
        )


def test_search_on_a_dask_cluster_chooses_the_same(images, truths, make_segmenter):
    distributed = pytest.importorskip("distributed")
    import joblib

    search = GridSearchCV(
        make_segmenter(),
        {"beta_sim": [0.1, 10.0], "beta_con": [0.1, 1.0]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
        error_score="raise",
    )
    serial = clone(search).fit(images, truths)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        spread = search.fit(images, truths)
    assert spread.best_params_ == serial.best_params_
    assert spread.best_score_ == serial.best_score_


def test_search_without_y_or_scoring_says_what_is_needed(images, make_segmenter):
    search = GridSearchCV(
        make_segmenter(),
        {"beta_con": [0.1, 0.3]},
        cv=InSampleSplit(),
        error_score="raise",
    )
    with pytest.raises(ValueError, match=r"y is None.*LABEL_FREE_SCORERS"):
        search.fit(images)
