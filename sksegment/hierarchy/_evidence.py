"""What tells two regions apart: their histograms, and the contrast at their border."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

__all__ = ["Evidence", "gather_evidence"]

# Weights and widths were chosen on training photographs, see docs/research.md.
_COLOR_WEIGHT = 23.5
_TEXTURE_WEIGHT = 4.0
_LABEL_WEIGHT = 0.0
_OFFSET = 1.4
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
class Evidence:
    """Sums over superpixels and borders, from which those of unions follow exactly.

    Attributes
    ----------
    histograms : ndarray of shape (n, B), float32
        Soft histograms of all cues side by side, each times its weight, summed over
        the pixels of a superpixel.
    border : ndarray of shape (E,)
        Gradient, summed over the pixel sides of a shared border.
    """

    histograms: np.ndarray
    border: np.ndarray

    def cost(self, i, j, edges, sizes, lengths):
        r"""Dissimilarity of pairs of regions, in units of perceptual difference.

        .. math::

            d_{IJ} = d_0 + \sum_c w_c \chi^2(h_I^c, h_J^c) + g_{IJ}, \qquad
            \chi^2(a, b) = \frac12 \sum \frac{(a - b)^2}{a + b}

        with histograms h of colours, of local deviations and of soft labels, and the
        mean gradient g along the border. The constant lets sizes decide among those
        that hardly differ.

        Parameters
        ----------
        i, j : ndarray of shape (m,), int
            Regions.
        edges : ndarray of shape (m,), int
            Their borders.
        sizes : ndarray of shape (n,)
        lengths : ndarray of shape (E,)

        Returns
        -------
        cost : ndarray of shape (m,)
        """
        contrast = self.border[edges] / lengths[edges]
        return _OFFSET + self._chi_squared(i, j, sizes) + contrast

    def _chi_squared(self, i, j, sizes):
        scale = np.reciprocal(sizes, dtype=np.float64).astype(np.float32)
        first = self.histograms[i] * scale[i, np.newaxis]
        second = self.histograms[j] * scale[j, np.newaxis]
        total = first + second
        np.maximum(total, np.finfo(np.float32).tiny, out=total)
        first -= second
        first *= first
        first /= total
        return 0.5 * first.sum(axis=1, dtype=np.float64)


def gather_evidence(image, superpixels, graph, *, color, soft_labels=None):
    """Sum up what tells the superpixels of one image apart.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        CIELAB for colour, otherwise intensities in [0, 100].
    superpixels : ndarray of shape (H, W), int
        Negative where void.
    graph : RegionGraph
        Of these superpixels.
    color : bool
        Whether the channels are CIELAB.
    soft_labels : ndarray of shape (n, K), optional
        Mean soft labels of the superpixels.

    Returns
    -------
    evidence : Evidence
    """
    inside = superpixels >= 0
    regions = superpixels[inside]
    channels = np.moveaxis(image, -1, 0)
    sums = [
        *_color_histograms(channels, inside, regions, graph.n_regions, color),
        _texture_histograms(channels, inside, regions, graph.n_regions, color),
    ]
    if soft_labels is not None:
        sums.append(_LABEL_WEIGHT * soft_labels * graph.sizes[:, np.newaxis])
    return Evidence(
        np.concatenate(sums, axis=1, dtype=np.float32),
        graph.sum_over_borders(_gradient(channels), superpixels),
    )


def _color_histograms(channels, inside, regions, n_regions, color):
    weight = _COLOR_WEIGHT / len(channels)
    for index, channel in enumerate(channels):
        opponent = color and index > 0
        blurred = gaussian_filter(channel, _BLUR)[inside]
        limits = _OPPONENT_RANGE if opponent else _RANGE
        n_bins = 2 * _N_BINS if opponent else _N_BINS
        yield weight * _histograms(blurred, limits, n_bins, regions, n_regions)


def _texture_histograms(channels, inside, regions, n_regions, color):
    """Histograms of the local deviation of the brightness."""
    brightness = channels[0] if color else channels.mean(axis=0)
    mean = gaussian_filter(brightness, _TEXTURE_SIGMA)
    variance = gaussian_filter(brightness**2, _TEXTURE_SIGMA) - mean**2
    values = np.log1p(np.sqrt(np.maximum(variance, 0.0)))[inside]
    return _TEXTURE_WEIGHT * _histograms(
        values, _TEXTURE_RANGE, _N_TEXTURE_BINS, regions, n_regions
    )


def _histograms(values, limits, n_bins, regions, n_regions):
    """Histograms in which a value counts for the two bins whose centres are nearest."""
    low, high = limits
    position = (values - low) * (n_bins / (high - low)) - 0.5
    position = np.clip(position, 0.0, n_bins - 1.0)
    lower = np.minimum(position.astype(np.int64), n_bins - 2)
    upper_share = position - lower
    cells = regions * np.int64(n_bins) + lower
    size = n_regions * n_bins
    sums = np.bincount(cells, 1.0 - upper_share, size)
    sums += np.bincount(cells + 1, upper_share, size)
    return sums.reshape(n_regions, n_bins)


def _gradient(channels):
    """Gradient over all channels at several widths, together."""
    total = np.zeros(channels[0].shape)
    for sigma, weight in _GRADIENT.items():
        squares = sum(
            gaussian_filter(channel, sigma, order=order) ** 2
            for channel in channels
            for order in ((0, 1), (1, 0))
        )
        total += weight * np.sqrt(squares)
    return total
