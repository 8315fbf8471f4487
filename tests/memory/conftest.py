"""Images that are taken for too large."""

import numpy as np
import pytest

from sksegment import _soft_labels
from sksegment.segmenters import _fitted, _sparse


@pytest.fixture
def in_parts(monkeypatch):
    """Take every image for too large, with windows of so many cells."""

    def in_parts(side):
        for module in (_sparse, _fitted):
            monkeypatch.setattr(module, "must_be_parted", lambda *args: True)
        monkeypatch.setattr(_soft_labels, "window_side", lambda estimator: side)

    return in_parts


@pytest.fixture(scope="session")
def texture():
    """Make an image of smooth blobs in some channels."""

    def texture(shape, n_channels=1, seed=0):
        from scipy.ndimage import gaussian_filter

        rng = np.random.default_rng(seed)
        noise = rng.random((*shape, n_channels))
        blobs = gaussian_filter(noise, (4, 4, 0))
        blobs = (blobs - blobs.min()) / np.ptp(blobs) + 0.1 * noise
        image = np.uint8(230 * blobs / blobs.max())
        return image if n_channels > 1 else image[..., 0]

    return texture
