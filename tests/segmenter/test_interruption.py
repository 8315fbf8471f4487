"""A fit that is stopped by Ctrl-C or SIGTERM keeps what it has learnt, and says so."""

import copy
import os
import signal
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sksegment.io import load_model
from sksegment.model_selection import InSampleSplit, v_measure_scorer
from sksegment.segmenters import _training
from sksegment.training import SegmentationNet

METHODS = ["predict", "predict_proba", "transform", "reconstruct"]


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def terminate():
    signal.raise_signal(signal.SIGTERM)


def stop(monkeypatch, epoch, effect=press_ctrl_c):
    """Let something happen in the second step of an epoch, of all nets together."""
    get_loss, epochs = SegmentationNet.get_loss, []

    def broken(self, *args, **kwargs):
        epochs.append(len(self.history))
        if epochs[-1] == epoch and epochs.count(epoch) == 2:
            effect()
        return get_loss(self, *args, **kwargs)

    monkeypatch.setattr(SegmentationNet, "get_loss", broken)


@pytest.fixture
def stop_at(monkeypatch):
    return partial(stop, monkeypatch)


@pytest.fixture(scope="module")
def X(make_image):
    return [make_image((24, 28), 3), make_image((25, 21), 3, seed=3)]


@pytest.fixture(scope="module", params=["sparse", "dense"])
def make_w_net(request, make_segmenter, make_dense):
    return make_segmenter if request.param == "sparse" else make_dense


@pytest.fixture(scope="module")
def interrupted(make_w_net, X):
    """Return a model that was stopped in its third epoch of five, and the notes."""
    model = make_w_net(max_epochs=5)
    with pytest.MonkeyPatch.context() as monkeypatch:
        stop(monkeypatch, 3)
        with pytest.raises(KeyboardInterrupt) as raised:
            model.fit(X)
    return model, raised.value.__notes__


@pytest.fixture(scope="module")
def shorter(make_w_net, X):
    """Return a model whose training was to have two epochs."""
    return make_w_net(max_epochs=2).fit(X)


@pytest.mark.parametrize("method", METHODS)
def test_interrupted_model_is_that_of_a_shorter_training(
    method, interrupted, shorter, X
):
    for one, other in zip(
        getattr(interrupted[0], method)(X), getattr(shorter, method)(X), strict=True
    ):
        assert_array_equal(one, other)


def test_interrupted_model_has_the_attributes_of_a_shorter_training(
    interrupted, shorter
):
    model = interrupted[0]
    assert model.n_iter_ == 2
    assert model.loss_ == shorter.loss_
    for column in ("epoch", "loss", "n_labels"):
        assert model.history_[:, column] == shorter.history_[:, column]
    assert_array_equal(model.labels_[1], shorter.labels_[1])
    assert_array_equal(model.label_colors_, shorter.label_colors_)


def test_interrupted_model_says_so(interrupted, shorter, tmp_path):
    model, [note] = interrupted
    assert "2 epochs are kept: the estimator can be used, and partial_fit" in note
    assert model.interrupted_ is True
    assert shorter.interrupted_ is False
    model.save(tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").interrupted_ is True


def test_interrupted_training_goes_on_as_one_that_was_not(interrupted, shorter, X):
    models = copy.deepcopy((interrupted[0], shorter))
    found, expected = (model.set_params(max_epochs=2) for model in models)
    found.partial_fit(X)
    expected.partial_fit(X)
    assert found.interrupted_ is False
    assert found.n_iter_ == 4
    # What is completed is numbered anew.
    soft = (np.sort(model.transform(X)[0]) for model in (found, expected))
    assert_allclose(*soft, rtol=1e-5)


@pytest.mark.parametrize("assignment", ["pixel", "region", "mean", "kmeans"])
def test_labels_of_a_completed_training_have_the_numbers_of_the_whole(
    assignment, make_segmenter, X
):
    params = {"assignment": assignment, "max_epochs": 4}
    whole = make_segmenter(**params).fit(X)
    parts = make_segmenter(**params)
    with pytest.MonkeyPatch.context() as monkeypatch:
        stop(monkeypatch, 3)
        with pytest.raises(KeyboardInterrupt):
            parts.fit(X)
    left = whole.n_iter_ - parts.n_iter_
    parts.set_params(max_epochs=left).partial_fit(X)
    for found, expected in zip(parts.labels_, whole.labels_, strict=True):
        assert np.mean(found == expected) > 0.99


def test_training_that_goes_on_comes_to_what_it_would_have(make_w_net, X):
    """Up to rounding: labels are numbered between the two parts."""
    params = {"batches_per_epoch": 6, "lr": 1e-3}
    whole = make_w_net(max_epochs=6, **params).fit(X)
    parts = make_w_net(max_epochs=3, **params).fit(X).partial_fit(X)
    for column in ("loss", "rec", "sim", "con"):
        expected = whole.history_[:, column]
        assert parts.history_[:, column] == pytest.approx(expected, rel=1e-4)


def test_before_the_first_epoch_is_complete_there_is_no_model(make_w_net, X, stop_at):
    stop_at(1)
    model = make_w_net(max_epochs=3)
    with pytest.raises(KeyboardInterrupt) as raised:
        model.fit(X)
    assert not hasattr(raised.value, "__notes__")
    assert not [name for name in vars(model) if name.endswith("_")]


def test_estimator_fitted_before_keeps_that_when_nothing_new_was_learnt(
    shorter, X, stop_at
):
    model = copy.deepcopy(shorter)
    before = model.transform(X)[0]
    stop_at(1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:1])
    assert_array_equal(model.transform(X)[0], before)
    assert model.interrupted_ is False


