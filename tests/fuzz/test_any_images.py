"""Whatever the images are, the answer has their shapes and holds but numbers."""

import numpy as np
import pytest
from drawn_images import cases, float_image_sets, image_sets
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from skimage.measure import label as label_components
from sklearn.base import clone

from sksegment import (
    DenseWNetSegmenter,
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SparseWNetSegmenter,
    SpectralSuperpixelSegmenter,
    SuperpixelTransformer,
)
from sksegment.patches import PatchSampler

# No division by zero, no overflow and no NaN on the way; advice is no trouble.
pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:patches of"),
    pytest.mark.filterwarnings("ignore:values of image . hardly fit"),
]

ASSIGNMENTS = ("pixel", "region", "mean", "majority", "kmeans")
TINY = {
    "max_labels": 4,
    "patches": PatchSampler(shapes=((8, 8),), counts=(3,)),
    "base_channels": 2,
    "depth": 1,
    "max_epochs": 1,
    "batches_per_epoch": 1,
    "device": "cpu",
    "precision": "float32",
    "random_state": 0,
}


@st.composite
def w_nets(draw):
    """A tiny W-Net, sparse or dense, with any objective."""
    params = TINY | {
        "reconstruction": draw(st.sampled_from(["patch", "image", "none"])),
        "init": draw(st.sampled_from(["kmeans", "random"])),
        "beta_cut": draw(st.sampled_from([0.0, 1.0])),
        "position": draw(st.sampled_from([0.0, 1.0])),
        "resolution": draw(st.sampled_from([0.5, 1.0])),
    }
    if draw(st.booleans()):
        return DenseWNetSegmenter(**params)
    method = draw(st.sampled_from(["slic", "watershed"]))
    n_segments = draw(st.sampled_from([20, "auto"]))
    return SparseWNetSegmenter(
        superpixels=SuperpixelTransformer(method, n_segments=n_segments),
        assignment=draw(st.sampled_from(ASSIGNMENTS)),
        tau=draw(st.sampled_from([-3.0, 0.0, 2.0])),
        **params,
    )


@st.composite
def baselines(draw):
    """A quick baseline."""
    superpixels = SuperpixelTransformer(n_segments=20)
    return draw(
        st.sampled_from(
            [
                FelzenszwalbSegmenter(min_size=5),
                KMeansPixelSegmenter(3, n_init=1, random_state=0),
                KMeansSuperpixelSegmenter(3, superpixels=superpixels, random_state=0),
                SpectralSuperpixelSegmenter(3, superpixels=superpixels, random_state=0),
            ]
        )
    )


def copies_of(images):
    return [image.copy() for image in images]


def assert_untouched(images, copies):
    for image, copy in zip(images, copies, strict=True):
        assert image.dtype == copy.dtype
        assert_array_equal(image, copy)


def assert_are_labels(maps, images, n_labels=None):
    assert len(maps) == len(images)
    for labels, image in zip(maps, images, strict=True):
        assert labels.shape == image.shape[:2]
        assert labels.dtype == np.int32
        assert labels.min() >= 0
        if n_labels is not None:
            assert labels.max() < n_labels


def assert_same(maps, expected):
    for labels, other in zip(maps, expected, strict=True):
        assert_array_equal(labels, other)


@cases(22)
@given(drawn=image_sets(), model=w_nets())
def test_w_net_labels_any_image(drawn, model):
    images = drawn.make()
    copies = copies_of(images)
    model.fit(images)
    assert_are_labels(model.labels_, images, model.max_labels)
    losses = [v for row in model.history_ for k, v in row.items() if k != "seconds"]
    assert np.isfinite(losses).all()
    assert np.isfinite(model.loss_)
    assert_same(model.predict(images), model.labels_)
    for shares, image in zip(model.predict_proba(images), images, strict=True):
        assert shares.shape == (*image.shape[:2], model.max_labels)
        np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-4)
    for features in model.transform(images):
        np.testing.assert_allclose(features.sum(axis=-1), 1, atol=1e-4)
    if model.reconstruction != "none":
        for image, again in zip(images, model.reconstruct(images), strict=True):
            assert again.shape[:2] == image.shape[:2]
            assert np.isfinite(again).all()
    assert_untouched(images, copies)


@cases(20)
@given(drawn=image_sets(), model=baselines())
def test_baseline_labels_any_image(drawn, model):
    images = drawn.make()
    copies = copies_of(images)
    model.fit(images)
    n_labels = None if isinstance(model, FelzenszwalbSegmenter) else 3
    assert_are_labels(model.labels_, images, n_labels)
    assert_same(model.predict(images), model.labels_)
    assert_untouched(images, copies)


@cases(12)
@given(
    drawn=image_sets(),
    method=st.sampled_from(["slic", "watershed"]),
    n_segments=st.sampled_from([2, 20, 300, "auto"]),
    sigma=st.sampled_from([0.0, 1.0]),
)
def test_superpixels_divide_any_image(drawn, method, n_segments, sigma):
    images = drawn.make()
    copies = copies_of(images)
    superpixels = SuperpixelTransformer(method, n_segments=n_segments, sigma=sigma)
    maps = superpixels.fit_transform(images)
    assert_are_labels(maps, images)
    for labels in maps:
        # Numbered without gaps, and each of one piece.
        n_pieces = label_components(labels, background=-1, connectivity=1).max()
        assert np.unique(labels).size == labels.max() + 1 == n_pieces
    assert_untouched(images, copies)


@st.composite
def orders(draw):
    """Images and an order of them."""
    drawn = draw(image_sets())
    return drawn, draw(st.permutations(range(len(drawn.shapes))))


@cases(10)
@given(case=orders(), model=st.one_of(w_nets(), baselines()))
def test_order_of_the_images_does_not_matter_in_predict(case, model):
    drawn, order = case
    images = drawn.make()
    expected = model.fit(images).predict(images)
    found = model.predict([images[i] for i in order])
    assert_same(found, [expected[i] for i in order])


@cases(14)
@given(
    drawn=float_image_sets(),
    exponent=st.integers(-60, 60),
    model=st.one_of(w_nets(), baselines()),
)
def test_brightness_times_a_power_of_two_changes_nothing(drawn, exponent, model):
    expected = clone(model).fit_predict(drawn.make())
    # Exact in binary, so that not even the rounding may differ.
    assert_same(model.fit_predict(drawn.make(2.0**exponent)), expected)


@cases(4)
@given(drawn=float_image_sets(), exponent=st.integers(-60, 60))
def test_superpixels_do_not_depend_on_the_unit_of_brightness(drawn, exponent):
    superpixels = SuperpixelTransformer(n_segments=20)
    expected = superpixels.fit_transform(drawn.make())
    assert_same(superpixels.fit_transform(drawn.make(2.0**exponent)), expected)


@cases(6)
@given(
    drawn=float_image_sets(channels=1),
    others=float_image_sets(channels=1),
    exponent=st.integers(-60, 60),
    model=st.one_of(w_nets(), baselines()),
)
def test_unit_of_brightness_does_not_matter_for_new_images(
    drawn, others, exponent, model
):
    # Nothing is known of the unit of what was 0 everywhere.
    assume(any(image.any() for image in drawn.make()))
    expected = clone(model).fit(drawn.make()).predict(others.make())
    factor = 2.0**exponent
    assert_same(model.fit(drawn.make(factor)).predict(others.make(factor)), expected)
