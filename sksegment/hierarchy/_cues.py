"""Colour, texture and contrast of the pixels of one image."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from sksegment.hierarchy._codebooks import N_CODES, colors, textons

__all__ = ["Cues"]

# Weights and widths were chosen on training photographs, see docs/research.md.
_COLOR_WEIGHT = 28.0
_TEXTON_WEIGHT = 12.0
_DEVIATION_WEIGHT = 4.0
# Widths of the gradient, and their weights.
_GRADIENT = {1.0: 0.37, 2.0: 0.75, 4.0: 2.0}
_DEVIATION_SIGMA = 3.5
_N_DEVIATION_BINS = 10
# Of the logarithm of one plus the local deviation, for deviations up to 39.
_DEVIATION_RANGE = (0.0, float(np.log(40.0)))


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
    def of(cls, image, *, color, inside=None):
        """Look at an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, C), float32
            CIELAB for colour, otherwise intensities in [0, 100].
        color : bool
            Whether the channels are CIELAB.
        inside : ndarray of shape (H, W), bool, optional
            Pixels whose colours and textures count; all by default.
        """
        channels = np.moveaxis(image, -1, 0)
        brightness = channels[0] if color else channels.mean(axis=0)
        if inside is None:
            inside = np.ones(image.shape[:2], bool)
        binned = [
            (colors(channels, inside), N_CODES, _COLOR_WEIGHT),
            (textons(brightness, inside), N_CODES, _TEXTON_WEIGHT),
            (_deviations(brightness), _N_DEVIATION_BINS, _DEVIATION_WEIGHT),
        ]
        return cls(binned, _gradient(channels))


def _deviations(brightness):
    mean = gaussian_filter(brightness, _DEVIATION_SIGMA)
    variance = gaussian_filter(brightness**2, _DEVIATION_SIGMA) - mean**2
    low, high = _DEVIATION_RANGE
    values = np.log1p(np.sqrt(np.maximum(variance, 0.0)))
    bins = (values - low) * (_N_DEVIATION_BINS / (high - low)) - 0.5
    return np.clip(bins, 0.0, _N_DEVIATION_BINS - 1.0)


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
