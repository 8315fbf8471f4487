"""Contours of other superpixels."""

import numpy as np
import pytest

from sksegment.hierarchy import _votes
from sksegment.hierarchy._cues import Cues
from sksegment.superpixels import compute_superpixels


def contours(image, n_segments=150, mask=None):
    image = np.float32(image)[..., np.newaxis]
    inside = np.ones(image.shape[:2], bool) if mask is None else mask
    superpixels = compute_superpixels(
        image, n_segments=n_segments, compactness=10.0, mask=mask
    )
    cues = Cues.of(image, color=False, inside=inside)
    return _votes.contours_of_others(image, superpixels, cues, color=False)


@pytest.fixture
def halves():
    """Two grey values with a little noise, the border at column 40."""
    image = np.random.default_rng(0).normal(40.0, 1.0, (61, 83))
    image[:, 40:] += 20.0
    return image


def test_contours_are_highest_at_the_border(halves):
    found = contours(halves)
    assert found.shape == halves.shape
    assert found[:, 38:42].mean() > 3.0 * np.delete(found, np.s_[34:46], axis=1).mean()


def test_both_sizes_of_the_image_have_their_say(halves, monkeypatch):
    both = contours(halves)
    monkeypatch.setattr(_votes, "_WEIGHT_OF_HALF", 0.0)
    whole = contours(halves)
    monkeypatch.setattr(_votes, "_WEIGHT_OF_HALF", 1.0)
    monkeypatch.setattr(_votes, "_WEIGHT", 0.0)
    half = contours(halves)
    assert whole.max() > 0.0
    assert half.max() > 0.0
    np.testing.assert_allclose(both, whole + half)


def test_void_has_none(halves):
    mask = np.zeros(halves.shape, bool)
    mask[11:51, 5:70] = True
    found = contours(halves, mask=mask)
    assert found[11:51, 38:42].max() > 0.0
    far = np.ones(halves.shape, bool)
    far[9:53, 3:72] = False
    assert not found[far].any()


def test_a_field_of_view_too_thin_for_half_its_size(halves):
    mask = np.zeros(halves.shape, bool)
    mask[1::2] = True
    assert not (_votes._halved(mask) == 1.0).any()
    found = contours(halves, mask=mask)
    assert np.isfinite(found).all()
    assert found.max() > 0.0


def test_too_few_superpixels(halves):
    assert contours(halves, n_segments=40) is None


def test_superpixels_of_few_pixels_do_not_vanish_at_half_the_size(halves):
    assert np.isfinite(contours(halves, n_segments=1500)).all()


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (5, 6, 3), (1, 1)])
def test_half_the_size_and_back(shape):
    planes = np.random.default_rng(0).random(shape, np.float32)
    half = _votes._halved(planes)
    assert half.shape[:2] == ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    assert half[0, 0] == pytest.approx(planes[:2, :2].mean(axis=(0, 1)), abs=1e-6)
    if planes.ndim == 2:
        again = _votes._doubled(half, shape)
        assert again.shape == shape
        np.testing.assert_array_equal(again[::2, ::2], half)


def test_an_odd_last_column_counts_twice():
    half = _votes._halved(np.float32([[1, 2, 5], [3, 4, 7]]))
    assert half.tolist() == [[2.5, 6.0]]
