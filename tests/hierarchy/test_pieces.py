"""Contours of Felzenszwalb's method."""

import numpy as np
import pytest
from skimage.segmentation import felzenszwalb

from sksegment.hierarchy import _pieces
from sksegment.hierarchy._pieces import contours_of_pieces
from sksegment.hierarchy._sizes import half_size


@pytest.fixture
def halves():
    """Two grey values with a little noise, the border at column 40."""
    image = np.random.default_rng(0).normal(40.0, 1.0, (61, 83, 1))
    image[:, 40:] += 20.0
    return image.astype(np.float32)


def contours(image, inside=None, reach=1):
    inside = np.ones(image.shape[:2], bool) if inside is None else inside
    return contours_of_pieces(image, inside, reach=reach)


def share_with_border(image, size):
    """Share of the scales with a border right of or below a pixel."""
    shares = 0.0
    for scale in (100, 200, 400, 800, 1600):
        pieces = felzenszwalb(
            image[..., 0] / 100.0,
            scale=size * scale,
            sigma=0.5,
            min_size=int(size * 100),
        )
        right = pieces != np.roll(pieces, -1, axis=1)
        below = pieces != np.roll(pieces, -1, axis=0)
        right[:, -1] = below[-1] = False
        shares = shares + (right | below) / 5
    return shares


def test_shares_of_the_scales_on_both_sizes(halves):
    half, _ = half_size(halves, np.ones((61, 83), bool))
    at_half = share_with_border(half, 0.5).repeat(2, axis=0).repeat(2, axis=1)[:61, :83]
    expected = share_with_border(halves, 1.0) + at_half
    assert expected.max() > 1.0
    np.testing.assert_allclose(contours(halves), expected, atol=1e-6)


def test_borders_reach_as_far_as_is_said(halves):
    narrow, wide = contours(halves) > 0, contours(halves, reach=3) > 0
    assert wide[narrow].all()
    assert wide.sum() > narrow.sum()


def test_there_are_none_at_the_rim_of_the_field_of_view(halves):
    inside = np.zeros((61, 83), bool)
    inside[9:53, 30:] = True
    found = contours(halves, inside)
    assert found[9:53, 38:42].max() > 1.0
    assert not np.delete(found, np.s_[36:44], axis=1).any()
    assert not found[:8].any()


def test_a_large_image_is_made_smaller_first(halves, monkeypatch):
    monkeypatch.setattr(_pieces, "_MOST_PIXELS", 61 * 83 - 1)
    half, inside = half_size(halves, np.ones((61, 83), bool))
    found = contours(halves)
    assert found.shape == (61, 83)
    np.testing.assert_array_equal(found[::2, ::2], contours(half, inside))


@pytest.mark.parametrize("n_channels", [1, 2, 5])
@pytest.mark.filterwarnings("error")
def test_any_number_of_channels(n_channels):
    image = np.random.default_rng(0).random((9, 11, n_channels), np.float32)
    assert np.isfinite(contours(image)).all()
