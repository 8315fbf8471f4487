"""What is private in scikit-learn's scorers is still as the package takes it to be."""

import inspect

import numpy as np
import pytest
import sklearn
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, check_scoring, make_scorer

from sksegment.model_selection._sklearn_scorer import CheckedScorer

CHANGED = "scikit-learn {} has other scorers: adapt _sklearn_scorer.py; {}"


class Even(CheckedScorer):
    """Share of right answers, of an even number of them."""

    def __init__(self, greater_is_better=True):
        super().__init__(accuracy_score, greater_is_better)

    def check(self, X, y):
        if y is None or len(y) % 2:
            raise ValueError("y is odd")


class Same(BaseEstimator):
    """Its answers are X; it counts how often it is asked."""

    calls = 0

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        self.calls += 1
        return np.asarray(X)


def changed(what):
    return CHANGED.format(sklearn.__version__, what)


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("__init__", ["self", "score_func", "sign", "kwargs"]),
        ("__call__", ["self", "estimator", "X", "y_true"]),
        ("_score", ["self", "method_caller", "estimator", "X", "y_true"]),
    ],
)
def test_class_of_scikit_learn_has_the_methods_that_are_overridden(method, expected):
    class_ = type(make_scorer(accuracy_score))
    assert issubclass(CheckedScorer, class_)
    assert hasattr(class_, method), changed(f"{class_.__name__} has no {method}")
    found = [*inspect.signature(getattr(class_, method)).parameters]
    assert found[: len(expected)] == expected, changed(f"{method} takes {found}")


def test_scorer_alone_checks_and_gives_the_score_with_its_sign():
    assert Even()(Same(), [1, 1], [1, 0]) == 0.5
    assert Even(greater_is_better=False)(Same(), [1, 1], [1, 0]) == -0.5
    with pytest.raises(ValueError, match="y is odd"):
        Even()(Same(), [1])


def test_several_scorers_predict_once_and_check_before():
    model = Same()
    several = check_scoring(model, {"one": Even(), "other": Even(False)})
    assert several(model, [1, 1], [1, 0]) == {"one": 0.5, "other": -0.5}
    assert model.calls == 1, changed("several of them do not share predictions")
    odd = check_scoring(model, {"one": Even()}, raise_exc=True)
    with pytest.raises(ValueError, match="y is odd"):
        odd(model, [1], [1])
    assert model.calls == 1, changed("several of them predict before they check")