def test_first_epoch_of_partial_fit_leaves_the_model_as_it_was(shorter, X, stop_at):
    model = copy.deepcopy(shorter)
    before = model.transform(X)[0]
    stop_at(3)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X[:1])
    assert_array_equal(model.transform(X)[0], before)
    assert len(model.labels_) == 2
    assert (model.n_iter_, model.interrupted_) == (2, False)


def test_later_epoch_of_partial_fit_is_a_shorter_partial_fit(shorter, X, stop_at):
    expected = copy.deepcopy(shorter).partial_fit(X[:1])
    model = copy.deepcopy(shorter).set_params(max_epochs=5)
    stop_at(5)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X[:1])
    assert (model.n_iter_, model.interrupted_) == (4, True)
    assert_array_equal(model.transform(X)[0], expected.transform(X)[0])
    assert_array_equal(model.labels_[0], expected.labels_[0])


def test_best_of_the_restarts_that_are_complete_is_kept(make_segmenter, X, monkeypatch):
    train, trained = _training.train_wnet, []

    def stop_in_the_third(*args, **options):
        if len(trained) == 2:
            raise KeyboardInterrupt
        train(*args, **options)
        trained.append(args[1])

    monkeypatch.setattr(_training, "train_wnet", stop_in_the_third)
    model = make_segmenter(n_init=3, max_epochs=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    losses = [net.history[-1]["train_loss"] for net in trained]
    assert model.loss_ == min(losses)
    assert model.interrupted_


def test_ctrl_c_after_the_last_epoch_is_no_other_model(make_w_net, X, monkeypatch):
    """While statistics are taken from whole images, or labels are made."""
    complete = make_w_net(max_epochs=2).fit(X)
    settle = SegmentationNet.settle_statistics

    def stop_once(net, images):
        monkeypatch.setattr(SegmentationNet, "settle_statistics", settle)
        encode = net.module_.encode

        def stop(*parts):
            net.module_.encode = encode
            press_ctrl_c()

        net.module_.encode = stop
        settle(net, images)

    monkeypatch.setattr(SegmentationNet, "settle_statistics", stop_once)
    model = make_w_net(max_epochs=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert model.interrupted_
    assert model.n_iter_ == 2
    for found, expected in zip(model.labels_, complete.labels_, strict=True):
        assert_array_equal(found, expected)


@pytest.mark.parametrize("goes_on", [False, True])
def test_ctrl_c_while_labels_are_made_keeps_all_or_nothing(
    make_w_net, X, monkeypatch, goes_on
):
    model = make_w_net(max_epochs=1)
    if goes_on:
        model.fit(X)
    label = type(model)._label_prepared
    calls = []

    def stop_once(self, images):
        calls.append(1)
        if len(calls) == 1:
            press_ctrl_c()
        return label(self, images)

    monkeypatch.setattr(type(model), "_label_prepared", stop_once)
    with pytest.raises(KeyboardInterrupt):
        model.partial_fit(X)
    assert model.interrupted_
    assert model.n_iter_ == 1 + goes_on
    for found, expected in zip(model.labels_, model.predict(X), strict=True):
        assert_array_equal(found, expected)


def test_second_ctrl_c_leaves_no_half_model(make_segmenter, X, stop_at, monkeypatch):
    stop_at(2)

    def press_again(*args, **options):
        raise KeyboardInterrupt("again")

    monkeypatch.setattr("sksegment.segmenters._learning.measure_labels", press_again)
    model = make_segmenter(max_epochs=3)
    with pytest.raises(KeyboardInterrupt, match="again"):
        model.fit(X)
    assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_search_stops_and_scores_nothing_that_was_interrupted(
    in_pipeline, make_segmenter, X, stop_at
):
    scored = []

    def scorer(estimator, X, y):
        scored.append(estimator)
        return v_measure_scorer(estimator, X, y)

    model, name = make_segmenter(max_epochs=4), "beta_sim"
    if in_pipeline:
        model, name = make_pipeline(model), "sparsewnetsegmenter__beta_sim"
    search = GridSearchCV(
        model, {name: [0.1, 1.0]}, scoring=scorer, cv=InSampleSplit(), refit=False
    )
    stop_at(3)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, [image[..., 0] for image in X])
    assert not scored
    assert not hasattr(search, "cv_results_")


class Worker:
    """A method of superpixels that is interrupted in a worker."""

    def __call__(self, image):
        raise KeyboardInterrupt


@pytest.mark.slow
def test_search_in_workers_stops_too(make_segmenter, X):
    model = make_segmenter(superpixels__method=Worker())
    search = GridSearchCV(
        model,
        {"beta_sim": [0.1, 1.0]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
        n_jobs=2,
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, [image[..., 0] for image in X])


def test_sigterm_ends_a_program_after_the_model_is_kept(
    make_segmenter, X, stop_at, recwarn
):
    stop_at(3, terminate)
    model = make_segmenter(max_epochs=4)
    with pytest.raises(SystemExit) as raised:
        model.fit(X)
    assert raised.value.code == 143
    assert (model.n_iter_, model.interrupted_) == (2, True)
    [warning] = recwarn
    assert "stopped by SIGTERM" in str(warning.message)
    assert "2 epochs are kept" in str(warning.message)
    assert np.isfinite(model.predict_proba(X)[0]).all()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_handler_of_the_program_stays(make_segmenter, X, stop_at):
    calls = []
    before = signal.signal(signal.SIGTERM, lambda *args: calls.append(args))
    try:
        stop_at(2, terminate)
        assert make_segmenter(max_epochs=2).fit(X).interrupted_ is False
        assert len(calls) == 1
    finally:
        signal.signal(signal.SIGTERM, before)


def test_sigterm_ends_a_program_on_the_spot_once_the_fit_is_over(make_segmenter, X):
    make_segmenter().fit(X)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_fit_in_a_thread_needs_no_signals(make_segmenter, X):
    model = make_segmenter()
    thread = threading.Thread(target=model.fit, args=(X,))
    thread.start()
    thread.join()
    assert model.n_iter_ == 1


PROGRAM = """
import sys
import numpy as np
from sksegment import SparseWNetSegmenter

model = SparseWNetSegmenter(4, base_channels=4, depth=1, max_epochs=10**6)
image = np.random.default_rng(0).integers(0, 255, (40, 48), np.uint8)
print("begins", flush=True)
try:
    model.fit([image], checkpoint=sys.argv[1], checkpoint_every=1)
finally:
    model.save(sys.argv[2])
"""


@pytest.mark.parametrize(
    "number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGTERM]
)
def test_script_that_is_stopped_can_save(number, tmp_path):
    checkpoint, saved = tmp_path / "last", tmp_path / "saved"
    command = [sys.executable, "-c", PROGRAM, str(checkpoint), str(saved)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not checkpoint.exists() and process.poll() is None:
            threading.Event().wait(0.02)
        process.send_signal(number)
        error = process.stderr.read()
    expected = -signal.SIGINT if number == signal.SIGINT else 143
    assert process.returncode == expected, error
    assert "epochs are kept: the estimator can be used" in error
    model, last = load_model(saved), load_model(checkpoint)
    assert model.interrupted_
    assert model.n_iter_ >= 1
    for one, other in zip(
        model.net_.module_.state_dict().values(),
        last.net_.module_.state_dict().values(),
        strict=True,
    ):
        assert torch.equal(one, other)
