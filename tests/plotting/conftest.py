"""A small picture with three classes, and figures that close."""

import numpy as np
import pytest


@pytest.fixture
def image():
    """Grey, with noise."""
    return np.random.default_rng(0).integers(0, 200, (20, 32), dtype=np.uint8)


@pytest.fixture
def labels():
    """Void above; then class 0, class 1, and a little of class 4."""
    labels = np.zeros((20, 32), np.int32)
    labels[:, 16:] = 1
    labels[12:14, 4:8] = 4
    labels[:4] = -1
    return labels


@pytest.fixture(autouse=True)
def closed():
    """Close what pyplot has opened."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield
    pyplot.close("all")
