"""Images of half their size, and planes brought back."""

import numpy as np
from scipy.ndimage import gaussian_filter

__all__ = ["doubled", "half_size"]

_BLUR = 1.0


def half_size(image, inside):
    """Blur an image and make it half as large.

    Parameters
    ----------
    image : ndarray of shape (H, W, C), float32
    inside : ndarray of shape (H, W), bool
        Field of view.

    Returns
    -------
    image : ndarray of shape (ceil(H / 2), ceil(W / 2), C), float32
    inside : ndarray of shape (ceil(H / 2), ceil(W / 2)), bool
        Pixels all of whose parts were inside.
    """
    blurred = gaussian_filter(image, (_BLUR, _BLUR, 0))
    return _halved(blurred), _halved(inside) == 1.0


def doubled(plane, shape):
    """Repeat every pixel, back to ``shape``, which is at most twice that of a plane."""
    return plane.repeat(2, axis=0).repeat(2, axis=1)[: shape[0], : shape[1]]


def _halved(planes):
    """Means of 2 x 2 pixels, float32; an odd last row or column counts twice."""
    height, width = planes.shape[:2]
    beyond = [(0, height % 2), (0, width % 2), *[(0, 0)] * (planes.ndim - 2)]
    padded = np.pad(planes, beyond, mode="edge").astype(np.float32)
    return sum(padded[y::2, x::2] for y in (0, 1) for x in (0, 1)) / np.float32(4.0)
