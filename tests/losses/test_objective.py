from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sksegment.losses import (
    DenseObjective,
    SparseObjective,
    dense_soft_ncut,
    sparse_continuity,
    sparse_soft_ncut,
)
from sksegment.nn import SoftmaxPooling
from sksegment.regions import pooling_matrix, region_graph

TERMS = ["rec", "cut", "sim", "con"]
ASSIGNMENTS = ["mean", "majority", "kmeans"]


def double(matrix):
    return torch.from_numpy(matrix.toarray()).double()


def image_of(superpixels, grid=None, seed=0):
    """A training image as the objective sees it, with dense float64 graphs."""
    grid = grid or superpixels.shape
    colours = np.random.default_rng(seed).random((*superpixels.shape, 2))
    graph = region_graph(colours, superpixels)
    return SimpleNamespace(
        pooling=SoftmaxPooling(pooling_matrix(superpixels, grid), grid),
        affinity=double(graph.affinity()),
        adjacency=double(graph.adjacency(1.0)),
        scribbles=None,
    )


def blocks(rows=4, columns=5, side=3):
    superpixels = np.arange(rows * columns).reshape(rows, columns)
    return superpixels.repeat(side, axis=0).repeat(side, axis=1)


def logits(k, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, k, height, width, generator=generator, dtype=torch.float64)


def objective(assignment="mean", **betas):
    """Objective in which only the betas given are not zero."""
    off = {f"beta_{term}": 0.0 for term in TERMS}
    return SparseObjective(**{**off, **betas}, assignment=assignment)


@pytest.mark.parametrize("used", list(product([False, True], repeat=4)))
def test_term_is_computed_only_where_its_beta_is_positive(used):
    betas = {f"beta_{t}": 0.5 for t, on in zip(TERMS, used, strict=True) if on}
    wanted = {t for t, on in zip(TERMS, used, strict=True) if on}
    loss = objective(**betas)
    assert set(loss.weights) == wanted
    terms, _ = loss.image_terms(logits(4, 12, 15), image_of(blocks()))
    assert set(terms) == wanted - {"rec"}
    for value in terms.values():
        assert value.shape == ()
        assert torch.isfinite(value)


def test_total_is_the_weighted_sum_of_the_terms():
    loss = objective(beta_rec=2.0, beta_cut=0.3, beta_sim=0.05, beta_con=7.0)
    terms = dict(zip(TERMS, torch.tensor([1.0, 10.0, 100.0, 1000.0]), strict=True))
    assert loss.total(terms).item() == pytest.approx(2 + 3 + 5 + 7000)


def test_weights_are_those_of_the_estimators_by_themselves():
    for cls in (SparseObjective, DenseObjective):
        assert cls().weights == {"rec": 1.0, "sim": 0.1, "con": 0.1}
        assert cls(beta_cut=2.0).weights["cut"] == 2.0
        assert "con" not in cls(beta_con=-1.0).weights


def test_term_without_a_beta_counts_once():
    loss = objective(beta_con=3.0)
    terms = {"con": torch.tensor(2.0), "scribble": torch.tensor(5.0)}
    assert loss.total(terms).item() == pytest.approx(11.0)


def test_total_of_an_image_follows_the_betas():
    z, image = logits(4, 12, 15), image_of(blocks())
    betas = {"beta_cut": 0.3, "beta_sim": 0.05, "beta_con": 7.0}
    together = objective(**betas)
    total = together.total(together.image_terms(z, image)[0])
    alone = 0.0
    for name, beta in betas.items():
        single = objective(**{name: beta})
        alone += single.total(single.image_terms(z, image)[0])
    assert total.item() == pytest.approx(alone.item(), abs=1e-9)


@pytest.mark.parametrize("grid", [(12, 15), (6, 8), (5, 5)])
def test_features_are_means_of_the_softmax_over_superpixels(grid):
    z, image = logits(4, *grid), image_of(blocks(), grid)
    _, f = objective(beta_cut=1.0).image_terms(z, image)
    pixels = torch.softmax(z, dim=1)[0].flatten(1).T
    torch.testing.assert_close(f, image.pooling @ pixels)
    torch.testing.assert_close(f.sum(dim=1), torch.ones(20).double(), rtol=0, atol=1e-6)


