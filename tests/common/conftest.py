"""Estimators whose X is a list of images, and how to ask and compare them."""

import joblib
import pytest
from numpy.testing import assert_array_equal

from sksegment import SuperpixelTransformer


def _answer(estimator, X):
    """Ask for what tells the most: soft labels say more than labels do."""
    return getattr(estimator, "predict_proba", estimator.transform)(X)


def _assert_same_maps(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


def _state_of(estimator):
    return joblib.hash(estimator.get_params(deep=True))


@pytest.fixture(params=["segmenter", "dense", "superpixels"])
def estimator(request, make_segmenter, make_dense):
    if request.param == "superpixels":
        return SuperpixelTransformer(n_segments=40)
    return {"segmenter": make_segmenter, "dense": make_dense}[request.param]()


@pytest.fixture(params=["segmenter", "dense"])
def make_w_net(request, make_segmenter, make_dense):
    """Make a quick segmenter with a network, one or the other."""
    return {"segmenter": make_segmenter, "dense": make_dense}[request.param]


@pytest.fixture(scope="session")
def answer():
    """Ask for what tells the most: soft labels say more than labels do."""
    return _answer


@pytest.fixture(scope="session")
def assert_same_maps():
    """Compare two lists of maps, by dtype and value."""
    return _assert_same_maps


@pytest.fixture(scope="session")
def state_of():
    """Hash the parameters of an estimator."""
    return _state_of
