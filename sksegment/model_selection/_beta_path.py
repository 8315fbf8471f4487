"""Train for several weights of the losses, each of them briefly."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone

from sksegment._agreement import agreement_scores
from sksegment._ground_truth import check_truth
from sksegment._typing import Images, Truths
from sksegment._validation import check_images, check_label_maps
from sksegment.model_selection._label_free import as_scorer, several_scores

__all__ = ["BetaPath", "beta_path"]

_BETAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SCHEDULE = ("max_epochs", "batches_per_epoch")
_SEGMENTATION_BETAS = ("beta_cut", "beta_sim", "beta_con")


@dataclass(frozen=True)
class BetaPath:
    """What `beta_path` found.

    Attributes
    ----------
    betas_ : list of float
        Ascending.
    estimators_ : list of estimator
        Fitted, one for each of them.
    results_ : list of dict
        One row for each: ``beta``, ``n_labels``, ``loss``, ``fit_time`` in seconds,
        and ``score``; a table is ``pandas.DataFrame(results_)``.
    best_index_ : int
        Of the highest score, the first of equals.
    """

    betas_: list[float]
    estimators_: list[Any] = field(repr=False)
    results_: list[dict[str, Any]] = field(repr=False)
    best_index_: int

    @property
    def best_estimator_(self) -> Any:
        """Estimator of the highest score."""
        return self.estimators_[self.best_index_]


def beta_path(
    estimator: Any,
    X: Images,
    y: Truths | None = None,
    *,
    scoring: Callable[..., float] | str | None = None,
    betas: Sequence[float] = _BETAS,
    names: str | Sequence[str] | None = None,
    n_fits: float = 3,
) -> BetaPath:
    """Fit a W-Net for several betas in the time of a few fits.

    All share superpixels and graph, and the steps of ``n_fits`` whole fits. Each beta
    has a short training and a seed of its own: on photographs the best of many short
    trainings is as good as that of as many long ones.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
        It is cloned, never fitted itself.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
        Images; one is enough.
    y : sequence of ndarray of shape (H, W) or (A, H, W), optional
        Ground truth. Without it the choice is by a score that needs none.
    scoring : callable or str, optional
        Scorer that is called with estimator, X and y and returns a number, of which
        more is better; or a key of `SCORERS` or `LABEL_FREE_SCORERS`. By default
        `v_measure_scorer`; without y how far each result agrees with the others and
        with regions found without a net.
    betas : sequence of float, default=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
        Values above 0, in any order. Those of the paper by default.
    names : str or sequence of str, optional
        Parameters that all have this value, by default those of ``beta_cut``,
        ``beta_sim`` and ``beta_con`` that are above 0.
    n_fits : float, default=3
        Steps of the optimiser for all betas together, in fits of the estimator; none
        trains longer than a fit, nor less than a step.

    Returns
    -------
    path : BetaPath
        With ``betas_``, ``estimators_``, ``results_`` and ``best_estimator_``, whose
        `partial_fit` goes on training.

    Raises
    ------
    ValueError
        If no beta is in use, a value is not above 0, ``n_init`` is above 1, y does not
        fit X, the scorer is unknown or returns several scores, or no score is a number.

    See Also
    --------
    sksegment.model_selection.tune_betas : Tunes each beta on its own.

    Notes
    -----
    Starting all betas from one net that has learnt to reconstruct was worse: the
    results hardly differ from each other, and so does the best of them from the rest
    (``docs/performance.md``).

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.model_selection import beta_path
    >>> image = coins()[::8, ::8]
    >>> model = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
    >>> path = beta_path(model, [image], [image > 120], betas=[1.0, 0.1])
    >>> [row["beta"] for row in path.results_]
    [0.1, 1.0]
    """
    if y is not None:
        check_truth(X, y, "beta_path")
    by_agreement = scoring is None and y is None
    scorer = None if by_agreement else as_scorer(scoring, y)
    values, names = _check_betas(betas), _check_names(estimator, names)
    if estimator.n_init > 1:
        raise ValueError(
            f"beta_path has no restarts, but n_init={estimator.n_init}; set n_init=1, "
            "or use tune_betas"
        )
    if not n_fits > 0:
        raise ValueError(f"n_fits={n_fits!r} must be above 0")
    models = [clone(estimator).set_params(**dict.fromkeys(names, b)) for b in values]
    first = models[0]
    first._validate_params()
    batch = check_images(X, field=first._field_to_fit)
    if y is not None:
        check_label_maps(y, batch.shapes)
    data = first._prepare_data(batch)
    rows = []
    seeds = first._draw_seeds(len(models))
    for beta, model, seed in zip(values, models, seeds, strict=True):
        start = time.perf_counter()
        _fit_briefly(model, n_fits / len(values), data, seed)
        rows.append(
            {
                "beta": beta,
                "n_labels": model.history_[-1]["n_labels"],
                "loss": model.loss_,
                "fit_time": time.perf_counter() - start,
            }
        )
    if scorer is None:
        label_maps = [model.labels_ for model in models]
        scores = agreement_scores(label_maps, data.regions_without_a_net())
    else:
        scores = np.array([_score(scorer, model, X, y) for model in models], float)
    if np.isnan(scores).all():
        raise ValueError("scoring gave NaN for every beta; see what it needs")
    rows = [row | {"score": float(s)} for row, s in zip(rows, scores, strict=True)]
    return BetaPath(values, models, rows, int(np.nanargmax(scores)))


def _score(scorer, model, X, y):
    score = scorer(model, X, y)
    if isinstance(score, dict):
        raise several_scores(scorer)
    return score


def _fit_briefly(model, share, data, seed):
    """Fit with a share of the steps of a fit, in as many epochs as fit into them."""
    schedule = {name: getattr(model, name) for name in _SCHEDULE}
    n_steps = math.prod(schedule.values()) * min(share, 1.0)
    epochs = max(1, int(n_steps / model.batches_per_epoch))
    model.set_params(max_epochs=epochs, batches_per_epoch=max(1, int(n_steps / epochs)))
    net = model._new_net(data.batch.n_channels, seed)
    model._train(net, data, seed)
    model._set_fitted(net, data)
    model.set_params(**schedule)


def _check_betas(betas):
    betas = sorted({float(beta) for beta in betas})
    if not betas or not all(0 < beta < float("inf") for beta in betas):
        raise ValueError(f"betas={betas} must be numbers above 0, one at least")
    return betas


def _check_names(estimator, names):
    params = estimator.get_params(deep=False)
    known = [name for name in _SEGMENTATION_BETAS if name in params]
    if not known:
        raise ValueError(
            f"{type(estimator).__name__} has no {', '.join(_SEGMENTATION_BETAS)}; pass "
            "a W-Net segmenter"
        )
    if isinstance(names, str):
        names = [names]
    if names is None:
        names = [name for name in known if params[name] > 0]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        what = f"{unknown[0]!r} is none of them" if unknown else "all are 0"
        raise ValueError(
            f"beta_path varies {', '.join(known)}, but {what}; name those to vary"
        )
    return list(names)
