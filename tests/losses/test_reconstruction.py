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


def test_pixels_of_no_weight_do_not_count():
    x, y = random_batch(0), random_batch(1)
    weight = torch.zeros(2, 1, 5, 4, dtype=torch.float64)
    weight[0, :, 1:3, 2:] = 1.0
    expected = reconstruction_loss(x[:1, :, 1:3, 2:], y[:1, :, 1:3, 2:])
    assert reconstruction_loss(x, y, weight).item() == pytest.approx(expected.item())


@pytest.mark.parametrize("size", [0.3, 1e-6, 1e6])
def test_equal_weights_change_nothing(size):
    x, y = random_batch(0), random_batch(1)
    weight = torch.full((2, 1, 5, 4), size, dtype=torch.float64)
    expected = reconstruction_loss(x, y).item()
    assert reconstruction_loss(x, y, weight).item() == pytest.approx(expected)


def test_nothing_inside_costs_nothing():
    weight = torch.zeros(2, 1, 5, 4, dtype=torch.float64)
    assert reconstruction_loss(random_batch(0), random_batch(1), weight).item() == 0
