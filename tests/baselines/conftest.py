"""Quick baselines, images of three colours, and superpixels like tiles."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment import SuperpixelTransformer
from sksegment.baselines import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.regions import region_graph

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
ON_SUPERPIXELS = [KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter]
CLASSES = [*K_MEANS, SpectralSuperpixelSegmenter]
ALL = [*CLASSES, FelzenszwalbSegmenter]
BLUE = (30, 40, 150)
RED = (200, 40, 40)
GREEN = (50, 180, 60)


def _make(cls, **params):
    """Make a quick one; Felzenszwalb's takes neither a seed nor superpixels."""
    if cls is FelzenszwalbSegmenter:
        return cls(min_size=20).set_params(**params)
    small = _superpixels_of(cls, SuperpixelTransformer(n_segments=40))
    params = {**small, **params}
    return cls(n_clusters=3, random_state=0).set_params(**params)


def _cells(size):
    """As a callable for superpixels: squares of ``size`` pixels."""

    def divide(image):
        height, width = image.shape[:2]
        rows, columns = np.arange(height) // size, np.arange(width) // size
        return rows[:, np.newaxis] * (columns[-1] + 1) + columns

    return SuperpixelTransformer(divide)


def _superpixels_of(cls, superpixels=None):
    """Parameters that give the class superpixels; none if it has no use for them."""
    if cls not in ON_SUPERPIXELS:
        return {}
    return {"superpixels": superpixels or SuperpixelTransformer(n_segments=150)}


def _three_colors(shape=(60, 70), *, noise=4.0, seed=0, order=(0, 1, 2)):
    """Upright stripes, blue, red and green by 0, 1 and 2; with the truth."""
    stripe = np.searchsorted([0.3, 0.7], np.arange(shape[1]) / shape[1], side="right")
    truth = np.tile(np.array(order)[stripe], (shape[0], 1))
    image = np.array([BLUE, RED, GREEN])[truth]
    image = image + np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), truth


def _agreement(found, truth):
    """Share of the pixels that have the very same id."""
    return (found == truth).mean()


def _assert_same_maps(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == np.int32
        assert_array_equal(one, other)


def _graph_of(image, size=1):
    image = np.asarray(image, float)
    return region_graph(image, _cells(size).fit_transform([image])[0])


@pytest.fixture(scope="session")
def make():
    """Make a quick baseline of a class; Felzenszwalb's has no seed or superpixels."""
    return _make


@pytest.fixture(scope="session")
def cells():
    """Make superpixels that are squares of a size."""
    return _cells


@pytest.fixture(scope="session")
def superpixels_of():
    """Give the parameters by which a class gets superpixels, if it has any."""
    return _superpixels_of


@pytest.fixture(scope="session")
def three_colors():
    """Make upright stripes of three colours; with the truth."""
    return _three_colors


@pytest.fixture(scope="session")
def agreement():
    """Tell the share of the pixels that have the very same id."""
    return _agreement


@pytest.fixture(scope="session")
def assert_same_maps():
    """Compare two lists of label maps."""
    return _assert_same_maps


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def estimator(request):
    return _make(request.param)


@pytest.fixture(scope="session")
def graph_of():
    """Make the graph of an image divided into squares."""
    return _graph_of
