"""Felzenszwalb's regions."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage
from skimage.color import rgb2lab

from sksegment.baselines import (
    FelzenszwalbSegmenter,
)
from sksegment.metrics import v_measure


def test_regions_are_connected_and_numbered_from_dark_to_bright(three_colors):
    image, truth = three_colors((60, 80), order=(0, 1, 0))
    labels = FelzenszwalbSegmenter().fit_predict([image])[0]
    assert v_measure(truth, labels) < v_measure(
        np.tile(np.repeat([0, 1, 2], [24, 32, 24]), (60, 1)), labels
    )
    ids = np.unique(labels)
    assert_array_equal(ids, np.arange(len(ids)))
    assert len(ids) == 3
    lightness = rgb2lab(image)[..., 0]
    assert (np.diff([lightness[labels == k].mean() for k in ids]) > 0).all()
    for k in ids:
        assert ndimage.label(labels == k, np.ones((3, 3)))[1] == 1


def test_scale_and_min_size_make_regions_larger(three_colors):
    image = three_colors((60, 80), noise=40.0)[0]
    counts = [
        FelzenszwalbSegmenter(scale, 0.5, size).fit_predict([image])[0].max() + 1
        for scale, size in [(10, 5), (10, 50), (1000, 5)]
    ]
    assert counts[0] > counts[1]
    assert counts[0] > counts[2]


def test_sigma_smooths(three_colors):
    image = three_colors((60, 80), noise=40.0)[0]
    rough, smooth = (
        FelzenszwalbSegmenter(50, sigma, 5).fit_predict([image])[0].max()
        for sigma in (0, 2)
    )
    assert smooth < rough


@pytest.mark.parametrize(
    "params", [{"scale": 0.0}, {"sigma": -1}, {"min_size": 0}, {"color_space": "hsv"}]
)
def test_bad_parameters_of_felzenszwalb(params, images):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        FelzenszwalbSegmenter(**params).fit(images)
