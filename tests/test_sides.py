"""Which looks divide images in two."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sksegment._looks import looks_of_pixels
from sksegment._sides import separability_of_colors, sides_of_textures
from sksegment._textures import TEXTURES

ONE_KIND = TEXTURES["contrast"].one_kind


def separability(image, inside=None):
    """Those of contrast, and of the colours."""
    values = image if inside is None else image[inside]
    scaled = np.float32((image - values.min()) / np.ptp(values))
    scaled = scaled[..., np.newaxis] if scaled.ndim == 2 else scaled
    looks = looks_of_pixels(scaled, inside, tuple(TEXTURES), sigma=1.2)
    labels = np.zeros(scaled.shape[:2], int) if inside is None else inside - 1
    sides = sides_of_textures([scaled], [looks], [labels])
    n_channels = scaled.shape[-1]
    colors = separability_of_colors([looks[..., :n_channels]], [labels])
    return sides["contrast"].separability, colors


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def halves():
    return np.repeat([[0, 1]], 64, axis=1) * np.ones((128, 1), int)


@pytest.fixture
def grains():
    """Return small discs, close together, in the left half."""
    y, x = np.mgrid[:128, :128]
    return (np.hypot(y % 14 - 7, x % 14 - 7) < 5.5) & (x < 64)


def test_what_is_rough_and_what_is_flat_are_told_apart(rng, halves):
    rough = gaussian_filter(rng.normal(size=halves.shape), 1)
    contrast, colors = separability(0.2 * halves * rough / rough.std())
    assert contrast > 3 * ONE_KIND
    assert contrast > 3 * colors


def test_contrast_of_grains_and_the_gaps_between_them_does_not_count(rng, grains):
    image = gaussian_filter(grains * 1.0, 0.8) + rng.normal(size=grains.shape) * 0.2
    contrast, colors = separability(image)
    assert contrast == 0.0
    assert colors > 3.0


def test_noise_of_light_does_not_count(rng):
    blobs = gaussian_filter(rng.normal(size=(128, 128)), 8) > 0
    assert separability(rng.poisson(20 + 20 * blobs))[0] == 0.0
    # Of few photons the noise of both is so unlike that colours have to outweigh it.
    contrast, colors = separability(rng.poisson(2 + 8 * blobs))
    assert colors > 2 * contrast


def test_noise_that_is_not_that_of_light_counts(rng, halves):
    contrast, _ = separability(rng.normal(size=halves.shape) * (0.05 + 0.3 * halves))
    assert contrast > ONE_KIND


def test_colours_of_one_kind_have_nothing(rng):
    smooth = gaussian_filter(rng.normal(size=(200, 200)), 3)
    assert separability(smooth)[1] == pytest.approx(1.75 - 1.4, abs=0.5)
    assert separability(np.arange(16384.0).reshape(128, 128))[1] < 2.0


def test_separability_of_colours_is_the_mean_over_channels(rng, halves):
    one = halves + rng.normal(size=halves.shape) * 0.1
    alone = separability(one)[1]
    assert separability(np.stack([one, one], axis=-1))[1] == pytest.approx(
        alone, rel=0.01
    )
    # The other channel is constant: all of it is one kind.
    half = separability(np.stack([one, np.full_like(one, 0.5)], axis=-1))[1]
    assert half == pytest.approx((alone + 1.4) / 2 - 1.4, rel=0.01)


def test_what_is_outside_does_not_count(rng, halves):
    image = np.where(halves, rng.normal(size=halves.shape), 0.1)
    inside = halves == 0
    inside[:, 64:80] = True
    whole, part = separability(image)[0], separability(image, inside)[0]
    assert 0.0 < part != whole


def test_a_constant_image_has_no_sides():
    looks = np.zeros((8, 9, 1 + len(TEXTURES)), np.float32)
    scaled, labels = [looks[..., :1]], [np.zeros((8, 9), int)]
    sides = sides_of_textures(scaled, [looks], labels)
    assert all(side.separability == 0.0 for side in sides.values())
    assert separability_of_colors(scaled, labels) < 0.0
