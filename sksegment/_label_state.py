"""What a fit learns of the labels, apart from the net."""

from dataclasses import dataclass, field, replace

import numpy as np

from sksegment._appearance import Appearance

__all__ = ["LabelState"]

# Standard deviations, in the mean of the channels, between two classes that no one
# takes for one: of normal distributions one pixel in 160 is on the wrong side of the
# middle. See docs/research.md.
_DEVIATIONS_APART = 5.0


@dataclass(frozen=True, eq=False)
class LabelState:
    """What is known of the K labels: attributes of an estimator, which explains them.

    They are ``label_colors_``, ``label_fractions_``, ``cluster_centers_``,
    ``color_sigma_``, ``color_deviation_``, ``label_textures_``, ``texture_scales_``,
    ``believes_hints_`` and ``variance_left_``. The dense estimator has the first two.
    """

    colors: np.ndarray
    fractions: np.ndarray
    centers: np.ndarray | None = None
    sigma: float | None = None
    deviation: np.ndarray | None = None
    textures: np.ndarray | None = None
    scales: dict = field(default_factory=dict)
    hinted: bool = False
    variance_left: float = 1.0

    @property
    def used(self):
        """Labels that any pixel has, (n,)."""
        return np.flatnonzero(self.fractions)

    @property
    def points(self):
        """Points of the labels, (K, D), that lie close where labels look alike."""
        if self.deviation is None:
            return self.colors
        return self.appearance(np.arange(len(self.colors))).points()

    @property
    def apart(self):
        """Distance of points of two classes that no one takes for one."""
        # Textures of one area vary more than noise does.
        has_deviations = self.deviation is not None and not self.scales
        return _DEVIATIONS_APART if has_deviations else np.inf

    def appearance(self, labels):
        """Looks of some of the labels, an `Appearance`."""
        looks = np.hstack([self.colors, self.textures])[labels]
        scale = np.append(self.deviation, [*self.scales.values()])
        n_channels, textures = self.colors.shape[1], tuple(self.scales)
        known = self.hinted, self.variance_left
        return Appearance(looks, scale, n_channels, labels, textures, *known)

    def with_looks(self, looks):
        """The same with an `Appearance`; labels of no pixel keep their colours."""
        n_channels = looks.n_channels
        seen = self.fractions[looks.used] > 0
        labels, means = looks.used[seen], looks.looks[seen]
        colors = self.colors.copy()
        colors[labels] = means[:, :n_channels]
        # Those that no pixel has are told apart by their colours.
        textures = np.tile(means[:, n_channels:].mean(axis=0), (len(colors), 1))
        textures[labels] = means[:, n_channels:]
        scales = looks.scale[n_channels:].tolist()
        return replace(
            self,
            colors=colors,
            deviation=looks.scale[:n_channels],
            textures=textures,
            scales=dict(zip(looks.textures, scales, strict=True)),
            hinted=looks.hinted,
            variance_left=looks.variance_left,
        )

    def reordered(self, order):
        """The same where label k is what was ``order[k]``; there are no clusters."""
        names = "colors", "fractions", "textures"
        return replace(self, **{name: getattr(self, name)[order] for name in names})
