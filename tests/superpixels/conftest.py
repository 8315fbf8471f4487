"""Photographs, made scenes, and what must be true of all superpixels."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage
from skimage.data import camera, coffee
from skimage.segmentation import find_boundaries

from sksegment import SuperpixelTransformer


@pytest.fixture(params=["slic", "watershed"])
def method(request):
    """Test both methods."""
    return request.param


@pytest.fixture
def photo():
    """Return a grey photograph of 128 x 128 pixels."""
    return camera()[::4, ::4]


@pytest.fixture
def colour_photo():
    """Return a photograph of 100 x 150 pixels in colour."""
    return coffee()[::4, ::4]


@pytest.fixture
def segment():
    """Divide one image."""

    def segment(image, **parameters):
        return SuperpixelTransformer(**parameters).fit_transform([image])[0]

    return segment


@pytest.fixture
def mosaic():
    """Make a blocky scene whose blocks do not fit the seeds, and its truth."""

    def mosaic(seed, *, n=8, side=13, noise=0.005):
        rng = np.random.default_rng(seed)
        truth = np.arange(n * n).reshape(n, n).repeat(side, axis=0).repeat(side, axis=1)
        grey = rng.permutation(n * n)[truth] / (n * n - 1)
        return np.clip(grey + rng.normal(0, noise, grey.shape), 0, 1), truth

    return mosaic


@pytest.fixture
def boundary_recall():
    """Share of the true boundary pixels that are boundary pixels of the labels."""

    def boundary_recall(labels, truth):
        boundary = find_boundaries(truth, mode="inner")
        return find_boundaries(labels, mode="inner")[boundary].mean()

    return boundary_recall


@pytest.fixture
def assert_contiguous_and_connected():
    """Check that ids are 0..n-1, void is -1, and each id is one 4-connected piece."""

    def check(labels):
        assert labels.dtype == np.int32
        inside = labels[labels >= 0]
        assert_array_equal(np.unique(inside), np.arange(inside.max() + 1))
        assert (labels[labels < 0] == -1).all()
        for k, window in enumerate(ndimage.find_objects(labels + 1)):
            pieces = ndimage.label(labels[window] == k)[1]
            assert pieces == 1, f"superpixel {k} has {pieces} pieces"

    return check
