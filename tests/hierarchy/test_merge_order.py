"""Which regions are merged, and in which order."""

import numpy as np
import pytest
from skimage.segmentation import slic

from sksegment.hierarchy import region_hierarchy
from sksegment.hierarchy._agglomerate import agglomerate
from sksegment.hierarchy._cues import Cues
from sksegment.hierarchy._evidence import gather_evidence
from sksegment.regions import region_graph


def grid_of(shape, side):
    rows, columns = np.indices(shape) // side
    return (rows * (shape[1] // side) + columns).astype(np.int32)


@pytest.mark.parametrize("contrast", [10.0, 60.0])
def test_two_halves_are_the_last_to_merge(contrast):
    image = np.full((40, 40), 20.0)
    image[:, 20:] += contrast
    image += np.random.default_rng(0).normal(0, 1, image.shape)
    halves = region_hierarchy(image, grid_of((40, 40), 5)).cut(n_regions=2)
    assert (halves[:, :20] == 0).all()
    assert (halves[:, 20:] == 1).all()


def test_texture_tells_regions_of_equal_mean_apart():
    rng = np.random.default_rng(0)
    image = np.full((60, 60), 50.0)
    image[:, 30:] += rng.choice([-12.0, 12.0], size=(60, 30))
    halves = region_hierarchy(image, grid_of((60, 60), 10)).cut(n_regions=2)
    assert (halves[:, :30] == 0).all()
    assert (halves[:, 30:] == 1).all()


def test_soft_labels_of_one_kind_change_nothing(photo, superpixels, tree):
    from skimage.color import rgb2lab

    soft = np.tile([0.25, 0.75], (superpixels.max() + 1, 1))
    same = region_hierarchy(rgb2lab(photo), superpixels, color=True, soft_labels=soft)
    assert np.array_equal(same.cut(n_regions=20), tree.cut(n_regions=20))


def test_histograms_are_shares(photo):
    from skimage.color import rgb2lab

    image = rgb2lab(photo).astype(np.float32)
    superpixels = grid_of(photo.shape[:2], 10)
    graph = region_graph(image, superpixels)
    evidence = gather_evidence(Cues.of(image, color=True), superpixels, graph)
    totals = evidence.histograms.sum(axis=1) / graph.sizes
    assert np.allclose(totals, totals[0], rtol=1e-5)


def test_pooled_evidence_is_that_of_the_union(photo):
    """What a merge leaves is what the union would have given at once."""
    from skimage.color import rgb2lab

    image = rgb2lab(photo).astype(np.float32)
    superpixels = slic(photo, n_segments=60, start_label=0)
    superpixels = np.unique(superpixels, return_inverse=True)[1].reshape(
        superpixels.shape
    )
    graph = region_graph(image, superpixels)
    evidence = gather_evidence(Cues.of(image, color=True), superpixels, graph)
    i, j = graph.edges[:, 0]
    union = np.where(superpixels == j, i, superpixels)
    union -= union > j
    coarse = region_graph(image, union)
    expected = gather_evidence(Cues.of(image, color=True), union, coarse)
    pooled = evidence.histograms[i] + evidence.histograms[j]
    assert np.allclose(pooled, expected.histograms[i], rtol=1e-4, atol=1e-3)


def test_unions_are_never_lower_than_their_parts(photo, superpixels):
    from skimage.color import rgb2lab

    image = rgb2lab(photo).astype(np.float32)
    graph = region_graph(image, superpixels)
    evidence = gather_evidence(Cues.of(image, color=True), superpixels, graph)
    pairs, heights = agglomerate(graph, evidence)
    n = graph.n_regions
    assert len(pairs) == n - 1
    assert (np.diff(heights) >= 0).all()
    assert (pairs < n + np.arange(n - 1)[:, np.newaxis]).all()
    assert np.array_equal(np.sort(pairs.ravel()), np.arange(2 * n - 2))


def test_constant_image_is_one_region():
    tree = region_hierarchy(np.full((30, 30), 7.0), grid_of((30, 30), 5))
    assert tree.cut("auto").max() == 0


def test_one_superpixel_is_a_tree_without_merges():
    tree = region_hierarchy(np.zeros((9, 9)), np.zeros((9, 9), np.int32))
    assert tree.cut(n_regions=1).shape == (9, 9)
    assert tree.to_linkage().shape == (0, 4)


def test_auto_divides_a_photograph_without_its_colors_alike(photo, superpixels, tree):
    from skimage.color import rgb2gray

    grey = region_hierarchy(100.0 * rgb2gray(photo), superpixels)
    numbers = [int(each.cut("auto").max()) + 1 for each in (tree, grey)]
    assert min(numbers) > 3
    assert max(numbers) < 1.5 * min(numbers)


def test_pieces_of_a_field_of_view():
    superpixels = np.full((12, 30), -1, np.int32)
    superpixels[:, :10] = grid_of((12, 10), 5)[:, :10].clip(max=3)
    superpixels[:, 20:] = superpixels[:, :10] + 4
    tree = region_hierarchy(np.random.default_rng(0).random((12, 30)), superpixels)
    assert tree.n_pieces == 2
    assert np.unique(tree.cut(threshold=1e9)).tolist() == [-1, 0, 1]


def test_rows_of_soft_labels_must_be_those_of_superpixels(photo, superpixels):
    with pytest.raises(ValueError, match="soft_labels has 3 rows"):
        region_hierarchy(photo, superpixels, soft_labels=np.ones((3, 2)))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    image = np.zeros((20, 20))
    image[3, 4] = value
    with pytest.raises(ValueError, match="image has values that are not finite"):
        region_hierarchy(image, grid_of((20, 20), 4))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [1.1e6, -1e12, 1e20, 1e300])
def test_values_far_beyond_the_scale_are_refused(value):
    image = np.zeros((20, 20))
    image[3, 4] = value
    with pytest.raises(ValueError, match=r"values up to .*intensities in \[0, 100\]"):
        region_hierarchy(image, grid_of((20, 20), 4))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("value", [-1e6, 1e6])
def test_values_beyond_the_scale_overflow_nowhere(value):
    image = value * np.random.default_rng(0).random((20, 20, 3))
    assert np.isfinite(region_hierarchy(image, grid_of((20, 20), 4)).heights).all()


@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_any_number_of_channels(n_channels):
    image = np.random.default_rng(0).random((20, 20, n_channels)) * 100
    assert region_hierarchy(image, grid_of((20, 20), 4)).n_superpixels == 25
