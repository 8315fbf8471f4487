import numpy as np
import pytest

from sksegment import _intensity
from sksegment._intensity import intensity_range, is_rgb, scale_intensity


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