def test_cut_and_continuity_are_those_of_the_features():
    image = image_of(blocks())
    loss = objective(beta_cut=1.0, beta_con=1.0)
    terms, f = loss.image_terms(logits(4, 12, 15), image)
    torch.testing.assert_close(terms["cut"], sparse_soft_ncut(f, image.affinity))
    torch.testing.assert_close(terms["con"], sparse_continuity(f, image.adjacency))


def test_one_pixel_superpixels_have_the_dense_cut():
    image, z = image_of(np.arange(42).reshape(7, 6)), logits(3, 7, 6)
    terms, _ = objective(beta_cut=1.0).image_terms(z, image)
    dense = dense_soft_ncut(torch.softmax(z, dim=1)[0], image.affinity)
    assert terms["cut"].item() == pytest.approx(dense.item(), abs=1e-12)


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_permuting_labels_leaves_every_term_unchanged(assignment):
    loss = objective(assignment, beta_cut=1.0, beta_sim=1.0, beta_con=1.0)
    # Every superpixel prefers one label: no two are tied for the majority.
    preferred = torch.nn.functional.one_hot(torch.from_numpy(blocks() % 5))
    z = logits(5, 12, 15) + 2 * preferred.permute(2, 0, 1)
    image = image_of(blocks())
    ours, theirs = (loss.image_terms(x, image)[0] for x in (z, z[:, [3, 0, 4, 1, 2]]))
    for name, value in ours.items():
        assert value.item() == pytest.approx(theirs[name].item(), abs=1e-9), name


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_certain_labels_are_more_similar_than_undecided_ones(assignment):
    image = image_of(blocks())
    labels = torch.from_numpy(blocks() % 3)
    sure = 30 * torch.nn.functional.one_hot(labels).permute(2, 0, 1)[None].double()
    loss = objective(assignment, beta_sim=1.0)
    values = [
        loss.image_terms(strength * sure, image)[0]["sim"].item()
        for strength in (0.0, 0.05, 1.0)
    ]
    assert values[0] > values[1] > values[2] >= 0


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_every_term_has_a_finite_gradient_even_for_certain_labels(assignment):
    image = image_of(blocks())
    for strength in (1.0, 1e4):
        z = (strength * logits(4, 12, 15)).requires_grad_()
        loss = objective(assignment, beta_cut=1.0, beta_sim=1.0, beta_con=1.0)
        loss.total(loss.image_terms(z, image)[0]).backward()
        assert torch.isfinite(z.grad).all()
    assert loss.image_terms(z, image)[0]["sim"].requires_grad


def gains(assignment, pixels, superpixels):
    """Change of the soft labels in every pixel by a step down the similarity loss."""
    height, width = superpixels.shape
    z = torch.tensor(pixels, dtype=torch.float64).log().T.reshape(1, -1, height, width)
    z = z.contiguous().requires_grad_()
    loss = objective(assignment, beta_sim=1.0)
    loss.image_terms(z, image_of(superpixels))[0]["sim"].backward()
    before, after = (
        torch.softmax(x, 1)[0].flatten(1).T for x in (z, z - 1e-3 * z.grad)
    )
    return (after - before).detach()


@pytest.mark.parametrize(("assignment", "winner"), [("mean", 1), ("majority", 0)])
def test_similarity_pulls_to_the_mean_label_or_to_that_of_most_pixels(
    assignment, winner
):
    # Two of three pixels have label 0 by a narrow margin, the third surely label 1.
    pixels = [[0.6, 0.4], [0.6, 0.4], [0.01, 0.99]] + [[0.9, 0.1]] * 3
    superpixels = np.array([[0, 0, 0], [1, 1, 1]])
    change = gains(assignment, pixels, superpixels)
    assert (change[:2, winner] > 0).all()
    assert (change[3:, 0] > 0).all()


@pytest.mark.parametrize(("assignment", "winner"), [("mean", 0), ("kmeans", 1)])
def test_similarity_pulls_to_the_own_label_or_to_that_of_the_cluster(
    assignment, winner
):
    # The last superpixel has label 0, but is closer to those that have label 1.
    pixels = [[0.9, 0.1]] * 5 + [[0.2, 0.8]] * 4 + [[0.52, 0.48]]
    change = gains(assignment, pixels, np.arange(10).reshape(2, 5))
    assert change[-1, winner] > 0
    assert (change[:5, 0] > 0).all()
    assert (change[5:9, 1] > 0).all()
