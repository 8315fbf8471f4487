"""A small picture with three classes, regions of stripes, and figures that close."""

import numpy as np
import pytest

from sksegment.hierarchy import RegionHierarchy


def _stripes(shape, n_regions, seed=0):
    """Vertical stripes, of which neighbours merge in random order."""
    columns = np.arange(shape[1]) * n_regions // shape[1]
    superpixels = np.broadcast_to(columns.astype(np.int32), shape)
    parts = list(range(n_regions))
    pairs = []
    for t, left in enumerate(np.random.default_rng(seed).permutation(n_regions - 1)):
        pair = parts[left], parts[left + 1]
        pairs.append(pair)
        parts = [n_regions + t if part in pair else part for part in parts]
    pairs = np.array(pairs, np.int64).reshape(-1, 2)
    return RegionHierarchy(superpixels, pairs, np.arange(1.0, n_regions))


@pytest.fixture
def stripes():
    """Make a hierarchy of stripes."""
    return _stripes


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
