"""Products with a matrix between nearby pixels, against the matrix written out."""

import numpy as np
import pytest
import torch

from sksegment.losses import pixel_affinity
from sksegment.nn import WindowOperator, overlap
from sksegment.nn import _window as window

SHAPES = [(9, 7), (12, 5), (3, 9), (9, 3), (2, 2), (1, 8), (8, 1), (1, 1)]


def operator_of(shape, radius=5, seed=0):
    """An affinity with weights of all sizes, not only of neighbours alike."""
    image = np.random.default_rng(seed).random((*shape, 2))
    return pixel_affinity(image, radius=radius, sigma_intensity=0.7)


def dense_of(operator):
    return torch.from_numpy(operator.tocsr().toarray()).double()


def values(n, k, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_product_is_that_of_the_dense_matrix(shape, k):
    operator = operator_of(shape)
    x = values(operator.shape[1], k)
    torch.testing.assert_close(operator @ x, dense_of(operator) @ x)


def test_matrix_is_symmetric_with_ones_on_its_diagonal():
    operator = operator_of((6, 5))
    matrix = operator @ torch.eye(30, dtype=torch.float64)
    assert torch.equal(matrix, matrix.T)
    assert torch.equal(matrix.diagonal(), torch.ones(30, dtype=torch.float64))
    assert operator.shape == (30, 30)


def test_every_weight_stands_where_its_offset_says():
    # Pixels  0 1 2
    #         3 4 5
    weights = [torch.tensor([[0.1, 0.2], [0.3, 0.4]]), torch.tensor([[0.5, 0.6]])]
    operator = WindowOperator((2, 3), [(0, 1), (1, -1)], weights)
    expected = np.eye(6)
    pairs = {(0, 1): 0.1, (1, 2): 0.2, (3, 4): 0.3, (4, 5): 0.4}
    pairs |= {(1, 3): 0.5, (2, 4): 0.6}
    for (i, j), weight in pairs.items():
        expected[i, j] = expected[j, i] = weight
    np.testing.assert_allclose(operator.tocsr().toarray(), expected, rtol=1e-6)
    np.testing.assert_allclose(operator @ torch.eye(6), expected, rtol=1e-6)


@pytest.mark.parametrize("offset", [(0, 2), (3, 0), (2, 1), (1, -2), (4, -3)])
def test_overlap_pairs_every_pixel_with_the_one_at_the_offset(offset):
    rows, columns = np.indices((6, 5))
    here, there = overlap((6, 5), offset)
    assert rows[here].size == (6 - offset[0]) * (5 - abs(offset[1]))
    np.testing.assert_array_equal(rows[there] - rows[here], offset[0])
    np.testing.assert_array_equal(columns[there] - columns[here], offset[1])


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 5, 100])
@pytest.mark.parametrize("shape", [(9, 7), (12, 5), (3, 9)])
def test_strips_of_any_height_give_the_same_product(shape, rows, monkeypatch):
    operator = operator_of(shape)
    x = values(operator.shape[1], 3)
    expected = dense_of(operator) @ x
    # So few values that not even a row has room are a row all the same.
    monkeypatch.setattr(window, "_STRIP", rows * shape[1] * 3)
    torch.testing.assert_close(operator @ x, expected)


def test_image_that_needs_strips_by_itself_is_multiplied_right():
    shape, k = (300, 40), 32
    assert 300 * 40 * k > window._STRIP
    operator = operator_of(shape, radius=2)
    x = values(operator.shape[1], k)
    expected = torch.from_numpy(operator.tocsr().astype(np.float64) @ x.numpy())
    torch.testing.assert_close(operator @ x, expected)


@pytest.mark.parametrize("strip", [1, 2**18])
@pytest.mark.parametrize("shape", [(4, 3), (2, 6), (1, 4)])
def test_gradient(shape, strip, monkeypatch):
    monkeypatch.setattr(window, "_STRIP", strip)
    operator = operator_of(shape)
    x = values(operator.shape[1], 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: operator @ x, x)


@pytest.mark.parametrize("shape", [(9, 7), (3, 9)])
def test_gradient_is_that_of_the_dense_matrix(shape):
    operator = operator_of(shape)
    gradients = []
    for matrix in (operator, dense_of(operator)):
        x = values(operator.shape[1], 3).requires_grad_()
        (matrix @ torch.softmax(matrix @ x, dim=1)).square().sum().backward()
        gradients.append(x.grad)
    torch.testing.assert_close(*gradients)


def test_tensors_may_have_any_memory_layout():
    operator = operator_of((6, 5))
    dense = dense_of(operator)
    x = values(4, 30).T.requires_grad_()
    assert not x.is_contiguous()
    torch.testing.assert_close(operator @ x, dense @ x)
    # An expanded gradient has strides of zero.
    (operator @ x).sum().backward()
    torch.testing.assert_close(x.grad, dense.sum(dim=0)[:, None].expand(30, 4))
    ones = torch.ones(1, 1, dtype=torch.float64).expand(30, 2)
    torch.testing.assert_close(operator @ ones, dense @ ones)


def test_operand_is_not_written_to():
    operator, x = operator_of((6, 5)), values(30, 2)
    before = x.clone()
    assert not torch.equal(operator @ x, before)
    assert torch.equal(x, before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_product_has_the_type_of_the_operand(dtype):
    assert (operator_of((6, 5)) @ values(30, 2).to(dtype)).dtype == dtype


def test_product_is_the_same_every_time():
    operator, x = operator_of((40, 30)), values(1200, 8).float()
    assert torch.equal(operator @ x, operator @ x)


def test_copy_to_a_device_leaves_the_original_where_it_was():
    operator = operator_of((6, 5))
    moved = operator.to("meta")
    assert {weight.device.type for weight in moved.weights} == {"meta"}
    assert {weight.device.type for weight in operator.weights} == {"cpu"}
    assert (moved.shape, moved.offsets) == (operator.shape, operator.offsets)


def test_copy_on_the_same_device_multiplies_alike():
    operator, x = operator_of((6, 5)), values(30, 2)
    assert torch.equal(operator.to("cpu") @ x, operator @ x)


def test_a_window_of_radius_5_takes_136_bytes_a_pixel():
    affinity = pixel_affinity(np.zeros((50, 60, 3), np.float32))
    n_bytes = sum(weight.nbytes for weight in affinity.weights)
    assert 0.85 * 136 < n_bytes / (50 * 60) <= 136
