"""Scores of the baselines, pipelines and searches."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sksegment.baselines import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.metrics import v_measure

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
ON_SUPERPIXELS = [KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter]
CLASSES = [*K_MEANS, SpectralSuperpixelSegmenter]


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [2.0 * image for image in X]

    def __sklearn_is_fitted__(self):
        return True


def test_score_is_the_mean_v_measure_of_the_best_annotator(estimator, images):
    rng = np.random.default_rng(0)
    y = [rng.integers(-1, 3, (2, *image.shape[:2])) for image in images]
    labels = estimator.fit(images).labels_
    expected = np.mean([v_measure(t, p) for t, p in zip(y, labels, strict=True)])
    assert estimator.score(images, y) == pytest.approx(expected)
    assert estimator.score(images, labels) == 1.0


@pytest.mark.parametrize(
    ("y", "message"),
    [(None, "y is None"), ([np.zeros((32, 40), int)], "1 ground truths for 2 images")],
)
def test_score_needs_a_ground_truth_for_every_image(y, message, estimator, images):
    with pytest.raises(ValueError, match=message):
        estimator.fit(images).score(images, y)


def test_pipeline(estimator, grey_images, disc_mask, assert_same_maps):
    y = [disc_mask((32, 40)).astype(int)] * 3
    doubled = [2.0 * image for image in grey_images]
    expected = clone(estimator).fit(doubled)
    pipeline = make_pipeline(Doubler(), estimator).fit(grey_images)
    assert_same_maps(pipeline.predict(grey_images), expected.labels_)
    assert pipeline.score(grey_images, y) == expected.score(doubled, y) > 0


@pytest.mark.parametrize("cls", CLASSES)
def test_search_over_the_number_of_classes(cls, make, three_colors):
    pairs = [three_colors((40, 50 + i), seed=i) for i in range(4)]
    X, y = (list(part) for part in zip(*pairs, strict=True))
    grid = {"n_clusters": [2, 3, 8]}
    search = GridSearchCV(make(cls), grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_ == {"n_clusters": 3}
    assert search.best_score_ > 0.8
    expected = make(cls, n_clusters=2).fit(X[2:]).score(X[:2], y[:2])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)


def test_search_over_one_image(estimator, three_colors):
    image, truth = three_colors((40, 50))
    grid = {"color_space": ["lab", "rgb"]}
    search = GridSearchCV(estimator, grid, cv=[([0], [0])], error_score="raise")
    assert search.fit([image], [truth]).best_score_ > 0.5


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_nested_parameters(cls):
    estimator = cls()
    # The size of the images decides, in the fit.
    assert estimator.get_params()["superpixels__n_segments"] is None
    assert "superpixels__n_segments" not in estimator.get_params(deep=False)
    assert estimator.superpixels is None
    assert estimator.set_params(superpixels__n_segments=7).superpixels.n_segments == 7
    assert cls().superpixels is None
    with pytest.raises(ValueError, match="Invalid parameter"):
        estimator.set_params(superpixels__n_segment=7)


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_nested_superpixels_stay_unfitted_and_default_ones_none(cls, images, make):
    estimator = make(cls).fit(images)
    assert not [name for name in vars(estimator.superpixels) if name.endswith("_")]
    estimator = make(cls, superpixels=None).fit(images)
    assert estimator.superpixels is None
    with pytest.raises(ValueError, match="compactness"):
        estimator.set_params(superpixels__compactness=-1.0).fit(images)
