"""Reconstruction of the image from its soft labels."""

from torch.nn.functional import mse_loss

__all__ = ["reconstruction_loss"]


def reconstruction_loss(x, x_reconstructed):
    r"""Mean squared error between images and their reconstructions.

    .. math:: L_{rec} = \frac{1}{n} \sum (x - x')^2

    Parameters
    ----------
    x, x_reconstructed : tensor of shape (B, C, H, W)

    Returns
    -------
    loss : tensor of shape ()
    """
    return mse_loss(x_reconstructed, x)
