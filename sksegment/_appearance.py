r"""Labels of single pixels, of their looks, their soft labels and their superpixels.

A superpixel has one label, and what is finer than superpixels is lost. So the labels
of the superpixels are taken for a first guess, from which it is learnt what every label
looks like, its mean colour and its mean textures; then every pixel gets the label of
the highest score:

.. math::

    s_k(x) = \beta \log \sqrt{f_k(x) \, \hat f_k(x)}
        - \frac{1}{C} \sum_c \frac{(\bar I_c(x) - \mu_{kc})^2}{2 \sigma_c^2}
        - \sum_t \gamma_t \frac{(t(x) - \tau_{kt})^2}{2 \sigma_t^2}, \qquad
    \gamma_t = \frac{2 R_t^2}{R_t^2 + \left(\frac{1}{C} \sum_c R_c\right)^2}

with the image :math:`\bar I`, smoothed but not across borders, its textures t (see
`sksegment._textures`), the soft labels f of the pixel and those of its superpixel. It
is the posterior of a mixture of Gaussians that share their deviations, with the net for
a prior. R is the variance between groups over that within them: of a texture, the two
sides of Otsu's threshold, less what images of one kind have; of colours, the labels or
those two sides, whichever is more (see `sksegment._sides`). So a texture counts where
the image is divided by it better than by its colours, whether the net has seen that or
not, and is left out elsewhere.
"""

from dataclasses import dataclass, replace
from itertools import compress
from typing import NamedTuple

import numpy as np

from sksegment._parts import row_blocks
from sksegment._sides import LEAST_DEVIATION, separability_of_colors, sides_of_textures
from sksegment._textures import TEXTURES
from sksegment.regions import sums_by_label

__all__ = ["Appearance", "PixelEvidence", "learn_appearance", "likely_labels"]

# Chosen on stacks and on photographs, see docs/research.md. Neighbours have the same
# textures, and it is the same evidence twice.
_PRIOR_WEIGHT = 0.2
_PRIOR_WEIGHT_WITH_TEXTURES = 0.5
# Of a net that knows which classes are meant.
_PRIOR_WEIGHT_OF_HINTS = 1.0
_PRIOR_WEIGHT_OF_HINTS_WITH_TEXTURES = 2.0
_TEXTURE_WEIGHT = 2.0
# Neighbours err alike, so posteriors are surer than they should be.
_TEMPERATURE = np.float32(2.0)
# A texture of less weight is not worth its time.
_NEGLIGIBLE = 0.5
_TINY = 1e-12
# Of a label that no pixel has: far from all there are.
_NO_LOOK = 1e3
# A soft label is never impossible.
_FLOOR = np.float32(1e-4)
_BLOCK_PIXELS = 2**16
# So often labels are learnt anew, by colours and then by textures as well: the first
# guess is blurred where the net is, and would make too much of contrast. Labels that
# the net has found by their colours take longer to become textures.
_ROUNDS = 4
_ROUNDS_WITH_TEXTURES = 8


class PixelEvidence(NamedTuple):
    """What speaks for the labels of the pixels of an image, or of a part of it.

    Attributes
    ----------
    pixels : ndarray of shape (H, W, C + T), float32
        See `looks_of_pixels`, of the textures that count; others after them are not
        looked at where none does.
    f : ndarray of shape (H, W, n), float32
        Soft labels of the n labels in use.
    superpixels : ndarray of shape (H, W), int32
        -1 where there is none.
    shares : ndarray of shape (m, K), float32
        Soft labels of the superpixels.
    """

    pixels: np.ndarray
    f: np.ndarray
    superpixels: np.ndarray
    shares: np.ndarray


