"""Contours of other superpixels."""

import numpy as np
import pytest

from sksegment.hierarchy import _votes
from sksegment.hierarchy._cues import Cues
from sksegment.hierarchy._sizes import half_size
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


def test_trees_of_both_sizes_and_pieces_have_their_say(halves, monkeypatch):
    names = ("_WEIGHT", "_WEIGHT_OF_HALF", "_WEIGHT_OF_PIECES")
    together = contours(halves)
    parts = []
    for name in names:
        with monkeypatch.context() as patch:
            for other in {*names} - {name}:
                patch.setattr(_votes, other, 0.0)
            parts.append(contours(halves))
    assert all(part.max() > 0.0 for part in parts)
    np.testing.assert_allclose(together, sum(parts), rtol=1e-5)


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
    assert not half_size(np.float32(halves)[..., None], mask)[1].any()
    found = contours(halves, mask=mask)
    assert np.isfinite(found).all()
    assert found.max() > 0.0


def test_too_few_superpixels(halves):
    assert contours(halves, n_segments=40) is None


def test_superpixels_of_few_pixels_do_not_vanish_at_half_the_size(halves):
    assert np.isfinite(contours(halves, n_segments=1500)).all()
