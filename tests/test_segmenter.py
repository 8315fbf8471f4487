"""What the sparse W-Net learns, tells, and refuses."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sksegment import SparseWNetSegmenter, SuperpixelTransformer, segmenter
from sksegment.metrics import v_measure
from sksegment.patches import PatchSampler
from sksegment.training import SegmentationNet

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)
ASSIGNMENTS = ["mean", "majority", "kmeans"]

# Enough for the disc to be found from every seed tried, in about a second.
SHARP = {
    "max_labels": 8,
    "superpixels__n_segments": 150,
    "patches__counts": (32,),
    "beta_sim": 0.1,
    "beta_con": 0.5,
    "base_channels": 16,
    "resolution": 1.0,
    "max_epochs": 10,
    "batches_per_epoch": 8,
    "lr": 0.01,
}


@pytest.fixture(scope="module")
def disc(make_image):
    return make_image((64, 64), seed=5)


@pytest.fixture(scope="module")
def sharp(make_segmenter, disc):
    """Segmenter that has found the disc; not to be changed by a test."""
    return make_segmenter(**SHARP).fit([disc])


@pytest.fixture
def X(make_image):
    return [make_image((32, 40), 3), make_image((25, 33), 3, seed=3)]


def break_at(monkeypatch, epoch, effect):
    """Let something happen to the loss in the first batch of an epoch."""
    get_loss = SegmentationNet.get_loss

    def broken(self, *args, **kwargs):
        loss = get_loss(self, *args, **kwargs)
        return effect(loss) if len(self.history) == epoch else loss

    monkeypatch.setattr(SegmentationNet, "get_loss", broken)


def interrupt(loss):
    raise KeyboardInterrupt


def not_a_number(loss):
    return loss * float("nan")


# ---------------------------------------------------------------------------
# What fit leaves behind


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


def test_labels_are_constant_on_superpixels(sharp, disc):
    (labels,), (superpixels,) = (
        sharp.predict([disc]),
        sharp.superpixels_.transform([disc]),
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


# ---------------------------------------------------------------------------
# What it learns


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_bright_disc_on_dark_ground_is_found(seed, make_segmenter, disc, disc_mask):
    labels = make_segmenter(random_state=seed, **SHARP).fit_predict([disc])
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
    assignment, make_segmenter, make_image
):
    X = [make_image((48, 48), seed=seed) for seed in range(2)]
    params = SHARP | {"beta_con": 0.01, "max_epochs": 5}
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


# ---------------------------------------------------------------------------
# What it tells


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_soft_labels_are_float32_and_sum_to_one(assignment, make_segmenter, X):
    probas = make_segmenter(assignment=assignment).fit(X).predict_proba(X)
    assert [proba.shape for proba in probas] == [(32, 40, 4), (25, 33, 4)]
    for proba in probas:
        assert proba.dtype == np.float32
        assert proba.min() >= 0
        assert_allclose(proba.sum(axis=-1), 1.0, atol=1e-5)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_labels_are_the_largest_of_the_soft_labels(
    assignment, make_segmenter, make_image
):
    X = [make_image((48, 48)), make_image((40, 44), seed=9)]
    params = SHARP | {"beta_con": 0.01, "max_epochs": 5}
    model = make_segmenter(assignment=assignment, **params).fit(X[:1])
    for labels, proba in zip(model.predict(X), model.predict_proba(X), strict=True):
        assert len(np.unique(labels)) > 1
        assert_array_equal(proba.argmax(axis=-1), labels)


def test_assignments_differ(make_segmenter, disc):
    probas = [
        make_segmenter(assignment=assignment).fit([disc]).predict_proba([disc])[0]
        for assignment in ASSIGNMENTS
    ]
    assert not np.allclose(probas[0], probas[1])
    assert not np.allclose(probas[0], probas[2])


def test_features_are_float32_and_sum_to_one(make_segmenter, X):
    features = make_segmenter().fit(X).transform(X)
    assert [map_.shape for map_ in features] == [(32, 40, 4), (25, 33, 4)]
    for map_ in features:
        assert map_.dtype == np.float32
        assert_allclose(map_.sum(axis=-1), 1.0, atol=1e-5)


def test_superpixels_play_no_part_in_the_features(make_segmenter, X):
    model = make_segmenter().fit(X)
    expected = model.transform(X)
    model.superpixels_.set_params(n_segments=10)
    assert_array_equal(model.transform(X)[0], expected[0])


def test_mean_soft_label_is_the_mean_of_the_features(make_segmenter, disc):
    model = make_segmenter(resolution=1.0).fit([disc])
    (superpixels,) = model.superpixels_.transform([disc])
    (features,), (proba,) = model.transform([disc]), model.predict_proba([disc])
    inside = superpixels == superpixels.max() // 2
    assert_allclose(proba[inside][0], features[inside].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("reconstruction", ["patch", "image"])
def test_reconstructions_have_the_form_of_the_images(reconstruction, make_segmenter, X):
    model = make_segmenter(reconstruction=reconstruction).fit(X)
    images = model.reconstruct(X)
    assert [image.shape for image in images] == [(32, 40, 3), (25, 33, 3)]
    assert {image.dtype for image in images} == {np.dtype(np.float32)}


def test_reconstruction_of_grey_has_one_channel(sharp, disc):
    assert sharp.reconstruct([disc])[0].shape == (64, 64, 1)


def test_reconstruction_is_in_the_units_of_the_image(make_segmenter, disc):
    params = {"max_epochs": 8, "batches_per_epoch": 8, "lr": 0.01}
    model = make_segmenter(reconstruction="image", **params).fit([disc])
    error = model.reconstruct([disc])[0][..., 0] - disc.astype(float)
    assert (error**2).mean() < 0.25 * disc.var()


def test_reconstruction_of_colour_is_in_the_units_of_the_image(
    make_segmenter, make_image
):
    X = [make_image((48, 48), 3)]
    params = {"max_epochs": 8, "batches_per_epoch": 8, "lr": 0.01}
    model = make_segmenter(reconstruction="image", **params).fit(X)
    error = model.reconstruct(X)[0] - X[0].astype(float)
    assert ((error**2).mean(axis=(0, 1)) < 0.25 * X[0].var(axis=(0, 1))).all()


def test_reconstruction_scales_with_the_unit(make_segmenter, disc):
    X = [disc / 256.0]
    small = make_segmenter().fit(X).reconstruct(X)[0]
    X = [disc * 1024.0]
    large = make_segmenter().fit(X).reconstruct(X)[0]
    assert_allclose(large, small * 2.0**18, rtol=1e-5, atol=1e-2)


def test_there_is_nothing_to_reconstruct_without_a_decoder(make_segmenter, X):
    model = make_segmenter(reconstruction="none").fit(X)
    with pytest.raises(ValueError, match="reconstruction='none'"):
        model.reconstruct(X)


def test_new_brightness_is_scaled_as_in_training(sharp, disc):
    # Half the light is another scene, not the same one scaled anew.
    dark = (disc * 0.4).astype(np.uint8)
    assert not np.array_equal(sharp.transform([dark])[0], sharp.transform([disc])[0])


# ---------------------------------------------------------------------------
# Masks


@pytest.fixture(scope="module")
def field(disc_mask):
    return disc_mask((64, 64), (32, 36), 28)


@pytest.fixture(scope="module")
def masked(make_segmenter, disc, field):
    superpixels = SuperpixelTransformer(n_segments=40, mask=field)
    return make_segmenter(superpixels=superpixels).fit([disc])


def test_labels_are_void_outside_the_mask_and_only_there(masked, field, disc):
    for (labels,) in (masked.labels_, masked.predict([disc])):
        assert_array_equal(labels == -1, ~field)
        assert labels.dtype == np.int32


def test_soft_labels_are_zero_outside_the_mask(masked, field, disc):
    (proba,) = masked.predict_proba([disc])
    assert not proba[~field].any()
    assert_allclose(proba[field].sum(axis=-1), 1.0, atol=1e-5)


def test_features_know_no_mask(masked, disc):
    assert_allclose(masked.transform([disc])[0].sum(axis=-1), 1.0, atol=1e-5)


def test_void_is_not_scored(masked, field, disc):
    labels = masked.predict([disc])[0]
    truth = np.where(field, labels, np.arange(64))
    assert masked.score([disc], [truth]) == pytest.approx(1.0)


def test_mask_may_be_a_function_of_the_image(make_segmenter, make_image):
    superpixels = SuperpixelTransformer(n_segments=40, mask=lambda image: image > 100)
    X = [make_image((32, 40)), make_image((24, 48))]
    labels = make_segmenter(superpixels=superpixels).fit_predict(X)
    for map_, image in zip(labels, X, strict=True):
        assert_array_equal(map_ == -1, image <= 100)


def test_mask_of_another_shape_is_refused(make_segmenter, disc, field):
    model = make_segmenter(superpixels=SuperpixelTransformer(mask=field[:, 1:]))
    with pytest.raises(ValueError, match=r"image 0: .*mask .*\(64, 63\).*\(64, 64\)"):
        model.fit([disc])


def test_mask_of_another_shape_is_refused_in_predict(masked, disc):
    with pytest.raises(ValueError, match=r"image 1: .*mask .*\(64, 64\).*\(64, 60\)"):
        masked.predict([disc, disc[:, 4:]])


def test_empty_mask_is_refused(make_segmenter, disc, field):
    model = make_segmenter(superpixels=SuperpixelTransformer(mask=field & False))
    with pytest.raises(ValueError, match="image 0: the mask is empty"):
        model.fit([disc])


# ---------------------------------------------------------------------------
# How long it trains


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_training_lasts_max_epochs_when_tol_is_zero(n_epochs, make_segmenter, X):
    assert make_segmenter(max_epochs=n_epochs, tol=0.0).fit(X).n_iter_ == n_epochs


def test_training_stops_when_labels_rest_for_two_epochs(make_segmenter, X):
    # A share of changed labels is below 1, so the second and third epoch are quiet.
    model = make_segmenter(max_epochs=10, tol=1.0).fit(X)
    assert (np.array(model.history_[1:, "changed"]) < 1.0).all()
    assert model.n_iter_ == 3


def test_stopped_training_has_a_complete_history(make_segmenter, X):
    model = make_segmenter(max_epochs=10, tol=1.0).fit(X)
    assert np.isfinite(model.history_[:, "loss"]).all()
    assert model.loss_ == model.history_[-1]["loss"]


def test_partial_fit_of_an_unfitted_segmenter_is_fit(make_segmenter, X):
    model = make_segmenter().partial_fit(X)
    expected = make_segmenter().fit(X)
    assert_array_equal(model.predict_proba(X)[0], expected.predict_proba(X)[0])


def test_partial_fit_goes_on(make_segmenter, X):
    model = make_segmenter(max_epochs=2).fit(X)
    before = list(model.history_)
    assert model.partial_fit(X) is model
    assert model.n_iter_ == 4
    assert list(model.history_)[:2] == before
    assert [row["epoch"] for row in model.history_] == [1, 2, 3, 4]
    assert model.loss_ == model.history_[-1]["loss"]


def test_partial_fit_changes_the_weights(make_segmenter, X):
    model = make_segmenter().fit(X)
    before = model.transform(X)[0]
    assert not np.array_equal(model.partial_fit(X).transform(X)[0], before)


def test_partial_fit_leaves_its_images_labels(make_segmenter, X, make_image):
    model = make_segmenter().fit(X)
    others = [make_image((20, 28), 3, seed=8)]
    model.partial_fit(others)
    assert [map_.shape for map_ in model.labels_] == [(20, 28)]
    assert_array_equal(model.labels_[0], model.predict(others)[0])


def test_partial_fit_keeps_ids(make_segmenter, disc, disc_mask):
    model = make_segmenter(**SHARP | {"beta_con": 0.1}).fit([disc])
    before = model.predict([disc])[0]
    after = model.set_params(max_epochs=1).partial_fit([disc]).predict([disc])[0]
    assert len(np.unique(before)) > 1
    assert (before == after).mean() > 0.9


def test_partial_fit_does_not_sort_ids_anew(make_segmenter, disc):
    # A step of nearly zero keeps the net, whatever the brightness of the new images.
    params = {"lr": 1e-12, "max_epochs": 1, "batches_per_epoch": 8}
    model = make_segmenter(**params).fit([disc])
    weight = model.net_.module_.encoder.head.weight.detach().clone()
    model.partial_fit([255 - disc])
    torch.testing.assert_close(
        model.net_.module_.encoder.head.weight, weight, rtol=0, atol=1e-6
    )


def test_only_a_new_net_gets_initial_labels(make_segmenter, X, monkeypatch):
    starts = []

    def recorded(*args, start):
        starts.append(start)
        train(*args, start=start)

    train = segmenter.train_wnet
    monkeypatch.setattr(segmenter, "train_wnet", recorded)
    make_segmenter(n_init=2).fit(X).partial_fit(X)
    make_segmenter().partial_fit(X)
    assert starts == [True, True, False, True]


def test_statistics_of_batch_norm_are_settled_on_the_images_of_the_last_fit(
    make_segmenter, X
):
    def n_images_seen(model):
        state = model.net_.module_.state_dict()
        return {int(n) for name, n in state.items() if "num_batches" in name}

    model = make_segmenter(max_epochs=3).fit(X)
    assert n_images_seen(model) == {2}
    assert n_images_seen(model.partial_fit(X[:1])) == {1}


def test_partial_fit_keeps_the_intensity_range(make_segmenter, make_image):
    X = [make_image((32, 40), dtype=np.float32)]
    model = make_segmenter().fit(X)
    expected = model.intensity_range_.copy()
    model.partial_fit([X[0] * 3])
    assert_array_equal(model.intensity_range_, expected)


def test_restarts_keep_the_lowest_loss(make_segmenter, X, monkeypatch):
    losses = []

    def recorded(estimator, net, images, seed, *, start):
        assert start
        train(estimator, net, images, seed, start=start)
        losses.append(net.history[-1]["train_loss"])

    train = segmenter.train_wnet
    monkeypatch.setattr(segmenter, "train_wnet", recorded)
    model = make_segmenter(n_init=4).fit(X)
    assert len(set(losses)) == 4
    assert model.loss_ == min(losses) == model.history_[-1]["loss"]


# ---------------------------------------------------------------------------
# Trouble in training


@pytest.mark.parametrize("batches_per_epoch", [1, 2])
def test_diverging_training_is_an_error_that_says_what_to_try(
    batches_per_epoch, make_segmenter, X
):
    params = {"lr": 1e30, "batches_per_epoch": batches_per_epoch, "max_epochs": 3}
    with pytest.raises(FloatingPointError, match=r"smaller lr.*float32.*betas"):
        make_segmenter(**params).fit(X[:1])


@pytest.mark.parametrize("batches_per_epoch", [1, 2])
def test_diverged_segmenter_still_answers_in_numbers(
    batches_per_epoch, make_segmenter, X
):
    params = {"lr": 1e30, "batches_per_epoch": batches_per_epoch, "max_epochs": 3}
    model = make_segmenter(**params)
    with pytest.raises(FloatingPointError):
        model.fit(X[:1])
    for value in model.net_.module_.state_dict().values():
        assert torch.isfinite(value).all()
    assert np.isfinite(model.predict_proba(X)[0]).all()
    assert np.isfinite(model.reconstruct(X)[0]).all()


def test_nan_names_the_epoch(make_segmenter, X, monkeypatch):
    break_at(monkeypatch, 2, not_a_number)
    with pytest.raises(FloatingPointError, match="nan in epoch 2"):
        make_segmenter(max_epochs=3).fit(X)


def test_nan_names_the_term(make_segmenter, X, monkeypatch):
    monkeypatch.setattr(
        "sksegment.losses._objective.sparse_continuity",
        lambda f, adjacency: f.sum() * float("nan"),
    )
    with pytest.raises(FloatingPointError, match=r"in epoch 1 \(con\)"):
        make_segmenter().fit(X)


def weights_of(model):
    """Weights of the layers that have no axis for the labels, which are sorted."""
    return model.net_.module_.encoder.down.named_parameters()


def test_after_nan_the_weights_are_from_the_start_of_the_last_finite_epoch(
    make_segmenter, X, monkeypatch
):
    # Those after epoch 2 had not been tried when epoch 3 failed.
    expected = dict(weights_of(make_segmenter(max_epochs=1).fit(X)))
    break_at(monkeypatch, 3, not_a_number)
    model = make_segmenter(max_epochs=4)
    with pytest.raises(FloatingPointError):
        model.fit(X)
    found = dict(weights_of(model))
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)


def test_after_nan_labels_are_those_of_predict(make_segmenter, X, monkeypatch):
    break_at(monkeypatch, 2, not_a_number)
    model = make_segmenter(max_epochs=3, batches_per_epoch=8)
    with pytest.raises(FloatingPointError):
        model.fit(X)
    for labels, expected in zip(model.labels_, model.predict(X), strict=True):
        assert_array_equal(labels, expected)


def test_after_nan_loss_and_history_are_those_of_the_complete_epochs(
    make_segmenter, X, monkeypatch
):
    break_at(monkeypatch, 2, not_a_number)
    model = make_segmenter(max_epochs=3)
    with pytest.raises(FloatingPointError):
        model.fit(X)
    assert np.isfinite(model.loss_)
    assert model.n_iter_ == 1
    assert model.history_[:, "loss"] == [model.loss_]


def test_nan_in_partial_fit_keeps_the_last_weights(make_segmenter, X, monkeypatch):
    model = make_segmenter(max_epochs=1).fit(X)
    expected = {name: value.clone() for name, value in weights_of(model)}
    break_at(monkeypatch, 2, not_a_number)
    with pytest.raises(FloatingPointError):
        model.partial_fit(X)
    for name, value in weights_of(model):
        assert torch.equal(value, expected[name])


def test_nan_in_a_restart_keeps_the_one_before(make_segmenter, X, monkeypatch):
    expected = make_segmenter().fit(X)
    train = segmenter.train_wnet
    n_trained = []

    def fail_later(*args, start):
        if n_trained:
            raise FloatingPointError("the loss became nan")
        n_trained.append(1)
        train(*args, start=start)

    monkeypatch.setattr(segmenter, "train_wnet", fail_later)
    model = make_segmenter(n_init=2)
    with pytest.raises(FloatingPointError):
        model.fit(X)
    assert model.loss_ == expected.loss_
    assert_array_equal(model.predict_proba(X)[0], expected.predict_proba(X)[0])


def test_interrupt_reaches_the_caller_and_leaves_no_half_model(
    make_segmenter, X, monkeypatch
):
    break_at(monkeypatch, 2, interrupt)
    model = make_segmenter(max_epochs=3)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert not [name for name in vars(model) if name.endswith("_")]


def test_interrupt_closes_the_progress_bar(make_segmenter, X, monkeypatch, capsys):
    break_at(monkeypatch, 2, interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_segmenter(max_epochs=3, verbose=1).fit(X)
    assert capsys.readouterr().err.endswith("\n")


def test_interrupt_of_partial_fit_leaves_a_model_that_answers(
    make_segmenter, X, monkeypatch
):
    model = make_segmenter().fit(X)
    break_at(monkeypatch, 2, interrupt)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X)
    assert np.isfinite(model.predict_proba(X)[0]).all()
    assert np.isfinite(model.loss_)


# ---------------------------------------------------------------------------
# Parameters that make no sense


@pytest.mark.parametrize("name", TERMS.values())
@pytest.mark.parametrize("value", [-0.1, float("nan"), "much", None])
def test_beta_has_to_be_a_number_of_at_least_zero(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{name: value}).fit(X)


def test_all_betas_zero_is_refused(make_segmenter, X):
    with pytest.raises(ValueError, match=r"all betas are zero.*beta_rec.*beta_con"):
        make_segmenter(**NO_LOSS).fit(X)


def test_beta_rec_alone_is_refused_without_reconstruction(make_segmenter, X):
    params = NO_LOSS | {"beta_rec": 1.0, "reconstruction": "none"}
    with pytest.raises(ValueError, match="beta_rec is unused"):
        make_segmenter(**params).fit(X)


def test_all_betas_zero_is_refused_in_partial_fit(make_segmenter, X):
    model = make_segmenter().fit(X).set_params(**NO_LOSS)
    with pytest.raises(ValueError, match="all betas are zero"):
        model.partial_fit(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_labels", 1),
        ("max_labels", 4.0),
        ("superpixels", 40),
        ("patches", [(16, 16)]),
        ("tau", "large"),
        ("tau", float("nan")),
        ("tau", float("inf")),
        ("reconstruction", "patches"),
        ("assignment", "median"),
        ("init", "zeros"),
        ("base_channels", 0),
        ("depth", -1),
        ("resolution", 0.0),
        ("resolution", 1.5),
        ("max_epochs", 0),
        ("batches_per_epoch", 0),
        ("lr", 0.0),
        ("lr", -1e-3),
        ("tol", -0.1),
        ("n_init", 0),
        ("device", 3),
        ("precision", "float16"),
        ("random_state", "seed"),
        ("verbose", "loud"),
    ],
)
def test_bad_parameter_is_named(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{name: value}).fit(X)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_segments", 1),
        ("n_segments", 2.5),
        ("compactness", 0.0),
        ("sigma", -1.0),
        ("method", "quick"),
        ("mask", 3),
    ],
)
def test_bad_parameter_of_the_superpixels_is_named(name, value, make_segmenter, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_segmenter(**{f"superpixels__{name}": value}).fit(X)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"shapes": [(0, 3)]}, r"patch shape \(0, 3\)"),
        ({"shapes": [(-16, 16)]}, r"patch shape \(-16, 16\)"),
        ({"shapes": [(3, 16)]}, r"patch shape \(3, 16\)"),
        ({"shapes": [(16.0, 16)]}, r"patch shape \(16\.0, 16\)"),
        ({"shapes": [16]}, r"patch shape \(16,\)"),
        ({"shapes": [(16, 16, 3)]}, r"patch shape \(16, 16, 3\)"),
        ({"shapes": (16, 16)}, "patch shape"),
        ({"shapes": []}, "one count for every shape"),
        ({"shapes": [("a", "b")]}, "patch shape"),
        ({"counts": (8, 8)}, r"1 shape\(s\) and 2 count\(s\)"),
        ({"counts": ()}, r"1 shape\(s\) and 0 count\(s\)"),
        ({"counts": (0,)}, "patch count 0"),
        ({"counts": (-3,)}, "patch count -3"),
        ({"counts": (2.5,)}, r"patch count 2\.5"),
        ({"flip": "yes"}, "'flip' parameter"),
        ({"rotate": 3}, "'rotate' parameter"),
        ({"region": np.zeros((32, 40))}, "patch region of image 0"),
        ({"region": np.ones((5, 5))}, "patch region of image 0 has shape"),
        ({"region": (slice(90, 99), slice(0, 9))}, "patch region of image 0"),
        ({"region": [np.ones((32, 40))] * 2}, "list of 2 for 1"),
    ],
    ids=str,
)
def test_nonsensical_patches_are_refused(params, message, make_segmenter, X):
    sampler = PatchSampler(shapes=((16, 16),), counts=(8,)).set_params(**params)
    with pytest.raises(ValueError, match=message):
        make_segmenter(patches=sampler).fit(X[:1])


def one_piece(image):
    return np.zeros(image.shape[:2], int)


def no_piece(image):
    return np.full(image.shape[:2], -1)


def test_fewer_than_two_superpixels_are_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=one_piece)
    with pytest.raises(
        ValueError, match=r"image 0 .*two superpixels.*superpixels__n_segments"
    ):
        model.fit(X)


def test_image_without_superpixels_is_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=no_piece)
    with pytest.raises(ValueError, match=r"^image 0: .*no label"):
        model.fit(X)


def test_fewer_than_two_superpixels_within_the_mask_name_the_image(
    make_segmenter, make_image
):
    def all_or_one_pixel(image):
        mask = np.ones(image.shape[:2], bool)
        if image.shape[1] == 32:
            mask[1:] = mask[:, 1:] = False
        return mask

    superpixels = SuperpixelTransformer(n_segments=20, mask=all_or_one_pixel)
    model = make_segmenter(superpixels=superpixels)
    with pytest.raises(ValueError, match=r"image 1 .*two superpixels.*mask"):
        model.fit([make_image((32, 40)), make_image((32, 32))])


def test_image_with_one_superpixel_can_be_predicted(make_segmenter, X):
    model = make_segmenter().fit(X)
    model.superpixels_.set_params(method=one_piece)
    assert len(np.unique(model.predict(X)[0])) == 1


def test_image_without_superpixels_is_refused_in_predict(make_segmenter, X):
    model = make_segmenter().fit(X)
    model.superpixels_.set_params(method=no_piece)
    with pytest.raises(ValueError, match=r"^image 0: .*no label"):
        model.predict(X)


def test_callable_superpixels_of_the_wrong_shape_are_refused(make_segmenter, X):
    model = make_segmenter(superpixels__method=lambda image: image)
    with pytest.raises(ValueError, match=r"^image 0: the superpixel callable"):
        model.fit(X)


# ---------------------------------------------------------------------------
# Messages, devices, precision


def test_progress_bar_shows_epochs_and_loss_terms(make_segmenter, X, capsys):
    make_segmenter(max_epochs=2, beta_cut=0.1, verbose=1).fit(X)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    for name in ["epoch", "loss=", "rec=", "cut=", "sim=", "con=", "labels="]:
        assert name in shown.err


def test_nothing_is_shown_by_default(make_segmenter, X, capfd):
    make_segmenter().fit(X).predict(X)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_progress_bar_changes_no_labels(make_segmenter, X):
    expected = make_segmenter().fit(X).predict_proba(X)
    found = make_segmenter(verbose=1).fit(X).predict_proba(X)
    assert_array_equal(found[0], expected[0])


def test_patches_of_the_user_that_do_not_fit_are_told_once(make_segmenter, X):
    model = make_segmenter(patches__shapes=((200, 16),), max_epochs=2)
    with pytest.warns(UserWarning, match=r"\(200, 16\).*patches__shapes") as caught:
        model.fit(X)
    assert len(caught) == 1


def test_default_patches_adapt_in_silence(make_segmenter, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_segmenter(patches=None).fit(X)


def test_typical_fit_warns_of_nothing(make_segmenter, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make_segmenter(assignment="kmeans").fit(X).partial_fit(X).predict(X)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "auto"])
def test_any_precision_gives_float32_soft_labels(precision, make_segmenter, X):
    model = make_segmenter(precision=precision).fit(X)
    (proba, _) = model.predict_proba(X)
    assert proba.dtype == np.float32
    assert_allclose(proba.sum(axis=-1), 1.0, atol=1e-5)
    assert all(p.dtype == torch.float32 for p in model.net_.module_.parameters())


def test_bfloat16_is_another_computation_with_nearly_the_same_result(
    make_segmenter, disc
):
    exact, short = (
        make_segmenter(precision=precision, **NO_LOSS | {"beta_rec": 1.0}).fit([disc])
        for precision in ("float32", "bfloat16")
    )
    assert exact.loss_ != short.loss_
    assert short.loss_ == pytest.approx(exact.loss_, rel=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_card_is_refused_with_the_cure(make_segmenter, X):
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used here.*'auto'"):
        make_segmenter(device="cuda").fit(X)


@pytest.mark.parametrize("device", ["quantum", "cpu:x", ""])
def test_unknown_device_is_refused_with_the_cure(device, make_segmenter, X):
    with pytest.raises(ValueError, match="use 'auto' or 'cpu'"):
        make_segmenter(device=device).fit(X)


def test_device_may_be_an_object_of_torch(make_segmenter, X):
    model = make_segmenter(device=torch.device("cpu"))
    assert clone(model).fit(X).net_.module_.encoder.head.weight.device.type == "cpu"
