"""Groups of labels that are the blurred borders of others."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage

from sksegment import _transitions
from sksegment._transitions import join_transitions

GREYS = np.array([[0.1], [0.4], [0.6], [0.9]])
ALL = np.arange(4)


def rings(*, width, n=3, side=64):
    """Discs of label 3 in label 0, around them a ring of 2 and a ring of 1."""
    rng = np.random.default_rng(0)
    centers = rng.integers(12, side - 12, (n, 2))
    rows, columns = np.mgrid[:side, :side]
    distance = np.min([np.hypot(rows - y, columns - x) for y, x in centers], axis=0)
    return 3 - np.digitize(distance, [6, 6 + width, 6 + 2 * width])


def test_rim_is_divided_between_its_sides():
    labels = rings(width=1)
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    groups = join_transitions(np.array([0, 1, 1, 2]), GREYS, ALL, [labels])
    assert groups.tolist() == [0, 0, 1, 1]


def test_rims_of_rims_are_divided_too():
    groups = join_transitions(ALL, GREYS, ALL, [rings(width=1)])
    assert groups.tolist() == [0, 0, 1, 1]


def test_what_is_wider_than_a_rim_stays():
    groups = join_transitions(np.array([0, 1, 1, 2]), GREYS, ALL, [rings(width=5)])
    assert groups.tolist() == [0, 1, 1, 2]


def test_film_in_one_material_stays_whatever_lies_elsewhere():
    labels = np.zeros((64, 64), int)
    labels[10:12] = labels[20:22] = 1
    labels[40:] = 3
    used = np.array([0, 1, 3])
    groups = join_transitions(np.array([0, 1, 2, 2]), GREYS, used, [labels])
    assert groups.tolist() == [0, 1, 2, 2]


@pytest.mark.parametrize("grey", [0.0, 1.0, 0.85])
def test_thin_layer_that_looks_like_nothing_between_stays(grey):
    points = np.array([[0.1], [grey], [0.8]])
    labels = np.zeros((64, 64), int)
    labels[30:32], labels[32:] = 1, 2
    groups = join_transitions(np.arange(3), points, np.arange(3), [labels])
    # 0.85 is further than both, as 0 and 1 are: dark or bright, but not between.
    assert groups.tolist() == [0, 1, 2]


def test_looks_of_a_rim_lie_on_the_way_not_beside_it():
    labels = np.zeros((64, 64), int)
    labels[30:32], labels[32:] = 1, 2
    for color, expected in (([0.5, 0.1], 1), ([0.5, 0.6], 2)):
        points = np.array([[0.0, 0.0], color, [1.0, 0.0]])
        groups = join_transitions(np.arange(3), points, np.arange(3), [labels])
        assert groups.max() == expected


def test_class_of_a_scribble_is_none():
    groups = np.array([1, 0, 1, 2])
    points = np.array([[0.4], [0.1], [0.6], [0.9]])
    labels = np.array([1, 0, 2, 3])[rings(width=1)]
    assert join_transitions(groups, points, ALL, [labels]).max() == 1
    assert_array_equal(join_transitions(groups, points, ALL, [labels], 1), groups)
    # One that no pixel has does not count.
    seen = np.array([1, 2, 3])
    assert join_transitions(groups, points, seen, [labels], 1).max() == 1


@pytest.mark.parametrize("groups", [[0, 0, 0, 0], [0, 0, 1, 1]])
def test_one_and_two_groups_stay(groups):
    found = join_transitions(np.array(groups), GREYS, ALL, [rings(width=1)])
    assert found.tolist() == groups


def test_most_of_all_images_counts():
    groups = np.array([0, 1, 1, 2])
    thin, thick = rings(width=1), rings(width=8)
    assert join_transitions(groups, GREYS, ALL, [thin] * 40 + [thick]).max() == 1
    assert join_transitions(groups, GREYS, ALL, [thin, thick]).max() == 2


def test_void_is_near_to_nothing():
    labels = rings(width=1)
    groups = np.array([0, 1, 1, 2])
    labels[(labels == 3) | (labels == 0)] = -1
    assert join_transitions(groups, GREYS, ALL, [labels]).max() == 2


def near(labels, groups, n_groups):
    """The definition: look at all windows."""
    areas = np.zeros((n_groups,) * 3, int)
    for (y, x), label in np.ndenumerate(labels):
        if label >= 0:
            window = labels[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3]
            seen = np.unique(groups[window[window >= 0]])
            areas[groups[label]][np.ix_(seen, seen)] += 1
    return areas


@pytest.mark.parametrize("block", [1, 60, 2**20])
def test_neighbourhoods_are_those_of_the_definition(block, monkeypatch):
    monkeypatch.setattr(_transitions, "_BLOCK_PIXELS", block)
    rng = np.random.default_rng(0)
    labels = ndimage.zoom(rng.integers(-1, 5, (8, 9)), 3, order=0)
    labels[rng.random(labels.shape) < 0.1] = 4
    groups = np.array([0, 2, 1, 2, 3])
    found = _transitions._areas_near(labels, groups, 4)
    assert_array_equal(found, near(labels, groups, 4))


def test_more_groups_than_are_looked_at_stay():
    labels = np.arange(100).reshape(10, 10)
    points = np.arange(100.0)[:, np.newaxis]
    groups = join_transitions(np.arange(100), points, np.arange(100), [labels])
    assert_array_equal(groups, np.arange(100))
