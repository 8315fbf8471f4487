r"""Labels of single pixels, of their looks, their soft labels and their superpixels.

A superpixel has one label, and what is finer than superpixels is lost. So the labels
of the superpixels are taken for a first guess, from which it is learnt what every label
looks like, its mean colour and its mean local contrast; then every pixel gets the label
of the highest score:

.. math::

    s_k(x) = \beta \log \sqrt{f_k(x) \, \hat f_k(x)}
        - \frac{1}{C} \sum_c \frac{(\bar I_c(x) - \mu_{kc})^2}{2 \sigma_c^2}
        - \gamma \frac{(t(x) - \tau_k)^2}{2 \sigma_t^2}, \qquad
    \gamma = \frac{2 R_t^2}{R_t^2 + \left(\frac{1}{C} \sum_c R_c\right)^2}

with the image :math:`\bar I`, smoothed but not across borders, its local contrast t,
the soft labels f of the pixel and those of its superpixel. It is the posterior of a
mixture of Gaussians that share their deviations, with the net for a prior. R is the
variance between groups over that within them: of colours, the labels; of contrast, what
is busy and what is flat, the two sides of Otsu's threshold, less the 1.4 that any image
has. So contrast counts where the image is divided by it better than by its colours,
whether the net has seen that or not, and is left out elsewhere.
"""

from dataclasses import dataclass, replace

import numpy as np
from skimage.filters import threshold_otsu

from sksegment._parts import row_blocks

__all__ = ["Appearance", "FlatAndBusy", "likely_labels"]

# Chosen on stacks and on photographs, see docs/research.md.
_PRIOR_WEIGHT = 0.2
# Of textures neighbours have the same contrast, and it is the same evidence twice.
_PRIOR_WEIGHT_WITH_CONTRAST = 0.5
_CONTRAST_WEIGHT = 2.0
# Otsu's threshold divides anything; photographs and membranes by 1.3 to 2.
_SEPARABILITY_OF_ONE_KIND = 1.4
# Neighbours err alike, so posteriors are surer than they should be.
_TEMPERATURE = np.float32(2.0)
# Contrast of less weight is not worth its time.
_NEGLIGIBLE = 0.5
_TINY = 1e-12
# Of colours, and of contrast, within labels.
_LEAST_DEVIATION = 0.01, 0.1
# Of a label that no pixel has: far from all there are.
_NO_LOOK = 1e3
# A soft label is never impossible.
_FLOOR = np.float32(1e-4)
_BLOCK_PIXELS = 2**16


@dataclass(frozen=True)
class FlatAndBusy:
    """The two sides of Otsu's threshold [1]_ of local contrast.

    Attributes
    ----------
    flat, busy : float
        Mean contrasts of both.
    deviation : float
        Standard deviation within them.
    separability : float
        Variance between over that within: 1.75 for a normal distribution, more for one
        of two peaks; 0 where all contrasts are alike.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE
       Transactions on Systems, Man, and Cybernetics 9(1), 1979.
    """

    flat: float
    busy: float
    deviation: float
    separability: float

    @property
    def excess(self):
        """How much more it is than in images without flat and busy areas."""
        return max(self.separability - _SEPARABILITY_OF_ONE_KIND, 0.0)

    @classmethod
    def of(cls, contrasts):
        """Divide contrasts, (n,)."""
        contrasts = np.asarray(contrasts, float)
        least = _LEAST_DEVIATION[1]
        if not len(contrasts) or np.ptp(contrasts) < least:
            mean = float(contrasts.mean()) if len(contrasts) else 0.0
            return cls(mean, mean, least, 0.0)
        busy = contrasts > threshold_otsu(contrasts)
        sides = contrasts[~busy], contrasts[busy]
        within = sum(len(side) * side.var() for side in sides) / len(contrasts)
        within = max(within, least**2)
        ratio = max(contrasts.var() / within - 1.0, 0.0)
        return cls(*(float(side.mean()) for side in sides), float(within**0.5), ratio)


