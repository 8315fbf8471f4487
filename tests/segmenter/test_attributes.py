"""What fit leaves behind."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksegment import SparseWNetSegmenter

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)
ASSIGNMENTS = ["pixel", "region", "mean", "majority", "kmeans"]


def test_labels_are_int32_maps_of_the_images(make_segmenter, X):
    labels = make_segmenter().fit(X).labels_
    assert isinstance(labels, list)
    assert [map_.shape for map_ in labels] == [(32, 40), (25, 33)]
    assert {map_.dtype for map_ in labels} == {np.dtype(np.int32)}


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_labels_are_ids_below_max_labels(assignment, make_segmenter, X):
    model = make_segmenter(assignment=assignment, max_labels=3).fit(X)
    for labels in model.labels_:
        assert labels.min() >= 0
        assert labels.max() < 3


@pytest.mark.parametrize("assignment", ["mean", "majority", "kmeans"])
def test_labels_are_constant_on_superpixels(assignment, make_segmenter, disc):
    model = make_segmenter(assignment=assignment).fit([disc])
    (labels,), (superpixels,) = (
        model.predict([disc]),
        model.superpixels_.transform([disc]),
    )
    for index in range(superpixels.max() + 1):
        assert len(np.unique(labels[superpixels == index])) == 1


def test_fitted_numbers(make_segmenter, X):
    model = make_segmenter(max_epochs=2).fit(X)
    assert model.n_channels_in_ == 3
    assert model.n_iter_ == 2
    assert isinstance(model.loss_, float)
    assert model.loss_ == model.history_[-1]["loss"]


def test_net_is_a_skorch_net(make_segmenter, X):
    from skorch import NeuralNet

    assert isinstance(make_segmenter().fit(X).net_, NeuralNet)


def test_intensity_range_of_bytes_is_that_of_bytes(make_segmenter, X):
    assert_array_equal(
        make_segmenter().fit(X).intensity_range_, [[0, 0, 0], [255, 255, 255]]
    )


def test_intensity_range_of_floats_is_percentiles_over_all_images(
    make_segmenter, make_image
):
    X = [make_image((32, 40), 2, np.float64, seed=seed) * 10**seed for seed in range(2)]
    pixels = np.concatenate([image.reshape(-1, 2) for image in X])
    expected = np.percentile(pixels, [0.1, 99.9], axis=0)
    assert_allclose(make_segmenter().fit(X).intensity_range_, expected, rtol=1e-12)


def test_history_has_a_row_an_epoch_and_a_column_a_loss_term(make_segmenter, X):
    model = make_segmenter(max_epochs=3, beta_cut=0.5).fit(X)
    assert [row["epoch"] for row in model.history_] == [1, 2, 3]
    for name in ["loss", "rec", "cut", "sim", "con", "n_labels", "seconds"]:
        assert len(model.history_[:, name]) == 3
        assert np.isfinite(model.history_[:, name]).all()


@pytest.mark.parametrize("used", TERMS)
def test_history_has_no_column_for_a_term_that_is_not_used(used, make_segmenter, X):
    model = make_segmenter(**NO_LOSS | {TERMS[used]: 1.0}).fit(X)
    assert set(model.history_[0]) & set(TERMS) == {used}


def test_history_has_no_reconstruction_without_a_decoder(make_segmenter, X):
    model = make_segmenter(reconstruction="none").fit(X)
    assert "rec" not in model.history_[0]


def test_loss_is_the_weighted_sum_of_its_terms(make_segmenter, X):
    betas = {"beta_rec": 0.7, "beta_cut": 0.3, "beta_sim": 0.2, "beta_con": 1.5}
    model = make_segmenter(max_epochs=2, **betas).fit(X)
    for row in model.history_:
        total = sum(betas[beta] * row[term] for term, beta in TERMS.items())
        assert row["loss"] == pytest.approx(total, rel=1e-5)


def test_at_most_24_parameters():
    assert len(SparseWNetSegmenter().get_params(deep=False)) <= 24
