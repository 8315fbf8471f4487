import math

import numpy as np
import pytest
import torch

from sksegment.losses import (
    dense_similarity,
    kmeans_labels,
    majority_labels,
    sparse_similarity,
)
from sksegment.regions import pooling_matrix


def soft_labels(n, k, seed=0):
    """Soft labels of superpixels or pixels, rows sum to 1."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, k, generator=generator, dtype=torch.float64)
    return torch.softmax(2 * z, dim=1)


def groups(centres, size, spread=0.02, seed=0):
    """Soft labels in groups around centres."""
    rng = np.random.default_rng(seed)
    f = np.repeat(np.array(centres), size, axis=0)
    f = np.clip(f + rng.normal(0, spread, f.shape), 1e-3, None)
    return torch.from_numpy(f / f.sum(axis=1, keepdims=True))


def clusters_of(f, centroids):
    """Nearest centroid of every superpixel, by loops."""
    return [
        min(
            range(len(centroids)),
            key=lambda k: float(((row - centroids[k]) ** 2).sum()),
        )
        for row in f
    ]


def equation_6(scores, labels):
    """Sparse similarity by loops."""
    loss = 0.0
    for row, label in zip(scores, labels, strict=True):
        loss -= math.log(math.exp(row[label]) / sum(math.exp(s) for s in row))
    return loss / len(scores)


def equation_3(f):
    """Dense similarity by loops over pixels."""
    k, height, width = f.shape
    loss = 0.0
    for i, j in np.ndindex(height, width):
        y = max(range(k), key=lambda p: f[p][i][j])
        loss -= math.log(
            math.exp(f[y][i][j]) / sum(math.exp(f[p][i][j]) for p in range(k))
        )
    return loss / (height * width)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "k"), [(9, 2), (20, 6), (5, 1)])
def test_sparse_similarity_is_equation_6_for_the_largest_label(n, k, seed):
    f = soft_labels(n, k, seed)
    expected = equation_6(f.tolist(), f.argmax(dim=1).tolist())
    assert sparse_similarity(f).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_sparse_similarity_is_equation_6_for_any_labels_and_scores(seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(0, 5, (12, 4)), rng.integers(4, size=12)
    loss = sparse_similarity(torch.from_numpy(scores), torch.from_numpy(labels))
    assert loss.item() == pytest.approx(equation_6(scores, labels), abs=1e-6)


def test_dense_similarity_is_equation_3():
    f = soft_labels(20, 3).T.reshape(3, 5, 4)
    expected = equation_3(f.numpy())
    assert dense_similarity(f).item() == pytest.approx(expected, abs=1e-6)


def test_one_pixel_superpixels_reproduce_the_dense_value():
    f = soft_labels(42, 4)
    superpixels = np.arange(42).reshape(7, 6)
    pooling = torch.from_numpy(pooling_matrix(superpixels, (7, 6)).toarray())
    sparse = sparse_similarity(pooling.double() @ f)
    dense = dense_similarity(f.T.reshape(4, 7, 6))
    assert sparse.item() == pytest.approx(dense.item(), abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 8])
def test_equal_scores_cost_the_logarithm_of_their_number(k):
    scores = torch.zeros(5, k, dtype=torch.float64)
    assert sparse_similarity(scores).item() == pytest.approx(math.log(k))


def test_certain_scores_cost_nothing_and_huge_ones_do_not_overflow():
    scores = 1e4 * torch.eye(4, dtype=torch.float64)
    assert sparse_similarity(scores).item() == 0.0
    wrong = sparse_similarity(scores, torch.tensor([1, 2, 3, 0]))
    assert wrong.item() == pytest.approx(1e4)


def test_logarithms_of_soft_labels_as_scores_are_their_cross_entropy():
    f = soft_labels(9, 4)
    expected = -f.max(dim=1).values.log().mean()
    assert sparse_similarity(f.log()).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("seed", range(3))
def test_permuting_labels_leaves_the_loss_unchanged(seed):
    f = soft_labels(30, 5, seed)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    swapped = f[:, order]
    for ours, theirs in (
        (sparse_similarity(f), sparse_similarity(swapped)),
        (
            sparse_similarity(f, kmeans_labels(f, 5)[0]),
            sparse_similarity(swapped, kmeans_labels(swapped, 5)[0]),
        ),
        (
            dense_similarity(f.T.reshape(5, 6, 5)),
            dense_similarity(swapped.T.reshape(5, 6, 5)),
        ),
    ):
        assert ours.item() == pytest.approx(theirs.item(), abs=1e-12)


def test_gradient_of_the_sparse_loss():
    scores = soft_labels(6, 3).log().requires_grad_()
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    assert torch.autograd.gradcheck(lambda s: sparse_similarity(s, labels), scores)
    assert torch.autograd.gradcheck(sparse_similarity, scores)


def test_gradient_of_the_dense_loss():
    scores = soft_labels(12, 3).T.reshape(3, 4, 3).contiguous().requires_grad_()
    assert torch.autograd.gradcheck(dense_similarity, scores)


def test_loss_pulls_towards_the_label_and_no_gradient_goes_through_it():
    scores = soft_labels(8, 3).requires_grad_()
    sparse_similarity(scores).backward()
    labels = scores.argmax(dim=1)
    sign = torch.full_like(scores, 1.0)
    sign[torch.arange(8), labels] = -1.0
    assert torch.equal(scores.grad.sign(), sign)


@pytest.mark.parametrize("seed", range(3))
def test_majority_labels_count_the_pixels_of_every_superpixel(seed):
    rng = np.random.default_rng(seed)
    f = soft_labels(60, 4, seed)
    superpixels = np.r_[np.arange(7), rng.integers(7, size=53)]
    pooling = pooling_matrix(superpixels.reshape(6, 10), (6, 10)).toarray()
    shares = majority_labels(f, torch.from_numpy(pooling).double())
    winner = f.argmax(dim=1).numpy()
    for i in range(7):
        counts = np.bincount(winner[superpixels == i], minlength=4)
        np.testing.assert_allclose(shares[i], counts / counts.sum(), atol=1e-6)
        assert counts[shares[i].argmax()] == counts.max()


def test_majority_is_of_pixels_and_not_of_soft_labels():
    f = torch.tensor([[0.6, 0.4], [0.6, 0.4], [0.0, 1.0]], dtype=torch.float64)
    pooling = torch.full((1, 3), 1 / 3, dtype=torch.float64)
    assert (pooling @ f).argmax().item() == 1
    assert majority_labels(f, pooling).argmax().item() == 0


def test_kmeans_finds_groups_and_gives_them_their_largest_label():
    centres = [[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.2, 0.2, 0.6]]
    f = groups(centres, 30)
    labels, centroids = kmeans_labels(f, 3)
    assert labels.dtype == torch.int64
    np.testing.assert_array_equal(labels, np.repeat([0, 1, 2], 30))
    found = centroids[centroids.argmax(dim=1).argsort()]
    np.testing.assert_allclose(found, centres, atol=0.02)


def test_label_of_a_member_is_that_of_its_cluster_and_not_its_own():
    f = groups([[0.9, 0.1], [0.2, 0.8]], 10)
    f = torch.cat([f, torch.tensor([[0.52, 0.48]], dtype=f.dtype)])
    labels, _ = kmeans_labels(f, 2)
    assert f[-1].argmax().item() == 0
    assert labels[-1].item() == 1


def test_two_clusters_may_share_a_label():
    f = groups([[0.9, 0.1, 0.0], [0.6, 0.2, 0.2], [0.0, 0.0, 1.0]], 10)
    labels, centroids = kmeans_labels(f, 3)
    assert sorted(centroids.argmax(dim=1).tolist()) == [0, 0, 2]
    assert labels.tolist() == [0] * 20 + [2] * 10


def test_centroids_are_means_of_their_members():
    f = groups([[0.8, 0.1, 0.1], [0.1, 0.7, 0.2], [0.3, 0.3, 0.4]], 20, spread=0.1)
    _, centroids = kmeans_labels(f, 4, max_iter=100)
    clusters = torch.tensor(clusters_of(f, centroids))
    for k in range(4):
        members = f[clusters == k]
        assert len(members) > 0
        torch.testing.assert_close(centroids[k], members.mean(dim=0))


@pytest.mark.parametrize("seed", range(3))
def test_centroid_in_the_numerator_gives_the_mean_loss_of_the_members(seed):
    f = soft_labels(40, 4, seed)
    labels, centroids = kmeans_labels(f, 4, max_iter=100)
    paper = ours = 0.0
    for row, cluster, label in zip(f, clusters_of(f, centroids), labels, strict=True):
        normaliser = sum(math.exp(value) for value in row)
        paper -= math.log(math.exp(centroids[cluster][label]) / normaliser)
        ours -= math.log(math.exp(row[label]) / normaliser)
    assert ours == pytest.approx(paper, abs=1e-9)
    assert sparse_similarity(f, labels).item() == pytest.approx(paper / 40, abs=1e-9)


def test_kmeans_takes_fewer_different_superpixels_than_clusters():
    f = torch.tensor([[0.9, 0.1], [0.2, 0.8]] * 3, dtype=torch.float64)
    labels, centroids = kmeans_labels(f, 5)
    assert labels.tolist() == [0, 1] * 3
    assert torch.isfinite(centroids).all()
    labels, _ = kmeans_labels(f[:1], 4)
    assert labels.tolist() == [0]


def lloyd(f, n_clusters, max_iter):
    """Seeds far from each other, from the mean on, and Lloyd's iterations, by loops."""
    f = f.numpy()
    chosen = [f.mean(axis=0)]
    seeds = []
    for _ in range(n_clusters):
        apart = [min(np.linalg.norm(row - other) for other in chosen) for row in f]
        seeds.append(f[int(np.argmax(apart))])
        chosen.append(seeds[-1])
    centroids = np.array(seeds)
    for _ in range(max_iter):
        cluster = np.array(clusters_of(f, centroids))
        centroids = np.array(
            [
                f[cluster == k].mean(axis=0) if (cluster == k).any() else centroids[k]
                for k in range(n_clusters)
            ]
        )
    return centroids


