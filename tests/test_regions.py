import time

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from sksegment.regions import pooling_matrix, region_graph

TAUS = [-30.0, 0.0, 0.5, 1000.0]


def random_case(seed, shape=(9, 11), n_regions=12, n_channels=2, void=0.1):
    """An image with a label map that is no segmentation at all: labels at random."""
    rng = np.random.default_rng(seed)
    superpixels = rng.integers(n_regions, size=shape)
    superpixels.flat[:n_regions] = np.arange(n_regions)
    superpixels[rng.random(shape) < void] = -1
    superpixels.flat[-n_regions:] = np.arange(n_regions)
    return rng.normal(size=(*shape, n_channels)), superpixels


def blocks(shape, side):
    """Square superpixels."""
    down, right = (np.arange(n) // side for n in shape)
    return down[:, np.newaxis] * (right[-1] + 1) + right


def brute_force_graph(image, superpixels):
    """Sizes, means and borders, pixel by pixel."""
    height, width = superpixels.shape
    members, borders = {}, {}
    for y in range(height):
        for x in range(width):
            here = superpixels[y, x]
            if here < 0:
                continue
            members.setdefault(int(here), []).append(image[y, x])
            for below, right in ((y + 1, x), (y, x + 1)):
                if below < height and right < width:
                    there = superpixels[below, right]
                    if there >= 0 and there != here:
                        pair = (int(min(here, there)), int(max(here, there)))
                        borders[pair] = borders.get(pair, 0) + 1
    sizes = [len(members[k]) for k in sorted(members)]
    means = [np.mean(members[k], axis=0) for k in sorted(members)]
    return sizes, np.array(means), borders


def equation_8(graph, tau):
    """Row-normalised weights by loops, in the safe form of a softmax."""
    distance = {}
    for (i, j), d in zip(graph.edges.T, graph.distances, strict=True):
        distance[i, j] = distance[j, i] = d
    weights = np.zeros((graph.n_regions,) * 2)
    for i in range(graph.n_regions):
        neighbours = [j for j in range(graph.n_regions) if (i, j) in distance]
        if not neighbours:
            continue
        largest = max(-tau * distance[i, j] for j in neighbours)
        total = sum(np.exp(-tau * distance[i, j] - largest) for j in neighbours)
        for j in neighbours:
            weights[i, j] = np.exp(-tau * distance[i, j] - largest) / total
    return weights


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_channels", [1, 3, 7])
@pytest.mark.parametrize("void", [0.0, 0.3])
def test_graph_equals_a_loop_over_pixels(seed, n_channels, void):
    image, superpixels = random_case(seed, n_channels=n_channels, void=void)
    graph = region_graph(image, superpixels)
    sizes, means, borders = brute_force_graph(image, superpixels)
    np.testing.assert_array_equal(graph.sizes, sizes)
    np.testing.assert_allclose(graph.means, means, atol=1e-12)
    edges = [tuple(pair) for pair in graph.edges.T.tolist()]
    assert len(set(edges)) == len(edges)
    assert dict(zip(edges, graph.borders.tolist(), strict=True)) == borders
    expected = [np.linalg.norm(means[i] - means[j]) for i, j in edges]
    np.testing.assert_allclose(graph.distances, expected, atol=1e-12)
    assert graph.n_regions == 12


def test_graph_of_a_grey_image_needs_no_channel_axis():
    image, superpixels = random_case(0, n_channels=1)
    flat, channel = (region_graph(x, superpixels) for x in (image[..., 0], image))
    np.testing.assert_array_equal(flat.means, channel.means)
    assert flat.means.shape == (12, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32, bool])
def test_means_are_exact_for_every_type_of_image(dtype):
    image = (np.arange(36).reshape(6, 6) * 7 % 256).astype(dtype)
    graph = region_graph(image, np.zeros((6, 6), int))
    assert graph.means.item() == pytest.approx(image.mean(dtype=float), abs=1e-12)
    assert graph.edges.shape == (2, 0)
    assert graph.distances.shape == graph.borders.shape == (0,)


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.int8])
def test_edges_have_one_form_whatever_the_type_of_the_labels(dtype):
    image, superpixels = random_case(1)
    graph = region_graph(image, superpixels.astype(dtype))
    assert graph.edges.dtype == graph.sizes.dtype == graph.borders.dtype == np.int64
    assert (graph.edges[0] < graph.edges[1]).all()
    order = np.lexsort(graph.edges[::-1])
    np.testing.assert_array_equal(order, np.arange(len(order)))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64])
def test_labels_may_be_unsigned(dtype):
    image, superpixels = random_case(1)
    superpixels = superpixels - superpixels.min()
    superpixels = np.unique(superpixels, return_inverse=True)[1].reshape(
        image.shape[:2]
    )
    expected = region_graph(image, superpixels)
    graph = region_graph(image, superpixels.astype(dtype))
    np.testing.assert_array_equal(graph.edges, expected.edges)
    np.testing.assert_array_equal(graph.means, expected.means)


