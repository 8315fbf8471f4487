import numpy as np
import pytest
import torch

from sksegment.losses import dense_continuity, sparse_continuity
from sksegment.regions import region_graph


def soft_labels(n, k, seed=0):
    """Soft labels of superpixels, rows sum to 1."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, k, generator=generator, dtype=torch.float64)
    return torch.softmax(2 * z, dim=1)


def graph_of_blocks(rows=4, columns=5, side=3, seed=0):
    """A grid of superpixels with random colours."""
    superpixels = np.arange(rows * columns).reshape(rows, columns)
    superpixels = superpixels.repeat(side, axis=0).repeat(side, axis=1)
    image = np.random.default_rng(seed).random((*superpixels.shape, 2))
    return region_graph(image, superpixels)


def dense_adjacency(graph, tau=0.0):
    return torch.from_numpy(graph.adjacency(tau).toarray())


def pixel_graph(height, width):
    """The graph in which every pixel is a superpixel."""
    superpixels = np.arange(height * width).reshape(height, width)
    return region_graph(np.zeros((height, width)), superpixels)


def equation_8(graph, tau):
    """Weights of the neighbours by loops."""
    weights = [[0.0] * graph.n_regions for _ in range(graph.n_regions)]
    for i, j, distance in zip(*graph.edges, graph.distances, strict=True):
        weights[i][j] = weights[j][i] = np.exp(-tau * distance)
    return [[w / sum(row) for w in row] for row in weights]


def equation_7(f, weights):
    """Sparse continuity by loops."""
    n, k = f.shape
    loss = 0.0
    for i in range(n):
        for p in range(k):
            neighbours = sum(weights[i][j] * f[j][p] for j in range(n))
            loss += abs(neighbours - f[i][p])
    return loss / (n * k)


def equation_4(f):
    """Dense continuity by loops over pairs."""
    k, height, width = f.shape
    vertical = [
        abs(f[p][i + 1][j] - f[p][i][j])
        for p in range(k)
        for i in range(height - 1)
        for j in range(width)
    ]
    horizontal = [
        abs(f[p][i][j + 1] - f[p][i][j])
        for p in range(k)
        for i in range(height)
        for j in range(width - 1)
    ]
    return 0.5 * (sum(vertical) / len(vertical) + sum(horizontal) / len(horizontal))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("tau", [-3.0, 0.0, 2.0])
def test_sparse_continuity_is_equations_7_and_8(tau, seed):
    graph = graph_of_blocks(seed=seed)
    f = soft_labels(graph.n_regions, 4, seed)
    expected = equation_7(f.numpy(), equation_8(graph, tau))
    loss = sparse_continuity(f, dense_adjacency(graph, tau))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_dense_continuity_is_equation_4():
    f = soft_labels(30, 3).T.reshape(3, 5, 6)
    expected = equation_4(f.numpy())
    assert dense_continuity(f).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("tau", [-3.0, 0.0, 2.0])
def test_constant_soft_labels_cost_nothing(tau):
    f = soft_labels(1, 4).expand(20, 4)
    loss = sparse_continuity(f, dense_adjacency(graph_of_blocks(), tau))
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert dense_continuity(f.T.reshape(4, 4, 5)).item() == 0


def test_superpixel_without_neighbours_costs_nothing():
    graph = graph_of_blocks()
    adjacency = torch.nn.functional.pad(dense_adjacency(graph), (0, 1, 0, 1))
    f = soft_labels(graph.n_regions + 1, 4).requires_grad_()
    loss = sparse_continuity(f, adjacency)
    alone = sparse_continuity(f[:-1], adjacency[:-1, :-1])
    assert (21 * loss).item() == pytest.approx((20 * alone).item())
    loss.backward()
    assert (f.grad[-1] == 0).all()


@pytest.mark.parametrize("shape", [(4, 4), (5, 8)])
def test_one_pixel_superpixels_reproduce_the_dense_value_on_a_chessboard(shape):
    """The two coincide where all neighbours of a pixel differ from it alike.

    The sparse loss compares with the *mean* of the neighbours, the dense one with
    each; elsewhere the sparse one is smaller, see the next test.
    """
    f = soft_labels(2, 3)[np.indices(shape).sum(axis=0).ravel() % 2]
    sparse = sparse_continuity(f, dense_adjacency(pixel_graph(*shape)))
    dense = dense_continuity(f.T.reshape(3, *shape))
    assert dense.item() > 0.01
    assert sparse.item() == pytest.approx(dense.item(), abs=1e-12)


def test_ramp_costs_the_dense_loss_its_slope_and_the_sparse_one_only_its_ends():
    ramp = torch.linspace(0, 1, 9, dtype=torch.float64)
    f = torch.stack([ramp, 1 - ramp]).reshape(2, 1, 9).expand(2, 6, 9)
    assert dense_continuity(f).item() == pytest.approx(0.5 / 8)
    adjacency = dense_adjacency(pixel_graph(6, 9))
    costs = (adjacency @ f.flatten(1).T - f.flatten(1).T).abs()[:, 0].reshape(6, 9)
    np.testing.assert_allclose(costs[:, 1:-1], 0, atol=1e-12)
    sparse = sparse_continuity(f.flatten(1).T, adjacency)
    assert sparse.item() == pytest.approx(costs.mean().item())
    assert sparse < dense_continuity(f)


def test_tau_lets_borders_between_different_colours_be_sharp():
    colours = np.array([[0.0, 0.0, 1.0, 1.0]])
    graph = region_graph(colours, np.arange(4).reshape(1, 4))
    f = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]], dtype=torch.float64)
    losses = [sparse_continuity(f, dense_adjacency(graph, t)) for t in (0.0, 5.0, 50.0)]
    assert losses[0].item() == pytest.approx(0.25)
    assert losses[0] > losses[1] > losses[2]
    assert losses[2].item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_permuting_labels_leaves_the_losses_unchanged(seed):
    f = soft_labels(20, 5, seed)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    adjacency = dense_adjacency(graph_of_blocks(), 1.0)
    dense = [dense_continuity(x.T.reshape(5, 4, 5)).item() for x in (f, f[:, order])]
    sparse = [sparse_continuity(x, adjacency).item() for x in (f, f[:, order])]
    assert dense[0] == pytest.approx(dense[1], abs=1e-12)
    assert sparse[0] == pytest.approx(sparse[1], abs=1e-12)


@pytest.mark.parametrize("tau", [0.0, 2.0])
def test_gradient_of_the_sparse_loss(tau):
    adjacency = dense_adjacency(graph_of_blocks(3, 3), tau)
    f = soft_labels(9, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: sparse_continuity(f, adjacency), f)


def test_gradient_of_the_dense_loss():
    f = soft_labels(12, 3).T.reshape(3, 4, 3).contiguous().requires_grad_()
    assert torch.autograd.gradcheck(dense_continuity, f)
