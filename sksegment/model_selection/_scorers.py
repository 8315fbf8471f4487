"""Scorers for the search tools of scikit-learn, and the splitter without a test set."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import indexable

from sksegment._ground_truth import check_truth, mean_v_measure_of, of_each_image
from sksegment._typing import Images, Truths
from sksegment.metrics import segmentation_scores
from sksegment.model_selection._sklearn_scorer import CheckedScorer

__all__ = [
    "SCORERS",
    "InSampleSplit",
    "segmentation_scorer",
    "v_measure_scorer",
]

_HIGHER_IS_BETTER = (
    *("rand_score", "adjusted_mutual_info", "fowlkes_mallows", "homogeneity"),
    *("completeness", "v_measure", "covering", "probabilistic_rand"),
)
_LOWER_IS_BETTER = ("variation_of_information",)


def _mean_score(y_true, y_pred, *, name):
    if name == "v_measure":
        return mean_v_measure_of(y_true, y_pred)
    rows = of_each_image(segmentation_scores, y_true, y_pred)
    return float(np.mean([row[name] for row in rows]))


class _SegmentationScorer(CheckedScorer):
    """Mean of one score over the images, for the search tools of scikit-learn.

    Parameters
    ----------
    name : str
        A key of `sksegment.metrics.segmentation_scores`.
    greater_is_better : bool, default=True
        When False, the score is negated.

    Raises
    ------
    ValueError
        When called without y, or with one that does not fit the images.
    """

    def __init__(self, name, greater_is_better=True):
        super().__init__(_mean_score, greater_is_better, name=name)
        self.name = name if greater_is_better else f"neg_{name}"

    def check(self, X, y):
        check_truth(X, y, "a scorer")

    def __repr__(self):
        return f"SCORERS[{self.name!r}]"


#: Scorers by name: one for each key of `sksegment.metrics.segmentation_scores`, as the
#: mean over the images; ``neg_variation_of_information`` is negated, so that more is
#: better of each. Of several annotators the one of the highest V-measure counts. A dict
#: of them predicts once; `segmentation_scorer` also counts the overlaps only once.
SCORERS = {
    **{name: _SegmentationScorer(name) for name in _HIGHER_IS_BETTER},
    **{f"neg_{name}": _SegmentationScorer(name, False) for name in _LOWER_IS_BETTER},
}

#: Mean V-measure over the images, of the annotator it is highest for; called as
#: ``v_measure_scorer(estimator, X, y)``, like all of them.
v_measure_scorer = SCORERS["v_measure"]


def segmentation_scorer(
    estimator: Any, X: Images, y: Truths | None = None, *, annotators: str = "best"
) -> dict[str, float]:
    """All scores from one prediction, for searches that report several.

    Parameters
    ----------
    estimator : estimator
        Fitted, with a method ``predict``; also a pipeline.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
        Images.
    y : sequence of ndarray of shape (H, W) or (A, H, W), int
        Ground truth of one or of A annotators; negative labels are void.
    annotators : {"best", "mean"}, default="best"
        As for `sksegment.metrics.segmentation_scores`. For a search with the mean,
        pass ``functools.partial(segmentation_scorer, annotators="mean")``.

    Returns
    -------
    scores : dict of str to float
        Means over the images, under the names of `SCORERS`; more is better of each.

    Raises
    ------
    ValueError
        If y is missing or does not fit the images.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.model_selection import segmentation_scorer
    >>> class HalfAndHalf:
    ...     def predict(self, X):
    ...         return [np.arange(16).reshape(2, 8) // 8 for image in X]
    >>> images, truths = [np.zeros((2, 8))], [[[0] * 8, [1] * 8]]
    >>> segmentation_scorer(HalfAndHalf(), images, truths)["v_measure"]
    1.0
    """
    check_truth(X, y, "a scorer")
    function = partial(segmentation_scores, annotators=annotators)
    rows = of_each_image(function, y, estimator.predict(X))
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    negated = {f"neg_{name}": -means.pop(name) for name in _LOWER_IS_BETTER}
    return means | negated


class InSampleSplit(BaseCrossValidator):
    """One split in which all images are for training and for scoring.

    An unsupervised segmenter never sees the ground truth, so it may be scored on the
    images it was fitted on, as in the paper's Table 1. The parameters that are chosen
    in this way have seen the ground truth: for what they are worth on other
    images, score other images. It is also the only split there is for one image.

    Examples
    --------
    >>> from sksegment.model_selection import InSampleSplit
    >>> [(train, test)] = InSampleSplit().split(["image", "another image"])
    >>> train, test
    (array([0, 1]), array([0, 1]))
    """

    def split(
        self, X: Images, y: Truths | None = None, groups: object = None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the indices of all images, twice.

        Parameters
        ----------
        X : sequence of n images
        y : sequence of n ground truths, optional
            Only its length is looked at.
        groups : sequence of length n, optional
            Ignored.

        Yields
        ------
        train, test : ndarray of shape (n,), int
            Both 0..n-1.

        Raises
        ------
        ValueError
            If X is empty, or the lengths differ.
        """
        X, _, _ = indexable(X, y, groups)
        if len(X) == 0:
            raise ValueError("X is empty: at least one image is needed")
        yield np.arange(len(X)), np.arange(len(X))

    def get_n_splits(
        self, X: Images | None = None, y: Truths | None = None, groups: object = None
    ) -> int:
        """Get the number of splits: 1.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        n_splits : int
        """
        return 1
