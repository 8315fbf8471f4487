import numpy as np
import pytest

from sksegment.labelling import brightness_order, fit_centers, paint, region_shares
from sksegment.regions import pooling_matrix

ASSIGNMENTS = ["mean", "majority", "kmeans"]


def soft_labels(height, width, k, seed=0):
    """Soft labels of pixels as the net gives them."""
    z = 3 * np.random.default_rng(seed).normal(size=(height, width, k))
    f = np.exp(z)
    return (f / f.sum(axis=-1, keepdims=True)).astype(np.float32)


def random_superpixels(shape=(9, 12), n=6, seed=0):
    superpixels = np.random.default_rng(seed).integers(n, size=shape)
    superpixels.flat[:n] = np.arange(n)
    superpixels[-1] = -1
    return superpixels


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
@pytest.mark.parametrize("grid", [(9, 12), (5, 6)])
def test_rows_of_shares_sum_to_1(assignment, grid):
    superpixels = random_superpixels()
    centers = np.random.default_rng(1).dirichlet(np.ones(4), size=4)
    pooling = pooling_matrix(superpixels, grid)
    shares = region_shares(soft_labels(*grid, 4), pooling, assignment, centers)
    assert shares.shape == (6, 4)
    assert shares.dtype == np.float32
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("assignment", ["mean", "majority"])
def test_rows_of_shares_sum_to_1_however_large_a_superpixel_is(assignment):
    # Its 90,000 terms, added up one by one in float32, miss 1 by more than that.
    superpixels = np.zeros((300, 300), np.int32)
    pooling = pooling_matrix(superpixels, (300, 300))
    shares = region_shares(soft_labels(300, 300, 4), pooling, assignment)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def test_shares_of_the_mean_are_mean_soft_labels():
    superpixels, f = random_superpixels(), soft_labels(9, 12, 4)
    shares = region_shares(f, pooling_matrix(superpixels, (9, 12)), "mean")
    for k in range(6):
        expected = f[superpixels == k].mean(axis=0)
        np.testing.assert_allclose(shares[k], expected, atol=1e-6)


def test_shares_of_the_majority_are_shares_of_pixels():
    superpixels, f = random_superpixels(), soft_labels(9, 12, 4)
    shares = region_shares(f, pooling_matrix(superpixels, (9, 12)), "majority")
    for k in range(6):
        counts = np.bincount(f[superpixels == k].argmax(axis=1), minlength=4)
        np.testing.assert_allclose(shares[k], counts / counts.sum(), atol=1e-6)


def test_largest_share_of_kmeans_is_the_nearest_centre():
    superpixels, f = random_superpixels(), soft_labels(9, 12, 4)
    pooling = pooling_matrix(superpixels, (9, 12))
    centers = np.random.default_rng(1).dirichlet(np.ones(4), size=4)
    shares = region_shares(f, pooling, "kmeans", centers)
    means = pooling @ f.reshape(-1, 4)
    distances = [[np.linalg.norm(m - c) for c in centers] for m in means]
    np.testing.assert_array_equal(shares.argmax(axis=1), np.argmin(distances, axis=1))


def test_superpixel_at_a_centre_has_a_finite_share_even_when_all_are():
    f = np.zeros((2, 2, 2), np.float32)
    f[0, :, 0] = f[1, :, 1] = 1
    pooling = pooling_matrix(np.array([[0, 0], [1, 1]]), (2, 2))
    shares = region_shares(f, pooling, "kmeans", np.eye(2))
    np.testing.assert_allclose(shares, np.eye(2), atol=1e-6)


def test_centres_are_those_of_groups_and_the_same_every_time():
    rng = np.random.default_rng(0)
    truth = np.array([[0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.1, 0.2, 0.7]])
    f = (truth.repeat(20, axis=0) + rng.normal(0, 0.01, (60, 3))).astype(np.float32)
    first, second = (fit_centers(f, 3, seed=0) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    order = first.argmax(axis=1).argsort()
    np.testing.assert_allclose(first[order], truth, atol=0.01)


def test_centres_to_spare_get_no_superpixel():
    f = np.array([[0.9, 0.1, 0.0]] * 4 + [[0.1, 0.8, 0.1]] * 5, np.float32)
    centers = fit_centers(f, 3, seed=0)
    assert centers.shape == (3, 3)
    assert np.isfinite(centers).all()
    # Superpixels of another image, far from both centres in use.
    others = soft_labels(3, 3, 3) / 3
    pooling = pooling_matrix(np.arange(9).reshape(3, 3), (3, 3))
    shares = region_shares(others, pooling, "kmeans", centers)
    np.testing.assert_array_equal(shares[:, 2], 0)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def order_of(labels, brightness, sizes, n_labels):
    arrays = map(np.array, (labels, brightness, sizes))
    return brightness_order(*arrays, n_labels)


def test_labels_are_ordered_by_brightness_those_not_in_use_last():
    order = order_of([4, 0, 2], [5.0, 1.0, 3.0], [2, 2, 2], n_labels=6)
    assert order[:3].tolist() == [0, 2, 4]
    assert sorted(order.tolist()) == list(range(6))
    assert order[3:].tolist() == [1, 3, 5]


def test_brightness_of_a_label_weighs_its_superpixels_by_size():
    # Mean of label 0 by pixels: (9 * 1 + 1 * 10) / 10 = 1.9 < 2.
    order = order_of([0, 0, 1], [1.0, 10.0, 2.0], [9, 1, 3], n_labels=2)
    assert order.tolist() == [0, 1]
    order = order_of([0, 0, 1], [1.0, 10.0, 2.0], [5, 5, 3], n_labels=2)
    assert order.tolist() == [1, 0]


def test_equally_bright_labels_keep_their_order():
    order = order_of([2, 0, 1], [1.0, 1.0, 1.0], [2, 3, 4], n_labels=3)
    assert order.tolist() == [0, 1, 2]


def test_black_label_comes_before_labels_not_in_use():
    assert order_of([2, 1], [-3.0, 0.0], [2, 2], n_labels=3).tolist() == [2, 1, 0]


def test_every_pixel_is_painted_with_the_value_of_its_superpixel():
    superpixels = random_superpixels()
    values = np.array([5, 3, 8, 1, 0, 2], np.int32)
    before = values.copy()
    painted = paint(superpixels, values, void=-1)
    assert painted.dtype == np.int32
    for index in np.ndindex(*superpixels.shape):
        k = superpixels[index]
        assert painted[index] == (values[k] if k >= 0 else -1)
    np.testing.assert_array_equal(values, before)


def test_vectors_are_painted_too_and_void_fills_them():
    superpixels = random_superpixels()
    values = np.random.default_rng(0).random((6, 4), np.float32)
    painted = paint(superpixels, values, void=np.nan)
    assert painted.shape == (9, 12, 4)
    assert np.isnan(painted[-1]).all()
    inside = superpixels >= 0
    np.testing.assert_array_equal(painted[inside], values[superpixels[inside]])
