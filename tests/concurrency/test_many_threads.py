"""Segmenters in many threads at once give the labels they give alone."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.io import load_model

BASELINES = [
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
]


def at_once(function, items, n_threads):
    with ThreadPoolExecutor(n_threads) as pool:
        return [*pool.map(function, items)]


@pytest.fixture
def jobs(make_segmenter, make_dense, make_image):
    """Return pairs of a function that makes an estimator and its images."""
    images = [make_image((24, 28), 3), make_image((25, 21), 3, seed=1)]
    low = {"precision": "bfloat16", "max_epochs": 2}
    return [
        (lambda: make_segmenter(random_state=1, beta_cut=1.0), images),
        (lambda: make_dense(max_epochs=2), images),
        (lambda: make_segmenter(**low), images),
        (lambda: make_segmenter(**low, assignment="kmeans", random_state=3), images),
    ]


def fit(job):
    make, images = job
    model = make().fit(images)
    return [*model.labels_, *model.transform(images)]


def check_fits(jobs, n_times):
    expected = [fit(job) for job in jobs]
    for _ in range(n_times):
        for found, alone in zip(at_once(fit, jobs, 3), expected, strict=True):
            for one, other in zip(found, alone, strict=True):
                assert_array_equal(one, other)


def test_fits_in_threads_give_the_labels_of_fits_one_by_one(jobs):
    check_fits(jobs, 2)


@pytest.mark.slow
def test_fits_of_large_and_small_images_in_threads(jobs, make_segmenter, make_image):
    # Its feature maps are worth a second thread of torch, those of the others are not.
    params = {"base_channels": 8, "resolution": 1.0, "batches_per_epoch": 1}
    large = [make_image((500, 520), seed=2)]
    jobs.insert(1, (lambda: make_segmenter(**params), large))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        check_fits(jobs, 10)
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("cls", BASELINES)
def test_baselines_fit_in_threads(cls, make_image):
    images = [make_image((32, 40), 3, seed=seed) for seed in range(2)]

    def fit(_):
        params = {"random_state": 0} if "random_state" in cls().get_params() else {}
        return cls(**params).fit(images).labels_

    expected = fit(None)
    for found in at_once(fit, range(4), 4):
        assert_array_equal(found[1], expected[1])


def predict_often(model, make_image, n_predictions):
    images = [make_image((20 + 3 * i, 26), 3, seed=i) for i in range(5)]
    expected = [model.predict([image])[0] for image in images]
    proba = [model.predict_proba([image])[0] for image in images]
    # As if nothing had been predicted: all make the encoder for prediction at once.
    model.net_._kept_encoder = None

    def predict(number):
        image = images[number % 5]
        if number % 3 == 0:
            return np.array_equal(model.predict_proba([image])[0], proba[number % 5])
        return np.array_equal(model.predict([image])[0], expected[number % 5])

    assert all(at_once(predict, range(n_predictions), 8))


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_one_model_predicts_in_eight_threads(make, request, make_image):
    model = request.getfixturevalue(make)().fit([make_image((32, 40), 3)])
    predict_often(model, make_image, 50)


@pytest.mark.slow
@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_thousand_predictions_in_eight_threads(make, request, make_image):
    model = request.getfixturevalue(make)().fit([make_image((32, 40), 3)])
    predict_often(model, make_image, 1000)


def test_file_that_is_loaded_in_threads(make_segmenter, make_image, tmp_path):
    images = [make_image((24, 28), 3)]
    model = make_segmenter().fit(images)
    model.save(tmp_path / "model")

    def load(_):
        return load_model(tmp_path / "model").predict(images)[0]

    for labels in at_once(load, range(8), 4):
        assert_array_equal(labels, model.labels_[0])
