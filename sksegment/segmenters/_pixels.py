"""What the sparse estimator does for labels of pixels by their looks."""

import numpy as np

from sksegment._appearance import Appearance, PixelEvidence, learn_appearance
from sksegment._large_images import enlarged_windows
from sksegment._looks import looks_of_part, looks_of_pixels, sigma_of_windows
from sksegment._textures import TEXTURES
from sksegment.fitting import enlarge, soft_labels, to_array
from sksegment.labelling import mean_shares, paint, region_shares

__all__ = ["PixelLabelsMixin"]

# Standard deviations, in the mean of the channels, between two classes that no one
# takes for one: of normal distributions one pixel in 160 is on the wrong side of the
# middle. See docs/research.md.
_DEVIATIONS_APART = 5.0
# What else may help where scribbles have got other labels.
_CURES_OF_UNHEEDED = {
    "pixel": "; or set assignment='mean', which gives superpixels one label",
    "region": "; or set assignment='pixel', which needs no regions",
}


class PixelLabelsMixin:
    """Methods for labels by looks, see `sksegment._appearance`.

    ``assignment="pixel"`` gives each pixel its own, "region" all of a region the same.

    They need the attributes that a fit sets, and ``_shares``, ``_tree`` and
    ``_divided`` of the estimator.
    """

    @property
    def _cure_of_unheeded(self):
        return _CURES_OF_UNHEEDED.get(self.assignment, "")

    @property
    def _goes_by_looks(self):
        return self.assignment in ("pixel", "region")

    def _learn_appearance(self, divided, scale):
        """Learn the looks of the labels, and count the pixels that get each of them."""
        used = np.flatnonzero(self.label_fractions_)
        scaled = [image.scaled for image in divided]
        if self.color_sigma_ is None:
            insides = [image.superpixels >= 0 for image in divided]
            self.color_sigma_ = sigma_of_windows(scaled, insides)
        evidence = [self._evidence(image, used, tuple(TEXTURES)) for image in divided]
        self.believes_hints_ = hinted = self._n_hinted_classes > 0
        looks, maps = learn_appearance(scaled, evidence, used, hinted=hinted)
        counts = sum(np.bincount(m[m >= 0], minlength=self.max_labels) for m in maps)
        self.label_fractions_ = counts / counts.sum()
        self._set_looks(looks)
        brightness = scale.brightness(self.label_colors_)
        return np.where(self.label_fractions_ > 0, brightness, np.inf)

    def _set_looks(self, looks):
        n_channels = looks.n_channels
        seen = self.label_fractions_[looks.used] > 0
        labels, means = looks.used[seen], looks.looks[seen]
        self.label_colors_[labels] = means[:, :n_channels]
        self.color_deviation_ = looks.scale[:n_channels]
        scales = looks.scale[n_channels:].tolist()
        self.texture_scales_ = dict(zip(looks.textures, scales, strict=True))
        # Those that no pixel has are told apart by their colours.
        mean = means[:, n_channels:].mean(axis=0)
        self.label_textures_ = np.tile(mean, (self.max_labels, 1))
        self.label_textures_[labels] = means[:, n_channels:]

    def _reorder(self, keys):
        order = np.argsort(keys, kind="stable")
        self.net_.permute_labels(order)
        self.label_colors_ = self.label_colors_[order]
        self.label_textures_ = self.label_textures_[order]
        self.label_fractions_ = self.label_fractions_[order]

    def _counted_labels(self, images):
        # What pixels may get is what any of them has, whatever regions make of it.
        if self.assignment != "region":
            return super()._counted_labels(images)
        return [self._labels_of_pixels(image) for image in self._divided(images)]

    def _labels_of_pixels(self, image):
        looks = self._appearance
        return looks.labels(self._evidence(image, looks.used, looks.textures))

    def _label_pixels_over(self, image):
        """Labels of a large image, in the place of its superpixels."""
        looks = self._appearance
        for place, evidence in self._evidence_by_parts(image):
            image.superpixels[place] = self._joined(looks.labels(evidence))
        return image.superpixels

    def _proba_of_pixels(self, image):
        looks = self._appearance
        if not image.is_parted:
            evidence = self._evidence(image, looks.used, looks.textures)
            return self._summed(looks.shares(evidence))
        n_labels = self._summed(np.empty((0, self.max_labels))).shape[1]
        proba = np.empty((*image.superpixels.shape, n_labels), np.float32)
        for place, evidence in self._evidence_by_parts(image):
            proba[place] = self._summed(looks.shares(evidence))
        return proba

    def _labels_of_regions(self, image):
        regions, shares = self._shares_of_regions(image)
        return paint(regions, shares.argmax(axis=1).astype(np.int32), -1)

    def _proba_of_regions(self, image):
        regions, shares = self._shares_of_regions(image)
        return paint(regions, self._summed(shares), 0.0)

    def _shares_of_regions(self, image):
        """Regions of an image, and the mean shares of the labels in each, (n, K)."""
        regions, looks = self._tree(image).cut("auto"), self._appearance
        parts = (
            (regions[place][rows], posteriors)
            for place, evidence in self._evidence_by_parts(image)
            for rows, posteriors in looks.posteriors(evidence)
        )
        shares = np.zeros((int(regions.max()) + 1, self.max_labels), np.float32)
        shares[:, looks.used] = mean_shares(parts, len(shares))
        return regions, shares

    def _evidence(self, image, used, textures):
        """What speaks for the labels in use, in all of an image."""
        inside, sigma = image.superpixels >= 0, self.color_sigma_
        pixels = looks_of_pixels(image.scaled, inside, textures, sigma=sigma)
        f = soft_labels(self.net_, image.grid)
        shares = region_shares(to_array(f), image.pooling, "mean")
        f = enlarge(f[:, used], image.superpixels.shape)
        return PixelEvidence(pixels, f, image.superpixels, shares)

    def _evidence_by_parts(self, image):
        """Pairs of a place and what speaks there; of a large image there are many."""
        superpixels, looks = image.superpixels, self._appearance
        if not image.is_parted:
            everywhere = slice(None), slice(None)
            yield everywhere, self._evidence(image, looks.used, looks.textures)
            return
        shares = self._shares(image, assignment="mean")
        for place, f in enlarged_windows(
            self, image.grid, superpixels.shape, looks.used
        ):
            # Labels may be painted over superpixels meanwhile; neither is negative.
            pixels = looks_of_part(
                image.scaled,
                *place,
                superpixels,
                looks.textures,
                sigma=self.color_sigma_,
            )
            yield place, PixelEvidence(pixels, f, superpixels[place], shares)

    @property
    def _appearance(self):
        if self.color_deviation_ is None:
            raise ValueError(
                f"assignment={self.assignment!r} was set after the fit, so the colours "
                "of the labels are not known; fit again"
            )
        return self._appearance_of(np.flatnonzero(self.label_fractions_))

    def _points(self):
        if self.color_deviation_ is None:
            return super()._points()
        return self._appearance_of(np.arange(self.max_labels)).points()

    def _distance_of_classes(self):
        # Textures of one area vary more than noise does.
        if self.color_deviation_ is None or self.texture_scales_:
            return super()._distance_of_classes()
        return _DEVIATIONS_APART

    def _appearance_of(self, labels):
        looks = np.hstack([self.label_colors_, self.label_textures_])[labels]
        scale = np.append(self.color_deviation_, [*self.texture_scales_.values()])
        textures, hinted = tuple(self.texture_scales_), self.believes_hints_
        return Appearance(looks, scale, self.n_channels_in_, labels, textures, hinted)
