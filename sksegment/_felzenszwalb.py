"""Felzenszwalb's and Huttenlocher's method for any number of channels."""

import warnings

import numpy as np
from skimage.segmentation import felzenszwalb

from sksegment._shared import SharedState

__all__ = ["felzenszwalb_pieces"]


def felzenszwalb_pieces(image, *, scale, sigma, min_size):
    """Divide an image into connected pieces.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        In units of which 1 is the range of a channel.
    scale : float
        Larger means larger pieces.
    sigma : float
        Width of the Gaussian before, in pixels.
    min_size : int
        Pixels of the smallest piece.

    Returns
    -------
    pieces : ndarray of shape (H, W), int64
        Ids 0..n-1.

    References
    ----------
    .. [1] P. Felzenszwalb, D. Huttenlocher, "Efficient graph-based image segmentation",
       International Journal of Computer Vision 59, 2004.
    """
    with _SILENT.hold():
        image = image.astype(np.float64, copy=False)
        return felzenszwalb(image, scale=scale, sigma=sigma, min_size=min_size)


def _silence():
    filters = warnings.catch_warnings()
    filters.__enter__()
    # It doubts that more than three channels are meant as channels.
    warnings.filterwarnings("ignore", "Got image with third dimension")
    return filters


def _unsilence(filters):
    filters.__exit__(None, None, None)


_SILENT = SharedState(_silence, _unsilence)
