"""Reconstruction of the image from its soft labels."""

import torch
from torch.nn.functional import mse_loss

__all__ = ["reconstruction_loss"]


def reconstruction_loss(
    x: torch.Tensor, x_reconstructed: torch.Tensor, weight: torch.Tensor | None = None
) -> torch.Tensor:
    r"""Mean squared error between images and their reconstructions.

    .. math:: L_{rec} = \sum_i w_i (x_i - x'_i)^2 / \sum_i w_i

    Parameters
    ----------
    x, x_reconstructed : tensor of shape (B, C, H, W)
    weight : tensor of shape (B, 1, H, W), optional
        Weights w of the pixels, all 1 by default: 0 outside a field of view.

    Returns
    -------
    loss : tensor of shape ()
        0 where all weights are.
    """
    if weight is None:
        return mse_loss(x_reconstructed, x)
    squared = (weight * (x - x_reconstructed).square()).sum()
    return squared / (x.shape[1] * weight.sum()).clamp_min(1e-12)
