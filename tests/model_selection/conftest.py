"""Ground truths of the images."""

import numpy as np
import pytest


@pytest.fixture
def truths(images, disc_mask):
    """Annotators of the two images: two of the first, one of the second."""
    first = disc_mask(images[0].shape[:2]).astype(int)
    second = disc_mask(images[1].shape[:2], (14, 15)).astype(int)
    return [np.stack([first, np.zeros_like(first)]), second]


@pytest.fixture
def grey_truths(grey_images, disc_mask):
    return [disc_mask(image.shape).astype(int) for image in grey_images]
