"""Basins of depth, and the passes between them, in windows."""

import numpy as np
import pytest

from sksegment.postprocessing._ascents import MARGIN, climb, windows
from sksegment.postprocessing._basins import find_basins


def basins_of(codes, depths, height):
    """Numbers of whole basins, and their table, by slabs of a height."""
    starts = range(0, len(codes), height)
    slabs = ((codes[z : z + height], depths[z : z + height]) for z in starts)
    pages = []
    table = find_basins(windows(slabs, codes.shape[1:]), pages)
    return table.whole[np.stack(pages)], table


def snake(n_waves):
    """Return a way that goes up and down, and gets deeper from voxel to voxel."""
    depths = np.zeros((4, 1, 4 * n_waves + 1), np.float32)
    z, x, depth = 1, 0, 1
    depths[z, 0, x] = depth
    for wave in range(2 * n_waves):
        for dz, dx in ((0, 1), (0, 1), (1 if wave % 2 == 0 else -1, 0)):
            z, x, depth = z + dz, x + dx, depth + 1
            depths[z, 0, x] = depth
    return (depths > 0).astype(np.int32), depths


@pytest.mark.parametrize("height", [1, 2, 3, 4])
def test_an_ascent_may_cross_the_border_of_slabs_any_number_of_times(height):
    codes, depths = snake(6)
    basins, table = basins_of(codes, depths, height)
    assert (basins == codes).all()
    assert table.depths[1] == depths.max()
    assert len(table.passes) == 0


def lead_on(place, codes, depths):
    """Deepest place that single steps to the deepest neighbour lead to."""
    near = [place]
    for axis in range(3):
        for step in (-1, 1):
            there = list(place)
            there[axis] += step
            inside = 0 <= there[axis] < codes.shape[axis]
            if inside and codes[tuple(there)] == codes[place]:
                near.append(tuple(there))
    best = max(near, key=depths.__getitem__)
    return place if best == place else lead_on(best, codes, depths)


@pytest.mark.parametrize("height", [1, 2, 5, 9])
def test_basins_and_passes_are_those_of_single_steps(height):
    rng = np.random.default_rng(0)
    codes = rng.integers(-1, 3, (9, 6, 7)).astype(np.int32)
    depths = 1 + rng.permutation(codes.size).reshape(codes.shape).astype(np.float32)
    depths[codes < 1] = 0
    basins, table = basins_of(codes, depths, height)
    assert ((basins > 0) == (codes > 0)).all()
    tops, passes = {}, {}
    for place in zip(*np.nonzero(codes > 0), strict=True):
        assert tops.setdefault(basins[place], top := lead_on(place, codes, depths))
        assert tops[basins[place]] == top
        for axis in range(3):
            there = tuple(n + (i == axis) for i, n in enumerate(place))
            if there[axis] < codes.shape[axis] and codes[there] == codes[place]:
                pair = tuple(sorted((basins[place], basins[there])))
                depth = min(depths[place], depths[there])
                passes[pair] = max(depth, passes.get(pair, 0))
    found = zip(table.first, table.second, table.passes, strict=True)
    expected = {pair: depth for pair, depth in passes.items() if pair[0] != pair[1]}
    assert {(one, other): depth for one, other, depth in found} == expected
    assert (np.diff(table.passes) <= 0).all()
    assert [table.depths[basin] for basin in tops] == [
        *map(depths.__getitem__, tops.values())
    ]
    # Basins are numbered by their deepest places.
    assert sorted(tops, key=tops.__getitem__) == sorted(tops)


def test_of_equally_deep_voxels_the_one_with_deep_neighbours_is_the_top():
    codes = np.zeros((1 + 2 * MARGIN, 1, 8), np.int32)
    codes[MARGIN, 0, 1:7] = 1
    ends = climb(codes, codes.astype(np.float32))[1]
    # Those in the middle have two; the first of them is the top, at 2 of the slice.
    assert (ends[0, 1:7] == 8 + 2).all()
