import warnings

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment import _intensity
from sksegment._intensity import (
    IntensityScale,
    from_perceptual,
    intensity_range,
    is_rgb,
    perceptual,
    scale_intensity,
)


def image_of(values, dtype=np.float64):
    return np.asarray(values, dtype).reshape(1, -1, 1)


def test_uint8_images_have_the_range_of_their_type():
    images = [np.full((4, 4, 3), 7, np.uint8), np.full((5, 4, 3), 9, np.uint8)]
    np.testing.assert_array_equal(intensity_range(images), [[0] * 3, [255] * 3])


def test_one_image_that_is_not_uint8_makes_the_range_that_of_the_values():
    images = [np.full((4, 4, 1), 7, np.uint8), np.full((4, 4, 1), 9, np.uint16)]
    low, high = intensity_range(images)
    assert (low.item(), high.item()) == pytest.approx((7, 9), abs=1e-9)


def test_range_is_percentiles_over_all_images_for_each_channel():
    rng = np.random.default_rng(0)
    images = [rng.normal(size=(20, 30, 2)) * [1, 50], rng.normal(size=(9, 9, 2)) + 3]
    pixels = np.concatenate([image.reshape(-1, 2) for image in images])
    expected = np.percentile(pixels, (0.1, 99.9), axis=0)
    np.testing.assert_allclose(intensity_range(images), expected, rtol=1e-12)


def test_range_ignores_a_hot_pixel():
    image = np.tile(np.linspace(0, 1, 100), (100, 1))[..., np.newaxis]
    image[3, 4] = 1e6
    assert intensity_range([image])[1] <= 1.0


def test_range_of_many_pixels_is_close_when_they_are_sampled(monkeypatch):
    image = np.random.default_rng(0).random((300, 300, 1))
    exact = intensity_range([image])
    monkeypatch.setattr(_intensity, "_MAX_SAMPLES", 20_000)
    np.testing.assert_allclose(intensity_range([image]), exact, atol=2e-3)


def test_range_maps_to_zero_and_one_and_values_outside_keep_half_a_range():
    limits = np.array([[10.0], [20.0]])
    values = image_of([10, 15, 20, 24, 25, 1000, 6, 5, -1000])
    expected = [0, 0.5, 1, 1.4, 1.5, 1.5, -0.4, -0.5, -0.5]
    scaled = scale_intensity(values, limits)
    assert scaled.dtype == np.float32
    np.testing.assert_allclose(scaled.ravel(), expected, atol=1e-7)


def test_channels_are_scaled_apart():
    limits = np.array([[0.0, 100.0], [1.0, 300.0]])
    scaled = scale_intensity(np.array([[[0.5, 200.0]]]), limits)
    np.testing.assert_allclose(scaled, [[[0.5, 0.5]]])


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5, 1e300, -1e-300])
def test_constant_channel_maps_to_zero(value):
    image = np.full((8, 8, 1), value)
    scaled = scale_intensity(image, intensity_range([image]))
    np.testing.assert_array_equal(scaled, 0)


@pytest.mark.parametrize("factor", [2.0**-40, 1.0, 2.0**40])
def test_a_few_bright_pixels_on_an_even_ground_are_seen_in_any_unit(factor):
    # Fewer than the percentiles take off, so that both are the ground.
    image = np.zeros((50, 50, 2))
    image[3, 4] = 1.0, 0.5
    image[7, 8] = 0.5, 0.25
    limits = intensity_range([image * factor])
    np.testing.assert_array_equal(limits, [[0, 0], [factor, 0.5 * factor]])
    scaled = scale_intensity(image * factor, limits)
    np.testing.assert_array_equal(scaled[3, 4], [1.0, 1.0])
    np.testing.assert_array_equal(scaled[7, 8], [0.5, 0.5])


def test_channel_that_is_not_even_keeps_its_percentiles_beside_one_that_is():
    rng = np.random.default_rng(0)
    image = np.zeros((50, 50, 2))
    image[..., 0] = rng.random((50, 50))
    image[3, 4, 1] = 1.0
    limits = intensity_range([image])
    expected = np.percentile(image[..., 0], [0.1, 99.9])
    np.testing.assert_allclose(limits[:, 0], expected)
    np.testing.assert_array_equal(limits[:, 1], [0, 1])


@pytest.mark.parametrize("factor", [2.0**-40, -1.0, 2.0**40])
def test_constant_in_training_is_the_unit_of_what_comes_later(factor):
    limits = intensity_range([np.full((8, 8, 1), 4.0 * factor)])
    later = image_of([3.0 * factor, 5.0 * factor])
    expected = [-0.25, 0.25] if factor > 0 else [0.25, -0.25]
    np.testing.assert_array_equal(scale_intensity(later, limits).ravel(), expected)


