"""One image as the sparse estimator labels it."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from sksegment._appearance import PixelEvidence
from sksegment._looks import looks_of_part, looks_of_pixels
from sksegment._parts import ScaledParts
from sksegment._pooling import Pooling, pooling_matrix
from sksegment._soft_labels import grid_of
from sksegment.hierarchy import region_hierarchy
from sksegment.training import LazyGrid

__all__ = ["DividedImage"]


@dataclass(frozen=True, eq=False)
class DividedImage:
    """An image, its superpixels, and what the net sees of it.

    Of an image that must be labelled part by part, the first and the last two are not
    arrays but make any part of these when it is asked for.

    Attributes
    ----------
    scaled : ndarray of shape (H, W, C), float32, or ScaledParts
        As `SuperpixelTransformer.normalize` returns it.
    superpixels : ndarray of shape (H, W), int32
        -1 outside a mask.
    grid : tensor of shape (1, C, h, w), or LazyGrid
        See `sksegment.training.to_grid`.
    pooling : scipy.sparse.csr_array of shape (n, h * w), or Pooling
        Means over the n superpixels, see `sksegment.regions.pooling_matrix`.
    """

    scaled: np.ndarray | ScaledParts
    superpixels: np.ndarray
    grid: torch.Tensor | LazyGrid
    pooling: sparse.csr_array | Pooling

    @classmethod
    def build(cls, scaled, superpixels, **how):
        """Add the grid, see `grid_of`, and the means over superpixels to the rest."""
        grid = grid_of(scaled, **how)
        means = Pooling if isinstance(grid, LazyGrid) else pooling_matrix
        return cls(scaled, superpixels, grid, means(superpixels, grid.shape[-2:]))

    @property
    def is_parted(self):
        """Whether it must be labelled part by part."""
        return isinstance(self.scaled, ScaledParts)

    @property
    def out(self):
        """Superpixels to paint labels over: of a large image them, else a copy."""
        return self.superpixels if self.is_parted else self.superpixels.copy()

    def tree(self, f, rgb):
        """Merge tree of the superpixels by colours and soft labels."""
        scaled = self.scaled
        if self.is_parted:
            scaled = scaled.read(slice(None), slice(None))
        return region_hierarchy(
            np.float32(100.0) * scaled,
            self.superpixels,
            color=rgb,
            soft_labels=f.shares(self.pooling),
        )

    def evidence(self, f, used, textures, sigma):
        """What speaks for the labels in use, by parts: pairs of place and evidence."""
        shares = f.shares(self.pooling)
        for place, part in f.parts(self.superpixels.shape, used):
            # Labels may be painted over superpixels meanwhile; neither is negative.
            pixels = self._looks(place, textures, sigma)
            yield place, PixelEvidence(pixels, part, self.superpixels[place], shares)

    def _looks(self, place, textures, sigma):
        if self.is_parted:
            part = self.scaled, *place, self.superpixels
            return looks_of_part(*part, textures, sigma=sigma)
        inside = self.superpixels >= 0
        return looks_of_pixels(self.scaled, inside, textures, sigma=sigma)
