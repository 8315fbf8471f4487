"""What is known of the training images before any net is made."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment import SuperpixelTransformer
from sksegment._intensity import IntensityScale
from sksegment._preparation import PreparedImages, PreparedPixels
from sksegment.labelling import brightness_order


def halves(image):
    """As a callable: the first ten columns, and the rest."""
    return np.tile(np.arange(image.shape[1]) >= 10, (image.shape[0], 1)).astype(int)


def two_values(first, second, n_columns=20):
    """An image of 8 rows, ten columns of one value and the rest of another."""
    image = np.empty((8, n_columns, np.size(first)))
    image[:, :10], image[:, 10:] = first, second
    return image


def prepare(*images):
    return PreparedImages.build(list(images), SuperpixelTransformer(halves))


def test_sizes_are_those_of_the_superpixels_of_all_images():
    images = prepare(two_values(0, 1), two_values(1, 0, n_columns=40))
    assert images.sizes.tolist() == [80, 80, 80, 240]
    for map_, graph in zip(images.superpixels, images.graphs, strict=True):
        np.testing.assert_array_equal(np.bincount(map_.ravel()), graph.sizes)


def test_brightness_is_on_one_scale_for_all_images():
    images = prepare(two_values(0, 4), two_values(8, 2))
    np.testing.assert_allclose(images.brightness, [0, 0.5, 1, 0.25], atol=1e-6)


def test_brightness_without_colour_is_the_mean_of_the_channels():
    images = prepare(two_values([0, 9], [4, 4]), two_values([10, 0], [0, 10]))
    # Channels are scaled apart, 0..10 to 0..1 both.
    np.testing.assert_allclose(images.brightness, [0.45, 0.4, 0.5, 0.5], atol=1e-6)


def test_brightness_of_colour_is_its_lightness():
    colours = np.array([[20, 20, 255], [90, 120, 20]], np.uint8)
    image = two_values(*colours).astype(np.uint8)
    lightness = rgb2lab(colours)[:, 0] / 100
    brightness = prepare(image).brightness
    np.testing.assert_allclose(brightness, lightness, atol=1e-4)
    # The mean of the channels would order them the other way.
    assert brightness[0] < brightness[1]
    assert colours[0].mean() > colours[1].mean()


def test_labels_are_ordered_by_their_brightness_over_all_images():
    images = prepare(two_values(0, 4), two_values(9, 5, n_columns=15))
    labels = np.array([0, 1, 0, 1])
    # Label 0: (80 * 0 + 80 * 9) / 160 = 4.5; label 1: (80 * 4 + 40 * 5) / 120 = 4.33.
    order = brightness_order(labels, images.brightness, images.sizes, n_labels=2)
    assert order.tolist() == [1, 0]


def test_further_images_are_scaled_as_the_first_ones():
    first = prepare(two_values(0, 4))
    further = PreparedImages.extend([two_values(1, 2)], first.transformer)
    assert further.transformer is first.transformer
    np.testing.assert_allclose(further.brightness, [0.25, 0.5], atol=1e-6)


def test_superpixels_of_the_caller_are_cloned():
    own = SuperpixelTransformer(halves)
    images = PreparedImages.build([two_values(0, 1)], own)
    assert images.transformer is not own
    assert not hasattr(own, "intensity_range_")


@pytest.mark.parametrize(
    ("shapes", "n_segments"),
    [
        ([(40, 50)], 80),
        ([(300, 400)], 3000),
        ([(300, 400), (40, 51)], 81),
    ],
)
def test_default_superpixels_have_25_pixels_at_least(shapes, n_segments):
    rng = np.random.default_rng(0)
    images = [rng.random((*shape, 1)) for shape in shapes]
    prepared = PreparedImages.build(images, None)
    assert prepared.transformer.n_segments == n_segments
    expected = SuperpixelTransformer(n_segments=n_segments).get_params()
    assert prepared.transformer.get_params() == expected


LEFT = np.tile(np.arange(50) < 30, (40, 1))


@pytest.mark.parametrize(
    ("mask", "n_segments"), [(LEFT, 48), (lambda image: LEFT, 48), (None, 80)]
)
def test_number_that_is_left_open_counts_pixels_within_the_mask(mask, n_segments):
    image = np.random.default_rng(0).random((40, 50, 1))
    superpixels = SuperpixelTransformer(n_segments=None, compactness=3.0, mask=mask)
    transformer = PreparedImages.build([image], superpixels).transformer
    assert (transformer.n_segments, transformer.compactness) == (n_segments, 3.0)
    # The caller's is left alone.
    assert superpixels.n_segments is None


@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (9, 8), (10, 10)])
def test_smallest_images_have_two_superpixels_by_default(shape):
    image = np.random.default_rng(0).random((*shape, 1))
    assert PreparedImages.build([image], None).graphs[0].n_regions >= 2


def test_number_of_superpixels_of_the_caller_is_left_alone():
    image = np.random.default_rng(0).random((40, 50, 1))
    images = PreparedImages.build([image], SuperpixelTransformer(n_segments=500))
    assert images.transformer.n_segments == 500


def test_pixels_have_one_scale_for_all_images():
    images = [two_values(0, 4), two_values(8, 2, n_columns=15)]
    prepared = PreparedPixels.build(images)
    np.testing.assert_allclose(prepared.scale.intensity_range, [[0], [8]], atol=1e-6)
    assert [scaled.shape for scaled in prepared.scaled] == [(8, 20, 1), (8, 15, 1)]
    for scaled, image in zip(prepared.scaled, images, strict=True):
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled, image / 8, atol=1e-6)


def test_brightness_of_coloured_pixels_is_their_lightness():
    colours = np.array([[20, 20, 255], [90, 120, 20]], np.uint8)
    prepared = PreparedPixels.build([two_values(*colours).astype(np.uint8)])
    assert prepared.scale.rgb
    lightness = rgb2lab(colours)[:, 0] / 100
    found = prepared.scale.brightness(prepared.scaled[0])[0, [0, -1]]
    np.testing.assert_allclose(found, lightness, atol=1e-4)


def test_further_pixels_are_scaled_as_the_first_ones():
    first = PreparedPixels.build([two_values(0, 4)])
    further = PreparedPixels.extend([two_values(1, 2)], first.scale)
    assert further.scale is first.scale
    np.testing.assert_allclose(np.unique(further.scaled[0]), [0.25, 0.5], atol=1e-6)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_pixels_and_superpixels_are_prepared_on_the_same_scale(n_channels):
    rng = np.random.default_rng(0)
    images = [rng.random((20, 30, n_channels)) for _ in range(2)]
    pixels, superpixels = PreparedPixels.build(images), prepare(*images)
    assert isinstance(superpixels.scale, IntensityScale)
    assert pixels.scale.rgb == superpixels.scale.rgb == (n_channels == 3)
    np.testing.assert_array_equal(
        pixels.scale.intensity_range, superpixels.scale.intensity_range
    )
    for one, other in zip(pixels.scaled, superpixels.scaled, strict=True):
        np.testing.assert_array_equal(one, other)
