"""Classes are found, and keep their numbers."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.color import rgb2lab

from sksegment.baselines import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
CLASSES = [*K_MEANS, SpectralSuperpixelSegmenter]
BLUE = (30, 40, 150)
RED = (200, 40, 40)
GREEN = (50, 180, 60)


@pytest.mark.parametrize("cls", CLASSES)
def test_three_colors_are_recovered_from_dark_to_bright(
    cls, agreement, make, superpixels_of, three_colors
):
    image, truth = three_colors()
    labels = make(cls, **superpixels_of(cls)).fit_predict([image])[0]
    assert agreement(labels, truth) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("n_channels", [None, 2])
def test_two_materials_are_recovered(
    cls, n_channels, make_image, disc_mask, agreement, make, superpixels_of
):
    image = make_image((48, 60), n_channels, np.uint16)
    extra = superpixels_of(cls)
    labels = make(cls, n_clusters=2, **extra).fit_predict([image])[0]
    assert agreement(labels, disc_mask((48, 60))) > 0.96


@pytest.mark.parametrize("cls", CLASSES)
def test_new_image_gets_the_same_ids(
    cls, agreement, make, superpixels_of, three_colors
):
    image = three_colors()[0]
    new, moved = three_colors((50, 90), order=(2, 0, 1), seed=1)
    model = make(cls, **superpixels_of(cls)).fit([image])
    assert agreement(model.predict([new])[0], moved) > 0.97
    # Also where a class is absent, and the rest of the image is all there is.
    part, here = new[:, :60], moved[:, :60]
    assert agreement(model.predict([part])[0], here) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
def test_classes_are_common_to_all_training_images(
    cls, agreement, make, superpixels_of, three_colors
):
    first, one = three_colors((60, 70))
    second, other = three_colors((50, 80), order=(1, 2, 0), seed=1)
    model = make(cls, **superpixels_of(cls)).fit([first, second])
    assert model.cluster_centers_.shape == (3, 3)
    assert agreement(model.labels_[0], one) > 0.97
    assert agreement(model.labels_[1], other) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
def test_centers_are_the_colors_of_the_classes(
    cls, cells, make, superpixels_of, three_colors
):
    image, truth = three_colors(noise=0.0)
    model = make(cls, **superpixels_of(cls, cells(7))).fit([image])
    expected = rgb2lab(np.uint8([[BLUE, RED, GREEN]]))[0]
    assert_allclose(model.cluster_centers_, expected, atol=0.01)
    assert_array_equal(model.labels_[0], truth)


@pytest.mark.parametrize("cls", CLASSES)
def test_no_more_classes_than_colors(cls, cells, make, superpixels_of, three_colors):
    image, truth = three_colors((60, 60), noise=0.0)
    model = make(cls, n_clusters=8, **superpixels_of(cls, cells(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(model.fit_predict([image])[0], truth)
    assert len(model.cluster_centers_) == 3


@pytest.mark.parametrize("cls", K_MEANS)
def test_transform_gives_distances_to_the_classes(cls, images, make):
    model = make(cls).fit(images)
    distances = model.transform(images)
    for map_, labels in zip(distances, model.labels_, strict=True):
        assert map_.shape == (*labels.shape, 3)
        assert map_.dtype == np.float32
        assert_array_equal(map_.argmin(axis=-1), labels)
    again = make(cls).fit_transform(images)
    assert_array_equal(again[0], distances[0])
