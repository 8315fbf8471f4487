"""Tune the weights of the losses, step by step as the paper does."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sksegment._ground_truth import check_truth
from sksegment._typing import Images, Truths
from sksegment.model_selection._label_free import as_scorer, several_scores
from sksegment.model_selection._scorers import InSampleSplit

__all__ = ["BetaTuning", "tune_betas"]

# The values and the factors of the paper's recipe; it gives none for the step up and
# down, so half of a decade stands between the values of the grid before it.
_GRID = (0.1, 1.0, 10.0)
_CONTINUITY_FACTOR = 3.0
_FINE_FACTOR = 2.0

_STEPS = {
    "cut": ("beta_cut",),
    "sim_con": ("beta_sim", "beta_con"),
    "con": ("beta_con",),
    "fine": ("beta_cut", "beta_sim", "beta_con"),
}
_BETAS = _STEPS["fine"]


@dataclass(frozen=True)
class BetaTuning:
    """What `tune_betas` found.

    Attributes
    ----------
    best_params_ : dict of str to float
        The betas of the best score, under the names ``set_params`` takes.
    best_score_ : float
        Their score.
    best_estimator_ : estimator
        Fitted with them on all images.
    results_ : list of dict
        One row for each setting, in the order they were tried: ``step``, ``beta_cut``,
        ``beta_sim``, ``beta_con``, ``score`` and ``fit_time`` in seconds; a table is
        ``pandas.DataFrame(results_)``.
    """

    best_params_: dict[str, float]
    best_score_: float
    best_estimator_: BaseEstimator = field(repr=False)
    results_: list[dict[str, Any]] = field(repr=False)


def tune_betas(
    estimator: Any,
    X: Images,
    y: Truths | None = None,
    *,
    scoring: Callable[..., float] | str | None = None,
    n_jobs: int | None = None,
    steps: str | Sequence[str] | None = None,
    prefix: str | None = None,
) -> BetaTuning:
    r"""Tune the weights of the losses by the paper's recipe of three steps.

    Only betas in use, those above 0, are tuned; a model without the soft N-cut stays
    without it. Each step starts from the best setting so far:

    1. ``"cut"``: :math:`\beta_{cut} \in \{0.1, 1, 10\}`;
    2. ``"sim_con"``: :math:`\beta_{sim} = \beta_{con} \in \{0.1, 1, 10\}`, then
       ``"con"``: :math:`\beta_{con}` by a factor of 3 up and down;
    3. ``"fine"``: one beta after the other by a factor of 2 up and down.

    This takes 5 fits for a model of the N-cut, 9 for one of similarity and continuity,
    and at most 14 for one of all three; one more fits the best setting.
    :math:`\beta_{rec}` stays as it is, 1 in the paper.

    Parameters
    ----------
    estimator : estimator
        Segmenter with the parameters ``beta_cut``, ``beta_sim`` and ``beta_con``, or a
        pipeline with such a step. It is cloned, never fitted itself. Give it an integer
        ``random_state``, else the settings differ in their seeds too.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
        Images; one is enough. All are fitted and scored, see `InSampleSplit`.
    y : sequence of ndarray of shape (H, W) or (A, H, W), int, optional
        Ground truth of one or of A annotators; negative labels are void. Without it
        the betas are chosen by a score that needs none.
    scoring : callable or str, optional
        Scorer that is called with estimator, X and y and returns a number, of which
        more is better; or a key of `SCORERS` or `LABEL_FREE_SCORERS`. By default
        `v_measure_scorer`, or without y `region_agreement_score`.
    n_jobs : int, optional
        How many settings are fitted at once, of the two or three of a round.
    steps : {"cut", "sim_con", "con", "fine"} or sequence of these, optional
        Steps to take; their order is always this. By default all that tune betas in
        use.
    prefix : str, optional
        What stands before ``beta_cut`` etc. in the names of the parameters, e.g.
        ``"segmenter__"``. By default it is looked up.

    Returns
    -------
    tuning : BetaTuning
        With ``best_params_``, ``best_score_``, ``best_estimator_`` and ``results_``.
        Of equal scores the setting that was tried first is best.

    Raises
    ------
    ValueError
        If the length of y is not that of X, or the scorer needs it and it is missing,
        there are no betas to tune, a step has none, or no score is a number. What a
        fit or the scorer raises is raised.

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.model_selection import tune_betas
    >>> image = coins()[::8, ::8]
    >>> model = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
    >>> tuning = tune_betas(model, [image], [image > 120], steps=["sim_con"])
    >>> [row["beta_sim"] for row in tuning.results_]
    [0.1, 1.0, 10.0]
    >>> sorted(tuning.best_params_)
    ['beta_con', 'beta_cut', 'beta_sim']
    """
    if y is not None:
        check_truth(X, y, "tune_betas")
    search = _BetaSearch(estimator, as_scorer(scoring, y), n_jobs, prefix)
    for step in search.check_steps(steps):
        for change in _ROUNDS[step](search):
            search.evaluate(step, change, X, y)
    if search.best is None:
        raise ValueError("no setting has a score that is a number; check the scorer")
    params = search.named(search.values)
    best_estimator = clone(estimator).set_params(**params).fit(X, y)
    return BetaTuning(params, search.best["score"], best_estimator, search.rows)


class _BetaSearch:
    """The settings tried so far, and the best of them."""

    def __init__(self, estimator, scorer, n_jobs, prefix):
        self.estimator = estimator
        self.scorer = scorer
        self.n_jobs = n_jobs
        self.prefix = _find_prefix(estimator, prefix)
        params = estimator.get_params()
        self.start = {name: params[self.prefix + name] for name in _BETAS}
        self.in_use = [name for name, value in self.start.items() if value > 0]
        self.rows = []
        self.best = None

    @property
    def values(self):
        """The betas of the best setting, or those of the estimator at the start."""
        return {name: (self.best or self.start)[name] for name in _BETAS}

    def named(self, values):
        return {self.prefix + name: value for name, value in values.items()}

    def check_steps(self, steps):
        """Return the steps to take, in their order, or say what is wrong with them."""
        if not self.in_use:
            raise ValueError(
                f"there is nothing to tune: {', '.join(self.named(self.start))} are "
                "all 0; set those that are to be tuned to a value above 0"
            )
        if steps is None:
            return [step for step in _STEPS if self._applies(step)]
        steps = [steps] if isinstance(steps, str) else list(steps)
        for step in steps:
            if step not in _STEPS:
                known = ", ".join(_STEPS)
                raise ValueError(f"there is no step {step!r}; known are {known}")
            if not set(_STEPS[step]) & set(self.in_use):
                needed = " or ".join(self.prefix + name for name in _STEPS[step])
                raise ValueError(f"step {step!r} needs {needed} above 0")
        if not steps:
            raise ValueError(f"steps is empty; choose from {', '.join(_STEPS)}")
        return [step for step in _STEPS if step in steps]

    def _applies(self, step):
        if step == "con" and "beta_sim" not in self.in_use:
            # The grid before this step has varied beta_con alone already.
            return False
        return bool(set(_STEPS[step]) & set(self.in_use))

    def evaluate(self, step, changes, X, y):
        """Score what the changes make of the best setting, where that is new."""
        known = [tuple(row[name] for name in _BETAS) for row in self.rows]
        settings = [{**self.values, **change} for change in changes]
        settings = [s for s in settings if tuple(s.values()) not in known]
        if not settings:
            return
        grid = [
            {name: [value] for name, value in self.named(setting).items()}
            for setting in settings
        ]
        search = GridSearchCV(
            self.estimator,
            grid,
            scoring=self.scorer,
            n_jobs=self.n_jobs,
            cv=InSampleSplit(),
            refit=False,
            error_score="raise",
        )
        with warnings.catch_warnings():
            # Betas at which all labels collapse are what a search finds out.
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(X, y)
        self._add(step, settings, search.cv_results_)

    def _add(self, step, settings, results):
        if "mean_test_score" not in results:
            raise several_scores(self.scorer)
        columns = results["mean_test_score"], results["mean_fit_time"]
        for setting, score, seconds in zip(settings, *columns, strict=True):
            row = {"step": step, **setting}
            row |= {"score": float(score), "fit_time": float(seconds)}
            self.rows.append(row)
            if isnan(score):
                continue
            if self.best is None or score > self.best["score"]:
                self.best = row


def _find_prefix(estimator, prefix):
    """Find what stands before the betas in the names of the parameters."""
    params = estimator.get_params()
    found = [name.removesuffix("beta_sim") for name in params if _is_beta_sim(name)]
    complete = [p for p in found if all(p + name in params for name in _BETAS)]
    if prefix is not None:
        prefix = prefix and prefix.removesuffix("__") + "__"
        complete = [p for p in complete if p == prefix]
    if not complete:
        where = "" if prefix is None else f" behind the prefix {prefix!r}"
        raise ValueError(
            f"{type(estimator).__name__} has no parameters {', '.join(_BETAS)}{where}; "
            "pass a W-Net segmenter, or a pipeline with one"
        )
    if len(complete) > 1:
        raise ValueError(
            f"betas are found behind {', '.join(map(repr, complete))}; say by prefix "
            "which are meant"
        )
    return complete[0]


def _is_beta_sim(name):
    return name.rpartition("__")[2] == "beta_sim"


def _cut_rounds(search):
    yield [{"beta_cut": value} for value in _GRID]


def _sim_con_rounds(search):
    tied = [name for name in _STEPS["sim_con"] if name in search.in_use]
    yield [dict.fromkeys(tied, value) for value in _GRID]


def _con_rounds(search):
    yield _around(search, "beta_con", _CONTINUITY_FACTOR)


def _fine_rounds(search):
    # A generator: each round starts from the best setting of the one before it.
    for name in search.in_use:
        yield _around(search, name, _FINE_FACTOR)


def _around(search, name, factor):
    value = search.values[name]
    return [{}, {name: value / factor}, {name: value * factor}]


_ROUNDS = {
    "cut": _cut_rounds,
    "sim_con": _sim_con_rounds,
    "con": _con_rounds,
    "fine": _fine_rounds,
}
