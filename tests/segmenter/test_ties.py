"""Soft labels that tie, as many do in bfloat16: what is told of labels holds true."""

from copy import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from skimage.data import astronaut, coffee

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter

PHOTOS = {"astronaut": astronaut()[::4, ::4], "coffee": coffee()[::4, ::4]}
PARAMS = {
    "base_channels": 4,
    "max_epochs": 1,
    "batches_per_epoch": 4,
    "device": "cpu",
    "precision": "bfloat16",
    "random_state": 0,
}


@pytest.fixture(scope="module", params=PHOTOS)
def photo(request):
    return PHOTOS[request.param]


@pytest.fixture(scope="module", params=["mean", "majority", "kmeans", "dense"])
def model(request, photo):
    if request.param == "dense":
        return DenseWNetSegmenter(**PARAMS).fit([photo])
    return SparseWNetSegmenter(assignment=request.param, **PARAMS).fit([photo])


def test_parts_that_labels_cover_are_those_of_the_label_map(model):
    (labels,) = model.labels_
    counts = np.bincount(labels.ravel(), minlength=model.max_labels)
    assert_array_equal(model.label_fractions_, counts / labels.size)


def test_labels_in_use_come_first_and_nearly_from_dark_to_bright(model):
    used = np.unique(model.labels_[0])
    assert_array_equal(used, np.arange(len(used)))
    brightness = model._scale.brightness(model.label_colors_[used])
    assert_allclose(brightness, np.sort(brightness), atol=0.05)


def test_merging_gives_as_many_classes_as_wanted(model):
    n_used = len(np.unique(model.labels_[0]))
    for n_classes in (n_used, n_used - 1, 2):
        labels = copy(model).merge_labels(n_classes).labels_[0]
        assert len(np.unique(labels)) == n_classes
