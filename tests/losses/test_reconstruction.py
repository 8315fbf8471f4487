import numpy as np
import pytest
import torch

from sksegment.losses import reconstruction_loss


def random_batch(seed, shape=(2, 3, 5, 4)):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def test_loss_is_the_mean_of_squares_over_everything():
    x, y = random_batch(0), random_batch(1)
    squares = [(x[index] - y[index]).item() ** 2 for index in np.ndindex(*x.shape)]
    expected = sum(squares) / len(squares)
    assert reconstruction_loss(x, y).item() == pytest.approx(expected, abs=1e-12)


def test_perfect_reconstruction_costs_nothing():
    assert reconstruction_loss(random_batch(0), random_batch(0)).item() == 0


def test_gradient():
    x, y = random_batch(0, (1, 2, 3, 3)), random_batch(1, (1, 2, 3, 3))
    y.requires_grad_()
    assert torch.autograd.gradcheck(lambda y: reconstruction_loss(x, y), y)
