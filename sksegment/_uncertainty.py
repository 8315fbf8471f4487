"""How undecided the shares of the labels are."""

import numpy as np

from sksegment._typing import Measure

__all__ = ["uncertainty"]


def uncertainty(proba: np.ndarray, measure: Measure = "margin") -> np.ndarray:
    r"""How undecided the shares of the labels are, between 0 (sure) and 1.

    Parameters
    ----------
    proba : ndarray of shape (..., K)
        Shares of K labels, as ``predict_proba`` gives them; they sum to 1, and to 0
        outside a mask.
    measure : {"margin", "entropy"}, default="margin"
        The margin looks at the two best labels, :math:`1 - (p_1 - p_2)`: 1 where they
        tie, however small the others are. The entropy looks at all,
        :math:`-\sum_k p_k \log p_k / \log K`: 1 where all are the same, so that of many
        labels two that tie are little.

    Returns
    -------
    uncertainty : ndarray of shape (...), float32
        NaN where the shares are all 0.

    Raises
    ------
    ValueError
        If the measure is unknown, or there are no labels.

    References
    ----------
    Scheffer, Decomain and Wrobel, "Active hidden Markov models for information
    extraction", IDA 2001 (margin). Shannon, "A mathematical theory of communication",
    1948 (entropy).

    Examples
    --------
    >>> from sksegment.plotting import uncertainty
    >>> shares = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.6, 0.3, 0.1]]
    >>> print(uncertainty(shares).round(2))
    [0.  1.  0.7]
    >>> print(uncertainty(shares, "entropy").round(2))
    [0.   0.63 0.82]
    """
    proba = np.asarray(proba, np.float32)
    if proba.ndim == 0 or proba.shape[-1] == 0:
        raise ValueError(f"shares of shape {proba.shape} are of no label")
    if measure not in _MEASURES:
        raise ValueError(f"measure={measure!r} must be one of {sorted(_MEASURES)}")
    found = np.clip(_MEASURES[measure](proba), 0.0, 1.0)
    return np.where(proba.any(axis=-1), found, np.float32("nan"))


def _margin(proba):
    if proba.shape[-1] == 1:
        return 1.0 - proba[..., 0]
    best = np.partition(proba, -2, axis=-1)[..., -2:]
    return 1.0 - (best[..., 1] - best[..., 0])


def _entropy(proba):
    if proba.shape[-1] == 1:
        return np.zeros_like(proba[..., 0])
    # The limit of p log p is 0.
    logs = np.log(proba, where=proba > 0, out=np.zeros_like(proba))
    return 0.0 - (proba * logs).sum(axis=-1) / np.log(np.float32(proba.shape[-1]))


_MEASURES = {"margin": _margin, "entropy": _entropy}