def test_value_far_outside_a_tiny_range_is_cut_off_without_a_warning():
    limits = np.array([[0.0], [1e-300]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = scale_intensity(image_of([1e300, -1e300]), limits)
    np.testing.assert_array_equal(scaled.ravel(), [1.5, -0.5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_there_and_back_at_the_ends_of_a_type_nothing_overflows(dtype):
    largest = float(np.finfo(dtype).max)
    image = np.linspace(-1, 1, 64).reshape(8, 8, 1) * largest
    limits = intensity_range([image])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = scale_intensity(image, limits)
        found = from_perceptual(100.0 * scaled, limits, rgb=False)
        # A net may answer with more than there was.
        beyond = from_perceptual(300.0 * scaled, limits, rgb=False)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, image, rtol=1e-4)
    assert np.isfinite(beyond).all()


def test_extremes_of_float64_do_not_overflow():
    largest = np.finfo(np.float64).max
    image = image_of([-largest, 0.0, largest])
    with np.errstate(all="raise"):
        limits = np.array([[-largest], [largest]])
        scaled = scale_intensity(image, limits)
        learnt = intensity_range([image])
    np.testing.assert_allclose(scaled.ravel(), [0, 0.5, 1])
    assert np.isfinite(learnt).all()


@pytest.mark.parametrize("dtype", [bool, np.int16, np.uint32, np.float16])
def test_every_numeric_type_is_scaled(dtype):
    image = image_of([0, 1] * 8, dtype)
    scaled = scale_intensity(image, intensity_range([image]))
    np.testing.assert_array_equal(scaled.ravel(), [0, 1] * 8)


def test_input_is_not_written_to():
    image = np.random.default_rng(0).random((8, 8, 2))
    image.setflags(write=False)
    before = image.copy()
    scale_intensity(image, intensity_range([image]))
    np.testing.assert_array_equal(image, before)


def test_rgb_is_three_channels_without_a_negative_value():
    colour = np.zeros((8, 8, 3))
    negative = colour.copy()
    negative[2, 3, 1] = -1e-3
    assert is_rgb([colour])
    assert not is_rgb([colour, negative])
    assert not is_rgb([np.zeros((8, 8, 1))])
    assert not is_rgb([np.zeros((8, 8, 4))])


def test_perceptual_is_cielab_for_rgb_and_percent_otherwise():
    rgb = np.random.default_rng(0).random((5, 6, 3)).astype(np.float32)
    np.testing.assert_allclose(perceptual(rgb, rgb=True), rgb2lab(rgb), rtol=1e-6)
    np.testing.assert_allclose(perceptual(rgb, rgb=False), 100 * rgb)
    beyond = np.array([[[1.5, -0.5, 0.2]]], np.float32)
    clipped = perceptual(np.clip(beyond, 0, 1), rgb=True)
    np.testing.assert_array_equal(perceptual(beyond, rgb=True), clipped)


def there_and_back(image, limits, *, rgb):
    scaled = scale_intensity(image, limits)
    return from_perceptual(perceptual(scaled, rgb=rgb), limits, rgb=rgb)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_from_perceptual_gives_a_colour_image_back(dtype):
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(dtype)
    # Black, white, and the corners of the gamut.
    image[0, :8] = 255 * (np.arange(8)[:, np.newaxis] >> np.arange(3) & 1)
    limits = np.array([[0.0] * 3, [255.0] * 3])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = there_and_back(image, limits, rgb=True)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, image, atol=0.01)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_from_perceptual_gives_other_images_back_in_their_units(n_channels):
    image = np.random.default_rng(0).normal(-500, 3000, (20, 30, n_channels))
    limits = intensity_range([image])
    found = there_and_back(image, limits, rgb=False)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, image, rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_colours_beyond_the_gamut_become_colours_without_a_warning(dtype):
    rng = np.random.default_rng(0)
    low, high = [-50, -300, -300], [200, 300, 300]
    lab = rng.uniform(low, high, (100, 100, 3)).astype(dtype)
    before = lab.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = from_perceptual(lab, np.array([[0.0] * 3, [255.0] * 3]), rgb=True)
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image.max() <= 255.01
    np.testing.assert_array_equal(lab, before)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_undoing_a_scale_gives_the_image_back_in_its_units(n_channels):
    image = np.random.default_rng(0).normal(-500, 3000, (20, 30, n_channels))
    scale = IntensityScale.of([image])
    normalized = scale.apply(image)
    assert not scale.rgb
    assert normalized.dtype == np.float32
    found = scale.undo(normalized)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, image, rtol=1e-5, atol=1e-2)


def test_undoing_the_scale_of_colours_gives_them_back():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    scale = IntensityScale.of([image])
    normalized = scale.apply(image)
    assert scale.rgb
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(normalized, rgb2lab(image) / 100, atol=1e-4)
    np.testing.assert_allclose(scale.undo(normalized), image, atol=0.01)


def test_scale_is_that_of_the_images_it_was_made_of():
    images = [np.full((8, 8, 2), value) for value in (2.0, 10.0)]
    scale = IntensityScale.of(images)
    np.testing.assert_allclose(scale.intensity_range, [[2, 2], [10, 10]])
    other = np.array([[[4.0, 6.0]]])
    np.testing.assert_allclose(scale.apply(other), [[[0.25, 0.5]]])
    np.testing.assert_allclose(scale.undo(scale.apply(other)), other, rtol=1e-6)


def test_undoing_the_scale_of_a_constant_image_gives_its_value():
    image = np.full((8, 8, 1), 137.0)
    scale = IntensityScale.of([image])
    np.testing.assert_array_equal(scale.undo(scale.apply(image)), image)


def test_brightness_of_colours_is_lightness_and_otherwise_the_mean():
    values = np.array([[[0.2, 0.7, -0.3], [0.9, 0.0, 0.3]]], np.float32)
    limits = np.array([[0.0] * 3, [1.0] * 3])
    lightness = IntensityScale(limits, rgb=True).brightness(values)
    np.testing.assert_allclose(lightness, [[0.2, 0.9]])
    mean = IntensityScale(limits, rgb=False).brightness(values)
    np.testing.assert_allclose(mean, [[0.2, 0.4]], rtol=1e-6)


def test_white_is_brightest_and_black_is_darkest():
    image = np.zeros((1, 3, 3), np.uint8)
    image[0, 1], image[0, 2] = 255, (0, 255, 0)
    scale = IntensityScale.of([image])
    brightness = scale.brightness(scale.apply(image))
    assert brightness.shape == (1, 3)
    np.testing.assert_allclose(brightness[0], [0, 1, 0.877], atol=1e-3)