@dataclass(frozen=True, eq=False)
class Appearance:
    """What the labels look like.

    Attributes
    ----------
    looks : ndarray of shape (n, C + T)
        Mean colours of the labels, on the scale of the net, and their mean textures.
    scale : ndarray of shape (C + T,)
        Differences that count alike: the standard deviation within the labels, the same
        for all; of textures divided by the root of their weight.
    n_channels : int
        C.
    used : ndarray of shape (n,), int
        Which labels they are: those that pixels may get.
    textures : tuple of str
        Names of the T textures that count.
    hinted : bool
        Whether the net was given scribbles.
    variance_left : float
        Part of the variance of colours within labels that is left when they are
        averaged, at most 1.
    """

    looks: np.ndarray
    scale: np.ndarray
    n_channels: int
    used: np.ndarray
    textures: tuple = ()
    hinted: bool = False
    variance_left: float = 1.0

    @classmethod
    def measure(
        cls, scaled, looks, labels, used, sides=None, *, of_colors=0.0, **known
    ):
        """Learn it from label maps.

        Parameters
        ----------
        scaled : list of ndarray of shape (H, W, C)
        looks : list of ndarray of shape (H, W, C + T)
            See `looks_of_pixels`.
        labels : list of ndarray of shape (H, W), int
            -1 where there is none.
        used : ndarray of shape (n,), int
            Labels there may be.
        sides : dict of str to TwoSides, optional
            Of the T textures; those that do not divide the images are left out.
        of_colors : float, default=0.0
            Separability of the colours, where it is more than that of the labels.
        **known
            ``hinted`` and ``variance_left``.
        """
        n_channels, sides = scaled[0].shape[-1], sides or {}
        means, within, whole = _means_and_variances(scaled, looks, labels, used)
        within = np.maximum(within, _least_deviations(n_channels, sides) ** 2)
        of_labels = np.maximum(whole / within - 1.0, 0.0)[:n_channels].mean()
        of_colors = max(of_labels, of_colors)
        weights = np.r_[np.ones(n_channels), _weights_of_textures(sides, of_colors)]
        counts = weights >= _NEGLIGIBLE
        scale = np.sqrt(within[counts] / weights[counts])
        textures = tuple(compress(sides, counts[n_channels:]))
        return cls(means[:, counts], scale, n_channels, used, textures, **known)

    def spread(self, sides):
        """Move textures of labels apart, from the one side to the other.

        Labels that the net has found by their colours have nearly the same texture, and
        would keep it.

        Parameters
        ----------
        sides : dict of str to TwoSides

        Returns
        -------
        appearance : Appearance
        """
        looks, scale = self.looks.copy(), self.scale.copy()
        for index, name in enumerate(self.textures, self.n_channels):
            side, seen = sides[name], looks[:, index] < _NO_LOOK
            values = looks[seen, index] - looks[seen, index].min()
            part = values / max(values.max(), _TINY)
            looks[seen, index] = side.low + part * (side.high - side.low)
            scale[index] = side.deviation / np.sqrt(_TEXTURE_WEIGHT)
        return replace(self, looks=looks, scale=scale)

    @property
    def prior_weight(self):
        """Weight of the soft labels."""
        if self.hinted and self.textures:
            return _PRIOR_WEIGHT_OF_HINTS_WITH_TEXTURES
        if self.hinted:
            return _PRIOR_WEIGHT_OF_HINTS
        if self.textures:
            return _PRIOR_WEIGHT_WITH_TEXTURES
        # Noise that is averaged away does not make colours doubtful.
        return _PRIOR_WEIGHT * self.variance_left

    @property
    def precision(self):
        """Weight of a squared difference of looks, (C + T,)."""
        shares = np.ones(len(self.scale))
        shares[: self.n_channels] = 1.0 / self.n_channels
        return shares / self.scale**2

    def points(self):
        """Points whose squared distances are those of the looks in the scores."""
        return self.looks * np.sqrt(self.precision)

    def scores(self, evidence):
        """Scores of the labels in use, some rows at a time.

        Parameters
        ----------
        evidence : PixelEvidence

        Yields
        ------
        rows : slice
        scores : ndarray of shape (h, W, n), float32
            Up to what is the same for all labels.
        """
        pixels, f, superpixels, shares = evidence
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

    def labels(self, evidence):
        """Label of the highest score.

        Parameters
        ----------
        evidence : PixelEvidence

        Returns
        -------
        labels : ndarray of shape (H, W), int32
            -1 where there is no superpixel.
        """
        superpixels, used = evidence.superpixels, self.used.astype(np.int32)
        labels = np.empty(superpixels.shape, np.int32)
        for rows, scores in self.scores(evidence):
            labels[rows] = used[scores.argmax(axis=-1)]
        labels[superpixels < 0] = -1
        return labels

    def posteriors(self, evidence):
        """Softmax of the scores, by a temperature of 2 [1]_, some rows at a time.

        Parameters
        ----------
        evidence : PixelEvidence

        Yields
        ------
        rows : slice
        posteriors : ndarray of shape (h, W, n), float32
            Of the labels in use.

        References
        ----------
        .. [1] C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On calibration of modern
           neural networks", ICML 2017.
        """
        for rows, scores in self.scores(evidence):
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores / _TEMPERATURE, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            yield rows, scores

    def shares(self, evidence):
        """Posteriors of all labels.

        Parameters
        ----------
        evidence : PixelEvidence

        Returns
        -------
        shares : ndarray of shape (H, W, K), float32
            0 where there is no superpixel.
        """
        superpixels, n_labels = evidence.superpixels, evidence.shares.shape[1]
        shares = np.zeros((*superpixels.shape, n_labels), np.float32)
        for rows, posteriors in self.posteriors(evidence):
            shares[rows][..., self.used] = posteriors
        shares[superpixels < 0] = 0.0
        return shares


