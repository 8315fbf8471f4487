"""Scorers, the in-sample split, and searches with the quickest of segmenters."""

import functools
import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, cross_validate

from sksegment.metrics import segmentation_scores
from sksegment.model_selection import (
    SCORERS,
    InSampleSplit,
    segmentation_scorer,
    v_measure_scorer,
)

KEYS = [*segmentation_scores([[0, 1]], [[0, 1]])]


class Threshold(BaseEstimator):
    """The quickest of segmenters; it counts its predictions over all clones."""

    calls = 0

    def __init__(self, level=100.0):
        self.level = level

    def fit(self, X, y=None):
        if self.level < 0:
            raise ValueError("level is negative")
        return self

    def predict(self, X):
        Threshold.calls += 1
        planes = [np.asarray(image) for image in X]
        planes = [plane[..., 0] if plane.ndim == 3 else plane for plane in planes]
        labels = [(plane > self.level).astype(np.int32) for plane in planes]
        return np.stack(labels) if isinstance(X, np.ndarray) else labels


def expected_means(estimator, X, y):
    pairs = zip(y, estimator.predict(X), strict=True)
    rows = [segmentation_scores(*pair) for pair in pairs]
    return {name: np.mean([row[name] for row in rows]) for name in KEYS}


def test_scorers_are_the_nine_scores_and_more_is_better():
    negated = "variation_of_information"
    assert set(SCORERS) == {*KEYS, f"neg_{negated}"} - {negated}
    assert SCORERS["v_measure"] is v_measure_scorer


def test_scorers_give_the_mean_over_the_images(grey_images, grey_truths):
    model = Threshold(level=160)
    expected = expected_means(model, grey_images, grey_truths)
    expected["neg_variation_of_information"] = -expected.pop("variation_of_information")
    assert 0 < expected["v_measure"] < 1
    together = segmentation_scorer(model, grey_images, grey_truths)
    for name, scorer in SCORERS.items():
        score = scorer(model, grey_images, grey_truths)
        assert type(score) is float
        assert score == together[name] == pytest.approx(expected[name], abs=1e-12)
    assert set(together) == set(SCORERS)


def test_annotators_can_be_averaged(grey_images, grey_truths):
    truths = [np.stack([truth, np.zeros_like(truth)]) for truth in grey_truths]
    score = functools.partial(segmentation_scorer, Threshold(), grey_images, truths)
    assert score()["v_measure"] > score(annotators="mean")["v_measure"]
    with pytest.raises(ValueError, match="annotators"):
        score(annotators="median")


@pytest.mark.parametrize("scorer", [*SCORERS.values(), segmentation_scorer])
def test_scorer_without_y_says_what_is_needed(scorer, grey_images):
    for arguments in [(), (None,)]:
        with pytest.raises(ValueError, match=r"y is None.*LABEL_FREE_SCORERS"):
            scorer(Threshold(), grey_images, *arguments)


@pytest.mark.parametrize("scoring", [v_measure_scorer, SCORERS, segmentation_scorer])
def test_search_without_y_says_what_is_needed(scoring, grey_images):
    search = GridSearchCV(
        Threshold(),
        {"level": [90, 120]},
        scoring=scoring,
        cv=InSampleSplit(),
        refit=False,
        error_score="raise",
    )
    with pytest.raises(ValueError, match=r"y is None.* one label map for every"):
        search.fit(grey_images)


@pytest.mark.parametrize("scorer", [v_measure_scorer, segmentation_scorer])
def test_y_that_does_not_fit_is_named_before_predicting(
    scorer, grey_images, grey_truths
):
    calls = Threshold.calls
    with pytest.raises(ValueError, match="y has 2 ground truths for 3 images"):
        scorer(Threshold(), grey_images, grey_truths[:2])
    assert Threshold.calls == calls
    with pytest.raises(ValueError, match=r"ground truth 2 has shape \(40, 32\)"):
        scorer(Threshold(), grey_images, [*grey_truths[:2], grey_truths[2].T])


@pytest.mark.parametrize("scorer", [*SCORERS.values(), segmentation_scorer])
def test_truth_without_a_pixel_to_score_is_named(scorer, grey_images, grey_truths):
    truths = [*grey_truths[:2], np.full_like(grey_truths[2], -1)]
    with pytest.raises(ValueError, match=r"^ground truth 2: .* no pixel to score"):
        scorer(Threshold(), grey_images, truths)


