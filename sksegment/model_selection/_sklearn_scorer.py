"""Scikit-learn's class of scorers, which has no public name, behind one that has.

Only scorers of that class share predictions when several are given as a dict. It and
its private methods are used here and nowhere else.
"""

from typing import Any

from sklearn.metrics import accuracy_score, make_scorer

__all__ = ["CheckedScorer"]

_Scorer: Any = type(make_scorer(accuracy_score))


class CheckedScorer(_Scorer):
    """Scorer that looks at its ground truth before it predicts.

    It is called as ``scorer(estimator, X, y)`` and returns a float of which more is
    better.

    Parameters
    ----------
    score_func : callable
        From ground truth and predictions to a float.
    greater_is_better : bool
        When False, the score is negated.
    **kwargs
        Further arguments of the function.
    """

    def __init__(self, score_func, greater_is_better, **kwargs):
        super().__init__(score_func, 1 if greater_is_better else -1, kwargs)

    def check(self, X, y):
        """Raise a ValueError if y is no ground truth for X."""
        raise NotImplementedError

    def __call__(self, estimator, X, y_true=None, **kwargs):
        self.check(X, y_true)
        return super().__call__(estimator, X, y_true, **kwargs)

    # A dict of scorers is evaluated through this method, not through __call__.
    def _score(self, method_caller, estimator, X, y_true=None, **kwargs):
        self.check(X, y_true)
        return super()._score(method_caller, estimator, X, y_true, **kwargs)