def likely_labels(evidence, used):
    """First guess: the label of the largest product of both soft labels.

    Parameters
    ----------
    evidence : PixelEvidence
        Its soft labels count.
    used : ndarray of shape (n,), int

    Returns
    -------
    labels : ndarray of shape (H, W), int32
        -1 where there is no superpixel.
    """
    _, f, superpixels, shares = evidence
    labels = np.empty(superpixels.shape, np.int32)
    of_superpixels = shares[:, used] + _FLOOR
    for rows in row_blocks(superpixels.shape, _BLOCK_PIXELS):
        products = (f[rows] + _FLOOR) * of_superpixels[superpixels[rows]]
        labels[rows] = used[products.argmax(axis=-1)]
    labels[superpixels < 0] = -1
    return labels


def learn_appearance(scaled, evidence, used, *, hinted=False):
    """Learn what the labels look like, by colours and then by textures as well.

    Parameters
    ----------
    scaled : list of ndarray of shape (H, W, C)
    evidence : list of PixelEvidence
        Of each image, with all `TEXTURES`.
    used : ndarray of shape (n,), int
        Labels there may be.
    hinted : bool, default=False
        Whether the net was given scribbles.

    Returns
    -------
    appearance : Appearance
    maps : list of ndarray of shape (H, W), int32
        Labels of the highest scores.
    """
    maps = [likely_labels(each, used) for each in evidence]
    n_channels = scaled[0].shape[-1]
    colors = [each.pixels[..., :n_channels] for each in evidence]
    left = _variance_left(scaled, colors, maps, used)
    known = {"hinted": hinted, "variance_left": left}
    for _ in range(_ROUNDS):
        looks = Appearance.measure(scaled, colors, maps, used, **known)
        maps = [looks.labels(each) for each in evidence]
    sides = sides_of_textures(scaled, [each.pixels for each in evidence], maps)
    known["of_colors"] = separability_of_colors(colors, maps)
    for turn in range(_ROUNDS_WITH_TEXTURES):
        pixels = [each.pixels for each in evidence]
        found = Appearance.measure(scaled, pixels, maps, used, sides, **known)
        if not found.textures:
            break
        evidence = _with_textures(evidence, n_channels, [*sides], found.textures)
        sides = {name: sides[name] for name in found.textures}
        # Classes that people mean have the textures of their strokes.
        looks = found if turn or hinted else found.spread(sides)
        maps = [looks.labels(each) for each in evidence]
    return looks, maps


def _with_textures(evidence, n_channels, names, kept):
    """Evidence without the textures that do not count."""
    if len(kept) == len(names):
        return evidence
    columns = [*range(n_channels), *(n_channels + names.index(name) for name in kept)]
    return [each._replace(pixels=each.pixels[..., columns]) for each in evidence]


def _variance_left(scaled, colors, labels, used):
    """Part of the variance within labels that is left in averaged colours."""
    before, after = (
        np.maximum(_means_and_variances(planes, planes, labels, used)[1], _TINY)
        for planes in (scaled, colors)
    )
    return float(np.minimum(after / before, 1.0).mean())


def _means_and_variances(scaled, looks, labels, used):
    """Means of labels, (n, C + T), and variances within them and of all, (C + T,)."""
    parts = zip(scaled, looks, labels, strict=True)
    sums = np.sum([_sums(*part, used) for part in parts], axis=0)
    area, (first, second) = sums[:, :1], np.split(sums[:, 1:], 2, axis=1)
    means = np.where(area > 0, first / np.maximum(area, 1), _NO_LOOK)
    within = (second - first * means).sum(axis=0) / area.sum()
    whole = (second.sum(axis=0) - first.sum(axis=0) ** 2 / area.sum()) / area.sum()
    return means, within, whole


def _weights_of_textures(sides, of_colors):
    """Weights by how well textures and colours divide the images."""
    of_textures = [
        max(side.separability - TEXTURES[name].one_kind, 0.0)
        for name, side in sides.items()
    ]
    return [
        _TEXTURE_WEIGHT * of_texture**2 / max(of_texture**2 + of_colors**2, _TINY)
        for of_texture in of_textures
    ]


def _least_deviations(n_channels, names):
    of_textures = [TEXTURES[name].least_deviation for name in names]
    return np.array([LEAST_DEVIATION] * n_channels + of_textures)


def _sums(scaled, looks, labels, used):
    """Areas, sums and sums of squares of labels: (n, 1 + 2 (C + T)), float64."""
    inside = labels >= 0
    n_channels = scaled.shape[-1]
    planes = [*np.moveaxis(scaled, -1, 0), *np.moveaxis(looks, -1, 0)[n_channels:]]
    values = [plane[inside].astype(float) for plane in planes]
    weights = [None, *values, *(value**2 for value in values)]
    found = labels[inside]
    return sums_by_label(found, weights, used.max() + 1)[used].astype(float)
