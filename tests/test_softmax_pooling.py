import numpy as np
import pytest
import torch

from sksegment.nn import SoftmaxPooling, _softmax_pooling
from sksegment.regions import pooling_matrix

GRID = (7, 6)


@pytest.fixture(scope="module")
def matrix():
    """Of eleven superpixels of an image of 14x12 pixels, some of which are void."""
    superpixels = np.arange(42).reshape(GRID).repeat(2, axis=0).repeat(2, axis=1) // 4
    superpixels[3:5, 2:9] = -1
    return pooling_matrix(superpixels, GRID)


@pytest.fixture(params=[1, 13, 10_000], ids="blocks of {} pixels".format)
def pooling(matrix, request, monkeypatch):
    monkeypatch.setattr(_softmax_pooling, "_BLOCK_PIXELS", request.param)
    return SoftmaxPooling(matrix, GRID)


def logits(dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 5, *GRID, generator=generator, dtype=torch.float64).to(dtype)


def expected(matrix, z):
    pixels = torch.softmax(z.double(), dim=1)[0].flatten(1).T
    return torch.from_numpy(matrix.toarray()).double() @ pixels


def test_means_are_those_of_the_softmax(pooling, matrix):
    z = logits()
    torch.testing.assert_close(pooling.means_of_softmax(z), expected(matrix, z))


def test_product_is_that_of_the_matrix(pooling, matrix):
    values = np.random.default_rng(0).random((42, 3))
    found = pooling @ torch.from_numpy(values)
    np.testing.assert_allclose(found.numpy(), matrix @ values, atol=1e-12)


def test_gradient(pooling):
    z = logits().requires_grad_()
    assert torch.autograd.gradcheck(pooling.means_of_softmax, z)


def test_gradient_is_that_of_separate_steps(pooling, matrix):
    gradients = []
    weights = torch.arange(55.0, dtype=torch.float64).reshape(11, 5)
    for function in (pooling.means_of_softmax, lambda z: expected(matrix, z)):
        z = logits().requires_grad_()
        (function(z) * weights).sum().backward()
        gradients.append(z.grad)
    torch.testing.assert_close(*gradients)


def test_bfloat16_is_added_up_in_float32(pooling, matrix):
    z = logits(torch.bfloat16).requires_grad_()
    f = pooling.means_of_softmax(z)
    assert f.dtype == torch.float32
    torch.testing.assert_close(f.double(), expected(matrix, z), atol=1e-6, rtol=0)
    f.square().sum().backward()
    assert z.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_cropped_logits_of_any_layout(pooling, matrix, layout):
    z = logits()
    padded = torch.nn.functional.pad(z, (2, 3, 1, 4)).contiguous(memory_format=layout)
    cropped = padded[..., 1:8, 2:8]
    torch.testing.assert_close(pooling.means_of_softmax(cropped), expected(matrix, z))


def test_same_bits_every_time(matrix, monkeypatch):
    monkeypatch.setattr(_softmax_pooling, "_BLOCK_PIXELS", 6)
    z = logits(torch.float32)
    runs = [SoftmaxPooling(matrix, GRID).means_of_softmax(z) for _ in range(3)]
    assert torch.equal(runs[0], runs[1])
    assert torch.equal(runs[0], runs[2])
