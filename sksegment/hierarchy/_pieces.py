"""Contours of Felzenszwalb's method, which errs in other ways than merge trees do."""

import numpy as np
from scipy.ndimage import maximum_filter

from sksegment._felzenszwalb import felzenszwalb_pieces
from sksegment.hierarchy._sizes import doubled, half_size

__all__ = ["contours_of_pieces"]

# For photographs of 481 x 321 pixels; at half the size, half of it.
_SCALES = (100.0, 200.0, 400.0, 800.0, 1600.0)
_FEWEST_PIXELS = 100
_SIGMA = 0.5
# What has more pixels is made smaller first, or else scales would be too fine, and all
# that follows slow.
_MOST_PIXELS = 400_000


def contours_of_pieces(image, inside, *, reach):
    """At how many scales a pixel is at the border of a piece of Felzenszwalb's method.

    Parameters
    ----------
    image : ndarray of shape (H, W, C), float32
        CIELAB for colour, otherwise intensities in [0, 100].
    inside : ndarray of shape (H, W), bool
        Field of view.
    reach : int
        Width of a border, in pixels.

    Returns
    -------
    contours : ndarray of shape (H, W), float32
        The share of the scales, in [0, 1], on the image and on one of half its size,
        added up.
    """
    half, inside_half = half_size(image, inside)
    if inside.size > _MOST_PIXELS and inside_half.any():
        contours = contours_of_pieces(half, inside_half, reach=reach)
        return doubled(contours, inside.shape)
    contours = _share_of_scales(image, inside, reach, 1.0)
    if inside_half.any():
        at_half = _share_of_scales(half, inside_half, reach, 0.5)
        contours += doubled(at_half, inside.shape)
    return contours


def _share_of_scales(image, inside, reach, size):
    image = image / np.float32(100.0)
    n_borders = np.zeros(inside.shape, np.float32)
    for scale in _SCALES:
        pieces = felzenszwalb_pieces(
            image,
            scale=size * scale,
            sigma=_SIGMA,
            min_size=int(size * _FEWEST_PIXELS),
        )
        n_borders += maximum_filter(_borders(pieces, inside), reach)
    return n_borders / len(_SCALES)


def _borders(pieces, inside):
    """1 left of and above another piece, where both are inside; float32."""
    borders = np.zeros(pieces.shape, np.float32)
    for first, second in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        differ = (pieces[first] != pieces[second]) & inside[first] & inside[second]
        borders[first][differ] = 1.0
    return borders
