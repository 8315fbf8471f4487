"""How long the segmenter trains, and how it goes on."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment.segmenters import _training


@pytest.mark.parametrize("n_epochs", [1, 3])
def test_training_lasts_max_epochs(n_epochs, make_segmenter, X):
    assert make_segmenter(max_epochs=n_epochs).fit(X).n_iter_ == n_epochs


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


def test_partial_fit_keeps_ids(make_segmenter, disc, disc_mask, sharp_params):
    model = make_segmenter(**sharp_params | {"beta_con": 0.1}).fit([disc])
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

    def recorded(*args, start, **options):
        starts.append(start)
        train(*args, start=start, **options)

    train = _training.train_wnet
    monkeypatch.setattr(_training, "train_wnet", recorded)
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


def test_restarts_are_trainings_from_different_seeds(make_segmenter, X, monkeypatch):
    losses = []

    def recorded(estimator, net, images, seed, *, start, **options):
        assert start
        train(estimator, net, images, seed, start=start, **options)
        losses.append(net.history[-1]["train_loss"])

    train = _training.train_wnet
    monkeypatch.setattr(_training, "train_wnet", recorded)
    model = make_segmenter(n_init=4).fit(X)
    assert len(set(losses)) == 4
    assert model.loss_ in losses
    assert model.loss_ == model.history_[-1]["loss"]


def test_partial_fit_weighs_the_losses_as_is_set_now(make_segmenter, X):
    model = make_segmenter().fit(X)
    model.set_params(beta_sim=0.0, beta_con=5.0, beta_cut=1.0).partial_fit(X)
    row = model.history_[-1]
    assert "sim" not in row
    expected = row["rec"] + 5 * row["con"] + row["cut"]
    assert row["loss"] == pytest.approx(expected, rel=1e-4)


def test_terms_are_means_over_the_steps(make_segmenter, X):
    model = make_segmenter(batches_per_epoch=4).fit(X)
    steps = model.net_.history[0]["batches"]
    values = [step["train_sim"] for step in steps]
    assert len(set(values)) == len(values) == 4
    assert all(isinstance(value, float) for value in values)
    assert model.history_[0]["sim"] == pytest.approx(np.mean(values))


@pytest.mark.parametrize(
    "change",
    [
        {"max_labels": 3},
        {"base_channels": 8},
        {"depth": 2},
        {"position": 1.0},
        {"reconstruction": "none"},
    ],
)
def test_net_that_does_not_fit_its_parameters_any_more_is_refused(
    make_segmenter, X, change
):
    model = make_segmenter().fit(X).set_params(**change)
    for method in (model.partial_fit, model.predict, model.transform):
        with pytest.raises(ValueError, match=f"{next(iter(change))} changed since"):
            method(X)


def test_clusters_follow_further_training_and_keep_their_numbers(make_segmenter, disc):
    model = make_segmenter(assignment="kmeans", max_labels=3, max_epochs=4).fit([disc])
    labels, centers = model.labels_[0], model.cluster_centers_.copy()
    model.partial_fit([disc])
    assert not np.array_equal(model.cluster_centers_, centers)
    assert (model.labels_[0] == labels).mean() > 0.9
    assert_array_equal(model.predict([disc])[0], model.labels_[0])


def test_clusters_that_few_superpixels_are_near_stay(make_segmenter, images):
    model = make_segmenter(
        assignment="kmeans", max_labels=16, superpixels__n_segments=20
    )
    model.fit([*images, images[0][::-1], images[1][:, ::-1]])
    centers = model.cluster_centers_.copy()
    used = np.flatnonzero(model.label_fractions_)
    model.set_params(lr=1e-12).partial_fit(images[:1])
    kept = np.setdiff1d(used, model.labels_[0])
    assert len(kept) > 0
    assert_array_equal(model.cluster_centers_[kept], centers[kept])
    assert_array_equal(model.predict(images[:1])[0], model.labels_[0])


@pytest.mark.parametrize("assignment", ["mean", "majority", "pixel", "region"])
def test_classes_that_are_clusters_stay_so(assignment, make_segmenter, X):
    model = make_segmenter(assignment="kmeans").fit(X)
    model.set_params(assignment=assignment)
    for method in (model.predict, model.predict_proba):
        with pytest.raises(
            ValueError, match=f"{assignment}' was set after .*fit again"
        ):
            method(X)
