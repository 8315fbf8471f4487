"""The W-Net: an encoder to soft labels and a decoder back to the image."""

import math

import torch
from torch import nn

from sksegment.nn._softmax import channel_softmax
from sksegment.nn._unet import UNet

__all__ = ["WNet", "build_wnet"]


class WNet(nn.Module):
    """Two U-Nets, encoder ``x -> z`` and decoder ``softmax(z) -> x'``.

    Parameters
    ----------
    n_channels : int
        Channels C of the images.
    max_labels : int
        Number K of soft labels.
    base_channels, depth : int
        Size of both U-Nets.
    decode : bool, default=True
        Whether there is a decoder; without one nothing is reconstructed.

    References
    ----------
    Xia and Kulis, "W-Net: A deep model for fully unsupervised image segmentation",
    arXiv:1711.08506, 2017.
    """

    def __init__(self, n_channels, max_labels, base_channels, depth, decode=True):
        super().__init__()
        size = {"base_channels": base_channels, "depth": depth}
        self.encoder = UNet(n_channels, max_labels, **size)
        self.decoder = UNet(max_labels, n_channels, **size) if decode else None

    def encode(self, x, margin=0):
        """Logits z of the soft labels.

        Parameters
        ----------
        x : tensor of shape (B, C, H, W)
        margin : int, default=0
            Pixels of reflection around the image, see `UNet.forward`.

        Returns
        -------
        z : tensor of shape (B, K, H, W)
        """
        return self.encoder(x, margin)

    def decode(self, z, margin=0):
        """Reconstruct images from logits, through the softmax bottleneck.

        Parameters
        ----------
        z : tensor of shape (B, K, H, W)
        margin : int, default=0

        Returns
        -------
        x : tensor of shape (B, C, H, W)
        """
        return self.decoder(channel_softmax(z), margin)

    def forward(self, x, margin=0):
        """Encode and decode.

        Parameters
        ----------
        x : tensor of shape (B, C, H, W)
        margin : int, default=0
            As in `encode`.

        Returns
        -------
        z : tensor of shape (B, K, H, W)
            Logits of the soft labels.
        reconstructed : tensor of shape (B, C, H, W)
        """
        z = self.encode(x, margin)
        return z, self.decode(z, margin)

    def label_axes(self):
        """Return every parameter with an axis for the labels, and that axis.

        Returns
        -------
        axes : list of (Parameter, int)
        """
        axes = [(self.encoder.head.weight, 0), (self.encoder.head.bias, 0)]
        if self.decoder is not None:
            axes.append((self.decoder.down[0][0].weight, 1))
        return axes


def build_wnet(seed, **size):
    """Build a `WNet` with weights from its own random numbers.

    The global generators of torch are neither read nor moved.

    Parameters
    ----------
    seed : int
    **size
        Parameters of `WNet`.

    Returns
    -------
    module : WNet
    """
    with torch.device("meta"):
        module = WNet(**size)
    module = module.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(seed)
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            _initialise(layer, generator)
    return module.to(memory_format=torch.channels_last)


def _initialise(layer, generator):
    """Weights and bias as torch itself draws them, but from ``generator``."""
    nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)
    if layer.bias is not None:
        fan_in, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        bound = 1 / math.sqrt(fan_in)
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
