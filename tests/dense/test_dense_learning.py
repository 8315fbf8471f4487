"""What the dense W-Net learns."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment.metrics import v_measure

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)


@pytest.fixture(params=["sim_con", "n_cut"])
def losses(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("seed", range(3))
def test_bright_disc_on_a_plain_ground_is_found_by_similarity_and_continuity(
    seed, make_dense, disc, disc_mask, sim_con
):
    labels = make_dense(random_state=seed, **sim_con).fit_predict([disc])
    truth = disc_mask((64, 64)).astype(int)
    assert v_measure(truth[np.newaxis], labels[0]) > 0.8


@pytest.mark.parametrize("seed", [1, 2])
def test_bright_disc_on_a_plain_ground_is_found_by_the_normalised_cut(
    seed, make_dense, disc, disc_mask, n_cut
):
    labels = make_dense(random_state=seed, **n_cut).fit_predict([disc])
    truth = disc_mask((64, 64)).astype(int)
    assert v_measure(truth[np.newaxis], labels[0]) > 0.95


def test_disc_is_found_without_a_reconstruction(make_dense, disc, disc_mask, sim_con):
    betas = {"beta_sim": 0.5, "beta_con": 0.5}
    params = sim_con | betas | {"max_labels": 2, "reconstruction": "none"}
    model = make_dense(**params).fit([disc])
    assert model.score([disc], [disc_mask((64, 64)).astype(int)]) > 0.8


def test_score_is_the_v_measure(cut, disc, disc_mask):
    truth = disc_mask((64, 64)).astype(int)
    expected = v_measure(truth[np.newaxis], cut.labels_[0])
    assert cut.score([disc], [truth]) == expected > 0.95


def test_same_object_has_the_same_id_in_every_image(cut, make_image, disc_mask):
    for seed, centre in enumerate([(20, 20), (40, 44)]):
        (labels,) = cut.predict([make_image((64, 64), centre=centre, seed=seed)])
        inside = disc_mask((64, 64), centre)
        assert (labels == inside).mean() > 0.95


def test_ids_are_sorted_by_brightness_and_unused_ones_are_last(
    losses, make_dense, make_image
):
    X = [make_image((48, 48), seed=seed) for seed in range(2)]
    model = make_dense(**losses | {"max_labels": 8, "max_epochs": 3}).fit(X)
    labels = np.concatenate([map_.ravel() for map_ in model.labels_])
    pixels = np.concatenate([image.ravel() for image in X]).astype(float)
    n_used = len(np.unique(labels))
    assert n_used > 1
    assert labels.max() == n_used - 1
    means = np.bincount(labels, pixels) / np.bincount(labels)
    assert (np.diff(means) > 0).all()


def test_ids_of_colours_are_sorted_by_lightness(make_dense, n_cut, disc_mask):
    # Blue is darker than green, although its channels have the larger mean.
    inside = disc_mask((48, 48))[..., np.newaxis]
    image = np.where(inside, [60, 40, 255], [60, 160, 60])
    image = image + np.random.default_rng(0).integers(-8, 9, image.shape)
    image = np.clip(image, 0, 255).astype(np.uint8)
    labels = make_dense(**n_cut).fit_predict([image])[0]
    lightness = [rgb2lab(image)[labels == k, 0].mean() for k in (0, 1)]
    assert lightness[0] < lightness[1]
    assert image[labels == 0].mean() > image[labels == 1].mean()


@pytest.mark.parametrize("term", TERMS)
def test_each_loss_alone_decreases(term, make_dense, make_image):
    betas = NO_LOSS | {TERMS[term]: 1.0}
    model = make_dense(max_epochs=4, batches_per_epoch=4, lr=0.01, **betas)
    history = model.fit([make_image((48, 48))]).history_
    assert set(history[0]) & set(TERMS) == {term}
    assert history[-1]["loss"] < history[0]["loss"]


def test_loss_is_the_weighted_sum_of_its_terms(make_dense, X):
    betas = {"beta_rec": 0.7, "beta_cut": 0.3, "beta_sim": 0.2, "beta_con": 1.5}
    model = make_dense(max_epochs=2, **betas).fit(X)
    for row in model.history_:
        total = sum(betas[beta] * row[term] for term, beta in TERMS.items())
        assert row["loss"] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("init", ["kmeans", "random"])
def test_both_ways_to_start(init, make_dense, X):
    model = make_dense(init=init).fit(X)
    assert np.isfinite(model.loss_)


def test_start_from_clusters_uses_all_labels(make_dense, X):
    model = make_dense(max_labels=8, lr=1e-12, batches_per_epoch=4).fit(X)
    assert model.history_[0, "n_labels"] == 8
