"""Trouble in training: a loss that is not finite, and an interrupt."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment.segmenters import _training
from sksegment.training import SegmentationNet


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
    train = _training.train_wnet
    n_trained = []

    def fail_later(*args, start, **options):
        if n_trained:
            raise FloatingPointError("the loss became nan")
        n_trained.append(1)
        train(*args, start=start, **options)

    monkeypatch.setattr(_training, "train_wnet", fail_later)
    model = make_segmenter(n_init=2)
    with pytest.raises(FloatingPointError):
        model.fit(X)
    assert model.loss_ == expected.loss_
    assert_array_equal(model.predict_proba(X)[0], expected.predict_proba(X)[0])


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


@pytest.mark.parametrize(
    "assignment", ["pixel", "region", "mean", "majority", "kmeans"]
)
def test_weights_that_the_last_step_broke_are_an_error_and_not_kept(
    assignment, make_segmenter, X
):
    # The loss of the only step was finite; nothing was tried after it.
    model = make_segmenter(
        lr=1e38, max_epochs=1, batches_per_epoch=1, assignment=assignment
    )
    with pytest.raises(FloatingPointError, match=r"last step.*smaller lr"):
        model.fit(X[:1])
    assert np.isfinite(model.predict_proba(X)[0]).all()
    assert np.isfinite(model.reconstruct(X)[0]).all()


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "transform", "reconstruct"]
)
def test_answer_that_is_no_number_is_an_error_and_no_label(
    method, make_segmenter, make_dense, X
):
    for make in (make_segmenter, make_dense):
        model = make().fit(X)
        part = "decoder" if method == "reconstruct" else "encoder"
        with torch.no_grad():
            getattr(model.net_.module_, part).head.bias[0] = float("nan")
        with pytest.raises(FloatingPointError, match="does not answer in numbers"):
            getattr(model, method)(X)
