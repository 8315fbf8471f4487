"""A small picture with three classes, regions of stripes, and figures that close."""

import numpy as np
import pytest


class Stripes:
    """A hierarchy of vertical stripes, with the methods of `RegionHierarchy`."""

    def __init__(self, shape, n_regions, seed=0):
        self.shape, self.n_regions = shape, n_regions
        edges = np.arange(1, n_regions) * shape[1] // n_regions
        self.edges = np.random.default_rng(seed).permutation(edges)

    def cut(self, n_regions):
        columns = np.zeros(self.shape[1], np.int32)
        columns[self.edges[: n_regions - 1]] = 1
        return np.broadcast_to(columns.cumsum(dtype=np.int32), self.shape)


@pytest.fixture
def stripes():
    """Make a hierarchy of stripes."""
    return Stripes


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
