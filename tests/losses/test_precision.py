"""Losses in float32 against float64, at real sizes, and where numbers get extreme."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sksegment.losses import (
    UNKNOWN,
    DenseObjective,
    SparseObjective,
    dense_continuity,
    dense_similarity,
    dense_soft_ncut,
    pixel_affinity,
    reconstruction_loss,
    scribble_loss,
    sparse_continuity,
    sparse_similarity,
    sparse_soft_ncut,
)
from sksegment.nn import SoftmaxPooling, SparseOperator
from sksegment.regions import pooling_matrix, region_graph

# As many superpixels and labels as there are in practice.
SHAPE, SIDE, K = (48, 60), 2, 32
BETAS = {"beta_rec": 1.0, "beta_cut": 0.3, "beta_sim": 0.1, "beta_con": 0.2}


@pytest.fixture(scope="module")
def superpixels():
    rows, columns = np.indices(SHAPE) // SIDE
    return rows * (columns.max() + 1) + columns


@pytest.fixture(scope="module")
def colours():
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(SHAPE[0]), np.arange(SHAPE[1])) / sum(SHAPE)
    return np.clip(ramp[..., np.newaxis] + rng.normal(0, 0.1, (*SHAPE, 3)), 0, 1)


@pytest.fixture(scope="module")
def image(superpixels, colours):
    """Graphs of a training image, as the net sees them."""
    graph = region_graph(colours, superpixels)
    return SimpleNamespace(
        pooling=SoftmaxPooling(pooling_matrix(superpixels, SHAPE), SHAPE),
        adjacency=SparseOperator(graph.adjacency(1.0)),
        affinity=SparseOperator(graph.affinity()),
        scribbles=None,
        graph=graph,
    )


@pytest.fixture(scope="module")
def pixels(colours):
    """Affinity of the pixels of the same image."""
    affinity = pixel_affinity(colours, sigma_intensity=0.3)
    return SimpleNamespace(affinity=affinity, scribbles=None)


def logits(dtype=torch.float64, scale=2.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(1, K, *SHAPE, generator=generator, dtype=torch.float64)
    return (scale * z).to(dtype)


def softmax(z):
    return torch.softmax(z[0].flatten(1).T, dim=1)


def value_and_gradient(loss, x):
    x = x.clone().requires_grad_()
    value = loss(x)
    value.backward()
    return value.detach(), x.grad


# Operators keep their matrix in float32 and multiply in the precision of the operand.
LOSSES = {
    "sparse cut": lambda f, image, pixels: sparse_soft_ncut(f, image.affinity),
    "sparse similarity": lambda f, image, pixels: sparse_similarity(f),
    "sparse continuity": lambda f, image, pixels: sparse_continuity(f, image.adjacency),
    "dense cut": lambda f, image, pixels: dense_soft_ncut(_map(f), pixels.affinity),
    "dense similarity": lambda f, image, pixels: dense_similarity(_map(f)),
    "dense continuity": lambda f, image, pixels: dense_continuity(_map(f)),
    "scribbles": lambda f, image, pixels: scribble_loss(f, _scribbles(f)),
    "reconstruction": lambda f, image, pixels: _reconstruction(f, None),
    "weighted reconstruction": lambda f, image, pixels: _reconstruction(f, 0.5),
}


def _map(f):
    return f.T.reshape(K, *SHAPE)


def _scribbles(f):
    """Classes of every seventh superpixel or pixel."""
    classes = torch.full((len(f),), UNKNOWN)
    classes[::7] = torch.arange(len(classes[::7])) % K
    return classes


def _reconstruction(f, weight):
    x = f.T.reshape(2, K // 2, *SHAPE)
    target = logits(f.dtype, seed=1).reshape_as(x)
    if weight is not None:
        weight = torch.full((2, 1, *SHAPE), weight, dtype=f.dtype)
    return reconstruction_loss(target, x, weight)


def soft_labels(name, image):
    """Soft labels of superpixels, or of pixels for the others."""
    f = softmax(logits())
    if name.startswith("sparse"):
        f = image.pooling.means_of_softmax(logits())
    # What float32 can hold, so that both precisions see the same numbers.
    return f.float()


@pytest.mark.parametrize("name", LOSSES)
def test_float32_has_the_value_and_the_gradient_of_float64(name, image, pixels):
    f = soft_labels(name, image)
    found, expected = (
        value_and_gradient(lambda f: LOSSES[name](f, image, pixels), f.to(dtype))
        for dtype in (torch.float32, torch.float64)
    )
    assert found[0].dtype == torch.float32
    assert abs(found[0].double() - expected[0]) < 1e-5 * abs(expected[0])
    # Where |x| has its kink the sign depends on the last bit.
    apart = (found[1].double() - expected[1]).abs() > 1e-4 * expected[1].abs().max()
    assert apart.double().mean() < 1e-3


def dense(matrix):
    return torch.from_numpy(matrix.toarray()).double()


def test_sparse_losses_are_those_of_the_matrices_written_out_in_float64(image):
    f = soft_labels("sparse cut", image).double()
    w, a = dense(image.graph.affinity()), dense(image.graph.adjacency(1.0))
    within = torch.einsum("ik,ij,jk->k", f, w, f)
    total = torch.einsum("ik,ij->k", f, w)
    cut = (1 - within / total).mean()
    # The operators hold the weights in float32.
    assert abs(sparse_soft_ncut(f, image.affinity) - cut) < 1e-7
    con = (a @ f - f).abs().mean()
    assert abs(sparse_continuity(f, image.adjacency) - con) < 1e-8


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("scale", [0.0, 1e-30, 1.0, 1e4, 1e30])
@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_no_logits_make_a_loss_or_a_gradient_that_is_no_number(
    kind, scale, dtype, image, pixels
):
    objective = {"sparse": SparseObjective, "dense": DenseObjective}[kind](**BETAS)
    z = logits(dtype, scale).requires_grad_()
    terms, f = objective.image_terms(z, image if kind == "sparse" else pixels)
    assert set(terms) == {"cut", "sim", "con"}
    for value in terms.values():
        assert value.dtype == torch.float32
        assert torch.isfinite(value)
        assert value >= 0
    assert torch.isfinite(f).all()
    objective.total(terms).backward()
    assert torch.isfinite(z.grad).all()


@pytest.mark.parametrize("assignment", ["mean", "majority", "kmeans"])
@pytest.mark.parametrize("label", [0, K - 1])
def test_one_label_everywhere_has_finite_losses_and_gradients(label, assignment, image):
    # All other labels are empty: 0 / 0 in the cut, were it not for the bound.
    z = torch.full((1, K, *SHAPE), -1e4)
    z[:, label] = 1e4
    z.requires_grad_()
    objective = SparseObjective(**BETAS, assignment=assignment)
    terms, f = objective.image_terms(z, image)
    assert (f.argmax(dim=1) == label).all()
    objective.total(terms).backward()
    assert torch.isfinite(z.grad).all()
    assert terms["con"].item() < 1e-6
    # Of K labels one is whole, and the empty ones count as cut.
    assert terms["cut"].item() == pytest.approx(1 - 1 / K, abs=1e-5)


def test_bfloat16_logits_have_the_losses_of_what_they_are_rounded_to(image):
    objective = SparseObjective(**BETAS)
    z = logits(torch.bfloat16)
    found, _ = objective.image_terms(z, image)
    expected, _ = objective.image_terms(z.double(), image)
    for name, value in expected.items():
        assert abs(found[name].double() - value) < 1e-5 * abs(value), name


@pytest.mark.parametrize("kind", ["sparse", "dense"])
def test_gradient_of_the_whole_objective(kind):
    shape = (4, 5)
    rng = np.random.default_rng(0)
    colours, superpixels = rng.random((*shape, 2)), np.arange(20).reshape(shape) // 2
    if kind == "sparse":
        graph = region_graph(colours, superpixels)
        image = SimpleNamespace(
            pooling=SoftmaxPooling(pooling_matrix(superpixels, shape), shape),
            adjacency=SparseOperator(graph.adjacency(0.5)),
            affinity=SparseOperator(graph.affinity()),
            scribbles=torch.tensor([0, -1, 2, -1, -1, 1, -1, -1, -1, 0]),
        )
        objective = SparseObjective(**BETAS)
    else:
        image = SimpleNamespace(
            affinity=pixel_affinity(colours, sigma_intensity=0.5),
            scribbles=torch.tensor([0, -1, -1, 2] * 5),
        )
        objective = DenseObjective(**BETAS)
    z = torch.from_numpy(rng.normal(size=(1, 3, *shape))).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: objective.total(objective.image_terms(z, image)[0]), z
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_of_the_reconstruction_in_both_images(weighted):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 2, 2, 3, 3, generator=generator, dtype=torch.float64)
    weight = torch.rand(2, 1, 3, 3, generator=generator, dtype=torch.float64)
    weight[0, 0, :2] = 0.0
    x, y = x.requires_grad_(), y.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, y: reconstruction_loss(x, y, weight if weighted else None), (x, y)
    )


def test_scribbles_cost_the_mean_logarithm_of_the_share_of_their_class():
    f = soft_labels("scribbles", None).double()
    classes = _scribbles(f)
    known = [(row, k) for row, k in enumerate(classes.tolist()) if k != UNKNOWN]
    expected = -sum(np.log(f[row, k].item()) for row, k in known) / len(known)
    assert scribble_loss(f, classes).item() == pytest.approx(expected, rel=1e-12)


def test_gradient_of_the_scribbles():
    f = torch.softmax(logits()[0, :3, :4, :5].flatten(1).T, dim=1).requires_grad_()
    classes = torch.arange(20) % 4 - 1
    assert torch.autograd.gradcheck(lambda f: scribble_loss(f, classes), f)


def test_scribble_pulls_however_sure_the_net_is_of_another_class(superpixels):
    pooling = SoftmaxPooling(pooling_matrix(superpixels, SHAPE), SHAPE)
    z = torch.zeros(1, 3, *SHAPE)
    z[:, 0] = 40.0
    z.requires_grad_()
    for f in (pooling.means_of_softmax(z), softmax(z)):
        loss = scribble_loss(f, torch.ones(len(f), dtype=torch.int64))
        [slope] = torch.autograd.grad(loss, z)
        assert slope[0].sum(dim=(1, 2)).tolist() == pytest.approx([1.0, -1.0, 0.0])


def test_scribble_on_what_has_no_share_of_its_class_costs_a_finite_amount():
    f = torch.tensor([[1.0, 0.0], [1.0, 1e-33], [1.0, 1e-5]]).requires_grad_()
    costs = [
        scribble_loss(f[row : row + 1], torch.tensor([1])).item() for row in range(3)
    ]
    assert costs == pytest.approx([np.log(1e30), np.log(1e30), np.log(1e5)], rel=1e-5)
    scribble_loss(f, torch.tensor([1, 1, 1])).backward()
    assert torch.isfinite(f.grad).all()