def test_one_image_without_a_list_is_told(grey_images, grey_truths):
    with pytest.raises(ValueError, match=r"1 ground truths for 32 .* pass \[image\]"):
        v_measure_scorer(Threshold(), grey_images[0], grey_truths[:1])


def test_scorers_survive_clone_and_pickle(grey_images, grey_truths):
    for name, scorer in SCORERS.items():
        again = pickle.loads(pickle.dumps(scorer))
        arguments = (Threshold(), grey_images, grey_truths)
        assert again(*arguments) == scorer(*arguments)
        assert repr(again) == f"SCORERS[{name!r}]"
    search = GridSearchCV(Threshold(), {"level": [1]}, scoring=SCORERS)
    assert clone(search).scoring.keys() == SCORERS.keys()


SEVERAL = [
    SCORERS,
    {"v": SCORERS["v_measure"], "rand": SCORERS["rand_score"]},
    segmentation_scorer,
]


@pytest.mark.parametrize("scoring", SEVERAL)
@pytest.mark.parametrize("as_array", [False, True])
def test_several_scores_predict_once_a_fold(
    scoring, as_array, grey_images, grey_truths
):
    X, y = grey_images, grey_truths
    if as_array:
        X, y = np.stack(X)[..., np.newaxis], np.stack(y)
    calls = Threshold.calls
    cross_validate(Threshold(), X, y, scoring=scoring, cv=3, error_score="raise")
    assert Threshold.calls - calls == 3


@pytest.mark.parametrize("scoring", SEVERAL)
def test_search_with_several_scores(scoring, grey_images, grey_truths):
    refit = "v" if "v" in getattr(scoring, "keys", list)() else "v_measure"
    search = GridSearchCV(
        Threshold(),
        {"level": [255, 115]},
        scoring=scoring,
        refit=refit,
        cv=InSampleSplit(),
        error_score="raise",
    ).fit(grey_images, grey_truths)
    assert search.best_params_ == {"level": 115}
    assert search.cv_results_[f"mean_test_{refit}"][0] == 0.0
    assert search.score(grey_images, grey_truths) == search.best_score_


@pytest.mark.parametrize("scoring", [v_measure_scorer, *SEVERAL])
def test_scores_with_metadata_routing(scoring, grey_images, grey_truths):
    with config_context(enable_metadata_routing=True):
        # scikit-learn 1.6 needs params= here.
        results = cross_validate(
            Threshold(),
            grey_images,
            grey_truths,
            scoring=scoring,
            cv=InSampleSplit(),
            params={},
        )
    assert all(np.isfinite(values).all() for values in results.values())


def test_error_score_is_raised_or_a_number(grey_images, grey_truths):
    search = GridSearchCV(
        Threshold(),
        {"level": [100, -1]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
        error_score="raise",
    )
    with pytest.raises(ValueError, match="level is negative"):
        search.fit(grey_images, grey_truths)
    search.set_params(error_score=0.0)
    with pytest.warns(match="level is negative"):
        search.fit(grey_images, grey_truths)
    assert search.best_params_ == {"level": 100}


def test_one_split_of_all_images(images, truths):
    splitter = InSampleSplit()
    assert repr(splitter) == "InSampleSplit()"
    for arguments in [
        (images,),
        (images, None),
        (images, truths),
        (images, None, [1, 2]),
    ]:
        [(train, test)] = splitter.split(*arguments)
        np.testing.assert_array_equal(train, [0, 1])
        np.testing.assert_array_equal(test, [0, 1])
        assert splitter.get_n_splits(*arguments) == 1
    assert splitter.get_n_splits() == 1
    [(train, _)] = splitter.split(np.zeros((3, 8, 8, 2)))
    assert len(train) == 3


def test_split_of_nothing_and_of_unequal_lengths(images):
    with pytest.raises(ValueError, match="X is empty"):
        next(InSampleSplit().split([]))
    with pytest.raises(ValueError, match="inconsistent"):
        next(InSampleSplit().split(images, [1]))