def test_pieces_that_touch_at_a_corner_are_no_neighbours():
    graph = region_graph(np.zeros((2, 2)), np.array([[0, -1], [-1, 1]]))
    assert graph.edges.size == 0
    graph = region_graph(np.zeros((2, 2)), np.array([[0, 2], [3, 1]]))
    assert graph.edges.T.tolist() == [[0, 2], [0, 3], [1, 2], [1, 3]]


def test_every_negative_label_is_void():
    image, superpixels = random_case(2, void=0.3)
    other = np.where(superpixels < 0, -7, superpixels)
    ours, theirs = region_graph(image, superpixels), region_graph(image, other)
    np.testing.assert_array_equal(ours.edges, theirs.edges)
    np.testing.assert_array_equal(ours.sizes, theirs.sizes)


def test_graph_does_not_write_to_its_input():
    image, superpixels = random_case(0)
    before = image.copy(), superpixels.copy()
    for array in (image, superpixels):
        array.setflags(write=False)
    graph = region_graph(image, superpixels)
    graph.adjacency(1.0)
    pooling_matrix(superpixels, (5, 6))
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(superpixels, before[1])


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("seed", range(3))
def test_adjacency_is_equation_8_and_its_rows_sum_to_1(seed, tau):
    image, superpixels = random_case(seed)
    graph = region_graph(image, superpixels)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        adjacency = graph.adjacency(tau).toarray()
    np.testing.assert_allclose(adjacency, equation_8(graph, tau), atol=1e-12)
    np.testing.assert_allclose(adjacency.sum(axis=1), 1.0, atol=1e-12)
    assert (np.diag(adjacency) == 0).all()


def test_adjacency_favours_similar_neighbours_by_tau_and_different_ones_by_minus_tau():
    line = np.array([[0.0, 1.0, 5.0]])
    graph = region_graph(line, np.array([[0, 1, 2]]))
    rows = {tau: graph.adjacency(tau).toarray()[1] for tau in (-1.0, 0.0, 1.0)}
    np.testing.assert_allclose(rows[0.0], [0.5, 0, 0.5])
    np.testing.assert_allclose(
        rows[1.0], [1 / (1 + np.exp(-3)), 0, np.exp(-3) / (1 + np.exp(-3))]
    )
    np.testing.assert_allclose(rows[-1.0], rows[1.0][::-1])


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("scale", [1e-6, 255.0, 65_535.0])
def test_adjacency_never_overflows(scale, tau):
    image, superpixels = random_case(0)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        adjacency = region_graph(scale * image, superpixels).adjacency(tau)
    np.testing.assert_allclose(adjacency.sum(axis=1), 1.0, atol=1e-12)


@pytest.mark.parametrize("tau", TAUS)
def test_row_of_a_superpixel_without_neighbours_is_empty(tau):
    superpixels = np.array([[0, -1, 1, 2, -1, 3]])
    graph = region_graph(np.arange(6.0)[np.newaxis], superpixels)
    expected = np.zeros((4, 4))
    expected[1, 2] = expected[2, 1] = 1
    np.testing.assert_array_equal(graph.adjacency(tau).toarray(), expected)


def test_graph_without_any_edge_has_empty_weights():
    graph = region_graph(np.zeros((3, 3)), np.zeros((3, 3), int))
    assert graph.adjacency(0.5).nnz == graph.affinity().nnz == 0
    assert graph.adjacency().shape == (1, 1)


@pytest.mark.parametrize("tau", [0.0, 1.0, 4.0])
def test_affinity_decays_with_distance_is_symmetric_and_has_an_empty_diagonal(tau):
    image, superpixels = random_case(3)
    graph = region_graph(image, superpixels)
    affinity = graph.affinity(tau).toarray()
    np.testing.assert_array_equal(affinity, affinity.T)
    expected = np.zeros_like(affinity)
    for (i, j), distance in zip(graph.edges.T, graph.distances, strict=True):
        expected[i, j] = expected[j, i] = np.exp(-tau * distance)
    np.testing.assert_allclose(affinity, expected, atol=1e-15)


def test_weights_can_be_asked_for_again_and_again():
    image, superpixels = random_case(3)
    graph = region_graph(image, superpixels)
    first = graph.adjacency(0.5).toarray()
    graph.affinity(2.0)
    graph.adjacency(-3.0)
    np.testing.assert_array_equal(graph.adjacency(0.5).toarray(), first)


