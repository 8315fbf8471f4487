"""Borders between regions, axis by axis."""

import numpy as np
import pytest

from sksegment._borders import borders_by_axis


def pairs_of_pixels(ids, least):
    """Values at both sides of the borders, one pixel after the other."""
    pairs = set()
    for place in np.ndindex(ids.shape):
        for axis, size in enumerate(ids.shape):
            after = [*place]
            after[axis] += 1
            if after[axis] < size:
                first, second = int(ids[place]), int(ids[tuple(after)])
                if first != second and min(first, second) >= least:
                    pairs.add((axis, place, tuple(after)))
    return pairs


@pytest.mark.parametrize("shape", [(5, 7), (3, 4, 5), (1, 6), (6, 1)])
@pytest.mark.parametrize("least", [0, 1])
def test_borders_are_where_two_regions_meet_and_none_is_void(shape, least):
    ids = np.random.default_rng(0).integers(-1, 3, shape)
    places = np.arange(ids.size).reshape(shape)
    found = set()
    for borders in borders_by_axis(ids, least):
        first, second = (np.unravel_index(s, shape) for s in borders.sides(places))
        for one, other in zip(
            zip(*first, strict=True), zip(*second, strict=True), strict=True
        ):
            found.add((borders.axis, tuple(map(int, one)), tuple(map(int, other))))
    assert found == pairs_of_pixels(ids, least)


def test_what_is_written_to_the_firsts_is_left_of_and_above_borders():
    ids = np.array([[0, 0, 1], [0, 0, 1], [2, 2, -1]])
    marks = np.zeros(ids.shape, int)
    for borders in borders_by_axis(ids):
        borders.firsts(marks)[borders.where] += 1
    assert marks.tolist() == [[0, 1, 0], [1, 2, 0], [0, 0, 0]]
