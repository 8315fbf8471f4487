"""Convolutional blocks of a U-Net."""

from torch import nn

__all__ = ["ConvBlock", "UpSampling"]


def _convolution(n_in, n_out, separable):
    # No bias: the batch norm that follows takes any constant off again.
    if not separable:
        return [nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)]
    return [
        nn.Conv2d(n_in, n_in, 3, padding=1, groups=n_in, bias=False),
        nn.Conv2d(n_in, n_out, 1, bias=False),
    ]


class ConvBlock(nn.Sequential):
    """Two 3x3 convolutions, each with batch norm and ReLU.

    Parameters
    ----------
    n_in, n_out : int
        Number of input and output channels.
    separable : bool
        Whether each convolution is a depthwise and a pointwise one.
    """

    def __init__(self, n_in, n_out, *, separable):
        super().__init__(
            *_convolution(n_in, n_out, separable),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
            *_convolution(n_out, n_out, separable),
            nn.BatchNorm2d(n_out),
            nn.ReLU(inplace=True),
        )


class UpSampling(nn.ConvTranspose2d):
    """Transposed convolution that doubles height and width and halves channels."""

    def __init__(self, n_in, n_out):
        super().__init__(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
