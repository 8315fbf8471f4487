import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import entropy

from sksegment.plotting import uncertainty

MEASURES = ["margin", "entropy"]


@pytest.fixture
def proba():
    return np.random.default_rng(0).dirichlet(np.ones(6), (5, 7)).astype(np.float32)


def test_margin_is_what_the_best_label_is_ahead_of_the_next(proba):
    ordered = np.sort(proba, axis=-1)
    expected = 1 - (ordered[..., -1] - ordered[..., -2])
    assert_allclose(uncertainty(proba), expected, rtol=1e-6)


def test_entropy_is_that_of_scipy(proba):
    expected = entropy(proba, axis=-1) / np.log(6)
    assert_allclose(uncertainty(proba, "entropy"), expected, rtol=1e-5)


@pytest.mark.parametrize("measure", MEASURES)
def test_the_ends_of_the_scale(measure):
    shares = np.array([np.eye(4)[2], np.full(4, 0.25)])
    assert_allclose(uncertainty(shares, measure), [0, 1], atol=1e-6)


@pytest.mark.parametrize("measure", MEASURES)
def test_order_of_labels_does_not_matter(measure, proba):
    found = uncertainty(proba[..., ::-1], measure)
    assert_allclose(found, uncertainty(proba, measure), rtol=1e-5)


@pytest.mark.parametrize("measure", MEASURES)
def test_outside_of_a_mask_there_is_none(measure, proba):
    proba[0] = 0
    found = uncertainty(proba, measure)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1:]).all()
    assert found.dtype == np.float32


@pytest.mark.parametrize("measure", MEASURES)
def test_one_label_is_never_in_doubt(measure):
    assert_allclose(uncertainty(np.ones((3, 3, 1)), measure), 0)


def test_input_is_not_changed(proba):
    before = proba.copy()
    uncertainty(proba)
    assert_allclose(proba, before, rtol=0)


def test_what_is_no_measure_or_no_share_is_refused():
    with pytest.raises(ValueError, match=r"'gini'.*entropy"):
        uncertainty(np.ones(2), "gini")
    with pytest.raises(ValueError, match=r"\(3, 0\)"):
        uncertainty(np.ones((3, 0)))
