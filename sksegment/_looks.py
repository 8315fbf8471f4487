"""What single pixels look like: their colours, and the contrast around them."""

import numpy as np
from scipy.ndimage import (
    gaussian_filter,
    generate_binary_structure,
    minimum_filter,
)

__all__ = ["looks_of_part", "looks_of_pixels"]

# Chosen on stacks and on photographs, see docs/research.md.
# Widths of the windows that colours are averaged in, and of what those are chosen from.
_SIGMA = 0.7
_CHOICE_SIGMA = 0.5
# A window of this variance is flat.
_FLAT = np.float32(1e-5)
# Width of the window in which contrast is local, and how far from the pixel it may lie;
# what contrast is compared with, of the range of intensities.
_CONTRAST_SIGMA = 4.0
_REACH = 9
_CONTRAST_UNIT = 0.01
# A square this wide, widened by a cross until it has that reach, is nearly a disc.
_SQUARE = 4
_CROSS = generate_binary_structure(2, 1)
_TRUNCATE = 3.0
# Of the window that lies where pixels matter.
_LEAST_SHARE = np.float32(1e-4)
# Pixels beyond the rim of a part on which its looks depend.
_MARGIN = _REACH + int(_TRUNCATE * _CONTRAST_SIGMA + 0.5)


def looks_of_pixels(scaled, inside=None, *, contrast=True):
    """Colours of pixels without noise and blur, and local contrast.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32
    inside : ndarray of shape (H, W), bool, optional
        Pixels that matter; all by default.
    contrast : bool, default=True

    Returns
    -------
    looks : ndarray of shape (H, W, C + 1), float32
        (H, W, C) without contrast.
    """
    n_channels = scaled.shape[-1]
    looks = np.empty((*scaled.shape[:2], n_channels + contrast), np.float32)
    _colors(scaled, inside, looks[..., :n_channels])
    if contrast:
        looks[..., n_channels] = _local_contrast(scaled, inside)
    return looks


def looks_of_part(parts, rows, columns, superpixels, *, contrast=True):
    """Do what `looks_of_pixels` does for a part of an image.

    Parameters
    ----------
    parts : ScaledParts
    rows, columns : slice
        Both with beginning and end.
    superpixels : ndarray of shape (H, W), int
        Of the image; negative where pixels do not matter.
    contrast : bool, default=True

    Returns
    -------
    looks : ndarray of shape (h, w, C + 1), float32
        A part of what it gives for the image.
    """
    wide, inner = [], []
    for window, size in zip((rows, columns), parts.shape, strict=False):
        start = max(0, window.start - _MARGIN)
        wide.append(slice(start, min(size, window.stop + _MARGIN)))
        inner.append(slice(window.start - start, window.stop - start))
    inside = superpixels[tuple(wide)] >= 0
    looks = looks_of_pixels(parts.read(*wide), inside, contrast=contrast)
    return looks[tuple(inner)]


def _colors(scaled, inside, out):
    r"""Mean colour of the windows near each pixel, flat ones first, to ``out``.

    .. math:: \bar I = \frac{G * (w m)}{G * w}, \qquad w = (v + v_0)^{-2}

    with mean m and variance v, that of all channels together, of the window around a
    pixel [1]_. A pixel on the border of a dark and a bright area has not the colour of
    what is neither, but that of the side on which it rather lies.

    References
    ----------
    .. [1] G. Papari, N. Petkov, P. Campisi, "Artistic edge and corner enhancing
       smoothing", IEEE Transactions on Image Processing 16(10), 2007.
    """
    weight = np.zeros(scaled.shape[:2], np.float32)
    for index, channel in enumerate(np.moveaxis(scaled, -1, 0)):
        out[..., index] = _smooth(channel, _SIGMA)
        weight += _smooth(channel**2, _SIGMA) - out[..., index] ** 2
    weight = (_FLAT / (np.maximum(weight, 0.0) + _FLAT)) ** 2
    if inside is not None:
        weight[~inside] = 0.0
    total = _smooth(weight, _CHOICE_SIGMA)
    known = total > 0.0
    for mean in np.moveaxis(out, -1, 0):
        np.divide(_smooth(weight * mean, _CHOICE_SIGMA), total, mean, where=known)


def _local_contrast(scaled, inside):
    """Contrast of the least busy window near each pixel, (H, W).

    The logarithm of one plus the deviation within it, in hundredths of the range. A
    window that lies across the border of two flat areas has contrast, but there is
    another beside it that has none; in a texture there is not [1]_.

    References
    ----------
    .. [1] M. Kuwahara, K. Hachimura, S. Eiho, M. Kinoshita, "Processing of
       RI-angiocardiographic images", Digital Processing of Biomedical Images, 1976.
    """
    deviation = _local_deviation(scaled, inside)
    if inside is not None:
        deviation[~inside] = np.inf
    least = _least_around(deviation)
    if inside is not None:
        least[~inside] = 0.0
    return np.log1p(least / np.float32(_CONTRAST_UNIT))


def _least_around(plane):
    """Minimum within an octagon of this reach: a square would leave its shape."""
    least = minimum_filter(plane, 2 * _SQUARE + 1, mode="nearest")
    for _ in range(_REACH - _SQUARE):
        least = minimum_filter(least, footprint=_CROSS, mode="nearest")
    return least


def _local_deviation(scaled, inside):
    """Standard deviation of the colours in the window around each pixel, (H, W)."""
    weight = None if inside is None or inside.all() else np.float32(inside)
    share = 1.0 if weight is None else np.maximum(_blurred(weight), _LEAST_SHARE)
    squares = np.zeros(scaled.shape[:2], np.float32)
    squared_means = np.zeros_like(squares)
    for channel in np.moveaxis(scaled, -1, 0):
        plane = channel.copy() if weight is None else weight * channel
        squares += plane**2
        squared_means += (_blurred(plane) / share) ** 2
    variance = _blurred(squares) / share - squared_means
    return np.sqrt(np.maximum(variance, 0.0))


def _blurred(plane):
    return _smooth(plane, _CONTRAST_SIGMA, _TRUNCATE)


def _smooth(plane, sigma, truncate=4.0):
    return gaussian_filter(plane, sigma, mode="nearest", truncate=truncate)
