"""Scores of a segmentation against ground truth, all from one contingency table.

The names and the order of the labels never matter. Negative labels are void, in the
ground truth and in the prediction alike: such pixels are not scored at all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.special import gammaln

__all__ = ["contingency", "segmentation_scores", "v_measure"]


def __dir__():
    return __all__


# What a tail of the hypergeometric distribution may hold at most when it is left out
# of the expected mutual information: exp(-60) < 1e-26, far below rounding.
_LOG_TAIL = 60.0


def segmentation_scores(
    y_true: ArrayLike, y_pred: ArrayLike, *, annotators: str = "best"
) -> dict[str, float]:
    r"""Score the segmentation of one image.

    Parameters
    ----------
    y_true : array-like of shape (H, W) or (A, H, W), int
        Ground truth of one or of A annotators; negative labels are void.
    y_pred : array-like of shape (H, W), int
        Segmentation. Negative labels, as outside a mask, are void too: nothing is
        gained or lost there, so a method must not use them to skip hard pixels.
    annotators : {"best", "mean"}, default="best"
        "best" takes all scores from the annotator with the highest V-measure, the
        first of equals, so that they belong together; "mean" is the mean of every
        score over the annotators.

    Returns
    -------
    scores : dict of str to float
        In this order:

        - ``rand_score``, ``adjusted_mutual_info``, ``fowlkes_mallows``,
          ``homogeneity``, ``completeness`` and ``v_measure``: the values of
          scikit-learn's functions of these names;
        - ``covering``: segmentation covering [1]_,
          :math:`\frac1N \sum_R |R| \max_{R'} |R \cap R'| / |R \cup R'|` over the
          regions R of the ground truth and R' of the segmentation, where a region is
          all pixels of one label, connected or not;
        - ``probabilistic_rand``: mean Rand index over the annotators, whatever
          ``annotators`` is;
        - ``variation_of_information``: :math:`H(T|P) + H(P|T)` in bits, the only
          one of which less is better.

    Raises
    ------
    ValueError
        If the shapes differ, labels are no whole numbers, an annotator leaves no
        pixel to score, or ``annotators`` is unknown.

    References
    ----------
    .. [1] Arbelaez, Maire, Fowlkes, Malik, "Contour detection and hierarchical image
       segmentation", IEEE TPAMI 33(5), 2011.

    Examples
    --------
    >>> from sksegment.metrics import segmentation_scores
    >>> scores = segmentation_scores([[0, 0], [1, 1]], [[5, 5], [5, 7]])
    >>> scores["rand_score"], scores["covering"]
    (0.5, 0.58333...)
    >>> scores["variation_of_information"]
    1.18872...
    """
    overlaps = _overlaps(y_true, y_pred, annotators)
    rand = float(np.mean([overlap.rand() for overlap in overlaps]))
    if annotators == "best":
        # The slow score is needed for one annotator only.
        overlaps = [max(overlaps, key=_Overlap.v_measure)]
    scores = [_all_scores(overlap) for overlap in overlaps]
    means = {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}
    return means | {"probabilistic_rand": rand}


def v_measure(
    y_true: ArrayLike, y_pred: ArrayLike, *, annotators: str = "best"
) -> float:
    """V-measure of the segmentation of one image, without the cost of the others.

    Parameters
    ----------
    y_true : array-like of shape (H, W) or (A, H, W), int
        Ground truth of one or of A annotators; negative labels are void.
    y_pred : array-like of shape (H, W), int
        Segmentation; negative labels are void too.
    annotators : {"best", "mean"}, default="best"
        Whether the highest value counts or the mean over the annotators.

    Returns
    -------
    score : float
        Between 0 and 1, the same as ``segmentation_scores(...)["v_measure"]``.

    Raises
    ------
    ValueError
        As `segmentation_scores` does.

    Examples
    --------
    >>> from sksegment.metrics import v_measure
    >>> v_measure([[0, 0], [1, -1]], [[3, 3], [2, 3]])
    1.0
    """
    overlaps = _overlaps(y_true, y_pred, annotators)
    values = [overlap.v_measure() for overlap in overlaps]
    return float(max(values) if annotators == "best" else np.mean(values))


def contingency(y_true: ArrayLike, y_pred: ArrayLike) -> sparse.csr_array:
    """Count the pixels that every pair of regions has in common.

    Parameters
    ----------
    y_true : array-like of shape (H, W), int
        Ground truth of one annotator; negative labels are void.
    y_pred : array-like of shape (H, W), int
        Segmentation; negative labels are void too.

    Returns
    -------
    table : scipy.sparse.csr_array of shape (R, K), int64
        Rows are the labels of ``y_true`` that have pixels to score, columns those of
        ``y_pred``, both in ascending order. Only positive counts are stored, in
        order, and no row or column is empty.

    Raises
    ------
    ValueError
        If the shapes differ, labels are no whole numbers, or no pixel is to score.

    Notes
    -----
    O(pixels) where there are few pairs of labels compared to pixels, else the time
    of a sort; the values of the labels do not matter.

    Examples
    --------
    >>> from sksegment.metrics import contingency
    >>> contingency([[0, 0, 9], [9, 9, -1]], [[4, 2, 2], [2, 2, 2]]).toarray()
    array([[1, 1],
           [3, 0]])
    """
    truth, predicted = _as_labels(y_true, "y_true"), _as_labels(y_pred, "y_pred")
    if truth.shape != predicted.shape:
        raise ValueError(
            f"y_true has shape {truth.shape}, but y_pred has {predicted.shape}; give "
            "one annotator's map of the same image"
        )
    return _contingency(truth, predicted, "y_true")


def _contingency(truth, predicted, name):
    scored = (truth >= 0) & (predicted >= 0)
    if not scored.any():
        raise ValueError(
            f"{name} of shape {truth.shape} and y_pred leave no pixel to score: every "
            "pixel is void (negative) in one of them; leave this map out"
        )
    rows, n_rows = _consecutive(truth[scored])
    columns, n_columns = _consecutive(predicted[scored])
    counts, pairs = _count(rows * n_columns + columns, n_rows * n_columns)
    rows, columns = np.divmod(pairs, n_columns)
    starts = np.searchsorted(rows, np.arange(n_rows + 1))
    return sparse.csr_array((counts, columns, starts), shape=(n_rows, n_columns))


def _consecutive(labels):
    """Replace labels by 0..n-1 in their order; also return n."""
    if int(labels.max()) >= 4 * labels.size:
        values, ids = np.unique(labels, return_inverse=True)
        return ids.ravel(), len(values)
    labels = labels.astype(np.intp, copy=False)
    present = np.bincount(labels) > 0
    ids = np.cumsum(present) - 1
    return (labels if present.all() else ids[labels]), int(ids[-1]) + 1


def _count(pairs, n_pairs):
    """Count equal values below ``n_pairs``; return the counts and the values."""
    if n_pairs > 4 * pairs.size:
        values, counts = np.unique(pairs, return_counts=True)
        return counts.astype(np.int64, copy=False), values
    counts = np.bincount(pairs, minlength=n_pairs)
    values = np.flatnonzero(counts)
    return counts[values].astype(np.int64, copy=False), values


def _overlaps(y_true, y_pred, annotators):
    if annotators not in ("best", "mean"):
        raise ValueError(f"annotators={annotators!r} is unknown; use 'best' or 'mean'")
    y_true, y_pred = _as_labels(y_true, "y_true"), _as_labels(y_pred, "y_pred")
    _check_shapes(y_true.shape, y_pred.shape)
    if y_true.ndim == 2:
        return [_Overlap.of(_contingency(y_true, y_pred, "y_true"))]
    return [
        _Overlap.of(_contingency(truth, y_pred, f"y_true[{annotator}]"))
        for annotator, truth in enumerate(y_true)
    ]


def _check_shapes(true_shape, pred_shape):
    if len(pred_shape) != 2:
        raise ValueError(
            f"y_pred has shape {pred_shape}; expected (H, W), the segmentation of one "
            "image"
        )
    if len(true_shape) not in (2, 3) or (len(true_shape) == 3 and true_shape[0] == 0):
        raise ValueError(
            f"y_true has shape {true_shape}; expected (H, W), or (A, H, W) for A >= 1 "
            "annotators"
        )
    if true_shape[-2:] != pred_shape:
        raise ValueError(
            f"y_true has shape {true_shape}, but y_pred has {pred_shape}; both must be "
            "of the same height and width"
        )


def _as_labels(labels, name):
    if np.ma.isMaskedArray(labels):
        raise ValueError(
            f"{name} is a masked array; mark what is masked as void, "
            f"{name}.astype(int).filled(-1)"
        )
    try:
        labels = np.asarray(labels)
    except ValueError as error:
        raise ValueError(f"{name} is no array of labels: {error}") from error
    if labels.dtype.kind in "biu":
        return labels
    if labels.dtype.kind != "f":
        raise ValueError(f"{name} has dtype {labels.dtype}; expected whole numbers")
    if not (np.isfinite(labels).all() and np.array_equal(labels, np.floor(labels))):
        raise ValueError(
            f"{name} of shape {labels.shape} has labels that are no whole numbers; "
            "void is a negative label, not NaN"
        )
    # As they are: those beyond 64 bits would become negative integers, and so void.
    return labels


@dataclass(frozen=True, eq=False)
class _Overlap:
    """A contingency table, flat, with the sizes of the regions.

    Attributes
    ----------
    counts : ndarray of shape (E,), int64
        Pixels that two regions share, sorted by the region of the ground truth.
    starts : ndarray of shape (R,)
        Where in ``counts`` each region of the ground truth begins.
    true_sizes, pred_sizes : ndarray of shape (R,) and (K,), int64
        Pixels of the regions.
    true_of, pred_of : ndarray of shape (E,), int64
        Sizes of the two regions that share ``counts``.
    """

    counts: np.ndarray
    starts: np.ndarray
    true_sizes: np.ndarray
    pred_sizes: np.ndarray
    true_of: np.ndarray
    pred_of: np.ndarray

    @classmethod
    def of(cls, table):
        starts = table.indptr[:-1]
        true_sizes = np.add.reduceat(table.data, starts)
        pred_sizes = np.zeros(table.shape[1], np.int64)
        np.add.at(pred_sizes, table.indices, table.data)
        true_of = np.repeat(true_sizes, np.diff(table.indptr))
        pred_of = pred_sizes[table.indices]
        return cls(table.data, starts, true_sizes, pred_sizes, true_of, pred_of)

    @property
    def n_pixels(self):
        return int(self.true_sizes.sum())

    @property
    def perfect(self):
        return len(self.counts) == len(self.true_sizes) == len(self.pred_sizes)

    def pairs(self):
        """Ordered pairs of pixels together in both, in the truth, in the prediction."""
        sizes = self.counts, self.true_sizes, self.pred_sizes
        return [int(np.dot(size, size)) - self.n_pixels for size in sizes]

    def rand(self):
        both, truth, predicted = self.pairs()
        total = self.n_pixels * (self.n_pixels - 1)
        return (total - truth - predicted + 2 * both) / total if total else 1.0

    def fowlkes_mallows(self):
        both, truth, predicted = self.pairs()
        return np.sqrt(both / truth) * np.sqrt(both / predicted) if both else 0.0

    def entropies(self):
        """H(T) and H(P) in bits."""
        return _entropy(self.true_sizes), _entropy(self.pred_sizes)

    def conditional_entropies(self):
        """H(T|P) and H(P|T) in bits, exactly 0 where one follows from the other."""
        given_pred = np.dot(self.counts, np.log2(self.pred_of / self.counts))
        given_true = np.dot(self.counts, np.log2(self.true_of / self.counts))
        return given_pred / self.n_pixels, given_true / self.n_pixels

    def homogeneity_completeness(self):
        left, whole = self.conditional_entropies(), self.entropies()
        return tuple(
            min(max(1.0 - part / total, 0.0), 1.0) if total else 1.0
            for part, total in zip(left, whole, strict=True)
        )

    def v_measure(self):
        homogeneity, completeness = self.homogeneity_completeness()
        total = homogeneity + completeness
        return 2.0 * homogeneity * completeness / total if total else 0.0

    def covering(self):
        union = self.true_of + self.pred_of - self.counts
        best = np.maximum.reduceat(self.counts / union, self.starts)
        return np.dot(self.true_sizes, best) / self.n_pixels


def _all_scores(overlap):
    homogeneity, completeness = overlap.homogeneity_completeness()
    return {
        "rand_score": overlap.rand(),
        "adjusted_mutual_info": _adjusted_mutual_information(overlap),
        "fowlkes_mallows": overlap.fowlkes_mallows(),
        "homogeneity": homogeneity,
        "completeness": completeness,
        "v_measure": overlap.v_measure(),
        "covering": overlap.covering(),
        "probabilistic_rand": overlap.rand(),
        "variation_of_information": sum(overlap.conditional_entropies()),
    }


def _entropy(sizes):
    total = sizes.sum()
    return np.dot(sizes, np.log2(total / sizes)) / total


def _adjusted_mutual_information(overlap):
    # Of two segmentations into single pixels 0 / 0 would remain.
    if overlap.perfect:
        return 1.0
    if len(overlap.true_sizes) == 1 or len(overlap.pred_sizes) == 1:
        return 0.0
    entropy_true, entropy_pred = overlap.entropies()
    left_true, _ = overlap.conditional_entropies()
    expected = _expected_mutual_information(overlap.true_sizes, overlap.pred_sizes)
    mean = (entropy_true + entropy_pred) / 2
    return (entropy_true - left_true - expected) / (mean - expected)


def _expected_mutual_information(true_sizes, pred_sizes):
    """Mutual information, in bits, that regions of these sizes have by chance.

    Equal pairs of sizes contribute equally, so that one of them is enough.
    """
    n_pixels = int(true_sizes.sum())
    log_factorial = gammaln(np.arange(n_pixels + 1) + 1.0)
    few, many = sorted(
        (np.unique(sizes, return_counts=True) for sizes in (true_sizes, pred_sizes)),
        key=lambda unique: len(unique[0]),
    )
    sizes, repeats = many
    return sum(
        count * np.dot(repeats, _chance_terms(size, sizes, log_factorial))
        for size, count in zip(few[0].tolist(), few[1].tolist(), strict=True)
    )


def _chance_terms(size, others, log_factorial):
    """Expected contribution of a region of ``size`` with each of ``others``.

    The number of shared pixels is hypergeometric. Only the terms within a bound of
    Bernstein's around its mean are summed; see `_LOG_TAIL`.
    """
    n_pixels = len(log_factorial) - 1
    low, high = _likely_range(size, others, n_pixels)
    lengths = high - low + 1
    starts = np.cumsum(lengths) - lengths
    shared = np.arange(lengths.sum()) + np.repeat(low - starts, lengths)
    other = np.repeat(others, lengths)
    fixed = log_factorial[[size, n_pixels - size]].sum() - log_factorial[n_pixels]
    fixed = fixed + log_factorial[others] + log_factorial[n_pixels - others]
    log_probability = np.repeat(fixed, lengths) - (
        log_factorial[shared]
        + log_factorial[size - shared]
        + log_factorial[other - shared]
        + log_factorial[n_pixels - size - other + shared]
    )
    terms = shared * np.log2(shared * (n_pixels / size) / other)
    return np.add.reduceat(terms * np.exp(log_probability), starts) / n_pixels


def _likely_range(size, others, n_pixels):
    smaller, larger = np.minimum(size, others), np.maximum(size, others)
    mean = smaller * (larger / n_pixels)
    # Drawing without replacement concentrates at least as much as with it.
    variance = mean * (1.0 - larger / n_pixels)
    reach = _LOG_TAIL / 3 + np.sqrt((_LOG_TAIL / 3) ** 2 + 2 * _LOG_TAIL * variance)
    low = np.maximum(np.floor(mean - reach).astype(np.int64), size + others - n_pixels)
    high = np.minimum(np.ceil(mean + reach).astype(np.int64), smaller)
    return np.maximum(low, 1), high
