"""The betas are tuned step by step."""

import functools
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sksegment.model_selection import (
    SCORERS,
    segmentation_scorer,
    tune_betas,
)


class Threshold(BaseEstimator):
    """An estimator without betas."""

    def fit(self, X, y=None):
        return self


class Landscape(BaseEstimator):
    """Betas whose score is known: highest at ``peak``, and falling off all around."""

    fits = []

    def __init__(self, beta_rec=1.0, beta_cut=0.0, beta_sim=0.1, beta_con=0.1):
        self.beta_rec = beta_rec
        self.beta_cut = beta_cut
        self.beta_sim = beta_sim
        self.beta_con = beta_con

    def fit(self, X, y=None):
        Landscape.fits.append((self.beta_cut, self.beta_sim, self.beta_con))
        self.fitted_ = True
        return self

    def predict(self, X):
        return [np.zeros((8, 8), np.int32) for _ in X]


def score_by_distance(estimator, X, y, *, peak):
    model = getattr(estimator, "named_steps", {"model": estimator})["model"]
    betas = {name: getattr(model, name) for name in peak}
    return -sum(abs(np.log2(betas[name] / peak[name])) for name in peak)


def tune(peak, **betas):
    Landscape.fits = []
    scorer = functools.partial(score_by_distance, peak=peak)
    X = [np.zeros((8, 8))]
    return tune_betas(Landscape(**betas), X, [np.zeros((8, 8), int)], scoring=scorer)


def smooth(images):
    return [image / 255.0 for image in images]


def columns(tuning, *names):
    return [tuple(row[name] for name in names) for row in tuning.results_]


def test_model_of_similarity_and_continuity_takes_the_later_steps():
    tuning = tune({"beta_sim": 1.9, "beta_con": 0.7}, beta_sim=0.5, beta_con=0.5)
    assert columns(tuning, "step", "beta_sim", "beta_con") == [
        ("sim_con", 0.1, 0.1),
        ("sim_con", 1.0, 1.0),
        ("sim_con", 10.0, 10.0),
        ("con", 1.0, pytest.approx(1 / 3)),
        ("con", 1.0, 3.0),
        ("fine", 0.5, 1.0),
        ("fine", 2.0, 1.0),
        ("fine", 2.0, 0.5),
        ("fine", 2.0, 2.0),
    ]
    assert tuning.best_params_ == {"beta_cut": 0.0, "beta_sim": 2.0, "beta_con": 0.5}
    assert tuning.best_score_ == max(row["score"] for row in tuning.results_)
    assert columns(tuning, "beta_cut", "beta_sim", "beta_con") == Landscape.fits[:-1]
    assert Landscape.fits[-1] == (0.0, 2.0, 0.5)


def test_model_of_the_cut_takes_the_cut_and_the_fine_step():
    tuning = tune({"beta_cut": 6.0}, beta_cut=3.0, beta_sim=0.0, beta_con=0.0)
    assert columns(tuning, "step", "beta_cut") == [
        ("cut", 0.1),
        ("cut", 1.0),
        ("cut", 10.0),
        ("fine", 5.0),
        ("fine", 20.0),
    ]
    assert tuning.best_params_ == {"beta_cut": 5.0, "beta_sim": 0.0, "beta_con": 0.0}


def test_model_of_all_three_takes_all_steps():
    peak = {"beta_cut": 1.0, "beta_sim": 10.0, "beta_con": 29.0}
    tuning = tune(peak, beta_cut=2.0, beta_sim=0.3, beta_con=0.3)
    steps = [row["step"] for row in tuning.results_]
    assert steps == ["cut"] * 3 + ["sim_con"] * 3 + ["con"] * 2 + ["fine"] * 6
    assert tuning.best_params_ == {"beta_cut": 1.0, "beta_sim": 10.0, "beta_con": 30.0}
    settings = columns(tuning, "beta_cut", "beta_sim", "beta_con")
    assert len(settings) == len(set(settings))


def test_one_of_similarity_and_continuity_has_nothing_to_be_tied_to():
    tuning = tune({"beta_con": 1.0}, beta_sim=0.0)
    assert [row["step"] for row in tuning.results_] == ["sim_con"] * 3 + ["fine"] * 2
    tuning = tune({"beta_sim": 1.0}, beta_con=0.0)
    assert {row["beta_con"] for row in tuning.results_} == {0.0}


def tune_steps(steps, **betas):
    X, y = [np.zeros((8, 8))], [np.zeros((8, 8), int)]
    scorer = functools.partial(score_by_distance, peak={"beta_sim": 0.2})
    return tune_betas(Landscape(**betas), X, y, scoring=scorer, steps=steps)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["con"], [(0.1, 0.1), (0.1, 0.1 / 3), (0.1, 0.1 * 3)]),
        ("con", [(0.1, 0.1), (0.1, 0.1 / 3), (0.1, 0.1 * 3)]),
        (["fine"], [(0.1, 0.1), (0.05, 0.1), (0.2, 0.1), (0.2, 0.05), (0.2, 0.2)]),
        (
            ("con", "sim_con"),
            [(0.1, 0.1), (1, 1), (10, 10), (0.1, 0.1 / 3), (0.1, 0.3)],
        ),
    ],
)
def test_steps_can_be_chosen(steps, expected):
    tried = columns(tune_steps(steps), "beta_sim", "beta_con")
    np.testing.assert_allclose(tried, expected)


