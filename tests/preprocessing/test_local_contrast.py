"""Uneven light and shading taken out: the definition, and what it is good for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import correlate1d
from skimage.data import coins, page
from skimage.filters import threshold_otsu, threshold_sauvola

from sksegment.metrics import v_measure
from sksegment.preprocessing import NormalizeLocalContrast


def window(plane, sigma):
    """Mean under a Gaussian, by its definition."""
    reach = int(3 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for axis in range(2):
        plane = correlate1d(plane, weights / weights.sum(), axis)
    return plane


def textured(shape=(50, 60, 2), seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape) * [1, 3]


@pytest.mark.parametrize("n_images", [1, 2])
def test_definition(n_images):
    images = [textured(seed=seed) + 40 * seed for seed in range(n_images)]
    pixels = np.concatenate([image.reshape(-1, 2) for image in images])
    whole = np.sqrt(pixels.var(axis=0).mean())
    found = NormalizeLocalContrast(4.0, floor=0.3).fit_transform(images)
    for image, contrast in zip(images, found, strict=True):
        means = [window(plane, 4.0) for plane in np.moveaxis(image, -1, 0)]
        squares = [window(plane**2, 4.0) for plane in np.moveaxis(image, -1, 0)]
        variance = np.mean(np.array(squares) - np.array(means) ** 2, axis=0)
        expected = image - np.stack(means, axis=-1)
        expected /= (np.sqrt(variance) + 0.3 * whole)[..., np.newaxis]
        assert_allclose(contrast, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e-30, 0), (1e30, 0), (2, 5e4), (-1, 0)]
)
def test_units_do_not_matter(scale, offset):
    image = textured().astype(np.float32)
    expected = NormalizeLocalContrast(4).fit_transform([image])[0]
    other = np.float32(image * np.float32(scale) + np.float32(offset))
    found = NormalizeLocalContrast(4).fit_transform([other])[0]
    # Of a large offset float32 keeps 0.004.
    assert_allclose(found, np.sign(scale) * expected, rtol=1e-3, atol=4e-3)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200, 1e305])
def test_units_of_float64_do_not_matter(scale):
    image = textured()
    expected = NormalizeLocalContrast(4).fit_transform([image])[0]
    found = NormalizeLocalContrast(4).fit_transform([image * scale])[0]
    assert_allclose(found, expected, atol=1e-8)


def test_far_above_1_the_background_is_subtracted_and_no_more():
    image = textured()
    found = NormalizeLocalContrast(4, floor=1e6).fit_transform([image])[0]
    flat = image - np.stack([window(p, 4) for p in np.moveaxis(image, -1, 0)], -1)
    assert_allclose(found / found.std(), flat / flat.std(), atol=1e-4)


def test_noise_of_an_empty_slice_is_not_blown_up():
    rng = np.random.default_rng(0)
    full = rng.normal(0, 1, (64, 64)) + 20 * (np.indices((64, 64)).sum(axis=0) % 16 < 8)
    empty = rng.normal(0, 1, (64, 64))
    model = NormalizeLocalContrast(8).fit([full])
    found = model.transform([full, empty])
    assert found[0].std() > 0.7
    assert found[1].std() < 0.36
    alone = NormalizeLocalContrast(8).transform([empty])[0]
    assert alone.std() > 0.7


def test_image_of_one_value_is_nought():
    flat = np.full((20, 30), 7, np.uint8)
    assert_array_equal(NormalizeLocalContrast().fit_transform([flat])[0], 0)
    model = NormalizeLocalContrast().fit([flat])
    assert np.isfinite(model.transform([coins()[:40, :50]])[0]).all()


def test_print_on_a_page_in_uneven_light_is_told_apart():
    image = page()
    truth = (image > threshold_sauvola(image, 25)).astype(int)
    [even] = NormalizeLocalContrast().fit_transform([image])
    before, after = (
        v_measure(truth[None], (plane > threshold_otsu(plane)).astype(int))
        for plane in (image, even)
    )
    assert before < 0.3
    assert after > 0.7
