"""Baselines on superpixels within a mask."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment import SuperpixelTransformer
from sksegment.baselines import (
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)

ON_SUPERPIXELS = [KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter]


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_outside_a_mask_the_label_is_minus_one(cls, make_image, disc_mask, make):
    mask = disc_mask((32, 40), radius=14)
    model = make(cls, superpixels__mask=mask, n_clusters=2).fit([make_image()])
    for labels in (model.labels_[0], model.predict([make_image(seed=1)])[0]):
        assert_array_equal(labels < 0, ~mask)
        assert labels.min() == -1
        assert set(np.unique(labels[mask])) == {0, 1}


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_mask_that_is_set_leaves_superpixels_their_size(cls, make_image, disc_mask):
    mask = disc_mask((32, 40), radius=14)
    model = cls(2, random_state=0).set_params(superpixels__mask=mask)
    assert model.fit([make_image()]).superpixels_.n_segments == mask.sum() // 25


def test_distances_are_infinite_outside_a_mask(make_image, disc_mask, make):
    mask = disc_mask((32, 40))
    model = make(KMeansSuperpixelSegmenter, superpixels__mask=mask)
    distances = model.fit([make_image()]).transform([make_image()])[0]
    assert np.isinf(distances[~mask]).all()
    assert np.isfinite(distances[mask]).all()


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_islands_of_a_mask_get_the_class_of_their_color(
    cls, agreement, assert_same_maps, make, three_colors
):
    image, truth = three_colors((80, 80))
    islands = np.add.outer(np.arange(80) // 8 % 2, np.arange(80) // 8 % 2) == 0
    superpixels = SuperpixelTransformer(n_segments=200, mask=islands)
    model = make(cls, superpixels=superpixels).fit([image])
    assert_array_equal(model.labels_[0] < 0, ~islands)
    assert agreement(model.labels_[0][islands], truth[islands]) > 0.95
    assert_same_maps(model.predict([image]), model.labels_)


def test_mask_of_single_superpixels(agreement, cells, make, three_colors):
    image, truth = three_colors((60, 60))
    dots = np.zeros((60, 60), bool)
    dots[::3, ::3] = True
    superpixels = cells(1).set_params(mask=dots)
    model = make(SpectralSuperpixelSegmenter, superpixels=superpixels).fit([image])
    assert agreement(model.labels_[0][dots], truth[dots]) > 0.95
