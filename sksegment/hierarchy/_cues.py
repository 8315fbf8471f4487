"""Colour, texture and contrast of the pixels of one image."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

__all__ = ["Cues"]

# Weights and widths were chosen on training photographs, see docs/research.md.
_COLOR_WEIGHT = 23.5
_TEXTURE_WEIGHT = 4.0
# Widths of the gradient, and their weights.
_GRADIENT = {1.0: 0.3, 2.0: 0.6, 4.0: 3.6}
_TEXTURE_SIGMA = 3.5
_BLUR = 1.0
_N_BINS = 16
_N_TEXTURE_BINS = 10
# Lightness and intensities are in [0, 100], the opponent colours of photographs within
# [-80, 80], and the logarithm of one plus their local deviation below that of 40.
_RANGE = (0.0, 100.0)
_OPPONENT_RANGE = (-80.0, 80.0)
_TEXTURE_RANGE = (0.0, float(np.log(40.0)))


@dataclass(eq=False)
class Cues:
    """What superpixels of an image are told apart by, whichever they are.

    Attributes
    ----------
    binned : list of (bins, n_bins, weight)
        For every histogram the place of each pixel among the bins, (H, W), from 0, the
        centre of the first, to ``n_bins - 1``, that of the last; the number of bins;
        and the weight of the histogram.
    gradient : ndarray of shape (H, W)
        Contrast, over all channels and several widths.
    """

    binned: list
    gradient: np.ndarray

    @classmethod
    def of(cls, image, *, color):
        """Look at an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, C), float32
            CIELAB for colour, otherwise intensities in [0, 100].
        color : bool
            Whether the channels are CIELAB.
        """
        channels = np.moveaxis(image, -1, 0)
        return cls(
            [*_colors(channels, color), _texture(channels, color)], _gradient(channels)
        )


def _colors(channels, color):
    weight = _COLOR_WEIGHT / len(channels)
    for index, channel in enumerate(channels):
        opponent = color and index > 0
        limits = _OPPONENT_RANGE if opponent else _RANGE
        n_bins = 2 * _N_BINS if opponent else _N_BINS
        yield _bins(gaussian_filter(channel, _BLUR), limits, n_bins), n_bins, weight


def _texture(channels, color):
    """Local deviation of the brightness."""
    brightness = channels[0] if color else channels.mean(axis=0)
    mean = gaussian_filter(brightness, _TEXTURE_SIGMA)
    variance = gaussian_filter(brightness**2, _TEXTURE_SIGMA) - mean**2
    values = np.log1p(np.sqrt(np.maximum(variance, 0.0)))
    bins = _bins(values, _TEXTURE_RANGE, _N_TEXTURE_BINS)
    return bins, _N_TEXTURE_BINS, _TEXTURE_WEIGHT


def _bins(values, limits, n_bins):
    low, high = limits
    bins = (values - low) * (n_bins / (high - low)) - 0.5
    return np.clip(bins, 0.0, n_bins - 1.0)


def _gradient(channels):
    total = np.zeros(channels[0].shape)
    for sigma, weight in _GRADIENT.items():
        squares = sum(
            gaussian_filter(channel, sigma, order=order) ** 2
            for channel in channels
            for order in ((0, 1), (1, 0))
        )
        total += weight * np.sqrt(squares)
    return total
