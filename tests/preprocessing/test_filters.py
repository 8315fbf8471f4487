"""Numbers of the filters on images where they are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import ndtr

from sksegment._intensity import is_rgb
from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    UnsharpMask,
)

ROWS, COLUMNS = np.mgrid[:60, :70].astype(float)
QUADRATIC = 3 * ROWS**2 - 2 * ROWS * COLUMNS + 0.5 * COLUMNS**2 + 7 * ROWS - 4
INNER = slice(25, 35), slice(25, 45)
STEP = np.repeat([[50] * 30 + [150] * 30], 40, axis=0)


def hessian(image, **params):
    return GaussianHessian(**params).transform([image])[0]


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.0, 4.0])
def test_hessian_of_a_quadratic(sigma):
    found = hessian(QUADRATIC, sigma=sigma)[INNER]
    assert_allclose(found, np.broadcast_to([6, -2, 1], found.shape), atol=1e-5)


def test_hessian_of_a_quadratic_in_integers():
    found = hessian(QUADRATIC.astype(np.int32), sigma=2.0)[INNER]
    assert_allclose(found, np.broadcast_to([6, -2, 1], found.shape), atol=0.05)


def test_hessian_of_a_constant_is_zero_up_to_the_border():
    assert_allclose(hessian(np.full((20, 30), 60_000, np.uint16)), 0, atol=1e-6)


def test_hessian_of_a_blurred_line_is_that_of_a_gaussian():
    line = np.zeros((40, 61))
    line[:, 30] = 1.0
    found = hessian(line, sigma=5.0)[20, :, 2]
    x, sigma = np.arange(61) - 30, 5.0
    gauss = np.exp(-0.5 * (x / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    expected = (x**2 / sigma**4 - 1 / sigma**2) * gauss
    assert_allclose(found, expected, atol=0.1 * np.abs(expected).max())
    assert_allclose(hessian(line, sigma=5.0)[..., :2], 0, atol=1e-7)


def test_channels_are_by_sigma_and_then_by_channel_of_the_image():
    image = np.stack([QUADRATIC, 2 * QUADRATIC], axis=-1)
    both = hessian(image, sigma=[1.0, 3.0], include_image=True)
    assert both.shape == (60, 70, 2 + 2 * 2 * 3)
    assert_array_equal(both[..., :2], image.astype(np.float32))
    assert_array_equal(both[..., 2:5], hessian(QUADRATIC, sigma=1.0))
    assert_array_equal(both[..., 11:], hessian(2 * QUADRATIC, sigma=3.0))


def test_eigenvalues_are_the_same_for_a_crack_in_any_direction():
    crack = np.zeros((40, 40))
    crack[18:21] = -1.0
    image = hessian(crack, eigenvalues=True)
    assert image.shape == (40, 40, 2)
    assert_allclose(image, hessian(crack.T, eigenvalues=True).transpose(1, 0, 2))
    assert image[19, 20, 0] > 0.05
    assert (image[..., 0] >= image[..., 1]).all()


def test_three_entries_are_not_taken_for_colour(make_image):
    assert not is_rgb(GaussianHessian().transform([make_image()]))


def test_unsharp_mask_of_a_step():
    found = UnsharpMask(radius=3.0, amount=0.5).transform([STEP.astype(float)])[0]
    # A blurred step is a normal distribution function.
    blurred = 50 + 100 * ndtr((np.arange(60) - 29.5) / 3.0)
    expected = STEP[0] + 0.5 * (STEP[0] - blurred)
    assert_allclose(found, np.tile(expected, (40, 1)), atol=0.15)


def test_unsharp_mask_of_integers_is_rounded():
    of_floats = UnsharpMask(2.0).transform([STEP.astype(float)])[0]
    of_integers = UnsharpMask(2.0).transform([STEP.astype(np.uint8)])[0]
    assert_allclose(of_integers, of_floats, atol=0.5 + 1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16])
def test_unsharp_mask_of_integers_does_not_wrap_around(dtype):
    limits = np.iinfo(dtype)
    image = np.where(STEP > 100, limits.max, limits.min).astype(dtype)
    assert_array_equal(UnsharpMask(3.0, 2.0).transform([image])[0], image)


def test_unsharp_mask_leaves_colour_colour():
    image = np.repeat(STEP[..., np.newaxis] / 150.0 - 1 / 3, 3, axis=-1)
    sharp = UnsharpMask(3.0).transform([image])
    assert is_rgb(sharp)
    assert sharp[0].max() > image.max()


def test_unsharp_mask_keeps_negative_values_of_images_that_have_some():
    sharp = UnsharpMask(3.0).transform([STEP - 100.0])[0]
    assert sharp.min() < -50


def test_amount_0_changes_nothing(make_image):
    assert_array_equal(UnsharpMask(3, 0).transform([make_image()])[0], make_image())


def noisy(scale=1.0, dtype=float):
    noise = np.random.default_rng(0).normal(0, 12, STEP.shape)
    return (scale * (STEP + noise)).astype(dtype)


def test_denoise_leaves_the_edge_and_takes_the_noise():
    clean = Denoise(0.2).fit_transform([noisy()])[0]
    assert clean[:, 5:25].std() < 0.2 * noisy()[:, 5:25].std()
    assert (clean[:, 30] - clean[:, 29]).mean() > 70


@pytest.mark.parametrize("scale", [1e-3, 300.0])
def test_weight_of_denoise_is_relative_to_the_range(scale):
    expected = scale * Denoise().fit_transform([noisy()])[0]
    assert_allclose(Denoise().fit_transform([noisy(scale)])[0], expected, rtol=1e-6)


def test_denoise_takes_the_range_of_the_training_images():
    faint = 0.1 * (noisy() - 100) + 100
    by_training = Denoise(0.03).fit([noisy()]).transform([faint])[0]
    # The range of the faint image is a tenth.
    by_its_own = Denoise(0.3).fit_transform([faint])[0]
    assert_allclose(by_training, by_its_own, rtol=1e-6)
    assert np.abs(by_training - Denoise(0.03).fit_transform([faint])[0]).max() > 1


def test_denoise_of_16_bits_is_that_of_floats_rounded():
    image = noisy(200.0, np.uint16)
    expected = Denoise().fit_transform([image.astype(np.float64)])[0]
    found = Denoise().fit_transform([image])[0].astype(float)
    assert_allclose(found, expected, atol=25)


def test_percentiles_are_those_of_all_training_images_by_channel():
    rng = np.random.default_rng(0)
    images = [rng.normal(m, 10, (30, 40, 2)) * [1, 5] for m in (100, 300)]
    clip = ClipPercentiles(2, 95).fit(images)
    pixels = np.concatenate([image.reshape(-1, 2) for image in images])
    assert_allclose(clip.intensity_range_, np.percentile(pixels, (2, 95), axis=0))
    low, high = clip.intensity_range_
    assert_array_equal(clip.transform(images)[0], np.clip(images[0], low, high))


def test_percentiles_of_another_type_than_that_of_the_training():
    clip = ClipPercentiles(0, 100).fit([STEP * 3 - 200])
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert_array_equal(clip.transform([ramp])[0], np.clip(ramp, 0, 250))


def test_hot_pixels_are_cut_off(make_image):
    image = make_image(dtype=np.uint16)
    image[3, 4] = 65_535
    clipped = ClipPercentiles(1, 99).fit_transform([image])[0]
    assert clipped.max() < 256


def test_percentiles_of_very_many_pixels_are_those_of_a_sample(monkeypatch):
    rng = np.random.default_rng(0)
    # Columns that differ: every k-th pixel would see only some of them.
    images = [np.arange(100.0) + np.zeros((height, 1)) for height in (100, 300)]
    images = [rng.permuted(image) for image in images]
    monkeypatch.setattr("sksegment.preprocessing._clip._MAX_SAMPLES", 10_000)
    clip = ClipPercentiles(10, 90).fit(images)
    assert_allclose(clip.intensity_range_.ravel(), [9.9, 89.1], atol=2)
    again = ClipPercentiles(10, 90).fit(images)
    assert_array_equal(clip.intensity_range_, again.intensity_range_)
