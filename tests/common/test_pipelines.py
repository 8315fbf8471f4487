"""The scikit-learn contract: pipelines and searches."""

import joblib
import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

# Long enough for several labels.
LONGER = {"max_epochs": 3, "batches_per_epoch": 8}


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [2.0 * image for image in X]

    def __sklearn_is_fitted__(self):
        return True


def test_last_step_of_a_pipeline(make_segmenter, images, assert_same_maps):
    pipeline = make_pipeline(Doubler(), make_segmenter(**LONGER))
    doubled = [2.0 * image for image in images]
    expected = make_segmenter(**LONGER).fit_predict(doubled)
    assert len(np.unique(expected[0])) > 1
    assert_same_maps(pipeline.fit_predict(images), expected)
    assert_same_maps(pipeline.predict(images), expected)


def test_parameters_are_addressed_through_a_pipeline(make_segmenter):
    pipeline = make_pipeline(Doubler(), make_segmenter(superpixels=None))
    pipeline.set_params(sparsewnetsegmenter__superpixels__n_segments=9)
    assert pipeline[-1].superpixels.n_segments == 9


def test_score_of_a_pipeline(make_w_net, grey_images, disc_mask):
    y = [disc_mask((32, 40)).astype(int)] * 3
    pipeline = make_pipeline(Doubler(), make_w_net(**LONGER)).fit(grey_images)
    score = pipeline[-1].score([2.0 * image for image in grey_images], y)
    assert 0 < score == pipeline.score(grey_images, y)


def test_search_over_several_images(make_segmenter, make_image, disc_mask):
    shapes = [(32, 40), (24, 32), (32, 32), (28, 40)]
    X = [make_image(shape, seed=i) for i, shape in enumerate(shapes)]
    y = [disc_mask(shape).astype(int) for shape in shapes]
    grid = {"beta_con": [0.01, 0.3], "superpixels__n_segments": [20, 40]}
    segmenter = make_segmenter(superpixels=None, **LONGER)
    search = GridSearchCV(segmenter, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0
    first = clone(search.estimator).set_params(**search.cv_results_["params"][0])
    expected = first.fit(X[2:]).score(X[:2], y[:2])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)
    assert [map_.shape for map_ in search.predict(X)] == shapes


@pytest.mark.parametrize(
    "backend",
    # Processes take seconds to import torch.
    ["threading", "loky"],
)
def test_search_over_one_image_in_parallel(
    backend, make_segmenter, make_image, disc_mask, assert_same_maps
):
    X, y = [make_image((32, 40), 3)], [disc_mask((32, 40)).astype(int)]
    grid = {"beta_con": [0.01, 0.3], "superpixels__n_segments": [20, 40]}
    search = GridSearchCV(
        make_segmenter(**LONGER),
        grid,
        cv=[([0], [0])],
        n_jobs=2,
        error_score="raise",
    )
    with joblib.parallel_config(backend):
        search.fit(X, y)
    assert search.best_score_ > 0
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        model = clone(search.estimator).set_params(**params).fit(X)
        assert score == pytest.approx(model.score(X, y))
    assert_same_maps(search.predict(X), search.best_estimator_.labels_)


def test_search_over_a_stack(make_w_net, grey_images, disc_mask):
    y = np.stack([disc_mask((32, 40)).astype(int)] * 3)
    search = GridSearchCV(
        make_w_net(), {"max_labels": [2, 3]}, cv=3, error_score="raise"
    )
    assert search.fit(np.stack(grey_images), y).predict(np.stack(grey_images)).ndim == 3
