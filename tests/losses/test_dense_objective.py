from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.sparse import eye_array

from sksegment.losses import (
    DenseObjective,
    SparseObjective,
    dense_continuity,
    dense_similarity,
    dense_soft_ncut,
    pixel_affinity,
)
from sksegment.nn import SoftmaxPooling

TERMS = ["rec", "cut", "sim", "con"]
SHAPE = (7, 6)


def logits(k, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, k, height, width, generator=generator, dtype=torch.float64)


def image_of(shape=SHAPE, seed=0):
    """A training image as the objective sees it."""
    image = np.random.default_rng(seed).random((*shape, 2))
    affinity = pixel_affinity(image, sigma_intensity=0.5)
    return SimpleNamespace(affinity=affinity, scribbles=None)


def betas_of(**betas):
    """Weights of which only those given are not zero."""
    return {f"beta_{term}": 0.0 for term in TERMS} | betas


def equations_1_3_and_4(f, w):
    """Cut, similarity and continuity of soft labels (k, height, width), by loops."""
    k, height, width = f.shape
    pixels = list(np.ndindex(height, width))
    cut = sim = 0.0
    for p in range(k):
        within = total = 0.0
        for i, j in np.ndindex(height * width, height * width):
            within += w[i][j] * f[p][pixels[i]] * f[p][pixels[j]]
            total += w[i][j] * f[p][pixels[i]]
        cut += (1.0 - within / total) / k
    for i, j in pixels:
        y = max(range(k), key=lambda p: f[p][i][j])
        normaliser = sum(np.exp(f[p][i][j]) for p in range(k))
        sim -= np.log(np.exp(f[y][i][j]) / normaliser) / (height * width)
    con = 0.0
    for down, right in ((1, 0), (0, 1)):
        pairs = [
            abs(f[p][i + down][j + right] - f[p][i][j])
            for p in range(k)
            for i in range(height - down)
            for j in range(width - right)
        ]
        con += 0.5 * sum(pairs) / len(pairs)
    return {"cut": cut, "sim": sim, "con": con}


@pytest.mark.parametrize("used", list(product([False, True], repeat=4)))
def test_term_is_computed_only_where_its_beta_is_positive(used):
    betas = {f"beta_{t}": 0.5 for t, on in zip(TERMS, used, strict=True) if on}
    wanted = {t for t, on in zip(TERMS, used, strict=True) if on}
    loss = DenseObjective(**betas_of(**betas))
    assert set(loss.weights) == wanted
    terms, _ = loss.image_terms(logits(4, *SHAPE), image_of())
    assert set(terms) == wanted - {"rec"}
    for value in terms.values():
        assert value.shape == ()
        assert torch.isfinite(value)


def test_affinity_is_needed_for_the_cut_alone():
    loss = DenseObjective(**betas_of(beta_sim=1.0, beta_con=1.0))
    terms, _ = loss.image_terms(
        logits(4, *SHAPE), SimpleNamespace(affinity=None, scribbles=None)
    )
    assert set(terms) == {"sim", "con"}


def test_total_is_the_weighted_sum_of_the_terms():
    loss = DenseObjective(beta_rec=2.0, beta_cut=0.3, beta_sim=0.05, beta_con=7.0)
    terms = dict(zip(TERMS, torch.tensor([1.0, 10.0, 100.0, 1000.0]), strict=True))
    assert loss.total(terms).item() == pytest.approx(2 + 3 + 5 + 7000)


def test_terms_are_the_dense_losses_of_the_softmax():
    z, image = logits(4, *SHAPE), image_of()
    terms, _ = DenseObjective(beta_cut=1.0).image_terms(z, image)
    f = torch.softmax(z, dim=1)[0]
    torch.testing.assert_close(terms["cut"], dense_soft_ncut(f, image.affinity))
    torch.testing.assert_close(terms["sim"], dense_similarity(f))
    torch.testing.assert_close(terms["con"], dense_continuity(f))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(("k", "shape"), [(3, (5, 4)), (5, (4, 7)), (2, (2, 3))])
def test_terms_are_equations_1_3_and_4(k, shape, seed):
    z, image = logits(k, *shape, seed), image_of(shape, seed)
    terms, _ = DenseObjective(beta_cut=1.0).image_terms(z, image)
    affinity = image.affinity.tocsr().toarray().astype(np.float64)
    expected = equations_1_3_and_4(torch.softmax(z, dim=1)[0].numpy(), affinity)
    for name, value in expected.items():
        assert terms[name].item() == pytest.approx(value, abs=1e-9), name


def test_features_are_the_soft_labels_of_the_pixels_row_by_row():
    z = logits(4, *SHAPE)
    _, f = DenseObjective().image_terms(z, image_of())
    assert f.shape == (42, 4)
    for row, column in ((0, 0), (0, 5), (3, 2), (6, 5)):
        expected = torch.softmax(z[0, :, row, column], dim=0)
        torch.testing.assert_close(f[6 * row + column], expected)


def test_cut_and_similarity_are_the_sparse_ones_where_every_pixel_is_a_superpixel():
    z, image = logits(4, *SHAPE), image_of()
    image.pooling = SoftmaxPooling(eye_array(42).tocsr(), SHAPE)
    betas = betas_of(beta_cut=1.0, beta_sim=1.0)
    (dense, f), (sparse, f_sparse) = (
        objective(**betas).image_terms(z, image)
        for objective in (DenseObjective, SparseObjective)
    )
    torch.testing.assert_close(f, f_sparse)
    assert dense.keys() == sparse.keys() == {"cut", "sim"}
    for name in dense:
        assert dense[name].item() == pytest.approx(sparse[name].item(), abs=1e-12)


def test_gradient_is_the_sparse_one_where_every_pixel_is_a_superpixel():
    image = image_of()
    image.pooling = SoftmaxPooling(eye_array(42).tocsr(), SHAPE)
    gradients = []
    for objective in (DenseObjective, SparseObjective):
        z = logits(4, *SHAPE).requires_grad_()
        loss = objective(**betas_of(beta_cut=1.0, beta_sim=1.0))
        loss.total(loss.image_terms(z, image)[0]).backward()
        gradients.append(z.grad)
    torch.testing.assert_close(*gradients)


def test_gradient_of_the_cut_through_the_window():
    image = image_of((4, 3))
    loss = DenseObjective(**betas_of(beta_cut=1.0))
    z = logits(2, 4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss.image_terms(z, image)[0]["cut"], z)


@pytest.mark.parametrize("strength", [1.0, 1e4])
def test_every_term_has_a_finite_gradient_even_for_certain_labels(strength):
    z = (strength * logits(4, *SHAPE)).requires_grad_()
    loss = DenseObjective(beta_cut=1.0, beta_sim=1.0, beta_con=1.0)
    terms, _ = loss.image_terms(z, image_of())
    assert all(value.requires_grad for value in terms.values())
    loss.total(terms).backward()
    assert torch.isfinite(z.grad).all()


def test_permuting_labels_leaves_every_term_unchanged():
    z, image = logits(5, *SHAPE), image_of()
    loss = DenseObjective(beta_cut=1.0)
    ours, theirs = (loss.image_terms(x, image)[0] for x in (z, z[:, [3, 0, 4, 1, 2]]))
    for name, value in ours.items():
        assert value.item() == pytest.approx(theirs[name].item(), abs=1e-9), name
