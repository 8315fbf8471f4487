"""What tells two regions apart: their histograms, and the contrast at their border."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Evidence", "gather_evidence"]

# Chosen on training photographs, see docs/research.md.
_LABEL_WEIGHT = 4.0
_OFFSET = 1.4


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

        with histograms h of colours, of textons, of local deviations and of soft
        labels, and the mean gradient g along the border. The constant lets sizes decide
        among those that hardly differ.

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


def gather_evidence(cues, superpixels, graph, soft_labels=None):
    """Sum up what tells the superpixels of one image apart.

    Parameters
    ----------
    cues : Cues
        Of the image.
    superpixels : ndarray of shape (H, W), int
        Negative where void.
    graph : RegionGraph
        Of these superpixels.
    soft_labels : ndarray of shape (n, K), optional
        Mean soft labels of the superpixels.

    Returns
    -------
    evidence : Evidence
    """
    inside = superpixels >= 0
    regions = superpixels[inside]
    sums = [
        weight * _histograms(bins[inside], n_bins, regions, graph.n_regions)
        for bins, n_bins, weight in cues.binned
    ]
    if soft_labels is not None:
        sums.append(_LABEL_WEIGHT * soft_labels * graph.sizes[:, np.newaxis])
    return Evidence(
        np.concatenate(sums, axis=1, dtype=np.float32),
        graph.sum_over_borders(cues.gradient, superpixels),
    )


def _histograms(bins, n_bins, regions, n_regions):
    """Histograms in which a value counts for the two bins whose centres are nearest."""
    lower = np.minimum(bins.astype(np.int64), n_bins - 2)
    upper_share = bins - lower
    cells = regions * np.int64(n_bins) + lower
    size = n_regions * n_bins
    sums = np.bincount(cells, 1.0 - upper_share, size)
    sums += np.bincount(cells + 1, upper_share, size)
    return sums.reshape(n_regions, n_bins)
