"""How long the dense segmenter trains, when it stops, and how it goes on."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment.segmenters import _training

# From eight labels two are left within a few epochs of eight steps.
MERGING = {"max_labels": 8, "max_epochs": 12}


def n_steps(model):
    """Number of steps in every epoch."""
    return [len(row["batches"]) for row in model.net_.history]


@pytest.fixture(scope="module")
def few(make_dense, disc, sim_con):
    """Segmenter that stopped at three labels; not to be changed by a test."""
    return make_dense(min_labels=3, **sim_con | MERGING).fit([disc])


def test_training_stops_when_few_labels_are_left(few):
    assert few.n_iter_ < few.max_epochs
    counts = few.history_[:, "n_labels"]
    assert counts[-1] <= 3
    assert all(count > 3 for count in counts[:-1])


def test_training_goes_on_without_min_labels(few, make_dense, disc, sim_con):
    longer = make_dense(**sim_con | MERGING | {"max_epochs": few.n_iter_ + 1})
    longer.fit([disc])
    assert longer.n_iter_ == few.n_iter_ + 1
    assert n_steps(longer) == [8] * longer.n_iter_
    # Up to the stop nothing is different.
    names = ("loss", "n_labels", "rec", "sim", "con")
    for row, other in zip(few.history_[:-1], longer.history_[:-2], strict=True):
        assert [row[name] for name in names] == [other[name] for name in names]


@pytest.mark.parametrize("min_labels", [4, 100])
def test_training_stops_in_the_middle_of_an_epoch_with_a_complete_history(
    min_labels, make_dense, X
):
    # As few labels as are asked for are there from the first step on.
    model = make_dense(min_labels=min_labels, max_epochs=5, batches_per_epoch=8)
    model.fit(X[:1])
    assert n_steps(model) == [1]
    assert model.n_iter_ == 1
    (row,) = model.history_
    assert set(row) == {"epoch", "loss", "rec", "sim", "con", "n_labels", "seconds"}
    assert np.isfinite(list(row.values())).all()
    assert model.loss_ == row["loss"]
    assert_array_equal(model.labels_[0], model.predict(X[:1])[0])


def test_training_does_not_stop_before_every_image_was_seen(make_dense, make_image):
    X = [make_image((16, 16 + index)) for index in range(5)]
    model = make_dense(min_labels=4, batches_per_epoch=20, max_epochs=3).fit(X)
    assert 5 <= n_steps(model)[0] < 20
    assert len(n_steps(model)) == 1


def test_partial_fit_stops_too_when_few_labels_are_left(make_dense, X):
    model = make_dense(batches_per_epoch=8).fit(X[:1])
    model.set_params(min_labels=4, max_epochs=5).partial_fit(X[:1])
    assert n_steps(model) == [8, 1]
    assert model.n_iter_ == 2


def test_loss_that_is_not_finite_is_an_error_even_where_few_labels_are_enough(
    make_dense, X
):
    model = make_dense(lr=1e30, max_epochs=3, min_labels=1)
    with pytest.raises(FloatingPointError, match=r"smaller lr.*betas"):
        model.fit(X[:1])
    for value in model.net_.module_.state_dict().values():
        assert torch.isfinite(value).all()
    assert np.isfinite(model.predict_proba(X)[0]).all()


def test_share_of_labels_that_changed_is_that_of_pixels(make_dense, X, monkeypatch):
    maps = []
    train = _training.train_wnet

    def recorded(estimator, net, images, *args, **options):
        train(estimator, net, images, *args, **options)
        maps.append(torch.cat([image.labels for image in images]))

    monkeypatch.setattr(_training, "train_wnet", recorded)
    params = {"batches_per_epoch": 8, "lr": 0.01}
    make_dense(max_epochs=1, **params).fit(X)
    model = make_dense(max_epochs=2, **params).fit(X)
    assert len(maps[0]) == 16 * 20 + 12 * 16
    changed = (maps[0] != maps[1]).double().mean().item()
    assert model.history_[1]["changed"] == pytest.approx(changed, abs=1e-6) != 0


def test_partial_fit_goes_on(make_dense, X):
    model = make_dense(max_epochs=2).fit(X)
    before, features = list(model.history_), model.transform(X)[0]
    assert model.partial_fit(X) is model
    assert model.n_iter_ == 4
    assert list(model.history_)[:2] == before
    assert model.loss_ == model.history_[-1]["loss"]
    assert not np.array_equal(model.transform(X)[0], features)
    assert_array_equal(model.labels_[0], model.predict(X)[0])


def test_partial_fit_of_an_unfitted_segmenter_is_fit(make_dense, X):
    model, expected = make_dense().partial_fit(X), make_dense().fit(X)
    assert_array_equal(model.predict_proba(X)[0], expected.predict_proba(X)[0])


def test_partial_fit_keeps_the_scale(make_dense, make_image):
    X = [make_image((32, 40), 3, dtype=np.float32)]
    model = make_dense().fit(X)
    expected = model.intensity_range_.copy()
    # With a negative value the images alone would be no colours any more.
    model.partial_fit([3 * X[0] - 100])
    assert_array_equal(model.intensity_range_, expected)
    assert model.rgb_


def test_partial_fit_keeps_ids(make_dense, disc, n_cut):
    model = make_dense(**n_cut).fit([disc])
    before = model.predict([disc])[0]
    after = model.set_params(max_epochs=1).partial_fit([disc]).predict([disc])[0]
    assert len(np.unique(before)) > 1
    assert (before == after).mean() > 0.9


def test_partial_fit_does_not_sort_ids_anew(make_dense, disc):
    # A step of nearly zero keeps the net, whatever the brightness of the new images.
    model = make_dense(lr=1e-12, batches_per_epoch=8).fit([disc])
    weight = model.net_.module_.encoder.head.weight.detach().clone()
    model.partial_fit([255 - disc])
    torch.testing.assert_close(
        model.net_.module_.encoder.head.weight, weight, rtol=0, atol=1e-6
    )


def test_partial_fit_refuses_another_number_of_channels(fitted_dense, make_image):
    with pytest.raises(ValueError, match=r"image 0 has 2 channel.* fitted on 3"):
        fitted_dense.partial_fit([make_image((32, 40), 2)])


def test_restarts_are_trainings_from_different_seeds(make_dense, X, monkeypatch):
    losses, n_epochs = [], []

    def recorded(estimator, net, *args, **options):
        train(estimator, net, *args, **options)
        losses.append(net.history[-1]["train_loss"])
        n_epochs.append(len(net.history))

    train = _training.train_wnet
    monkeypatch.setattr(_training, "train_wnet", recorded)
    # So many labels that every training may stop at once.
    model = make_dense(n_init=3, max_epochs=2, min_labels=100).fit(X)
    assert len(set(losses)) == 3
    assert model.loss_ in losses
    assert model.loss_ == model.history_[-1]["loss"]
    assert n_epochs == [1, 1, 1]


def test_affinity_is_computed_only_for_the_normalised_cut(make_dense, X, monkeypatch):
    def refuse(image):
        raise AssertionError("the affinity is not needed")

    monkeypatch.setattr("sksegment.training._data.pixel_affinity", refuse)
    make_dense(beta_cut=0.0).fit(X)
    with pytest.raises(AssertionError, match="not needed"):
        make_dense(beta_cut=0.1).fit(X)