def test_networkx_graph_agrees():
    networkx = pytest.importorskip("networkx")
    image, superpixels = random_case(0)
    graph = region_graph(image, superpixels)
    nodes = graph.to_networkx()
    assert sorted(nodes) == list(range(graph.n_regions))
    for k in nodes:
        assert nodes.nodes[k]["size"] == graph.sizes[k]
        np.testing.assert_array_equal(nodes.nodes[k]["mean"], graph.means[k])
    assert nodes.number_of_edges() == graph.edges.shape[1]
    for k, (i, j) in enumerate(graph.edges.T):
        edge = nodes.edges[int(i), int(j)]
        assert edge == {"distance": graph.distances[k], "border": graph.borders[k]}
    weights = networkx.to_numpy_array(nodes, nodelist=range(12), weight="border")
    assert weights.sum() == 2 * graph.borders.sum()


@pytest.mark.parametrize(
    ("image", "superpixels", "message"),
    [
        (np.zeros((3, 4)), np.zeros((4, 3), int), "do not belong together"),
        (np.zeros((3, 4, 1, 1)), np.zeros((3, 4), int), "do not belong together"),
        (np.zeros(3), np.zeros(3, int), "do not belong together"),
        (np.zeros((3, 4)), np.full((3, 4), -1), "every pixel is void"),
        (np.zeros((0, 0)), np.zeros((0, 0), int), "no superpixel"),
        (
            np.zeros((1, 3)),
            np.array([[1, 2, 2]]),
            "has the id 0, .* renumber",
        ),
    ],
)
def test_input_that_gives_no_graph_is_refused(image, superpixels, message):
    with pytest.raises(ValueError, match=message):
        region_graph(image, superpixels)


def test_graph_of_20000_superpixels_takes_less_than_300_ms():
    superpixels = blocks((1024, 1024), 7)
    image = np.random.default_rng(0).random((1024, 1024, 3), np.float32)
    assert superpixels.max() + 1 > 20_000
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        region_graph(image, superpixels.astype(np.int32)).adjacency(1.0)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.3


def pooled_by_torch(features, superpixels):
    """Enlarge bilinearly, then the mean of every superpixel."""
    large = interpolate(
        torch.from_numpy(features).permute(2, 0, 1)[None],
        size=superpixels.shape,
        mode="bilinear",
        align_corners=False,
    )[0].numpy()
    return np.array(
        [large[:, superpixels == k].mean(axis=1) for k in range(superpixels.max() + 1)]
    )


@pytest.mark.parametrize("shape", [(24, 30), (23, 31)])
@pytest.mark.parametrize("ratio", [1.0, 0.75, 0.5, 0.37, 0.2])
@pytest.mark.parametrize("void", [0.0, 0.3])
def test_pooling_equals_enlarging_and_taking_means(shape, ratio, void):
    _, superpixels = random_case(0, shape=shape, void=void)
    grid = tuple(max(1, round(side * ratio)) for side in shape)
    features = np.random.default_rng(1).normal(size=(*grid, 5))
    pooling = pooling_matrix(superpixels, grid)
    assert pooling.dtype == np.float32
    assert pooling.shape == (12, grid[0] * grid[1])
    np.testing.assert_allclose(
        pooling @ features.reshape(-1, 5),
        pooled_by_torch(features, superpixels),
        atol=1e-6,
    )


@pytest.mark.parametrize("grid", [(1, 1), (1, 9), (30, 40), (12, 7)])
def test_pooling_takes_any_grid(grid):
    _, superpixels = random_case(0)
    features = np.random.default_rng(1).normal(size=(*grid, 2))
    pooled = pooling_matrix(superpixels, grid) @ features.reshape(-1, 2)
    np.testing.assert_allclose(
        pooled, pooled_by_torch(features, superpixels), atol=1e-6
    )


def test_pooling_on_the_grid_of_the_image_is_the_plain_mean():
    image, superpixels = random_case(0)
    pooling = pooling_matrix(superpixels, superpixels.shape)
    assert pooling.nnz == (superpixels >= 0).sum()
    pooled = pooling @ image.reshape(-1, 2)
    np.testing.assert_allclose(
        pooled, region_graph(image, superpixels).means, atol=1e-6
    )


@pytest.mark.parametrize("grid", [(9, 11), (5, 6), (3, 3)])
def test_rows_of_pooling_sum_to_1(grid):
    _, superpixels = random_case(4, void=0.4)
    sums = pooling_matrix(superpixels, grid).sum(axis=1)
    np.testing.assert_allclose(sums, 1.0, atol=1e-6)


def test_sums_over_borders_are_means_of_both_sides():
    superpixels = np.array([[0, 0, 1], [0, 2, 1]])
    field = np.array([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]])
    graph = region_graph(field, superpixels)
    # 0-1 at the top; 0-2 above and beside 2; 1-2 at the bottom.
    assert graph.edges.T.tolist() == [[0, 1], [0, 2], [1, 2]]
    expected = [(2 + 4) / 2, (2 + 16) / 2 + (8 + 16) / 2, (16 + 32) / 2]
    assert graph.sum_over_borders(field, superpixels).tolist() == expected
