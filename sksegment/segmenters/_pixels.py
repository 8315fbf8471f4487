"""What the sparse estimator does for labels of single pixels."""

import numpy as np

from sksegment._appearance import (
    Appearance,
    likely_labels,
    smoothed,
    smoothed_part,
)
from sksegment._tiled import enlarged_windows
from sksegment.fitting import enlarge, soft_labels
from sksegment.labelling import region_shares

__all__ = ["PixelLabelsMixin"]


class PixelLabelsMixin:
    """Methods for ``assignment="pixel"``, see `sksegment._appearance`.

    They need the attributes that a fit sets, and ``_shares`` and ``_label`` of the
    estimator.
    """

    def _learn_appearance(self, parts, scale):
        """Learn the looks of the labels, and count the pixels that get each of them."""
        used = np.flatnonzero(self.label_fractions_)
        evidence = [self._evidence(used, *part) for part in parts]
        maps = [likely_labels(*soft, used) for _, *soft in evidence]
        scaled = [part[0] for part in parts]
        # The first guess is blurred where the net is; the second is not.
        for _ in range(2):
            looks = Appearance.measure(scaled, maps, used)
            maps = [looks.labels(*each) for each in evidence]
        counts = sum(np.bincount(m[m >= 0], minlength=self.max_labels) for m in maps)
        self.label_fractions_ = counts / counts.sum()
        seen = self.label_fractions_[used] > 0
        self.label_colors_[used[seen]] = looks.colors[seen]
        self.color_deviation_ = looks.deviation
        brightness = scale.brightness(self.label_colors_)
        return np.where(self.label_fractions_ > 0, brightness, np.inf)

    def _reorder(self, keys):
        order = np.argsort(keys, kind="stable")
        self.net_.permute_labels(order)
        self.label_colors_ = self.label_colors_[order]
        self.label_fractions_ = self.label_fractions_[order]

    def _soft(self, superpixels, grid, pooling, labels=slice(None)):
        """Soft labels of pixels, some of them, and all those of superpixels."""
        f = soft_labels(self.net_, grid)
        shares = region_shares(f[0].permute(1, 2, 0).cpu().numpy(), pooling, "mean")
        return enlarge(f[:, labels], superpixels.shape), superpixels, shares

    def _evidence(self, used, scaled, *parts):
        """What `Appearance.scores` needs."""
        return smoothed(scaled), *self._soft(*parts, labels=used)

    def _windows_of(self, scaled, superpixels, grid, pooling):
        """The same for an image of which there are parts only."""
        shares = self._shares(grid, pooling, assignment="mean")
        used = self._appearance.used
        for place, f in enlarged_windows(self, grid, superpixels.shape, used):
            pixels = smoothed_part(scaled, *place)
            yield place, (pixels, f, superpixels[place], shares)

    @property
    def _appearance(self):
        if self.color_deviation_ is None:
            raise ValueError(
                "assignment='pixel' was set after the fit, so the colours of the "
                "labels are not known; fit again"
            )
        used = np.flatnonzero(self.label_fractions_)
        return Appearance(self.label_colors_[used], self.color_deviation_, used)
