"""A training that came to nothing says so, and what to try."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning

from sksegment.model_selection import fit_together
from sksegment.training import SegmentationNet


@pytest.fixture(params=["segmenter", "dense"])
def make(request, make_segmenter, make_dense):
    return {"segmenter": make_segmenter, "dense": make_dense}[request.param]


@pytest.fixture
def collapsing(monkeypatch):
    """Let every training end with one label that is everywhere the largest."""
    settle = SegmentationNet.settle_statistics

    def collapse(self, images):
        settle(self, images)
        with torch.no_grad():
            self.module_.encoder.head.bias[1] += 1e3

    monkeypatch.setattr(SegmentationNet, "settle_statistics", collapse)


def test_one_label_everywhere_is_told_with_advice(make, X, collapsing):
    message = r"one label.*smaller beta_sim and beta_con \(now 0\.1 and 0\.1\)"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        model = make().fit(X)
    assert {*np.unique(model.labels_[0])} == {*np.unique(model.labels_[1])}
    assert caught[0].filename == __file__


def test_continuity_that_outweighs_all_else_collapses_and_is_told(make, X):
    model = make(beta_con=1000.0, beta_rec=0.0, lr=0.01, batches_per_epoch=30)
    with pytest.warns(ConvergenceWarning, match=r"one label.*\(now 0\.1 and 1000\)"):
        model.fit(X)
    assert (model.label_fractions_ > 0).sum() == 1


@pytest.mark.parametrize("lr", [1e-12, 1e-7])
def test_training_that_never_leaves_its_start_is_told_with_advice(lr, make, X):
    message = rf"did not leave its start.*larger lr \(now {lr:g}\)"
    with pytest.warns(ConvergenceWarning, match=message) as caught:
        make(lr=lr, max_epochs=2).fit(X)
    assert caught[0].filename == __file__


def test_partial_fit_is_measured_from_where_it_starts(make, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model = make(max_epochs=2).fit(X)
    with pytest.warns(ConvergenceWarning, match="did not leave its start") as caught:
        model.set_params(lr=1e-9).partial_fit(X)
    assert caught[0].filename == __file__


def test_learning_rate_may_change_between_fit_and_partial_fit(make, X):
    model = make(max_epochs=1, lr=1e-3).fit(X)
    model.partial_fit(X)
    usual = model.net_.history[-1]["moved"]
    model.set_params(lr=1e-2).partial_fit(X)
    assert model.net_.history[-1]["moved"] > 3 * usual


def test_gradient_of_zero_is_told(make, X):
    model = make(beta_sim=0.0, beta_con=1e-30, beta_rec=0.0)
    with pytest.warns(ConvergenceWarning, match="larger betas"):
        model.fit(X)


def test_training_that_learns_something_is_not_told_of(make, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        model = make().fit(X)
        model.partial_fit(X)
    assert (model.label_fractions_ > 0).sum() > 1


def test_constant_image_has_one_class_by_right(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        make().fit([np.full((24, 32), 7, np.uint8)])


def test_constant_images_among_others_are_named_once(make, X):
    X = [np.zeros_like(X[0]), *X, np.full((24, 32, 3), 7, np.uint8)]
    message = r"of image 0, image 3 all pixels are equal.*leave them out"
    with pytest.warns(UserWarning, match=message) as caught:
        model = make(max_epochs=2).fit(X)
    assert ["equal" in str(one.message) for one in caught].count(True) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="of image 0 all pixels are equal"):
        model.partial_fit([X[0], X[1]])


def test_constant_image_is_told_before_the_training(make, X, monkeypatch):
    def stop(self, images):
        raise NotImplementedError

    monkeypatch.setattr(SegmentationNet, "settle_statistics", stop)
    with (
        pytest.warns(UserWarning, match="of image 1 all pixels are equal"),
        pytest.raises(NotImplementedError),
    ):
        make().fit([X[0], np.zeros_like(X[0])])


def test_image_that_is_constant_within_its_mask_is_named(make_segmenter, X):
    inside = np.ones(X[0].shape[:2], bool)
    inside[:, :12] = False
    half = np.where(inside[..., np.newaxis], np.uint8(83), X[0])
    with pytest.warns(UserWarning, match="of image 1 all pixels are equal"):
        make_segmenter(superpixels__mask=inside).fit([X[0], half])


def test_images_that_are_all_constant_are_named_once(make):
    grey = np.full((24, 32), 7, np.uint8)
    message = r"of image 0, image 1 all pixels are equal.*labels to chance"
    with pytest.warns(UserWarning, match=message) as caught:
        make(max_epochs=2).fit([grey, grey // 2])
    assert ["equal" in str(one.message) for one in caught].count(True) == 1
    assert caught[0].filename == __file__


def test_min_labels_is_a_wish_and_no_failure(make_dense, X, collapsing):
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        make_dense(min_labels=1).fit(X)
        make_dense(min_labels=4).fit(X)


def test_one_label_is_told_where_min_labels_was_not_reached(make_dense, X, collapsing):
    with pytest.warns(ConvergenceWarning, match="one label"):
        make_dense(min_labels=None).fit(X)


def test_best_of_several_trainings_is_judged(make, X):
    with pytest.warns(ConvergenceWarning, match="did not leave") as caught:
        make(n_init=3, lr=1e-12).fit(X)
    assert len([w for w in caught if w.category is ConvergenceWarning]) == 1


def test_every_net_trained_together_is_judged(make_segmenter, X):
    models = [make_segmenter(random_state=seed, lr=1e-12) for seed in range(2)]
    with pytest.warns(ConvergenceWarning, match="did not leave") as caught:
        fit_together(models, X[:1])
    assert len([w for w in caught if w.category is ConvergenceWarning]) == 2
    assert caught[0].filename == __file__


def test_how_far_the_weights_moved_is_no_column_of_the_history(make, X):
    model = make().fit(X)
    assert "moved" not in model.history_[-1]
    assert model.net_.history[-1]["moved"] > 1e-3
