import functools
import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import GridSearchCV, KFold, LeaveOneOut, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from sksegment.metrics import segmentation_scores
from sksegment.model_selection import (
    SCORERS,
    InSampleSplit,
    segmentation_scorer,
    tune_betas,
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


def pass_images(images):
    return images


def smooth(images):
    return [image / 255.0 for image in images]


@pytest.fixture
def truths(images, disc_mask):
    """Annotators of the two images: two of the first, one of the second."""
    first = disc_mask(images[0].shape[:2]).astype(int)
    second = disc_mask(images[1].shape[:2], (14, 15)).astype(int)
    return [np.stack([first, np.zeros_like(first)]), second]


@pytest.fixture
def grey_truths(grey_images, disc_mask):
    return [disc_mask(image.shape).astype(int) for image in grey_images]


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
        with pytest.raises(ValueError, match=r"y is None.* one label map for every"):
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
        results = cross_validate(
            Threshold(), grey_images, grey_truths, scoring=scoring, cv=InSampleSplit()
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


GRID = {"beta_sim": [0.1, 1.0], "beta_con": [0.1], "superpixels__n_segments": [20, 40]}


def test_search_over_betas_and_superpixels_on_several_images(
    images, truths, make_segmenter
):
    search = GridSearchCV(
        make_segmenter(),
        GRID,
        scoring=v_measure_scorer,
        cv=LeaveOneOut(),
        error_score="raise",
    ).fit(images, truths)
    assert search.best_params_.keys() == GRID.keys()
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.score(images, truths) == search.best_estimator_.score(images, truths)


def test_search_over_betas_and_superpixels_on_one_image(images, truths, make_segmenter):
    search = GridSearchCV(
        make_segmenter(),
        GRID,
        scoring=segmentation_scorer,
        refit="adjusted_mutual_info",
        cv=InSampleSplit(),
        error_score="raise",
    ).fit(images[:1], truths[:1])
    assert len(search.cv_results_["params"]) == 4
    best = search.best_estimator_
    score = SCORERS["adjusted_mutual_info"](best, images[:1], truths[:1])
    assert score == pytest.approx(search.best_score_, abs=1e-12)


def test_search_over_a_stack_in_a_pipeline(grey_images, grey_truths, make_segmenter):
    X, y = np.stack(grey_images)[..., np.newaxis], np.stack(grey_truths)
    pipeline = Pipeline(
        [("pass", FunctionTransformer(pass_images)), ("model", make_segmenter())]
    )
    search = GridSearchCV(
        pipeline,
        {"model__beta_sim": [0.1, 1.0]},
        scoring=SCORERS,
        refit="v_measure",
        cv=KFold(3),
        error_score="raise",
    ).fit(X, y)
    assert search.predict(X).shape == X.shape[:3]


def test_parallel_search_chooses_the_same(images, truths, make_segmenter):
    search = GridSearchCV(
        make_segmenter(),
        {"beta_sim": [0.1, 10.0]},
        scoring=SCORERS,
        refit="v_measure",
        cv=InSampleSplit(),
        error_score="raise",
    )
    serial = clone(search).fit(images, truths)
    parallel = search.set_params(n_jobs=2).fit(images, truths)
    assert parallel.best_params_ == serial.best_params_
    for name in SCORERS:
        column = f"mean_test_{name}"
        np.testing.assert_array_equal(
            parallel.cv_results_[column], serial.cv_results_[column]
        )


@pytest.mark.slow
def test_search_on_a_dask_cluster_chooses_the_same(images, truths, make_segmenter):
    distributed = pytest.importorskip("distributed")
    import joblib

    search = GridSearchCV(
        make_segmenter(),
        {"beta_sim": [0.1, 10.0], "beta_con": [0.1, 1.0]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
        error_score="raise",
    )
    serial = clone(search).fit(images, truths)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        spread = search.fit(images, truths)
    assert spread.best_params_ == serial.best_params_
    assert spread.best_score_ == serial.best_score_


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


def test_tuning_without_ground_truth_is_refused(grey_images, grey_truths):
    with pytest.raises(ValueError, match="y is None: tune_betas compares"):
        tune_betas(Landscape(), grey_images, None)
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
