"""Logits of a part of an image, as the net would give them for all of it."""

import numpy as np
import torch

from sksegment._bilinear import columns_in_use, shrinking_matrix
from sksegment.training._data import grid_shape
from sksegment.training._device import limit_threads
from sksegment.training._net import MARGIN

__all__ = ["LazyGrid", "TensorGrid", "window_logits"]


class TensorGrid:
    """A grid that is in memory.

    Parameters
    ----------
    pixels : tensor of shape (1, C, h, w)
        See `to_grid`.
    """

    def __init__(self, pixels):
        self.pixels = pixels
        self.shape = tuple(pixels.shape[-2:])

    def read(self, rows, columns):
        """Pixels at some rows and columns.

        Parameters
        ----------
        rows, columns : ndarray of int

        Returns
        -------
        pixels : tensor of shape (1, C, len(rows), len(columns))
        """
        device = self.pixels.device
        rows, columns = (torch.from_numpy(i).to(device) for i in (rows, columns))
        return self.pixels[:, :, rows][:, :, :, columns]


class LazyGrid:
    """A grid of which any part is made of the image when it is asked for.

    Parameters
    ----------
    parts : ScaledParts
    resolution, position : float
        See `to_grid`.
    """

    def __init__(self, parts, resolution, position):
        self.parts, self.position = parts, position
        self.shape = grid_shape(parts.shape, resolution)
        self._matrices = None
        if self.shape != parts.shape[:2]:
            self._matrices = [*map(shrinking_matrix, parts.shape[:2], self.shape)]

    def read(self, rows, columns):
        """As `TensorGrid.read`."""
        pixels = self._values(rows, columns)
        if self.position:
            unit = self.position / max(self.shape)
            place = np.meshgrid(unit * rows, unit * columns, indexing="ij")
            pixels = np.dstack([pixels, *place])
        pixels = torch.from_numpy(np.ascontiguousarray(pixels, np.float32))
        return pixels[None].permute(0, 3, 1, 2)

    def _values(self, rows, columns):
        window = [slice(int(i.min()), int(i.max()) + 1) for i in (rows, columns)]
        if self._matrices is None:
            values = self.parts.read(*window)
        else:
            down, right = (m[w] for m, w in zip(self._matrices, window, strict=True))
            # Only what these rows and columns are made of.
            top, left = map(columns_in_use, (down, right))
            part = self.parts.read(top, left)
            values = _shrink(part, down[:, top], right[:, left])
        return values[np.ix_(rows - window[0].start, columns - window[1].start)]


def _shrink(part, down, right):
    height, width, n_channels = part.shape
    rows = (down @ part.reshape(height, -1)).reshape(-1, width, n_channels)
    turned = rows.transpose(1, 0, 2).reshape(width, -1)
    values = (right @ turned).reshape(-1, len(rows), n_channels)
    return values.transpose(1, 0, 2)


def window_logits(net, encoder, grid, rows, columns):
    """Logits of a window of the grid; what is beyond its reach is not looked at.

    Parameters
    ----------
    net : SegmentationNet
    encoder : UNet
        That of the net for prediction, on any device and in any precision.
    grid : TensorGrid or LazyGrid
    rows, columns : slice
        The window; both with an end.

    Returns
    -------
    z : tensor of shape (1, K, h, w), float32
        Up to rounding a part of what `SegmentationNet.evaluation_step` gives.
    """
    sides, mode = encoder.padding(*grid.shape, MARGIN)
    places = [
        _with_surroundings(encoder, size, side, mode, window)
        for size, side, window in zip(grid.shape, sides, (rows, columns), strict=True)
    ]
    (row_numbers, crop_rows), (column_numbers, crop_columns) = places
    weight = encoder.head.weight
    pixels = grid.read(row_numbers, column_numbers).to(weight.device, weight.dtype)
    pixels = pixels.contiguous(memory_format=torch.channels_last)
    with limit_threads(net.n_values(pixels)), torch.inference_mode():
        return encoder(pixels)[..., crop_rows, crop_columns].float()


def _with_surroundings(encoder, size, side, mode, window):
    """Pixels of one axis that a window depends on, and where it lies in them."""
    numbers = np.pad(np.arange(size), side, "edge" if mode == "replicate" else mode)
    unit, reach = 2**encoder.depth, encoder.reach
    first, last = window.start + side[0], window.stop + side[0]
    start = max(0, (first - reach) // unit * unit)
    stop = min(len(numbers), -((-last - reach) // unit) * unit)
    return numbers[start:stop], slice(first - start, last - start)
