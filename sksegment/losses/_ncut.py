"""Soft normalised cut, over pixels and over superpixels."""

from typing import Any

import numpy as np
import torch

from sksegment.nn import WindowOperator, overlap

__all__ = ["dense_soft_ncut", "pixel_affinity", "sparse_soft_ncut"]

_EPSILON = 1e-12


def sparse_soft_ncut(f: torch.Tensor, affinity: Any) -> torch.Tensor:
    r"""Soft normalised cut of a graph of superpixels, equation (5).

    .. math::

        L = 1 - \frac{1}{K} \sum_p
            \frac{\sum_{IJ} w_{IJ} f_{pI} f_{pJ}}{\sum_{IJ} w_{IJ} f_{pI}}

    Parameters
    ----------
    f : tensor of shape (N, K)
        Soft labels of the superpixels; rows sum to 1.
    affinity : matrix of shape (N, N)
        Symmetric weights w >= 0, large where two superpixels belong together:
        anything that multiplies a tensor with ``@``.

    Returns
    -------
    loss : tensor of shape ()
        In [0, 1]. The paper adds up the labels; taking their mean, like the reference
        code, makes the value independent of K.
    """
    within = (f * (affinity @ f)).sum(dim=0)
    degree = affinity @ f.new_ones((f.shape[0], 1))
    total = (f * degree).sum(dim=0)
    return 1.0 - (within / total.clamp_min(_EPSILON)).mean()


def dense_soft_ncut(f: torch.Tensor, affinity: Any) -> torch.Tensor:
    r"""Soft normalised cut of the pixels of an image, equation (1).

    It is the cut of equation (5) when every pixel is its own superpixel.

    Parameters
    ----------
    f : tensor of shape (K, H, W)
        Soft labels; channels sum to 1.
    affinity : matrix of shape (H * W, H * W)
        See `pixel_affinity`.

    Returns
    -------
    loss : tensor of shape ()
    """
    return sparse_soft_ncut(f.flatten(1).T, affinity)


def pixel_affinity(
    image: np.ndarray | torch.Tensor,
    *,
    radius: int = 5,
    sigma_intensity: float = 10 / 255,
    sigma_distance: float = 4.0,
) -> WindowOperator:
    r"""Affinity of the pixels within a radius, for the dense normalised cut.

    .. math::

        w_{ij} = e^{-|x_i - x_j|^2 / \sigma_I^2} e^{-|r_i - r_j|^2 / \sigma_X^2}
                 \quad \text{if } |r_i - r_j| < r

    Parameters
    ----------
    image : ndarray or tensor of shape (H, W, C)
        Intensities in [0, 1].
    radius : int, default=5
        Pixels.
    sigma_intensity : float, default=10/255
        Decay with the Euclidean distance of colours.
    sigma_distance : float, default=4.0
        Decay with the distance in pixels.

    Returns
    -------
    affinity : WindowOperator of shape (H * W, H * W), float32
        Symmetric, with the pixels themselves on the diagonal; ``affinity @ f`` is
        differentiable. It is where the image is.

    Notes
    -----
    Four bytes for each pixel and each of the offsets in half of the disc, 136 bytes a
    pixel for the default radius.

    References
    ----------
    Shi and Malik, "Normalized cuts and image segmentation", IEEE TPAMI 22(8), 2000,
    with the numbers of Xia and Kulis (2017).
    """
    image = _as_floats(image)
    height, width = image.shape[:2]
    offsets = [
        (dy, dx) for dy, dx in _half_disc(radius) if dy < height and abs(dx) < width
    ]
    weights = []
    for dy, dx in offsets:
        here, there = overlap((height, width), (dy, dx))
        squared = (image[here] - image[there]).square().sum(dim=-1)
        decay = squared / sigma_intensity**2 + (dy**2 + dx**2) / sigma_distance**2
        weights.append(torch.exp(-decay).float())
    return WindowOperator((height, width), offsets, weights)


def _as_floats(image):
    """Tensor whose differences are right: those of bytes would wrap around."""
    if not torch.is_tensor(image):
        # A copy, as torch knows neither read-only arrays nor negative strides.
        image = torch.from_numpy(np.array(image, order="C"))
    return image if image.is_floating_point() else image.float()


def _half_disc(radius):
    """Offsets within the radius, one of every opposite pair."""
    reach = range(-radius, radius + 1)
    return [
        (dy, dx)
        for dy in range(radius + 1)
        for dx in reach
        if (dy > 0 or dx > 0) and dy**2 + dx**2 < radius**2
    ]
