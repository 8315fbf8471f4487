"""One U-Net of any depth, for images of any size."""

import copy

import torch
from torch import nn
from torch.nn.functional import max_pool2d, pad
from torch.nn.utils.fusion import fuse_conv_bn_eval

from sksegment.nn._blocks import ConvBlock, UpSampling

__all__ = ["UNet"]

# Of the two 3x3 convolutions of a block.
_BLOCK_REACH = 2


class UNet(nn.Module):
    """U-Net of Xia and Kulis (2017): separable except on the first and last level.

    Parameters
    ----------
    n_in, n_out : int
        Number of input and output channels.
    base_channels : int
        Channels of the first level; each level below has twice as many.
    depth : int
        Number of 2x2 poolings.

    Notes
    -----
    Sides that are no multiple of ``2**depth`` are padded by reflection and the result
    is cropped, so height and width are free.
    """

    def __init__(self, n_in, n_out, *, base_channels, depth):
        super().__init__()
        widths = [base_channels * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.down = nn.ModuleList(
            ConvBlock(
                n_in if level == 0 else widths[level - 1],
                widths[level],
                separable=level > 0,
            )
            for level in range(depth + 1)
        )
        self.up = nn.ModuleList(
            UpSampling(widths[level + 1], widths[level])
            for level in reversed(range(depth))
        )
        self.merge = nn.ModuleList(
            ConvBlock(2 * widths[level], widths[level], separable=level > 0)
            for level in reversed(range(depth))
        )
        self.head = nn.Conv2d(base_channels, n_out, 1)

    def forward(self, x, margin=0):
        """Map images to as many values a pixel.

        Parameters
        ----------
        x : tensor of shape (B, n_in, H, W)
        margin : int, default=0
            Pixels of reflection around the image, without which the zeros that
            convolutions see beyond it make its border a class of its own.

        Returns
        -------
        y : tensor of shape (B, n_out, H, W)
        """
        return self.head(self.features(x, margin))

    def features(self, x, margin=0):
        """Features of the last layer but one.

        Parameters
        ----------
        x : tensor of shape (B, n_in, H, W)
        margin : int, default=0
            As in `forward`.

        Returns
        -------
        features : tensor of shape (B, base_channels, H, W)
        """
        x, crop = self._pad(x, margin)
        levels = []
        for level, block in enumerate(self.down):
            x = block(max_pool2d(x, 2) if level else x)
            levels.append(x)
        skips = reversed(levels[:-1])
        for enlarge, block, skip in zip(self.up, self.merge, skips, strict=True):
            x = block(torch.cat([skip, enlarge(x)], dim=1))
        return x[..., crop[0], crop[1]]

    @torch.no_grad()
    def fused(self, dtype):
        """Copy for prediction, in which batch norms are part of the convolutions.

        Parameters
        ----------
        dtype : torch.dtype
            Precision of its weights, and of the images it takes.

        Returns
        -------
        unet : UNet
            In evaluation mode; the same function up to rounding.
        """
        unet = copy.deepcopy(self).eval()
        for block in (*unet.down, *unet.merge):
            for index, norm in enumerate(block):
                if isinstance(norm, nn.BatchNorm2d):
                    block[index - 1] = fuse_conv_bn_eval(block[index - 1], norm)
                    block[index] = nn.Identity()
        return unet.to(dtype=dtype, memory_format=torch.channels_last)

    @property
    def reach(self):
        """Pixels around a cell of ``2**depth`` pixels that its values depend on."""
        unit = 2**self.depth
        first, last = self._sources(0, 0, unit - 1)
        return max(-first, last - unit + 1)

    def _sources(self, level, first, last):
        """First and last pixel on which values of a level depend, across one axis."""
        if level == self.depth:
            return self._sources_down(level, first, last)
        first, last = first - _BLOCK_REACH, last + _BLOCK_REACH
        above = self._sources_down(level, first, last)
        # A transposed convolution takes from two values below.
        below = self._sources(level + 1, first // 2, (last + 1) // 2)
        return min(above[0], below[0]), max(above[1], below[1])

    def _sources_down(self, level, first, last):
        first, last = first - _BLOCK_REACH, last + _BLOCK_REACH
        if level == 0:
            return first, last
        return self._sources_down(level - 1, 2 * first, 2 * last + 1)

    def padding(self, height, width, margin):
        """How an image is padded before the first layer.

        Parameters
        ----------
        height, width : int
        margin : int
            As in `forward`.

        Returns
        -------
        sides : ((int, int), (int, int))
            Pixels above, below, and left, right.
        mode : {"reflect", "replicate"}
        """
        missing = [self._missing(side, margin) for side in (height, width)]
        (top, bottom), (left, right) = ((n // 2, n - n // 2) for n in missing)
        # Reflection needs more pixels than it adds.
        room = bottom < height and right < width
        return ((top, bottom), (left, right)), "reflect" if room else "replicate"

    def _pad(self, x, margin):
        """Pad to a multiple of ``2**depth``, and say how to crop the result."""
        height, width = x.shape[-2:]
        ((top, bottom), (left, right)), mode = self.padding(height, width, margin)
        if bottom or right:
            x = pad(x, (left, right, top, bottom), mode=mode)
        return x, (slice(top, top + height), slice(left, left + width))

    def _missing(self, side, margin):
        """Pixels to add to a side, margins included."""
        unit = 2**self.depth
        # Batch norm needs more than one value a channel, on the last level too.
        wanted = max(side + 2 * margin, 2 * unit)
        return wanted + -wanted % unit - side