@dataclass(frozen=True, eq=False)
class Appearance:
    """What the labels look like.

    Attributes
    ----------
    looks : ndarray of shape (n, C + 1)
        Mean colours of the labels, on the scale of the net, and their mean local
        contrast; (n, C) where contrast does not count.
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
    def measure(cls, scaled, looks, labels, used, sides=None):
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
        sides : FlatAndBusy, optional
            Of the contrasts, which do not count otherwise.
        """
        n_channels = scaled[0].shape[-1]
        parts = zip(scaled, looks, labels, strict=True)
        sums = np.sum([_sums(*part, used) for part in parts], axis=0)
        area, (first, second) = sums[:, :1], np.split(sums[:, 1:], 2, axis=1)
        means = np.where(area > 0, first / np.maximum(area, 1), _NO_LOOK)
        within = (second - first * means).sum(axis=0) / area.sum()
        least = np.repeat(_LEAST_DEVIATION, (n_channels, len(within) - n_channels))
        within = np.maximum(within, least**2)
        whole = (second.sum(axis=0) - first.sum(axis=0) ** 2 / area.sum()) / area.sum()
        of_colors = np.maximum(whole / within - 1.0, 0.0)[:n_channels].mean()
        weights = np.ones(len(within))
        of_contrast = 0.0 if sides is None else sides.excess
        weights[n_channels:] = _weight_of_contrast(of_contrast, of_colors)
        counts = weights >= _NEGLIGIBLE
        scale = np.sqrt(within[counts] / weights[counts])
        return cls(means[:, counts], scale, n_channels, used)

    def spread(self, sides):
        """Move contrasts of labels apart, from that of flat parts to that of busy ones.

        Labels that the net has found by their colours have nearly one contrast, and
        would keep it.

        Parameters
        ----------
        sides : FlatAndBusy

        Returns
        -------
        appearance : Appearance
        """
        looks, scale = self.looks.copy(), self.scale.copy()
        seen = looks[:, -1] < _NO_LOOK
        contrasts = looks[seen, -1] - looks[seen, -1].min()
        part = contrasts / max(contrasts.max(), _TINY)
        looks[seen, -1] = sides.flat + part * (sides.busy - sides.flat)
        scale[-1] = sides.deviation / np.sqrt(_CONTRAST_WEIGHT)
        return replace(self, looks=looks, scale=scale)

    @property
    def has_contrast(self):
        """Whether contrast tells the labels apart, and looks hold it."""
        return len(self.scale) > self.n_channels

    @property
    def prior_weight(self):
        """Weight of the soft labels."""
        return _PRIOR_WEIGHT_WITH_CONTRAST if self.has_contrast else _PRIOR_WEIGHT

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
            See `looks_of_pixels`; contrast may be missing where it does not count.
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
        weight = np.float32(0.5 * self.prior_weight)
        prior = weight * np.log(shares[:, self.used] + _FLOOR) + constant
        for rows in row_blocks(superpixels.shape, _BLOCK_PIXELS):
            scores = pixels[rows][..., : len(linear)] @ linear
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
        """Posterior of the labels: softmax of the scores, by a temperature of 2 [1]_.

        Parameters
        ----------
        *evidence
            What `scores` takes.

        Returns
        -------
        shares : ndarray of shape (H, W, K), float32
            0 where there is no superpixel.

        References
        ----------
        .. [1] C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern
           neural networks", ICML 2017.
        """
        superpixels, n_labels = evidence[2], evidence[3].shape[1]
        shares = np.zeros((*superpixels.shape, n_labels), np.float32)
        for rows, scores in self.scores(*evidence):
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores / _TEMPERATURE, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            shares[rows][..., self.used] = scores
        shares[superpixels < 0] = 0.0
        return shares


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


def _weight_of_contrast(of_contrast, of_colors):
    """Weight by how well both divide the image."""
    squares = of_contrast**2, of_colors**2
    return _CONTRAST_WEIGHT * squares[0] / max(sum(squares), _TINY)


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
