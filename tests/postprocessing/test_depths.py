"""Distances to the border of a class, slab by slab."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from sksegment.postprocessing import _slabs
from sksegment.postprocessing._depths import DEEPEST, DepthFinder
from sksegment.postprocessing._envelope import lower_envelope


def depths_of(labels, classes, spacing):
    slabs = _slabs.Slabs(labels, classes, -1)
    finder = DepthFinder(slabs, spacing, [], lambda slabs, _: slabs)
    return np.concatenate([depths for _, depths in finder])


@pytest.mark.parametrize("step", [1.0, 0.3, 2.5])
@pytest.mark.parametrize("part", [0.05, 0.5, 1.0])
def test_the_envelope_is_the_least_of_all_parabolas(step, part):
    rng = np.random.default_rng(0)
    heights = rng.choice([1, 10, 300], (23, 40)) * rng.random((23, 40))
    heights[rng.random(heights.shape) > part] = np.inf
    q = np.arange(23)
    squares = (step * (q[:, np.newaxis] - q)) ** 2
    expected = (heights + squares[..., np.newaxis]).min(axis=1)
    np.testing.assert_allclose(lower_envelope(heights, step), expected, rtol=1e-12)


@pytest.mark.parametrize("height", [1, 2, 5, 12])
@pytest.mark.parametrize("spacing", [(1, 1, 1), (2.0, 0.5, 0.7), (0.3, 1, 2)])
def test_depths_are_exact_in_slabs_of_any_height(height, spacing, monkeypatch):
    monkeypatch.setattr(_slabs, "_height", lambda *_: height)
    rng = np.random.default_rng(1)
    labels = np.kron(rng.integers(-1, 3, (4, 4, 5)), np.ones((3, 4, 3), int))
    expected = np.zeros(labels.shape)
    for class_ in (1, 2):
        free = (labels == class_) | (labels == -1)
        distances = distance_transform_edt(free, sampling=spacing)
        expected[labels == class_] = distances[labels == class_]
    found = depths_of(labels, [1, 2], spacing)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_where_nothing_is_outside_all_is_as_deep():
    labels = np.zeros((3, 4, 5), int)
    labels[1] = -1
    found = depths_of(labels, [0], (1, 1, 1))
    assert (found[[0, 2]] == DEEPEST).all()
    assert (found[1] == 0).all()
