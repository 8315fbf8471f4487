"""Images that are brought to the scale of nets and superpixels part by part."""

from dataclasses import dataclass

import numpy as np

from sksegment._intensity import IntensityScale

__all__ = ["ScaledParts", "row_blocks"]

_BLOCK_PIXELS = 2**22


def row_blocks(shape, n_pixels=None):
    """Slices of the rows of an image, each of about so many pixels."""
    step = max(1, (n_pixels or _BLOCK_PIXELS) // shape[1])
    return [slice(top, min(top + step, shape[0])) for top in range(0, shape[0], step)]


@dataclass(eq=False)
class ScaledParts:
    """An image of which any part can be had normalised, without all of it in memory.

    Attributes
    ----------
    image : ndarray of shape (H, W, C)
    scale : IntensityScale
    mask : ndarray of shape (H, W), bool, or None
        Outside there is the mean of the inside.
    """

    image: np.ndarray
    scale: IntensityScale
    mask: np.ndarray | None = None

    def __post_init__(self):
        self.shape = self.image.shape
        self._mean = None if self.mask is None else self._mean_inside()

    def read(self, rows, columns):
        """Normalise a part.

        Parameters
        ----------
        rows, columns : slice

        Returns
        -------
        part : ndarray of shape (h, w, C), float32
            As `IntensityScale.apply` gives it.
        """
        image = self.image[rows, columns]
        part = np.empty(image.shape, np.float32)
        for block in row_blocks(image.shape):
            part[block] = self.scale.apply(image[block])
        if self.mask is not None:
            part[~self.mask[rows, columns]] = self._mean
        return part

    def _mean_inside(self):
        if len(row_blocks(self.shape)) == 1:
            return self.scale.apply(self.image)[self.mask].mean(axis=0)
        total = sum(
            self.scale.apply(self.image[rows])[self.mask[rows]].sum(axis=0, dtype=float)
            for rows in row_blocks(self.shape)
        )
        return (total / self.mask.sum()).astype(np.float32)
