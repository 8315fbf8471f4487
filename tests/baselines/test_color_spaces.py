"""Colour spaces of the baselines."""

import numpy as np
import pytest
from skimage.color import rgb2lab
from sklearn.base import clone

from sksegment.baselines import (
    KMeansPixelSegmenter,
)


@pytest.mark.parametrize("space", ["auto", "lab", "rgb", "native"])
def test_color_space_in_use(space, estimator, images):
    found = estimator.set_params(color_space=space).fit(images).color_space_
    assert found == ("lab" if space == "auto" else space)


@pytest.mark.parametrize("space", ["lab", "rgb"])
@pytest.mark.parametrize("n_channels", [None, 2, 4])
def test_color_space_that_needs_rgb(space, n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    with pytest.raises(ValueError, match=r"needs RGB images.*color_space='native'"):
        estimator.set_params(color_space=space).fit(X)
    assert estimator.set_params(color_space="auto").fit(X).color_space_ == "native"


def test_three_channels_with_negative_values_are_no_colors(estimator, make_image):
    X = [make_image((24, 32), 3, np.int16) - 100]
    assert estimator.fit(X).color_space_ == "native"


def test_rgb_is_native_for_rgb_images(estimator, images, assert_same_maps):
    rgb = clone(estimator).set_params(color_space="rgb").fit_predict(images)
    assert_same_maps(
        estimator.set_params(color_space="native").fit_predict(images), rgb
    )


def test_color_space_is_that_of_the_fit(estimator, images, assert_same_maps):
    expected = estimator.fit(images).predict(images)
    assert_same_maps(estimator.set_params(color_space="rgb").predict(images), expected)


def test_isoluminant_colors_differ_in_lab(make_image, make):
    lightness = np.uint8([[[119, 119, 119], [188, 82, 82]]])
    assert abs(np.diff(rgb2lab(lightness)[0, :, 0])) < 3
    image = np.repeat(np.repeat(lightness, 20, axis=0), 10, axis=1)
    labels = make(KMeansPixelSegmenter, n_clusters=2).fit_predict([image])[0]
    assert (labels[:, :10] != labels[:, 10:]).all()
