"""What single pixels look like: their colours, and the textures around them."""

import numpy as np

from sksegment._noise import noise_to_deviation
from sksegment._sides import separability_of_colors
from sksegment._textures import MARGIN, TEXTURES, smooth, texture_planes

__all__ = ["SIGMA", "looks_of_part", "looks_of_pixels", "sigma_of_windows"]

# Chosen on stacks and on photographs, see docs/research.md.
# Widths of the windows that colours are averaged in, of images whose noise is less than
# this part of their deviation and of others; and of what windows are chosen from,
# relative to them.
SIGMA = 0.7
_SIGMA_OF_NOISE = 1.2
_NOISY = 0.04
_CHOICE = 5 / 7
# A window of this variance is flat.
_FLAT = np.float32(1e-5)


def sigma_of_windows(images, insides):
    """Width of the windows that colours of these images are averaged in, in pixels.

    In noise they are wider, unless what is lost then is more than noise: both sides of
    the colours would lie less far apart.

    Parameters
    ----------
    images, insides
        See `sksegment._noise.noise_to_deviation`.

    Returns
    -------
    sigma : float
    """
    if noise_to_deviation(images, insides) <= _NOISY:
        return SIGMA
    maps = [inside.astype(np.int8) - 1 for inside in insides]

    def distance(sigma):
        parts = zip(images, insides, strict=True)
        colors = [looks_of_pixels(*part, (), sigma=sigma) for part in parts]
        return separability_of_colors(colors, maps)

    return max((_SIGMA_OF_NOISE, SIGMA), key=distance)


def looks_of_pixels(scaled, inside=None, textures=tuple(TEXTURES), *, sigma=SIGMA):
    """Colours of pixels without noise and blur, and textures.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32
    inside : ndarray of shape (H, W), bool, optional
        Pixels that matter; all by default.
    textures : sequence of str, default=all
        Which of `sksegment._textures`, T of them.
    sigma : float, default=0.7
        Width in pixels of the windows that colours are averaged in.

    Returns
    -------
    looks : ndarray of shape (H, W, C + T), float32
    """
    n_channels = scaled.shape[-1]
    looks = np.empty((*scaled.shape[:2], n_channels + len(textures)), np.float32)
    _colors(scaled, inside, sigma, looks[..., :n_channels])
    for index, plane in enumerate(texture_planes(scaled, inside, textures)):
        looks[..., n_channels + index] = plane
    return looks


def looks_of_part(
    parts, rows, columns, superpixels, textures=tuple(TEXTURES), *, sigma=SIGMA
):
    """Do what `looks_of_pixels` does for a part of an image.

    Parameters
    ----------
    parts : ScaledParts
    rows, columns : slice
        Both with beginning and end.
    superpixels : ndarray of shape (H, W), int
        Of the image; negative where pixels do not matter.
    textures : sequence of str, default=all
    sigma : float, default=0.7

    Returns
    -------
    looks : ndarray of shape (h, w, C + T), float32
        A part of what it gives for the image.
    """
    wide, inner = [], []
    for window, size in zip((rows, columns), parts.shape, strict=False):
        start = max(0, window.start - MARGIN)
        wide.append(slice(start, min(size, window.stop + MARGIN)))
        inner.append(slice(window.start - start, window.stop - start))
    inside = superpixels[tuple(wide)] >= 0
    looks = looks_of_pixels(parts.read(*wide), inside, textures, sigma=sigma)
    return looks[tuple(inner)]


def _colors(scaled, inside, sigma, out):
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
        out[..., index] = smooth(channel, sigma)
        weight += smooth(channel**2, sigma) - out[..., index] ** 2
    weight = (_FLAT / (np.maximum(weight, 0.0) + _FLAT)) ** 2
    if inside is not None:
        weight[~inside] = 0.0
    reach = _CHOICE * sigma
    total = smooth(weight, reach)
    known = total > 0.0
    for mean in np.moveaxis(out, -1, 0):
        np.divide(smooth(weight * mean, reach), total, mean, where=known)
