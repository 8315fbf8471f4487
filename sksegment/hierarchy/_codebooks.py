"""Few typical values instead of many: the colours and the textons of one image."""

from functools import partial
from math import gcd

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.cluster import MiniBatchKMeans
from threadpoolctl import threadpool_limits

__all__ = ["N_CODES", "colors", "textons"]

# Weights and widths were chosen on training photographs, see docs/research.md.
N_CODES = 32
_BLUR = 1.0
_SIGMAS = (1.0, 2.0, 4.0)
# Where contrast, in hundredths of the range, begins to count less than in proportion.
_CONTRAST = 3.0
# So many pixels, evenly spread, suffice for so few codes.
_SAMPLE = 22_000
_PASSES = 5


def colors(channels, inside):
    """Which of the image's typical colours each pixel has.

    Parameters
    ----------
    channels : ndarray of shape (C, H, W), float32
    inside : ndarray of shape (H, W), bool
        Pixels that matter.

    Returns
    -------
    codes : ndarray of shape (H, W), int32
        0..N_CODES-1.
    """
    return _codes(_rows((gaussian_filter(c, _BLUR) for c in channels), inside), inside)


def textons(brightness, inside):
    """Which of the image's typical local structures each pixel has.

    Textons [1]_ of filters that do not depend on the direction: magnitude of the
    gradient, Laplacian, and anisotropy of the second derivatives, at three widths.

    Parameters
    ----------
    brightness : ndarray of shape (H, W), float32
        In [0, 100].
    inside : ndarray of shape (H, W), bool
        Pixels that matter.

    Returns
    -------
    codes : ndarray of shape (H, W), int32
        0..N_CODES-1.

    References
    ----------
    .. [1] J. Malik, S. Belongie, T. Leung, J. Shi, "Contour and texture analysis for
       image segmentation", International Journal of Computer Vision 43, 2001.
    """
    values = _rows(_responses(brightness), inside)
    strength = np.linalg.norm(values, axis=1, keepdims=True)
    values *= np.log1p(strength / _CONTRAST) / np.maximum(strength, 1e-6)
    return _codes(values, inside)


def _responses(brightness):
    for sigma in _SIGMAS:
        derivative = partial(gaussian_filter, brightness, sigma)
        yield sigma * np.hypot(derivative(order=(0, 1)), derivative(order=(1, 0)))
        xx, yy = derivative(order=(0, 2)), derivative(order=(2, 0))
        xy = derivative(order=(1, 1))
        yield sigma**2 * (xx + yy)
        yield sigma**2 * np.sqrt((xx - yy) ** 2 + 4.0 * xy**2)


def _rows(planes, inside):
    """Values of the pixels that matter, (n, number of planes); one plane at a time."""
    return np.stack([plane[inside] for plane in planes], axis=1, dtype=np.float32)


def _step(n_values, width):
    """From one pixel of a sample to the next, in no step with the columns."""
    step = max(1, n_values // _SAMPLE)
    while gcd(step, width) > 1:
        step += 1
    return step


def _codes(values, inside):
    sample = values[:: _step(len(values), inside.shape[1])]
    # All passes are made: an early stop looks at a sum that depends on the threads.
    model = MiniBatchKMeans(
        min(N_CODES, len(sample)),
        n_init=1,
        batch_size=4096,
        max_iter=_PASSES,
        max_no_improvement=None,
        random_state=0,
    )
    codes = np.zeros(inside.shape, np.int32)
    # Batches are so small that OpenMP threads would mostly wait for each other, many
    # times as long where another program has one of their cores.
    with threadpool_limits(1, user_api="openmp"):
        codes[inside] = model.fit(sample).predict(values)
    return codes
