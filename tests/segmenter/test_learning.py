"""What the sparse W-Net learns."""

import numpy as np
import pytest

from sksegment.metrics import v_measure
from sksegment.training import SegmentationNet

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)
ASSIGNMENTS = ["pixel", "region", "mean", "majority", "kmeans"]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bright_disc_on_dark_ground_is_found(
    seed, make_segmenter, disc, disc_mask, sharp_params
):
    labels = make_segmenter(random_state=seed, **sharp_params).fit_predict([disc])
    truth = disc_mask((64, 64)).astype(int)
    assert v_measure(truth[np.newaxis], labels[0]) > 0.9


def test_score_is_the_v_measure(sharp, disc, disc_mask):
    truth = disc_mask((64, 64)).astype(int)
    expected = v_measure(truth[np.newaxis], sharp.labels_[0])
    assert sharp.score([disc], [truth]) == expected > 0.9


def test_score_is_the_mean_over_images(sharp, disc, make_image, disc_mask):
    X = [disc, make_image((48, 64), seed=6)]
    y = [disc_mask(image.shape).astype(int) for image in X]
    parts = [sharp.score([image], [truth]) for image, truth in zip(X, y, strict=True)]
    assert sharp.score(X, y) == pytest.approx(np.mean(parts))


def test_same_object_has_the_same_id_in_every_image(sharp, make_image, disc_mask):
    centres = [(20, 20), (40, 44), (32, 30)]
    X = [make_image((64, 64), centre=c, seed=i) for i, c in enumerate(centres)]
    found = []
    for centre, labels in zip(centres, sharp.predict(X), strict=True):
        inside = disc_mask((64, 64), centre)
        found.append([np.bincount(labels[m]).argmax() for m in (inside, ~inside)])
    disc_id, ground_id = found[0]
    assert disc_id != ground_id
    assert found == [[disc_id, ground_id]] * 3


def test_same_object_has_the_same_id_in_an_image_without_the_other(sharp, make_image):
    ground = np.bincount(sharp.labels_[0][:8].ravel()).argmax()
    (labels,) = sharp.predict([make_image((64, 64), centre=(-90, -90))])
    assert (labels == ground).mean() > 0.9


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_ids_are_sorted_by_brightness_and_unused_ones_are_last(
    assignment, make_segmenter, make_image, sharp_params
):
    X = [make_image((48, 48), seed=seed) for seed in range(2)]
    params = sharp_params | {"beta_con": 0.01, "max_epochs": 5}
    model = make_segmenter(assignment=assignment, **params).fit(X)
    labels = np.concatenate([map_.ravel() for map_ in model.labels_])
    pixels = np.concatenate([image.ravel() for image in X]).astype(float)
    n_used = len(np.unique(labels))
    assert n_used > 1
    assert labels.max() == n_used - 1
    means = np.bincount(labels, pixels) / np.bincount(labels)
    assert (np.diff(means) > 0).all()


@pytest.mark.parametrize("seed", range(3))
def test_labels_in_use_at_the_end_of_training_are_found_again_in_predict(
    seed, make_segmenter, make_image
):
    X = [make_image((32, 40), 3)]
    model = make_segmenter(random_state=seed, max_epochs=2).fit(X)
    trained = model.history_[-1]["n_labels"]
    assert trained > 1
    assert abs(len(np.unique(model.predict(X)[0])) - trained) <= 1


@pytest.mark.parametrize("term", TERMS)
def test_each_loss_alone_decreases(term, make_segmenter, make_image):
    betas = NO_LOSS | {TERMS[term]: 1.0}
    model = make_segmenter(max_epochs=4, batches_per_epoch=4, lr=0.01, **betas)
    history = model.fit([make_image((48, 48))]).history_
    assert history[-1]["loss"] < history[0]["loss"]


def test_all_losses_together_decrease(make_segmenter, make_image):
    betas = {"beta_rec": 1.0, "beta_cut": 0.5, "beta_sim": 0.1, "beta_con": 0.1}
    model = make_segmenter(max_epochs=4, batches_per_epoch=4, lr=0.01, **betas)
    history = model.fit([make_image((48, 48))]).history_
    assert history[-1]["loss"] < history[0]["loss"]


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
def test_reconstruction_loss_falls_below_half(reconstruction, make_segmenter, disc):
    model = make_segmenter(
        **NO_LOSS
        | {"beta_rec": 1.0, "reconstruction": reconstruction}
        | {"max_epochs": 6, "batches_per_epoch": 8, "lr": 0.01}
    )
    losses = model.fit([disc]).history_[:, "rec"]
    assert losses[-1] < 0.5 * losses[0]


def test_every_image_has_a_step_in_every_epoch(make_segmenter, make_image, monkeypatch):
    X = [make_image((16, 16 + index)) for index in range(5)]
    seen = []
    get_loss = SegmentationNet.get_loss

    def recorded(self, y_pred, y_true, X=None, training=False):
        seen.extend(image.shape for image in X.images)
        return get_loss(self, y_pred, y_true, X, training)

    monkeypatch.setattr(SegmentationNet, "get_loss", recorded)
    make_segmenter(batches_per_epoch=2).fit(X)
    assert sorted(seen) == [image.shape for image in X]


@pytest.mark.parametrize("tau", [0.0, 5.0, -5.0])
def test_tau_changes_the_continuity(tau, make_segmenter, disc):
    betas = NO_LOSS | {"beta_con": 1.0}
    loss = make_segmenter(tau=tau, **betas).fit([disc]).loss_
    other = make_segmenter(tau=tau + 1.0, **betas).fit([disc]).loss_
    assert loss != other


@pytest.mark.parametrize("init", ["kmeans", "random"])
def test_both_ways_to_start(init, make_segmenter, X):
    model = make_segmenter(init=init).fit(X)
    assert np.isfinite(model.loss_)
