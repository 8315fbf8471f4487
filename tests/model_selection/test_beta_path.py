import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sksegment import KMeansPixelSegmenter
from sksegment._agreement import agreement_scores, regions_without_a_net
from sksegment.model_selection import (
    beta_path,
    segmentation_scorer,
    stability_score,
)
from sksegment.training._watch import watch_training


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


def test_without_truth_the_score_is_label_free(images, make_segmenter):
    path = beta_path(make_segmenter(), images, betas=[0.1, 1.0, 10.0])
    maps = [model.labels_ for model in path.estimators_]
    scaled = [path.estimators_[0]._scale.apply(image) for image in images]
    fields = [np.ones(image.shape[:2], bool) for image in images]
    regions = regions_without_a_net(scaled, fields, rgb=True)
    scores = agreement_scores(maps, regions).tolist()
    assert [row["score"] for row in path.results_] == scores
    assert path.best_index_ == int(np.argmax(scores))


def test_any_scorer_will_do(images, make_segmenter):
    def fewest_labels(model, X, y=None):
        return -len(np.unique(model.predict(X)[0]))

    path = beta_path(make_segmenter(), images, betas=[0.1, 10], scoring=fewest_labels)
    found = [fewest_labels(model, images) for model in path.estimators_]
    assert [row["score"] for row in path.results_] == found


@pytest.mark.parametrize(
    ("n_fits", "n_betas", "epochs", "batches"),
    [(3, 9, 2, 10), (3, 3, 8, 8), (3, 2, 8, 8), (1, 4, 2, 8), (0.1, 9, 1, 1)],
)
def test_all_share_the_steps_of_a_few_fits(
    n_fits, n_betas, epochs, batches, images, make_segmenter
):
    model = make_segmenter(max_epochs=8, batches_per_epoch=8)
    path = beta_path(model, images[:1], betas=range(1, n_betas + 1), n_fits=n_fits)
    for model in path.estimators_:
        assert model.n_iter_ == epochs
        assert [*map(len, model.net_.history[:, "batches"])] == [batches] * epochs
        assert (model.max_epochs, model.batches_per_epoch) == (8, 8)


def test_each_beta_has_a_seed_of_its_own_and_they_are_the_same_again(
    images, make_segmenter
):
    one, two = (
        beta_path(make_segmenter(), images, betas=[1.0, 1.0 + 1e-12]) for _ in range(2)
    )
    weights = [weights_of(model)["encoder.head.weight"] for model in one.estimators_]
    assert not torch.allclose(*weights)
    for first, second in zip(one.estimators_, two.estimators_, strict=True):
        assert first.loss_ == second.loss_


def test_whole_fits_are_those_of_the_estimator(images, make_segmenter):
    (found,) = beta_path(make_segmenter(), images, betas=[0.3]).estimators_
    expected = make_segmenter(beta_sim=0.3, beta_con=0.3).fit(images)
    for name, value in weights_of(expected).items():
        assert torch.equal(weights_of(found)[name], value)
    np.testing.assert_array_equal(found.labels_[0], expected.labels_[0])


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
        ({"n_fits": 0}, "n_fits=0 must be above 0"),
        ({"names": "beta_rec"}, "'beta_rec' is none of them"),
        ({"scoring": "stable"}, "'stable' is neither a scorer nor one of"),
    ],
)
def test_bad_arguments_are_told(images, make_segmenter, options, message):
    with pytest.raises(ValueError, match=message):
        beta_path(make_segmenter(), images, **options)


def test_restarts_are_refused(images, make_segmenter):
    with pytest.raises(ValueError, match="no restarts, but n_init=3"):
        beta_path(make_segmenter(n_init=3), images)


def test_scorers_have_names(images, make_segmenter):
    path = beta_path(make_segmenter(), images, betas=[0.1, 1.0], scoring="stability")
    expected = [stability_score(model, images) for model in path.estimators_]
    assert [row["score"] for row in path.results_] == expected


def test_model_without_betas_is_refused(images):
    with pytest.raises(ValueError, match="KMeansPixelSegmenter has no beta_cut"):
        beta_path(KMeansPixelSegmenter(), images)


def test_one_name_needs_no_list(images, make_segmenter):
    path = beta_path(make_segmenter(), images[:1], betas=[0.2], names="beta_con")
    assert (path.best_estimator_.beta_sim, path.best_estimator_.beta_con) == (0.1, 0.2)


def test_several_scores_at_once_are_refused(images, truths, make_segmenter):
    with pytest.raises(ValueError, match="returns several scores; pass one of SCORERS"):
        beta_path(make_segmenter(), images, truths, scoring=segmentation_scorer)


def test_truth_of_another_shape_is_told_before_the_training(
    images, truths, make_segmenter
):
    epochs = []

    class Count(Callback):
        def on_epoch_end(self, net, **kwargs):
            epochs.append(net)

    wrong = [truths[0], truths[1].T]
    with watch_training(Count()), pytest.raises(ValueError, match="ground truth 1 has"):
        beta_path(make_segmenter(), images, wrong)
    assert not epochs
