"""Soft normalised cut, over pixels and over superpixels."""

import numpy as np
from scipy import sparse

__all__ = ["dense_soft_ncut", "pixel_affinity", "sparse_soft_ncut"]

_EPSILON = 1e-12


def sparse_soft_ncut(f, affinity):
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


def dense_soft_ncut(f, affinity):
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


def pixel_affinity(image, *, radius=5, sigma_intensity=10 / 255, sigma_distance=4.0):
    r"""Affinity of the pixels within a radius, for the dense normalised cut.

    .. math::

        w_{ij} = e^{-|x_i - x_j|^2 / \sigma_I^2} e^{-|r_i - r_j|^2 / \sigma_X^2}
                 \quad \text{if } |r_i - r_j| < r

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        Intensities in [0, 1].
    radius : int, default=5
        Pixels.
    sigma_intensity : float, default=10/255
        Decay with the Euclidean distance of colours.
    sigma_distance : float, default=4.0
        Decay with the distance in pixels.

    Returns
    -------
    affinity : scipy.sparse.csr_array of shape (H * W, H * W), float32
        Symmetric, with the pixels themselves on the diagonal.

    References
    ----------
    Shi and Malik, "Normalized cuts and image segmentation", IEEE TPAMI 22(8), 2000,
    with the numbers of Xia and Kulis (2017).
    """
    height, width = image.shape[:2]
    numbers = np.arange(height * width).reshape(height, width)
    rows, columns, weights = [numbers[:0, 0]], [numbers[:0, 0]], [np.zeros(0, "f4")]
    for dy, dx in _half_disc(radius):
        if dy >= height or abs(dx) >= width:
            continue
        here, there = _overlap(height, width, dy, dx)
        difference = image[here].astype(np.float64) - image[there]
        squared = np.einsum("...c,...c->...", difference, difference)
        decay = squared / sigma_intensity**2 + (dy**2 + dx**2) / sigma_distance**2
        rows.append(numbers[here].ravel())
        columns.append(numbers[there].ravel())
        weights.append(np.exp(-decay).astype(np.float32).ravel())
    row, column, weight = map(np.concatenate, (rows, columns, weights))
    half = sparse.coo_array((weight, (row, column)), shape=(numbers.size,) * 2).tocsr()
    return (half + half.T + sparse.eye_array(numbers.size, dtype=np.float32)).tocsr()


def _half_disc(radius):
    """Offsets within the radius, one of every opposite pair."""
    reach = range(-radius, radius + 1)
    return [
        (dy, dx)
        for dy in range(radius + 1)
        for dx in reach
        if (dy > 0 or dx > 0) and dy**2 + dx**2 < radius**2
    ]


def _overlap(height, width, dy, dx):
    """Slices of the pixels that have a neighbour at an offset, and of those."""
    left, right = max(0, -dx), max(0, dx)
    here = np.s_[: height - dy, left : width - right]
    there = np.s_[dy:, right : width - left]
    return here, there
