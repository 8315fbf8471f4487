"""What gives pixels their labels: they themselves, their region or their superpixel.

A labeller has two methods, for a `DividedImage` and its `SoftLabels`: ``labels``, of
shape (H, W), int32, of a large image in the place of its superpixels; and ``proba``, of
shape (H, W, K), float32, after labels were joined to groups, if they were.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sksegment._appearance import Appearance
from sksegment._large_images import paint_over
from sksegment._merging import summed
from sksegment._soft_labels import assemble
from sksegment.labelling import mean_shares, paint
from sksegment.segmenters._checks import check_clusters

__all__ = ["BY_LOOKS", "labeller_of"]

#: Assignments that go by looks, which are learnt after the training.
BY_LOOKS = ("pixel", "region")


def labeller_of(assignment, state, merge):
    """Make of a `LabelState` what labels images.

    Parameters
    ----------
    assignment : {"pixel", "region", "mean", "majority", "kmeans"}
    state : LabelState
    merge : callable
        From a `DividedImage` and its `SoftLabels` to a merge tree of its superpixels.

    Raises
    ------
    ValueError
        If the assignment was set after the fit, and what it needs was not learnt.
    """
    if assignment not in BY_LOOKS:
        check_clusters(assignment, state.centers)
        return SuperpixelLabels(assignment, state.centers)
    if state.deviation is None:
        raise ValueError(
            f"assignment={assignment!r} was set after the fit, so the colours of the "
            "labels are not known; fit again"
        )
    pixels = PixelLabels(state.appearance(state.used), state.sigma)
    if assignment == "pixel":
        return pixels
    return RegionLabels(pixels, len(state.fractions), merge)


class SuperpixelLabels(NamedTuple):
    """All pixels of a superpixel have one label, that of its largest share."""

    assignment: str
    centers: np.ndarray | None

    def labels(self, image, f):
        """The label of the superpixel."""
        labels = self._shares(image, f).argmax(axis=1).astype(np.int32)
        return paint_over(image.out, labels)

    def proba(self, image, f, groups):
        """The shares in the superpixel."""
        return paint(image.superpixels, summed(self._shares(image, f), groups), 0.0)

    def _shares(self, image, f):
        return f.shares(image.pooling, self.assignment, self.centers)


class PixelLabels(NamedTuple):
    """Each pixel has its own label, by its looks; see `sksegment._appearance`."""

    looks: Appearance
    sigma: float

    def labels(self, image, f):
        """The label of the highest score."""
        labels = image.out
        for place, evidence in self.evidence(image, f):
            labels[place] = self.looks.labels(evidence)
        return labels

    def proba(self, image, f, groups):
        """The posteriors."""
        parts = self.evidence(image, f)
        shares = ((place, summed(self.looks.shares(e), groups)) for place, e in parts)
        return assemble(shares, image.superpixels.shape)

    def evidence(self, image, f):
        """Pairs of a place and what speaks for the labels there."""
        return image.evidence(f, self.looks.used, self.looks.textures, self.sigma)


class RegionLabels(NamedTuple):
    """All pixels of a region have one label, which fits them best on the average."""

    pixels: PixelLabels
    n_labels: int
    merge: Callable

    def labels(self, image, f):
        """The label of the region."""
        regions, shares = self._shares(image, f)
        return paint(regions, shares.argmax(axis=1).astype(np.int32), -1)

    def proba(self, image, f, groups):
        """The mean posteriors in the region."""
        regions, shares = self._shares(image, f)
        return paint(regions, summed(shares, groups), 0.0)

    def _shares(self, image, f):
        """Regions of an image, and the mean shares of the labels in each, (n, K)."""
        regions, looks = self.merge(image, f).cut("auto"), self.pixels.looks
        parts = (
            (regions[place][rows], posteriors)
            for place, evidence in self.pixels.evidence(image, f)
            for rows, posteriors in looks.posteriors(evidence)
        )
        shares = np.zeros((int(regions.max()) + 1, self.n_labels), np.float32)
        shares[:, looks.used] = mean_shares(parts, len(shares))
        return regions, shares
