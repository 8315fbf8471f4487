"""The scikit-learn contract: the same seed, the same answer; copies."""

import copy
import pickle
import random

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone

QUESTIONS = ["predict", "predict_proba", "transform", "reconstruct"]


def numpy_state():
    return np.random.get_state()  # noqa: NPY002


def test_same_seed_gives_the_same_labels(estimator, images, answer, assert_same_maps):
    first = answer(clone(estimator).fit(images), images)
    assert_same_maps(answer(clone(estimator).fit(images), images), first)


def test_same_seed_gives_the_same_labels_when_fitted_twice(
    estimator, images, answer, assert_same_maps
):
    first = answer(estimator.fit(images), images)
    assert_same_maps(answer(estimator.fit(images), images), first)


def test_same_seed_gives_the_same_weights(make_w_net, images):
    one, other = (make_w_net().fit(images).net_.module_ for _ in range(2))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_same_seed_gives_the_same_labels_whatever_the_global_generators(
    make_w_net, images, answer, assert_same_maps
):
    first = make_w_net().fit(images)
    numpy_before, torch_before = numpy_state(), torch.get_rng_state()
    try:
        np.random.seed(123)  # noqa: NPY002
        torch.manual_seed(123)
        again = make_w_net().fit(images)
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002
        torch.set_rng_state(torch_before)
    assert again.loss_ == first.loss_
    assert_same_maps(answer(again, images), answer(first, images))


def test_other_seed_gives_another_model(make_w_net, images):
    losses = {make_w_net(random_state=seed).fit(images).loss_ for seed in range(3)}
    assert len(losses) == 3


def test_random_state_instance_is_reproducible(
    make_w_net, images, answer, assert_same_maps
):
    models = [
        make_w_net(random_state=np.random.RandomState(5)).fit(images) for _ in range(2)
    ]
    assert models[0].loss_ == models[1].loss_
    assert_same_maps(answer(models[0], images), answer(models[1], images))


def test_random_state_instance_gives_another_model_in_the_next_fit(make_w_net, images):
    estimator = make_w_net(random_state=np.random.RandomState(5))
    assert estimator.fit(images).loss_ != estimator.fit(images).loss_


@pytest.mark.parametrize("kind", ["mean", "kmeans", "dense"])
def test_global_generators_are_untouched(kind, make_segmenter, make_dense, images):
    dense = kind == "dense"
    estimator = make_dense() if dense else make_segmenter(assignment=kind)
    numpy_before, torch_before = numpy_state(), torch.get_rng_state()
    python_before = random.getstate()
    estimator.fit(images).partial_fit(images).predict(images)
    assert joblib.hash(numpy_state()) == joblib.hash(numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert random.getstate() == python_before


def test_fit_leaves_the_modes_of_torch_as_they_were(make_w_net, images):
    before = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    make_w_net().fit(images).predict(images)
    after = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    assert after == before


def test_fit_works_without_gradients_enabled_by_the_caller(
    make_w_net, images, answer, assert_same_maps
):
    expected = answer(make_w_net().fit(images), images)
    with torch.no_grad():
        assert_same_maps(answer(make_w_net().fit(images), images), expected)


@pytest.mark.parametrize("method", QUESTIONS)
def test_asking_twice_gives_the_same_answer(
    method, fitted, make_image, assert_same_maps
):
    X = [make_image((24, 30), 3, seed=7)]
    ask = getattr(fitted, method)
    assert_same_maps(ask(X), ask(X))


@pytest.mark.parametrize(
    "copied",
    [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
def test_copy_of_a_fitted_estimator_answers_the_same(
    copied, estimator, images, answer, assert_same_maps
):
    estimator.fit(images)
    assert_same_maps(answer(copied(estimator), images), answer(estimator, images))


def test_joblib_round_trip_answers_the_same(
    estimator, images, tmp_path, answer, assert_same_maps
):
    joblib.dump(estimator.fit(images), tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    assert_same_maps(answer(again, images), answer(estimator, images))


def test_unfitted_estimator_can_be_pickled(estimator, state_of):
    assert state_of(pickle.loads(pickle.dumps(estimator))) == state_of(estimator)


@pytest.mark.parametrize("assignment", ["majority", "kmeans"])
def test_pickle_keeps_the_assignment(
    assignment, make_segmenter, images, answer, assert_same_maps
):
    model = make_segmenter(assignment=assignment).fit(images)
    again = pickle.loads(pickle.dumps(model))
    assert_same_maps(answer(again, images), answer(model, images))


def test_unpickled_model_goes_on_training(make_w_net, images, answer, assert_same_maps):
    model = make_w_net().fit(images)
    again = pickle.loads(pickle.dumps(model)).partial_fit(images)
    assert again.n_iter_ == 2
    assert_same_maps(answer(again, images), answer(model.partial_fit(images), images))
