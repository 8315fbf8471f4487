"""One image as the sparse estimator labels it."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse

from sksegment._parts import ScaledParts
from sksegment._pooling import Pooling, pooling_matrix
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
    def build(cls, scaled, superpixels, grid):
        """Add the means over superpixels to the rest."""
        means = Pooling if isinstance(grid, LazyGrid) else pooling_matrix
        return cls(scaled, superpixels, grid, means(superpixels, grid.shape[-2:]))

    @property
    def is_parted(self):
        """Whether it must be labelled part by part."""
        return isinstance(self.scaled, ScaledParts)

    def whole(self):
        """All of it on the scale of the net, (H, W, C)."""
        if self.is_parted:
            return self.scaled.read(slice(None), slice(None))
        return self.scaled
