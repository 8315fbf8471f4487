"""Half the size, and back."""

import numpy as np
import pytest

from sksegment.hierarchy._sizes import _halved, doubled, half_size


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (5, 6, 3), (1, 1)])
def test_half_the_size_and_back(shape):
    planes = np.random.default_rng(0).random(shape, np.float32)
    half = _halved(planes)
    assert half.shape[:2] == ((shape[0] + 1) // 2, (shape[1] + 1) // 2)
    assert half[0, 0] == pytest.approx(planes[:2, :2].mean(axis=(0, 1)), abs=1e-6)
    if planes.ndim == 2:
        again = doubled(half, shape)
        assert again.shape == shape
        np.testing.assert_array_equal(again[::2, ::2], half)


def test_an_odd_last_column_counts_twice():
    half = _halved(np.float32([[1, 2, 5], [3, 4, 7]]))
    assert half.tolist() == [[2.5, 6.0]]


def test_what_is_inside_in_part_is_outside():
    inside = np.ones((6, 7), bool)
    inside[2, 3] = False
    image, at_half = half_size(np.full((6, 7, 2), 3.0, np.float32), inside)
    np.testing.assert_allclose(image, 3.0, rtol=1e-6)
    assert image.shape == (3, 4, 2)
    assert np.argwhere(~at_half).tolist() == [[1, 1]]
