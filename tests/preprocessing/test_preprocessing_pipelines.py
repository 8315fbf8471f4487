"""Pipelines of transformers and segmenters."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline

from sksegment.baselines import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.model_selection import InSampleSplit, segmentation_scorer
from sksegment.model_selection import v_measure_scorer as v_measure
from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    Rescale,
    UnsharpMask,
)

SHAPES = [(65, 81), (70, 77)]
BASELINES = [
    KMeansPixelSegmenter(3, random_state=0),
    KMeansSuperpixelSegmenter(3, random_state=0),
    SpectralSuperpixelSegmenter(3, random_state=0),
    FelzenszwalbSegmenter(min_size=20),
]


@pytest.fixture
def X(make_image):
    return [make_image(shape, seed=i) for i, shape in enumerate(SHAPES)]


@pytest.fixture
def y(disc_mask):
    return [disc_mask(shape).astype(int) for shape in SHAPES]


@pytest.fixture
def small(make_segmenter):
    """Segment images of half the size with a net."""
    return Pipeline(
        [
            ("rescale", Rescale(0.5)),
            ("seg", make_segmenter(max_epochs=3, batches_per_epoch=8)),
        ]
    )


def half(labels, shape):
    """As by `Rescale`: the label each pixel of the full size has in a small map."""
    rows, columns = (
        ((np.arange(n) + 0.5) * m / n).astype(int)
        for n, m in zip(shape, labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]


def test_labels_are_those_of_the_small_images_at_full_size(small, X):
    labels = small.fit_predict(X)
    segmenter = clone(small[-1])
    plain = [np.asarray(image) for image in Rescale(0.5).transform(X)]
    expected = segmenter.fit_predict(plain)
    assert len(np.unique(expected[0])) > 1
    for found, few, again, kept, shape in zip(
        labels, expected, small.predict(X), small[-1].labels_, SHAPES, strict=True
    ):
        assert found.dtype == np.int32
        assert_array_equal(found, half(few, shape))
        assert_array_equal(found, again)
        assert_array_equal(found, kept)


def test_soft_labels_and_features_have_full_size_and_sum_to_1(small, X):
    small.fit(X)
    for maps in (small.predict_proba(X), small.transform(X)):
        assert [map_.shape[:2] for map_ in maps] == SHAPES
        for map_ in maps:
            assert map_.dtype == np.float32
            assert_allclose(map_.sum(axis=-1), 1, atol=1e-5)


def test_soft_labels_are_those_of_predict_but_at_borders(small, X):
    labels = small.fit(X).predict(X)
    soft = small.predict_proba(X)
    for one, other in zip(labels, soft, strict=True):
        assert (one == other.argmax(axis=-1)).mean() > 0.95


def test_reconstruction_has_full_size(small, X):
    small.fit(X)
    (image, _) = small[-1].reconstruct(small[:-1].transform(X))
    assert image.shape == (*SHAPES[0], 1)


def test_dense_segmenter_answers_at_full_size(make_dense, X):
    pipeline = make_pipeline(Rescale(0.5), make_dense()).fit(X)
    assert [map_.shape for map_ in pipeline.predict(X)] == SHAPES
    assert [map_.shape for map_ in pipeline[-1].labels_] == SHAPES


@pytest.mark.parametrize("segmenter", BASELINES, ids=lambda s: type(s).__name__)
def test_baseline_answers_at_full_size(segmenter, X, y):
    pipeline = make_pipeline(Rescale(1 / 3), clone(segmenter))
    labels = pipeline.fit_predict(X)
    for found, again, shape in zip(labels, pipeline.predict(X), SHAPES, strict=True):
        assert found.shape == shape
        assert_array_equal(found, again)
    assert 0 < pipeline.score(X, y) <= 1
    if hasattr(segmenter, "transform"):
        assert [map_.shape[:2] for map_ in pipeline.transform(X)] == SHAPES


def test_stack_stays_a_stack(small, X):
    stack = np.stack([X[0], X[0][::-1]])
    labels = small.fit_predict(stack)
    assert labels.shape == (2, *SHAPES[0])
    assert_array_equal(small[-1].labels_, labels)
    assert small.predict_proba(stack).shape == (2, *SHAPES[0], 4)


def test_going_on_training_keeps_the_full_size(small, X):
    small.fit(X)
    small[-1].partial_fit(small[:-1].transform(X))
    assert [map_.shape for map_ in small[-1].labels_] == SHAPES


def test_score_is_that_of_full_size(small, X, y):
    small.fit(X)
    assert small.score(X, y) == pytest.approx(v_measure(small, X, y))
    assert small.score(X, y) > 0.3
    with pytest.raises(ValueError, match="ground truth 0 has shape"):
        small.score(X, [truth[::2, ::2] for truth in y])


def middle(image):
    """As a callable mask: the middle columns."""
    inside = np.zeros(image.shape[:2], bool)
    inside[:, image.shape[1] // 4 : -image.shape[1] // 4] = True
    return inside


def test_outside_of_a_mask_stays_void(small, X):
    small.set_params(seg__superpixels__mask=middle)
    labels = small.fit_predict(X)
    soft = small.predict_proba(X)
    for found, shares, image in zip(labels, soft, X, strict=True):
        void = half(~middle(Rescale(0.5).transform([image])[0]), image.shape)
        assert_array_equal(found == -1, void)
        assert_allclose(shares.sum(axis=-1), np.where(void, 0, 1), atol=1e-5)


def test_distances_outside_of_a_mask_stay_infinite(X):
    pipeline = make_pipeline(Rescale(0.5), KMeansSuperpixelSegmenter(3, random_state=0))
    pipeline.set_params(kmeanssuperpixelsegmenter__superpixels__mask=middle).fit(X)
    for labels, distances in zip(
        pipeline.predict(X), pipeline.transform(X), strict=True
    ):
        assert not np.isnan(distances).any()
        assert_array_equal(np.isinf(distances).all(axis=-1), labels == -1)


def test_pickle_of_a_fitted_pipeline_answers_alike(small, X):
    labels = small.fit_predict(X)
    restored = pickle.loads(pickle.dumps(small))
    assert_array_equal(restored.predict(X)[1], labels[1])


def test_cache_of_a_pipeline_keeps_the_size(tmp_path, X):
    pipeline = make_pipeline(
        Rescale(0.5), KMeansPixelSegmenter(3, random_state=0), memory=str(tmp_path)
    )
    for _ in range(2):
        assert pipeline.fit_predict(X)[0].shape == SHAPES[0]


def test_all_steps_together(make_segmenter, X, y):
    pipeline = make_pipeline(
        ClipPercentiles(),
        Denoise(),
        Rescale(0.5),
        UnsharpMask(1.0),
        GaussianHessian(1.0, include_image=True),
        make_segmenter(),
    )
    assert [map_.shape for map_ in pipeline.fit_predict(X)] == SHAPES
    assert pipeline[-1].n_channels_in_ == 4
    assert pipeline.score(X, y) >= 0


def test_hessian_finds_a_crack_that_intensity_does_not():
    rng = np.random.default_rng(0)
    # Brightness grows to the right by more than the crack is dark.
    image = np.linspace(0, 400, 80) + np.zeros((70, 80)) + rng.normal(0, 5, (70, 80))
    crack = np.zeros((70, 80), int)
    crack[34:37, 10:70] = 1
    image[crack == 1] -= 60
    model = KMeansPixelSegmenter(2, random_state=0)
    plain = clone(model).fit([image]).score([image], [crack])
    hessian = GaussianHessian(1.5, eigenvalues=True)
    found = make_pipeline(hessian, model).fit([image]).score([image], [crack])
    assert plain < 0.05
    assert found > 0.5


@pytest.mark.parametrize(
    ("segmenter", "n_jobs"),
    # Processes take seconds to import torch, which k-means does not need.
    [("w_net", 1), ("k_means", 2)],
)
def test_search_for_the_scale(segmenter, n_jobs, small, X, y):
    if segmenter == "k_means":
        small.set_params(seg=KMeansPixelSegmenter(2, random_state=0))
    search = GridSearchCV(
        small,
        {"rescale__scale": [1 / 3, 0.5, 1.0]},
        scoring=v_measure,
        cv=InSampleSplit(),
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(X, y)
    assert search.best_score_ > 0
    assert [map_.shape for map_ in search.predict(X)] == SHAPES
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        model = clone(small).set_params(**params).fit(X)
        assert score == pytest.approx(model.score(X, y))


def test_search_in_parallel_over_images_that_were_rescaled_before(X, y):
    search = GridSearchCV(
        KMeansPixelSegmenter(random_state=0),
        {"n_clusters": [2, 3]},
        scoring=segmentation_scorer,
        refit="v_measure",
        cv=2,
        n_jobs=2,
        error_score="raise",
    ).fit(Rescale(0.5).transform(X), y)
    assert search.best_score_ > 0.3


def test_cross_validation_with_the_default_score(X, y):
    pipeline = make_pipeline(Rescale(0.5), KMeansPixelSegmenter(2, random_state=0))
    grid = {"rescale__scale": [0.25, 0.5]}
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y)
    assert (search.cv_results_["mean_test_score"] > 0.3).all()
