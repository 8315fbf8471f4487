"""What is had of an image part by part is what is had of it as a whole."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch.nn.functional import interpolate

from sksegment import _parts, _pooling
from sksegment._bilinear import enlarging_matrix, shrinking_matrix
from sksegment._intensity import IntensityScale
from sksegment._parts import ScaledParts, row_blocks
from sksegment._pooling import Pooling
from sksegment.regions import pooling_matrix

SIDES = [(40, 20), (41, 20), (50, 17), (33, 10), (64, 5), (30, 29), (12, 12)]


@pytest.mark.parametrize(("size", "grid"), SIDES)
def test_shrinking_is_that_of_torch(size, grid):
    image = np.random.default_rng(0).random((size, 9), dtype=np.float32)
    expected = interpolate(
        torch.from_numpy(image)[None, None],
        size=(grid, 9),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )[0, 0].numpy()
    assert_allclose(shrinking_matrix(size, grid) @ image, expected, atol=2e-6)


@pytest.mark.parametrize(("size", "grid"), SIDES)
def test_enlarging_is_that_of_torch(size, grid):
    image = np.random.default_rng(0).random((grid, 9), dtype=np.float32)
    expected = interpolate(
        torch.from_numpy(image)[None, None],
        size=(size, 9),
        mode="bilinear",
        align_corners=False,
    )[0, 0].numpy()
    assert_allclose(enlarging_matrix(size, grid) @ image, expected, atol=2e-6)


@pytest.fixture
def superpixels():
    rng = np.random.default_rng(0)
    map_ = np.kron(rng.permutation(20).reshape(4, 5), np.ones((9, 10), int))
    map_[3:6, 7:19] = -1
    return map_


@pytest.mark.parametrize("grid", [(18, 25), (36, 50), (7, 11)])
def test_parts_of_the_pooling_add_up(grid, superpixels, monkeypatch):
    features = np.random.default_rng(1).random((*grid, 3))
    expected = pooling_matrix(superpixels, grid) @ features.reshape(-1, 3)
    monkeypatch.setattr(_pooling, "_BLOCK_PIXELS", 70)
    pooling, found = Pooling(superpixels, grid), 0.0
    for rows in (slice(0, 3), slice(3, grid[0])):
        for columns in (slice(0, 6), slice(6, 7), slice(7, grid[1])):
            window = features[rows, columns].reshape(-1, 3)
            found = found + pooling.matrix(rows, columns) @ window
    assert_allclose(found, expected, atol=1e-6)


def test_pooling_in_blocks_of_rows_is_the_same_matrix(superpixels, monkeypatch):
    expected = pooling_matrix(superpixels, (18, 25))
    monkeypatch.setattr(_pooling, "_BLOCK_PIXELS", 120)
    found = pooling_matrix(superpixels, (18, 25))
    assert_array_equal(found.toarray(), expected.toarray())
    assert found.nnz == expected.nnz


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("masked", [False, True])
def test_parts_are_scaled_as_the_whole(n_channels, masked, make_image, monkeypatch):
    image = make_image((40, 50), n_channels)
    image = image if image.ndim == 3 else image[..., np.newaxis]
    mask = np.add.outer(np.arange(40), np.arange(50)) > 30 if masked else None
    scale = IntensityScale.of([image])
    whole = ScaledParts(image, scale, mask).read(slice(None), slice(None))
    expected = scale.apply(image)
    if masked:
        expected[~mask] = expected[mask].mean(axis=0)
    assert_array_equal(whole, expected)
    monkeypatch.setattr(_parts, "_BLOCK_PIXELS", 120)
    part = ScaledParts(image, scale, mask).read(slice(7, 31), slice(20, 44))
    assert_allclose(part, expected[7:31, 20:44], atol=1e-6)


def test_blocks_of_rows_are_all_rows():
    for shape in ((7, 5), (1, 9), (100, 3)):
        blocks = row_blocks(shape, 12)
        assert_array_equal(
            np.concatenate([np.arange(shape[0])[b] for b in blocks]),
            np.arange(shape[0]),
        )
        assert all(b.stop - b.start <= max(1, 12 // shape[1]) for b in blocks)
