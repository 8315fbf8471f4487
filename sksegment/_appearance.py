r"""Labels of single pixels, of their looks, their soft labels and their superpixels.

A superpixel has one label, and what is finer than superpixels is lost. So the labels
of the superpixels are taken for a first guess, from which it is learnt what every label
looks like, its mean colour and its mean local contrast; then every pixel gets the label
of the highest score:

.. math::

    s_k(x) = \beta \log \sqrt{f_k(x) \, \hat f_k(x)}
        - \frac{1}{C} \sum_c \frac{(\bar I_c(x) - \mu_{kc})^2}{2 \sigma_c^2}
        - \gamma \frac{(t(x) - \tau_k)^2}{2 \sigma_t^2}, \qquad
    \gamma = \frac{2 R_t}{R_t + \frac{1}{C} \sum_c R_c}

with the image :math:`\bar I`, smoothed a little so that neighbours have a say, its local
contrast t, the soft labels f of the pixel and those of its superpixel. It is the
posterior of a mixture of Gaussians that share their deviations, with the net for a
prior. R is the variance between labels over that within them: contrast counts where it
is what tells labels apart, and hardly where colours do.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from sksegment._parts import row_blocks

__all__ = ["Appearance", "likely_labels", "looks_of_part", "looks_of_pixels"]

# Chosen on stacks and on photographs, see docs/research.md.
_PRIOR_WEIGHT = 0.2
_CONTRAST_WEIGHT = 2.0
_LEAST_WEIGHT = 1e-6
_SIGMA = 0.7
# Width of the window in which contrast is local, and what contrast is compared with, of
# the range of intensities.
_CONTRAST_SIGMA = 4.0
_CONTRAST_UNIT = 0.01
_TRUNCATE = 3.0
_LEAST_DEVIATION = 0.01
# Of a label that no pixel has: far from all there are.
_NO_LOOK = 1e3
# A soft label is never impossible.
_FLOOR = np.float32(1e-4)
_BLOCK_PIXELS = 2**16
# Pixels beyond the rim of a part on which its looks depend.
_MARGIN = int(_TRUNCATE * _CONTRAST_SIGMA + 0.5)


@dataclass(frozen=True, eq=False)
class Appearance:
    """What the labels look like.

    Attributes
    ----------
    looks : ndarray of shape (n, C + 1)
        Mean colours of the labels, on the scale of the net, and their mean local
        contrast. Of models from before there was contrast, (n, C).
    scale : ndarray of shape (C + 1,)
        Differences that count alike: the standard deviation within the labels, the same
        for all; for contrast divided by the root of its weight.
    n_channels : int
        C.
    used : ndarray of shape (n,), int
        Which labels they are: those that pixels may get.
    """

    looks: np.ndarray
    scale: np.ndarray
    n_channels: int
    used: np.ndarray

    @classmethod
    def measure(cls, scaled, looks, labels, used):
        """Learn it from label maps.

        Parameters
        ----------
        scaled : list of ndarray of shape (H, W, C)
        looks : list of ndarray of shape (H, W, C + 1)
            See `looks_of_pixels`.
        labels : list of ndarray of shape (H, W), int
            -1 where there is none.
        used : ndarray of shape (n,), int
            Labels there may be.
        """
        n_channels = scaled[0].shape[-1]
        parts = zip(scaled, looks, labels, strict=True)
        sums = np.sum([_sums(*part, used) for part in parts], axis=0)
        area, (first, second) = sums[:, :1], np.split(sums[:, 1:], 2, axis=1)
        means = np.where(area > 0, first / np.maximum(area, 1), _NO_LOOK)
        within = (second - first * means).sum(axis=0) / area.sum()
        within = np.maximum(within, _LEAST_DEVIATION**2)
        whole = (second.sum(axis=0) - first.sum(axis=0) ** 2 / area.sum()) / area.sum()
        scale = np.sqrt(within / _weights(whole / within, n_channels))
        return cls(means, scale, n_channels, used)

    @property
    def has_contrast(self):
        return len(self.scale) > self.n_channels

    @property
    def precision(self):
        """Weight of a squared difference of looks, (C + 1,)."""
        shares = np.ones(len(self.scale))
        shares[: self.n_channels] = 1.0 / self.n_channels
        return shares / self.scale**2

    def points(self):
        """Points whose squared distances are those of the looks in the scores."""
        return self.looks * np.sqrt(self.precision)

    def scores(self, pixels, f, superpixels, shares):
        """Scores of the labels in use, some rows at a time.

        Parameters
        ----------
        pixels : ndarray of shape (H, W, C + 1), float32
            See `looks_of_pixels`.
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
        precision = self.precision
        linear = np.float32(precision * self.looks).T
        constant = np.float32(-0.5 * (precision * self.looks**2).sum(axis=1))
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


def looks_of_pixels(scaled, inside=None, *, contrast=True):
    """Colours of pixels with those of their nearest neighbours, and local contrast.

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
    axes = (_SIGMA, _SIGMA, 0)
    gaussian_filter(scaled, axes, mode="nearest", output=looks[..., :n_channels])
    if contrast:
        looks[..., n_channels] = _local_contrast(scaled, inside)
    return looks


def looks_of_part(parts, rows, columns, inside, *, contrast=True):
    """Do what `looks_of_pixels` does for a part of an image.

    Parameters
    ----------
    parts : ScaledParts
    rows, columns : slice
        Both with beginning and end.
    inside : callable
        Makes of rows and columns the part of the image that matters.
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
    looks = looks_of_pixels(parts.read(*wide), inside(*wide), contrast=contrast)
    return looks[tuple(inner)]


def _local_contrast(scaled, inside):
    """Logarithm of one plus the local deviation in hundredths of the range, (H, W)."""

    def blurred(plane):
        return gaussian_filter(
            plane, _CONTRAST_SIGMA, mode="nearest", truncate=_TRUNCATE
        )

    weight = None if inside is None or inside.all() else np.float32(inside)
    share = 1.0 if weight is None else np.maximum(blurred(weight), _FLOOR)
    variance = np.zeros(scaled.shape[:2], np.float32)
    for channel in np.moveaxis(scaled, -1, 0):
        first = channel if weight is None else weight * channel
        mean = blurred(first) / share
        variance += np.maximum(blurred(first * channel) / share - mean**2, 0.0)
    return np.log1p(np.sqrt(variance) / np.float32(_CONTRAST_UNIT))


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


def _weights(variance, n_channels):
    """Weights of looks by their variances in units of those within the labels."""
    ratio = np.maximum(variance - 1.0, 0.0)
    of_contrast = ratio[n_channels:]
    total = np.maximum(ratio[:n_channels].mean() + of_contrast, _LEAST_WEIGHT)
    share = np.maximum(of_contrast / total, _LEAST_WEIGHT)
    return np.append(np.ones(n_channels), _CONTRAST_WEIGHT * share)


def _sums(scaled, looks, labels, used):
    """Areas, sums and sums of squares of labels: (n, 1 + 2 (C + 1)), float64."""
    inside = labels >= 0
    n_channels = scaled.shape[-1]
    planes = [*np.moveaxis(scaled, -1, 0), *np.moveaxis(looks, -1, 0)[n_channels:]]
    values = [plane[inside].astype(float) for plane in planes]
    weights = [None, *values, *(value**2 for value in values)]
    found = labels[inside]
    counts = [np.bincount(found, weight, used.max() + 1)[used] for weight in weights]
    return np.stack(counts, axis=1).astype(float)
