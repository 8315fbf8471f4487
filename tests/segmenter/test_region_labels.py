"""All pixels of a region have one label, with ``assignment="region"``."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import mean
from skimage.data import coffee
from skimage.measure import label

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.io import load_model
from sksegment.labelling import mean_shares


@pytest.fixture(scope="module")
def photo():
    return coffee()[::4, ::4]


@pytest.fixture
def model(make_segmenter, photo):
    params = {"max_labels": 16, "max_epochs": 3, "superpixels__n_segments": 300}
    return make_segmenter(assignment="region", **params).fit([photo])


def test_shares_of_a_region_are_the_mean_of_those_of_its_pixels(model, photo):
    (regions,) = (tree.cut("auto") for tree in model.hierarchy([photo]))
    (found,) = model.predict_proba([photo])
    (pixels,) = model.set_params(assignment="pixel").predict_proba([photo])
    assert regions.max() > 1
    assert (found.max(axis=-1) < 1).any()
    for k in range(16):
        means = mean(pixels[..., k], regions, np.arange(regions.max() + 1))
        assert_allclose(found[..., k], means[regions], atol=1e-6)


def test_label_of_a_region_is_that_of_the_largest_share(model, photo):
    (labels,), (proba,) = model.predict([photo]), model.predict_proba([photo])
    assert_array_equal(labels, proba.argmax(axis=-1))
    assert_array_equal(labels, model.labels_[0])
    assert labels.dtype == np.int32
    assert len(np.unique(labels)) > 1


def test_classes_of_a_photograph_fall_into_fewer_pieces(model, photo):
    of_regions = label(model.labels_[0] + 1).max()
    (labels,) = model.set_params(assignment="pixel").predict([photo])
    assert of_regions < label(labels + 1).max() / 10


def test_labels_are_joined(model, photo):
    (before,) = model.labels_
    model.merge_labels(2)
    assert_array_equal(model.labels_[0], model.label_groups_[before])
    assert_array_equal(model.predict([photo])[0], model.labels_[0])


def test_regions_instead_of_classes_are_the_same(model, photo):
    (tree,) = model.hierarchy([photo])
    assert_array_equal(
        model.set_params(n_regions="auto").predict([photo])[0], tree.cut("auto")
    )


def test_nothing_outside_of_a_mask(make_segmenter, make_image, disc_mask):
    mask = disc_mask((32, 40))
    superpixels = SuperpixelTransformer(n_segments=30, mask=mask)
    image = make_image((32, 40), 3)
    model = make_segmenter(assignment="region", superpixels=superpixels).fit([image])
    assert_array_equal(model.labels_[0] == -1, ~mask)
    assert_allclose(model.predict_proba([image])[0].sum(axis=-1), mask, atol=1e-6)


def test_it_is_saved(model, photo, tmp_path):
    model.save(tmp_path / "a.safetensors")
    loaded = load_model(tmp_path / "a.safetensors")
    assert loaded.assignment == "region"
    assert_array_equal(loaded.predict([photo])[0], model.labels_[0])


def test_looks_that_were_not_learnt_are_missed(make_segmenter, photo, tmp_path):
    model = make_segmenter(assignment="mean").fit([photo])
    model.set_params(assignment="region")
    with pytest.raises(ValueError, match="assignment='region' was set after the fit"):
        model.predict([photo])
    with pytest.raises(ValueError, match="assignment='region' needs"):
        model.save(tmp_path / "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()


def test_both_kinds_of_labels_by_looks_are_of_one_fit(model, photo):
    pixels = SparseWNetSegmenter(**model.get_params(deep=False))
    pixels.set_params(assignment="pixel").fit([photo])
    assert_array_equal(pixels.label_colors_, model.label_colors_)
    assert_array_equal(
        pixels.set_params(assignment="region").predict([photo])[0], model.labels_[0]
    )


def test_other_images_count_pixels_as_the_first_did(make_segmenter, photo):
    models = [
        make_segmenter(assignment=assignment, max_labels=8)
        .fit([photo])
        .partial_fit([255 - photo])
        for assignment in ("pixel", "region")
    ]
    assert_allclose(models[1].label_fractions_, models[0].label_fractions_)


def test_mean_shares_of_parts_are_those_of_the_whole():
    rng = np.random.default_rng(0)
    regions = rng.integers(-1, 3, (20, 30))
    shares = rng.dirichlet(np.ones(4), (20, 30)).astype(np.float32)
    expected = [shares[regions == k].mean(axis=0) for k in range(3)]
    halves = [slice(0, 7), slice(7, None)]
    parts = [(regions[rows], shares[rows]) for rows in halves]
    for found in (mean_shares([(regions, shares)], 3), mean_shares(parts, 3)):
        assert found.dtype == np.float32
        assert_allclose(found, expected, rtol=1e-5)