def test_steps_that_cannot_be():
    with pytest.raises(ValueError, match="no step 'coarse'; known are cut, sim_con"):
        tune_steps(["coarse"])
    with pytest.raises(ValueError, match="step 'cut' needs beta_cut above 0"):
        tune_steps(["fine", "cut"])
    with pytest.raises(ValueError, match="steps is empty"):
        tune_steps([])
    with pytest.raises(ValueError, match="nothing to tune: beta_cut, beta_sim"):
        tune_steps(None, beta_sim=0.0, beta_con=0.0)


def test_too_little_ground_truth_is_refused(grey_images, grey_truths):
    with pytest.raises(ValueError, match="y has 1 ground truths for 3 images"):
        tune_betas(Landscape(), grey_images, grey_truths[:1])


def test_tuning_what_has_no_betas(grey_images, grey_truths):
    with pytest.raises(ValueError, match="Threshold has no parameters beta_cut"):
        tune_betas(Threshold(), grey_images, grey_truths)


@pytest.mark.parametrize("scoring", ["accuracy", 3, SCORERS])
def test_tuning_by_what_is_no_scorer(scoring, grey_images, grey_truths):
    with pytest.raises(ValueError, match="neither a scorer nor one of rand_score"):
        tune_betas(Landscape(), grey_images, grey_truths, scoring=scoring)


def test_tuning_by_several_scores_at_once(images, truths, make_segmenter):
    with pytest.raises(ValueError, match="returns several scores"):
        tune_betas(make_segmenter(), images, truths, scoring=segmentation_scorer)


def score_above_one(estimator, X, y, *, known):
    return float("nan") if estimator.beta_sim < 1 or not known else estimator.beta_sim


def test_settings_without_a_score_are_passed_over():
    X, y = [np.zeros((8, 8))], [np.zeros((8, 8), int)]
    scorer = functools.partial(score_above_one, known=True)
    with pytest.warns(UserWarning, match="non-finite"):
        tuning = tune_betas(Landscape(), X, y, scoring=scorer)
    assert tuning.best_params_["beta_sim"] == 20.0
    scorer = functools.partial(score_above_one, known=False)
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.raises(ValueError, match="no setting has a score"),
    ):
        tune_betas(Landscape(), X, y, scoring=scorer)


def make_pipeline(**steps):
    return Pipeline([("smooth", FunctionTransformer(smooth)), *steps.items()])


@pytest.mark.parametrize("prefix", [None, "model__", "model"])
def test_betas_in_a_pipeline(prefix, grey_images, grey_truths):
    scorer = functools.partial(score_by_distance, peak={"beta_sim": 10.0})
    pipeline = make_pipeline(model=Landscape())
    tuning = tune_betas(
        pipeline, grey_images, grey_truths, scoring=scorer, prefix=prefix
    )
    assert tuning.best_params_["model__beta_sim"] == 10.0
    assert tuning.best_estimator_.get_params()["model__beta_sim"] == 10.0
    assert pipeline.get_params()["model__beta_sim"] == 0.1
    assert tuning.results_[0]["beta_sim"] == 0.1


def test_betas_in_a_pipeline_that_are_not_found(grey_images, grey_truths):
    pipeline = make_pipeline(model=Landscape(), other=Landscape())
    with pytest.raises(ValueError, match="behind 'model__', 'other__'; say by prefix"):
        tune_betas(pipeline, grey_images, grey_truths)
    with pytest.raises(ValueError, match="behind the prefix 'net__'"):
        tune_betas(pipeline, grey_images, grey_truths, prefix="net")
    with pytest.raises(ValueError, match="behind the prefix ''"):
        tune_betas(pipeline, grey_images, grey_truths, prefix="")


def test_tuning_a_segmenter_gives_a_fitted_one(images, truths, make_segmenter):
    model = make_segmenter()
    tuning = tune_betas(model, images[:1], truths[:1], n_jobs=1)
    assert not hasattr(model, "labels_")
    assert tuning.best_estimator_.score(images[:1], truths[:1]) == tuning.best_score_
    assert len(tuning.results_) == 9
    assert all(row["fit_time"] > 0 for row in tuning.results_)
    again = model.set_params(**tuning.best_params_).fit(images[:1])
    np.testing.assert_array_equal(
        again.labels_[0], tuning.best_estimator_.predict(images[:1])[0]
    )
    assert "best_score_" in repr(tuning)
    assert "results_" not in repr(tuning)


def test_tuning_by_a_score_that_is_named(images, truths, make_segmenter):
    tuning = tune_betas(
        make_segmenter(),
        images[:1],
        truths[:1],
        scoring="neg_variation_of_information",
        steps=["sim_con"],
    )
    assert tuning.best_score_ <= 0
    scorer = SCORERS["neg_variation_of_information"]
    score = scorer(tuning.best_estimator_, images[:1], truths[:1])
    assert score == tuning.best_score_


class Collapsing(Landscape):
    """Has one label left where similarity is strong."""

    def fit(self, X, y=None):
        if self.beta_sim > 5:
            warnings.warn("one label", ConvergenceWarning, stacklevel=2)
        return super().fit(X, y)


def test_candidates_that_collapse_are_no_reason_to_warn():
    Landscape.fits = []
    X, y = [np.zeros((8, 8))], [np.zeros((8, 8), int)]
    peaks = {"beta_sim": 0.1}, {"beta_sim": 10.0}
    away, on = (functools.partial(score_by_distance, peak=peak) for peak in peaks)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        tune_betas(Collapsing(), X, y, scoring=away)
    assert 10.0 in {beta_sim for _, beta_sim, _ in Landscape.fits}
    # The best setting is another matter.
    with pytest.warns(ConvergenceWarning, match="one label"):
        tune_betas(Collapsing(), X, y, scoring=on)
