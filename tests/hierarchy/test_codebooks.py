"""Typical colours and textons of one image."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2lab

from sksegment.hierarchy._codebooks import N_CODES, _step, colors, textons


def everywhere(image):
    return np.ones(image.shape[-2:], bool)


@pytest.fixture(scope="module")
def channels(photo):
    return np.moveaxis(rgb2lab(photo).astype(np.float32), -1, 0)


def test_a_color_is_close_to_its_code(channels):
    codes = colors(channels, everywhere(channels))
    blurred = [gaussian_filter(channel, 1.0) for channel in channels]
    variance = within = 0.0
    for plane in blurred:
        means = np.bincount(codes.ravel(), plane.ravel(), N_CODES)
        means /= np.maximum(np.bincount(codes.ravel(), minlength=N_CODES), 1)
        within += ((plane - means[codes]) ** 2).mean()
        variance += plane.var()
    assert within < 0.03 * variance


@pytest.mark.parametrize("describe", [colors, textons])
def test_same_image_same_codes(channels, describe):
    image = channels if describe is colors else channels[0]
    first, second = (describe(image, everywhere(image)) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.min() >= 0
    assert first.max() < N_CODES


def test_textons_do_not_depend_on_the_direction(channels):
    """A texture and the same turned by 90 degrees have the same codes."""
    texture = channels[0][:48, :48]
    both = np.hstack([texture, np.rot90(texture)])
    codes = textons(both, everywhere(both))
    inner = slice(16, 32)
    turned = np.rot90(codes[:, :48])[inner, inner]
    assert np.array_equal(codes[:, 48:][inner, inner], turned)


def test_textures_of_equal_mean_and_deviation_have_different_textons():
    rows, columns = np.indices((60, 60))
    stripes = np.where(columns < 30, rows % 2, rows // 4 % 2)
    image = np.float32(40.0 + 20.0 * stripes)
    codes = textons(image, everywhere(image))
    assert not np.intersect1d(codes[:, :20], codes[:, 40:]).size


@pytest.mark.parametrize("width", [321, 440, 512])
def test_a_sample_has_all_columns(width):
    """Also where the image is such that every so-and-so-many-th pixel is in a few."""
    step = _step(22_000 * 88, width)
    assert step >= 88
    assert len(np.unique(np.arange(0, 22_000 * 88, step) % width)) == width


def test_few_colors_have_few_codes():
    image = np.zeros((1, 12, 12), np.float32)
    assert len(np.unique(colors(image, everywhere(image)))) == 1


def test_fewer_pixels_than_codes():
    image = np.arange(9, dtype=np.float32).reshape(1, 3, 3)
    assert colors(image, everywhere(image)).shape == (3, 3)


def test_what_is_void_has_no_part(channels):
    inside = everywhere(channels)
    inside[:, :40] = False
    other = channels.copy()
    other[:, :, :30] = 99.0
    assert np.array_equal(
        colors(channels, inside)[inside], colors(other, inside)[inside]
    )