@pytest.mark.parametrize("max_iter", [1, 2, 5])
@pytest.mark.parametrize(
    ("n", "k", "n_clusters", "seed"),
    # In the last a cluster of two loses one, and moves to the one that is left.
    [(40, 4, 4, 5), (9, 3, 7, 5), (300, 6, 6, 5), (12, 3, 4, 17)],
)
def test_kmeans_is_lloyds(n, k, n_clusters, seed, max_iter):
    f = soft_labels(n, k, seed)
    _, centroids = kmeans_labels(f, n_clusters, max_iter=max_iter)
    np.testing.assert_allclose(centroids, lloyd(f, n_clusters, max_iter), atol=1e-12)


def test_kmeans_makes_ten_iterations_by_itself():
    # Without any groups, so that it goes on for long.
    f = soft_labels(2000, 8).pow(0.1)
    _, centroids = kmeans_labels(f, 8)
    _, same = kmeans_labels(f, 8, max_iter=10)
    assert torch.equal(centroids, same)
    for others in (9, 11):
        _, apart = kmeans_labels(f, 8, max_iter=others)
        assert not torch.equal(centroids, apart)
    with pytest.raises(TypeError):
        kmeans_labels(f, 8, 10)


def test_cluster_without_members_stays_where_it_is():
    f = torch.tensor([[0.9, 0.1], [0.2, 0.8]] * 3, dtype=torch.float64)
    _, centroids = kmeans_labels(f, 4)
    torch.testing.assert_close(centroids.sum(dim=1), torch.ones(4).double())


def test_kmeans_gives_the_same_labels_every_time_without_random_numbers():
    f = soft_labels(200, 6)
    before = torch.get_rng_state()
    first, second = (kmeans_labels(f, 6) for _ in range(2))
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert torch.equal(torch.get_rng_state(), before)


def test_labels_carry_no_gradient():
    f = soft_labels(10, 3).requires_grad_()
    labels, centroids = kmeans_labels(f, 3)
    assert not labels.requires_grad
    assert not centroids.requires_grad
    pooling = torch.full((1, 10), 0.1, dtype=torch.float64)
    assert not majority_labels(f, pooling).requires_grad
