import numpy as np
import pytest
import torch

from sksegment.losses import dense_soft_ncut, pixel_affinity, sparse_soft_ncut
from sksegment.regions import pooling_matrix


def soft_labels(n, k, seed=0):
    """Soft labels of superpixels, rows sum to 1."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, k, generator=generator, dtype=torch.float64)
    return torch.softmax(2 * z, dim=1)


def random_affinity(n, seed=0, density=0.3):
    rng = np.random.default_rng(seed)
    weights = np.triu(rng.random((n, n)) * (rng.random((n, n)) < density), 1)
    return torch.from_numpy(weights + weights.T)


def cliques(*sizes):
    """Affinity of cliques without any edge between them, and whose is what."""
    member = np.repeat(np.arange(len(sizes)), sizes)
    weights = (member[:, np.newaxis] == member).astype(float)
    return torch.from_numpy(weights), torch.from_numpy(member)


def hard(labels, k):
    return torch.nn.functional.one_hot(labels, k).double()


def random_image(height=7, width=6, channels=3):
    return np.random.default_rng(0).random((height, width, channels))


def equation_5(f, w):
    """Sparse soft N-cut by loops; labels are averaged, so 1 = K / K."""
    n, k = f.shape
    loss = 0.0
    for p in range(k):
        within = total = 0.0
        for i in range(n):
            for j in range(n):
                within += w[i][j] * f[i][p] * f[j][p]
                total += w[i][j] * f[i][p]
        loss += 1.0 - within / total
    return loss / k


def equation_1(f, w):
    """Dense soft N-cut by loops over pixels ij and kl."""
    k, height, width = f.shape
    loss = 0.0
    for p in range(k):
        within = total = 0.0
        for i, j in np.ndindex(height, width):
            for m, n in np.ndindex(height, width):
                weight = w[i * width + j][m * width + n]
                within += weight * f[p][i][j] * f[p][m][n]
                total += weight * f[p][i][j]
        loss += 1.0 - within / total
    return loss / k


def affinity_by_loops(image, radius, sigma_intensity, sigma_distance):
    height, width = image.shape[:2]
    weights = np.zeros((height * width, height * width))
    for i, j in np.ndindex(height, width):
        for m, n in np.ndindex(height, width):
            apart = (i - m) ** 2 + (j - n) ** 2
            if apart >= radius**2:
                continue
            colour = sum((image[i, j] - image[m, n]) ** 2)
            weights[i * width + j, m * width + n] = np.exp(
                -colour / sigma_intensity**2
            ) * np.exp(-apart / sigma_distance**2)
    return weights


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("n", "k"), [(8, 2), (15, 5), (10, 1)])
def test_sparse_ncut_is_equation_5(n, k, seed):
    f, w = soft_labels(n, k, seed), random_affinity(n, seed)
    expected = equation_5(f.numpy(), w.numpy())
    assert sparse_soft_ncut(f, w).item() == pytest.approx(expected, abs=1e-6)


def test_dense_ncut_is_equation_1():
    image = random_image(5, 4)
    f = soft_labels(20, 3).T.reshape(3, 5, 4)
    affinity = pixel_affinity(image, radius=3, sigma_intensity=0.5).tocsr().toarray()
    loss = dense_soft_ncut(f, torch.from_numpy(affinity).double())
    assert loss.item() == pytest.approx(equation_1(f.numpy(), affinity), abs=1e-6)


def test_one_pixel_superpixels_reproduce_the_dense_value():
    height, width = 7, 6
    f = soft_labels(height * width, 4)
    affinity = pixel_affinity(random_image(), sigma_intensity=0.3).tocsr().toarray()
    affinity = torch.from_numpy(affinity).double()
    superpixels = np.arange(height * width).reshape(height, width)
    pooling = torch.from_numpy(pooling_matrix(superpixels, (height, width)).toarray())
    sparse = sparse_soft_ncut(pooling.double() @ f, affinity)
    dense = dense_soft_ncut(f.T.reshape(4, height, width), affinity)
    assert sparse.item() == pytest.approx(dense.item(), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "k", "expected"),
    [
        # The true partition cuts nothing.
        ([0, 0, 0, 1, 1, 1, 1, 1], 2, 0.0),
        # One label for all cuts nothing, but the label out of use costs 1 / K.
        ([0] * 8, 2, 1 / 2),
        ([0, 0, 0, 1, 1, 1, 1, 1], 3, 1 / 3),
        # Label 0 keeps 9 + 4 of the 3 * 3 + 2 * 5 weights it has, label 1 3 * 3 of 15.
        ([0, 0, 0, 0, 0, 1, 1, 1], 2, 1 - (13 / 19 + 9 / 15) / 2),
    ],
)
def test_value_for_two_disconnected_cliques(labels, k, expected):
    affinity, _ = cliques(3, 5)
    loss = sparse_soft_ncut(hard(torch.tensor(labels), k), affinity)
    assert loss.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_undecided_labels_cost_1_minus_1_over_k(k):
    f = torch.full((12, k), 1 / k, dtype=torch.float64)
    loss = sparse_soft_ncut(f, random_affinity(12))
    assert loss.item() == pytest.approx(1 - 1 / k, abs=1e-12)


def test_true_partition_is_the_best_of_all_partitions_in_two():
    affinity, member = cliques(3, 4)
    affinity = affinity + 0.05
    best = sparse_soft_ncut(hard(member, 2), affinity)
    for number in range(1, 2**6):
        labels = torch.tensor([number >> i & 1 for i in range(7)])
        loss = sparse_soft_ncut(hard(labels, 2), affinity)
        assert (
            torch.equal(labels, member)
            or torch.equal(labels, 1 - member)
            or (loss > best)
        )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [1, 2, 7])
def test_loss_lies_between_0_and_1(k, seed):
    f = soft_labels(20, k, seed)
    for labels in (f, hard(f.argmax(dim=1), k)):
        loss = sparse_soft_ncut(labels, random_affinity(20, seed))
        assert -1e-12 <= loss.item() <= 1 + 1e-12


def test_graph_without_edges_has_a_finite_loss_and_gradient():
    f = soft_labels(5, 3).requires_grad_()
    loss = sparse_soft_ncut(f, torch.zeros(5, 5, dtype=torch.float64))
    loss.backward()
    assert loss.item() == 1.0
    assert torch.isfinite(f.grad).all()


def test_superpixel_without_neighbours_changes_nothing():
    f, w = soft_labels(9, 3), random_affinity(9)
    padded = torch.nn.functional.pad(w, (0, 1, 0, 1))
    with_island = torch.cat([f, soft_labels(1, 3, seed=9)])
    expected = sparse_soft_ncut(f, w).item()
    assert sparse_soft_ncut(with_island, padded).item() == pytest.approx(expected)


def test_unit_of_the_affinity_does_not_matter():
    f, w = soft_labels(9, 3), random_affinity(9)
    values = [sparse_soft_ncut(f, c * w).item() for c in (1.0, 1e-3, 1e6)]
    assert values == pytest.approx([values[0]] * 3, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_permuting_labels_leaves_the_loss_unchanged(seed):
    f, w = soft_labels(12, 5, seed), random_affinity(12)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(seed))
    ours, theirs = sparse_soft_ncut(f, w), sparse_soft_ncut(f[:, order], w)
    assert ours.item() == pytest.approx(theirs.item(), abs=1e-12)


def test_permuting_superpixels_leaves_the_loss_unchanged():
    f, w = soft_labels(12, 5), random_affinity(12)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    theirs = sparse_soft_ncut(f[order], w[order][:, order])
    assert sparse_soft_ncut(f, w).item() == pytest.approx(theirs.item(), abs=1e-12)


def test_gradient_of_the_sparse_loss():
    w = random_affinity(6, density=0.6)
    z = soft_labels(6, 3).log().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: sparse_soft_ncut(torch.softmax(z, dim=1), w), z
    )
    assert torch.autograd.gradcheck(
        lambda f: sparse_soft_ncut(f, w), z.exp().detach().requires_grad_()
    )


def test_gradient_of_the_dense_loss():
    affinity = pixel_affinity(random_image(4, 3), radius=2, sigma_intensity=1.0)
    affinity = torch.from_numpy(affinity.tocsr().toarray()).double()
    z = soft_labels(12, 2).log().T.reshape(2, 4, 3).contiguous().requires_grad_()
    assert torch.autograd.gradcheck(
        lambda z: dense_soft_ncut(torch.softmax(z, dim=0), affinity), z
    )


@pytest.mark.parametrize("radius", [2, 3, 5, 6])
@pytest.mark.parametrize("channels", [1, 3])
def test_pixel_affinity_equals_a_loop_over_all_pairs(channels, radius):
    image = random_image(7, 6, channels)
    options = {"radius": radius, "sigma_intensity": 0.7, "sigma_distance": 2.5}
    affinity = pixel_affinity(image, **options).tocsr().toarray()
    np.testing.assert_allclose(affinity, affinity_by_loops(image, **options), atol=1e-6)
    np.testing.assert_array_equal(affinity, affinity.T)
    np.testing.assert_array_equal(np.diag(affinity), 1)


def test_defaults_of_pixel_affinity_are_those_of_xia_and_kulis():
    image = random_image(7, 6, 1) / 20
    expected = affinity_by_loops(image, 5, 10 / 255, 4.0)
    affinity = pixel_affinity(image)
    assert affinity.tocsr().dtype == np.float32
    np.testing.assert_allclose(affinity.tocsr().toarray(), expected, atol=1e-6)
    # The image matters: between unlike pixels hardly anything is left.
    assert affinity.tocsr().toarray()[expected > 0].min() < 0.5 * np.exp(-16 / 16)


def test_parameters_of_pixel_affinity_go_by_their_names():
    with pytest.raises(TypeError):
        pixel_affinity(random_image(), 5)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float32, np.float64])
def test_pixel_affinity_takes_any_array_and_leaves_it(dtype):
    image = (random_image(7, 6, 1) > 0.5).astype(dtype)
    expected = affinity_by_loops(image.astype(float), 5, 0.7, 4.0)
    for view in (image, np.asfortranarray(image), image[::-1].copy()[::-1]):
        view.flags.writeable = False
        affinity = pixel_affinity(view, sigma_intensity=0.7).tocsr().toarray()
        np.testing.assert_allclose(affinity, expected, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 9), (9, 3), (2, 2)])
def test_pixel_affinity_of_an_image_smaller_than_the_radius(shape):
    image = random_image(*shape)
    affinity = pixel_affinity(image, radius=5, sigma_intensity=0.7).tocsr().toarray()
    np.testing.assert_allclose(
        affinity, affinity_by_loops(image, 5, 0.7, 4.0), atol=1e-6
    )


def test_pixel_affinity_of_radius_1_is_the_identity():
    affinity = pixel_affinity(random_image(), radius=1).tocsr().toarray()
    np.testing.assert_array_equal(affinity, np.eye(42))
