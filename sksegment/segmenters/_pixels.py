"""What the sparse estimator does for labels of single pixels."""

import numpy as np

from sksegment._appearance import Appearance, FlatAndBusy, likely_labels
from sksegment._looks import looks_of_part, looks_of_pixels
from sksegment._tiled import enlarged_windows
from sksegment.fitting import enlarge, soft_labels
from sksegment.labelling import region_shares

__all__ = ["PixelLabelsMixin"]

# So often labels are learnt anew, by colours and then by contrast as well: the first
# guess is blurred where the net is, and would make too much of contrast. Labels that
# the net has found by their colours take longer to become textures.
_ROUNDS = 2
_ROUNDS_WITH_CONTRAST = 8


class PixelLabelsMixin:
    """Methods for ``assignment="pixel"``, see `sksegment._appearance`.

    They need the attributes that a fit sets, and ``_shares`` and ``_label`` of the
    estimator.
    """

    def _learn_appearance(self, parts, scale):
        """Learn the looks of the labels, and count the pixels that get each of them."""
        used = np.flatnonzero(self.label_fractions_)
        evidence = [self._evidence(used, True, *part) for part in parts]
        maps = [likely_labels(*soft, used) for _, *soft in evidence]
        scaled, pixels = [part[0] for part in parts], [each[0] for each in evidence]
        colors = [looks[..., : self.n_channels_in_] for looks in pixels]
        for _ in range(_ROUNDS):
            looks = Appearance.measure(scaled, colors, maps, used)
            maps = [looks.labels(*each) for each in evidence]
        contrasts = [p[m >= 0, -1] for p, m in zip(pixels, maps, strict=True)]
        sides = FlatAndBusy.of(np.concatenate(contrasts))
        for turn in range(_ROUNDS_WITH_CONTRAST):
            found = Appearance.measure(scaled, pixels, maps, used, sides)
            if not found.has_contrast:
                break
            looks = found if turn else found.spread(sides)
            maps = [looks.labels(*each) for each in evidence]
        counts = sum(np.bincount(m[m >= 0], minlength=self.max_labels) for m in maps)
        self.label_fractions_ = counts / counts.sum()
        self._keep_looks(looks)
        brightness = scale.brightness(self.label_colors_)
        return np.where(self.label_fractions_ > 0, brightness, np.inf)

    def _keep_looks(self, looks):
        n_channels = looks.n_channels
        seen = self.label_fractions_[looks.used] > 0
        labels, means = looks.used[seen], looks.looks[seen]
        self.label_colors_[labels] = means[:, :n_channels]
        self.color_deviation_ = looks.scale[:n_channels]
        if looks.has_contrast:
            # Those that no pixel has are told apart by their colours.
            self.label_contrasts_ = np.full(self.max_labels, means[:, -1].mean())
            self.label_contrasts_[labels] = means[:, -1]
            self.contrast_scale_ = float(looks.scale[-1])

    def _reorder(self, keys):
        order = np.argsort(keys, kind="stable")
        self.net_.permute_labels(order)
        self.label_colors_ = self.label_colors_[order]
        if self.label_contrasts_ is not None:
            self.label_contrasts_ = self.label_contrasts_[order]
        self.label_fractions_ = self.label_fractions_[order]

    def _soft(self, superpixels, grid, pooling, labels=slice(None)):
        """Soft labels of pixels, some of them, and all those of superpixels."""
        f = soft_labels(self.net_, grid)
        shares = region_shares(f[0].permute(1, 2, 0).cpu().numpy(), pooling, "mean")
        return enlarge(f[:, labels], superpixels.shape), superpixels, shares

    def _evidence(self, used, contrast, scaled, superpixels, *parts):
        """What `Appearance.scores` needs."""
        looks = looks_of_pixels(scaled, superpixels >= 0, contrast=contrast)
        return looks, *self._soft(superpixels, *parts, labels=used)

    def _windows_of(self, scaled, superpixels, grid, pooling):
        """The same for an image of which there are parts only."""
        shares = self._shares(grid, pooling, assignment="mean")
        looks = self._appearance
        for place, f in enlarged_windows(self, grid, superpixels.shape, looks.used):
            # Labels may be painted over superpixels meanwhile; neither is negative.
            pixels = looks_of_part(
                scaled, *place, superpixels, contrast=looks.has_contrast
            )
            yield place, (pixels, f, superpixels[place], shares)

    @property
    def _appearance(self):
        if self.color_deviation_ is None:
            raise ValueError(
                "assignment='pixel' was set after the fit, so the colours of the "
                "labels are not known; fit again"
            )
        used = np.flatnonzero(self.label_fractions_)
        looks, scale = self._looks()
        return Appearance(looks[used], scale, self.n_channels_in_, used)

    def _points(self):
        if self.color_deviation_ is None:
            return super()._points()
        looks, scale = self._looks()
        everyone = np.arange(self.max_labels)
        return Appearance(looks, scale, self.n_channels_in_, everyone).points()

    def _looks(self):
        """Looks of all labels, (K, C + 1), and their scale; colours alone, perhaps."""
        if self.label_contrasts_ is None:
            return self.label_colors_, self.color_deviation_
        looks = np.column_stack([self.label_colors_, self.label_contrasts_])
        return looks, np.append(self.color_deviation_, self.contrast_scale_)
