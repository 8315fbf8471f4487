import copy

import numpy as np
import pytest
import torch

from sksegment import KMeansPixelSegmenter
from sksegment.model_selection import beta_path


def weights_of(model):
    return model.net_.module_.state_dict()


def test_path_goes_from_small_to_large(images, truths, make_segmenter):
    path = beta_path(make_segmenter(), images, truths, betas=[1.0, 0.1, 10.0])
    assert path.betas_ == [0.1, 1.0, 10.0]
    assert [row["beta"] for row in path.results_] == path.betas_
    for beta, model in zip(path.betas_, path.estimators_, strict=True):
        assert (model.beta_sim, model.beta_con, model.beta_cut) == (beta, beta, 0.0)


def test_best_is_the_one_with_the_highest_score(images, truths, make_segmenter):
    path = beta_path(make_segmenter(), images, truths, betas=[0.1, 10.0])
    scores = [model.score(images, truths) for model in path.estimators_]
    assert [row["score"] for row in path.results_] == scores
    assert path.best_index_ == int(np.argmax(scores))
    assert path.best_estimator_ is path.estimators_[path.best_index_]


def test_without_truth_nothing_is_scored(images, make_segmenter):
    path = beta_path(make_segmenter(), images, betas=[0.1, 1.0])
    assert path.best_index_ is path.best_estimator_ is None
    assert "score" not in path.results_[0]
    assert set(path.results_[0]) == {"beta", "n_labels", "loss", "fit_time"}


def test_all_go_on_from_one_trunk_with_the_middle_beta(images, make_segmenter):
    path = beta_path(make_segmenter(max_epochs=4), images, betas=[0.3, 1, 9], epochs=2)
    trunk = make_segmenter(max_epochs=2, beta_sim=1.0, beta_con=1.0).fit(images)
    for beta, model in zip(path.betas_, path.estimators_, strict=True):
        assert (model.n_iter_, model.max_epochs) == (4, 4)
        expected = copy.deepcopy(trunk).set_params(beta_sim=beta, beta_con=beta)
        expected.partial_fit(images)
        for name, value in weights_of(expected).items():
            assert torch.equal(weights_of(model)[name], value)


def test_a_quarter_of_the_epochs_is_enough_by_default(images, make_segmenter):
    path = beta_path(make_segmenter(max_epochs=8), images, betas=[0.1, 1, 10])
    assert [model.n_iter_ for model in path.estimators_] == [4, 4, 4]


def test_weights_of_the_losses_follow_the_path(images, make_segmenter):
    path = beta_path(make_segmenter(), images, betas=[0.1, 10.0])
    row = path.estimators_[1].history_[-1]
    expected = row["rec"] + 10 * row["sim"] + 10 * row["con"]
    assert row["loss"] == pytest.approx(expected, rel=1e-4)


def test_only_what_is_named_varies(images, make_segmenter):
    path = beta_path(make_segmenter(), images, betas=[1.0, 2.0], names=["beta_con"])
    assert [(m.beta_sim, m.beta_con) for m in path.estimators_] == [(0.1, 1), (0.1, 2)]


def test_estimator_itself_stays_as_it_is(images, make_segmenter):
    model = make_segmenter()
    beta_path(model, images, betas=[1.0])
    assert not hasattr(model, "net_")
    assert model.beta_sim == 0.1


def test_dense_models_have_a_path_too(images, truths, make_dense):
    model = make_dense(beta_cut=1.0, beta_sim=0.0, beta_con=0.0)
    path = beta_path(model, images, truths, betas=[0.1, 1.0])
    assert [m.beta_cut for m in path.estimators_] == [0.1, 1.0]
    assert path.best_estimator_ is not None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"betas": []}, "must be numbers above 0"),
        ({"betas": [0.0, 1.0]}, "must be numbers above 0"),
        ({"names": ["beta_rec"]}, "'beta_rec' is none of them"),
        ({"names": []}, "all are 0"),
        ({"y": []}, "0 ground truths for 2 images"),
    ],
)
def test_bad_arguments_are_told(images, make_segmenter, options, message):
    with pytest.raises(ValueError, match=message):
        beta_path(make_segmenter(), images, **options)


def test_model_without_betas_is_refused(images):
    with pytest.raises(ValueError, match="KMeansPixelSegmenter has no beta_cut"):
        beta_path(KMeansPixelSegmenter(), images)
