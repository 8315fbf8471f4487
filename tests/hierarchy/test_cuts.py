"""Cuts of a merge tree."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage
from skimage.color import rgb2lab
from skimage.measure import label as label_components

from sksegment.hierarchy import RegionHierarchy, region_hierarchy


def test_number_of_regions(row):
    assert row.cut(n_regions=3)[0].tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
    assert row.cut(n_regions=2)[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert row.cut(n_regions=1).max() == 0


@pytest.mark.parametrize(("t", "n_regions"), [(0.5, 4), (1.0, 3), (4.9, 2), (5.0, 1)])
def test_threshold_undoes_merges_above_it(row, t, n_regions):
    assert row.cut(threshold=t).max() + 1 == n_regions


def test_auto_cuts_low_trees_lower_but_not_in_proportion(row):
    n_regions = [
        int(
            RegionHierarchy(row.superpixels, row.pairs, scale * row.heights)
            .cut("auto")
            .max()
        )
        + 1
        for scale in (1.0, 20.0, 40.0, 1000.0)
    ]
    assert n_regions == [1, 2, 3, 4]


def test_every_number_of_regions_is_exact_and_connected(tree):
    for k in (1, 2, 7, 40, tree.n_superpixels):
        regions = tree.cut(n_regions=k)
        assert regions.dtype == np.int32
        assert np.array_equal(np.unique(regions), np.arange(k))
        pieces = label_components(regions, background=-1, connectivity=1)
        assert pieces.max() == k


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int32", "int64"])
def test_ids_of_any_type_make_the_same_tree_of_int32(dtype):
    superpixels = np.repeat(np.arange(6), 4).reshape(2, 12)
    image = np.float32(superpixels**2)
    expected = region_hierarchy(image, superpixels.astype(np.int32))
    tree = region_hierarchy(image, superpixels.astype(dtype))
    assert tree.superpixels.dtype == tree.cut("auto").dtype == np.int32
    assert np.array_equal(tree.superpixels, superpixels)
    assert np.array_equal(tree.to_linkage(), expected.to_linkage())


def test_cuts_are_nested(tree):
    fine, coarse = tree.cut(n_regions=30), tree.cut(n_regions=9)
    for region in range(30):
        assert len(np.unique(coarse[fine == region])) == 1


def test_ids_follow_the_first_pixel(tree):
    regions = tree.cut(n_regions=12).ravel()
    first = [np.argmax(regions == k) for k in range(12)]
    assert first == sorted(first)


def test_linkage_is_that_of_scipy(tree):
    linkage = tree.to_linkage()
    assert is_valid_linkage(linkage)
    for k in (2, 9, 33):
        expected = cut_tree(linkage, k)[:, 0][tree.superpixels]
        found = tree.cut(n_regions=k)
        pairs = np.unique(np.stack([expected.ravel(), found.ravel()]), axis=1)
        assert pairs.shape[1] == k


def test_contours_above_a_height_are_the_borders_of_its_cut(tree):
    contours = tree.boundaries()
    heights = tree.heights
    for threshold in [*np.quantile(heights, [0.3, 0.9, 0.99]), *heights[::40]]:
        regions = tree.cut(threshold=threshold)
        borders = np.zeros(regions.shape, bool)
        borders[:, :-1] |= regions[:, :-1] != regions[:, 1:]
        borders[:-1] |= regions[:-1] != regions[1:]
        assert np.array_equal(contours > threshold, borders)


def test_void_stays_void_and_pieces_apart_stay_apart():
    superpixels = np.array([[0, 0, 1, 1, -1, 2, 2]] * 3, dtype=np.int32)
    tree = RegionHierarchy(superpixels, np.array([[0, 1]]), np.array([1.0]))
    assert tree.n_pieces == 2
    assert tree.cut(threshold=1e9)[0].tolist() == [0, 0, 0, 0, -1, 1, 1]
    assert tree.to_linkage()[-1].tolist() == [2.0, 3.0, np.inf, 3.0]
    with pytest.raises(ValueError, match="in 2 pieces"):
        tree.cut(n_regions=1)


def test_contours_between_pieces_that_never_meet_are_infinite():
    superpixels = np.array([[0, 1]] * 3, dtype=np.int32)
    tree = RegionHierarchy(superpixels, np.empty((0, 2), np.int64), np.empty(0))
    assert np.isinf(tree.boundaries()[:, 0]).all()
    assert (tree.cut("auto") == superpixels).all()


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"n_regions": 3, "threshold": 1.0},
        {"how": "best"},
        {"n_regions": 0},
        {"n_regions": 10**6},
        {"n_regions": 2.5},
        {"n_regions": True},
        {"threshold": float("nan")},
        {"threshold": "1"},
    ],
)
def test_bad_cuts_are_refused(tree, wanted):
    with pytest.raises(ValueError, match=r"n_regions|threshold"):
        tree.cut(**wanted)


def test_enlarged_tree_has_the_same_regions(tree):
    height, width = tree.superpixels.shape
    large = tree.enlarged((2 * height, 2 * width))
    assert np.array_equal(large.cut(n_regions=9)[::2, ::2], tree.cut(n_regions=9))


def test_superpixels_may_be_unsigned_but_must_begin_at_0(photo, superpixels, tree):
    found = region_hierarchy(rgb2lab(photo), superpixels.astype(np.uint16), color=True)
    assert np.array_equal(found.cut(n_regions=9), tree.cut(n_regions=9))
    with pytest.raises(ValueError, match="no superpixel has the id 0"):
        region_hierarchy(rgb2lab(photo), superpixels + 1, color=True)
