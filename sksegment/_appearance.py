r"""Labels of single pixels, of their colours, their soft labels and their superpixels.

A superpixel has one label, and what is finer than superpixels is lost. So the labels
of the superpixels are taken for a first guess, from which the mean colour of every
label is learnt; then every pixel gets the label of the highest score:

.. math::

    s_k(x) = \beta \log \sqrt{f_k(x) \, \hat f_k(x)}
        - \frac{1}{C} \sum_c \frac{(\bar I_c(x) - \mu_{kc})^2}{2 \sigma_c^2}

with the image :math:`\bar I`, smoothed a little so that neighbours have a say, the soft
labels f of the pixel and those of its superpixel. It is the posterior of a mixture of
Gaussians that share their deviations, with the net for a prior.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from sksegment._parts import row_blocks

__all__ = ["Appearance", "likely_labels", "smoothed", "smoothed_part"]

# Chosen on stacks and on photographs, see docs/research.md.
_PRIOR_WEIGHT = 0.2
_SIGMA = 0.7
_LEAST_DEVIATION = 0.01
# Of a label that no pixel has: far from all there are.
_NO_COLOR = 1e3
# A soft label is never impossible.
_FLOOR = np.float32(1e-4)
_BLOCK_PIXELS = 2**16
# Pixels beyond the rim of a part on which it depends when it is smoothed.
_MARGIN = int(4 * _SIGMA + 0.5)


@dataclass(frozen=True, eq=False)
class Appearance:
    """What the labels look like.

    Attributes
    ----------
    colors : ndarray of shape (n, C)
        Mean colours of the labels, on the scale of the net.
    deviation : ndarray of shape (C,)
        Standard deviation of the colours within the labels, the same for all.
    used : ndarray of shape (n,), int
        Which labels they are: those that pixels may get.
    """

    colors: np.ndarray
    deviation: np.ndarray
    used: np.ndarray

    @classmethod
    def measure(cls, scaled, labels, used):
        """Learn it from label maps.

        Parameters
        ----------
        scaled : list of ndarray of shape (H, W, C)
        labels : list of ndarray of shape (H, W), int
            -1 where there is none.
        used : ndarray of shape (n,), int
            Labels there may be.
        """
        parts = zip(scaled, labels, strict=True)
        sums = np.sum([_sums(*part, used) for part in parts], axis=0)
        area, (first, second) = sums[:, :1], np.split(sums[:, 1:], 2, axis=1)
        colors = np.where(area > 0, first / np.maximum(area, 1), _NO_COLOR)
        variance = (second - first * colors).sum(axis=0) / area.sum()
        deviation = np.sqrt(np.maximum(variance, _LEAST_DEVIATION**2))
        return cls(colors, deviation, used)

    def scores(self, pixels, f, superpixels, shares):
        """Scores of the labels in use, some rows at a time.

        Parameters
        ----------
        pixels : ndarray of shape (H, W, C), float32
            See `smoothed`.
        f : ndarray of shape (H, W, n), float32
            Soft labels of the n labels in use.
        superpixels : ndarray of shape (H, W), int32
        shares : ndarray of shape (m, K), float32
            Soft labels of the superpixels.

        Yields
        ------
        rows : slice
        scores : ndarray of shape (h, W, n), float32
            Up to what is the same for all labels.
        """
        precision = 1.0 / (self.deviation**2 * len(self.deviation))
        linear = np.float32(precision * self.colors).T
        constant = np.float32(-0.5 * (precision * self.colors**2).sum(axis=1))
        weight = np.float32(0.5 * _PRIOR_WEIGHT)
        prior = weight * np.log(shares[:, self.used] + _FLOOR) + constant
        for rows in row_blocks(superpixels.shape, _BLOCK_PIXELS):
            scores = pixels[rows] @ linear
            scores += weight * np.log(f[rows] + _FLOOR)
            scores += prior[superpixels[rows]]
            yield rows, scores

    def labels(self, *evidence):
        """Label of the highest score.

        Parameters
        ----------
        *evidence
            What `scores` takes.

        Returns
        -------
        labels : ndarray of shape (H, W), int32
            -1 where there is no superpixel.
        """
        superpixels, used = evidence[2], self.used.astype(np.int32)
        labels = np.empty(superpixels.shape, np.int32)
        for rows, scores in self.scores(*evidence):
            labels[rows] = used[scores.argmax(axis=-1)]
        labels[superpixels < 0] = -1
        return labels

    def shares(self, *evidence):
        """Posterior of the labels: softmax of the scores.

        Parameters
        ----------
        *evidence
            What `scores` takes.

        Returns
        -------
        shares : ndarray of shape (H, W, K), float32
            0 where there is no superpixel.
        """
        superpixels, n_labels = evidence[2], evidence[3].shape[1]
        shares = np.zeros((*superpixels.shape, n_labels), np.float32)
        for rows, scores in self.scores(*evidence):
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            shares[rows][..., self.used] = scores
        shares[superpixels < 0] = 0.0
        return shares


def smoothed(scaled):
    """Colours of pixels, with those of their nearest neighbours.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32

    Returns
    -------
    pixels : ndarray of shape (H, W, C), float32
    """
    return gaussian_filter(scaled, (_SIGMA, _SIGMA, 0), mode="nearest")


def smoothed_part(parts, rows, columns):
    """Do what `smoothed` does for a part of an image.

    Parameters
    ----------
    parts : ScaledParts
    rows, columns : slice
        Both with beginning and end.

    Returns
    -------
    pixels : ndarray of shape (h, w, C), float32
        A part of what it gives for the image.
    """
    wide, inner = [], []
    for window, size in zip((rows, columns), parts.shape, strict=False):
        start = max(0, window.start - _MARGIN)
        wide.append(slice(start, min(size, window.stop + _MARGIN)))
        inner.append(slice(window.start - start, window.stop - start))
    return smoothed(parts.read(*wide))[tuple(inner)]


def likely_labels(f, superpixels, shares, used):
    """First guess: the label of the largest product of both soft labels.

    Parameters
    ----------
    f : ndarray of shape (H, W, n), float32
        Soft labels of the n labels in use.
    superpixels : ndarray of shape (H, W), int32
    shares : ndarray of shape (m, K), float32
    used : ndarray of shape (n,), int

    Returns
    -------
    labels : ndarray of shape (H, W), int32
        -1 where there is no superpixel.
    """
    labels = np.empty(superpixels.shape, np.int32)
    of_superpixels = shares[:, used] + _FLOOR
    for rows in row_blocks(superpixels.shape, _BLOCK_PIXELS):
        products = (f[rows] + _FLOOR) * of_superpixels[superpixels[rows]]
        labels[rows] = used[products.argmax(axis=-1)]
    labels[superpixels < 0] = -1
    return labels


def _sums(scaled, labels, used):
    """Areas, sums and sums of squares of labels: (n, 1 + 2 C), float64."""
    inside = labels >= 0
    colors = [*scaled[inside].T.astype(float)]
    weights = [None, *colors, *(color**2 for color in colors)]
    found = labels[inside]
    counts = [np.bincount(found, weight, used.max() + 1)[used] for weight in weights]
    return np.stack(counts, axis=1).astype(float)
