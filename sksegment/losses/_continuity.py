"""Continuity: neighbours shall have the same soft labels."""

from typing import Any

import torch

__all__ = ["dense_continuity", "sparse_continuity"]


def sparse_continuity(f: torch.Tensor, adjacency: Any) -> torch.Tensor:
    r"""Difference of superpixels from the mean of their neighbours, equation (7).

    .. math:: L = \frac{1}{N K} \sum_I \sum_p | \sum_J A_{IJ} f_{pJ} - f_{pI} |

    Parameters
    ----------
    f : tensor of shape (N, K)
        Soft labels of the superpixels.
    adjacency : matrix of shape (N, N)
        Weights of the neighbours, equation (8): rows sum to 1, or to 0 for a
        superpixel without neighbours, which then costs nothing.

    Returns
    -------
    loss : tensor of shape ()
    """
    share = adjacency @ f.new_ones((f.shape[0], 1))
    return (adjacency @ f - share * f).abs().mean()


def dense_continuity(f: torch.Tensor) -> torch.Tensor:
    r"""Difference of vertical and horizontal neighbours, equation (4).

    Parameters
    ----------
    f : tensor of shape (K, H, W)
        Soft labels of the pixels.

    Returns
    -------
    loss : tensor of shape ()
        Mean over labels and pairs, vertical and horizontal half and half.
    """
    vertical = (f[:, 1:] - f[:, :-1]).abs().mean()
    horizontal = (f[:, :, 1:] - f[:, :, :-1]).abs().mean()
    return 0.5 * (vertical + horizontal)
