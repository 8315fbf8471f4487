"""Colours that no label has: what is rare may have been left without one."""

import numpy as np
from scipy.ndimage import uniform_filter

__all__ = ["MOST_RARE_COLORS", "rare_color"]

MOST_RARE_COLORS = 4
# Chosen on stacks, see docs/research.md: deviations from the colour of the own label,
# the least share of all pixels, and that of the same kind among the nearest nine.
_FAR = 3.0
_LEAST_SHARE = 5e-4
_LEAST_COHERENCE = 0.5


def rare_color(pixels, labels, looks):
    """Find the pixels of the most frequent colour that no label comes near.

    What is far from the colour of its own label, on the same side of it, and not
    scattered like noise.

    Parameters
    ----------
    pixels : list of ndarray of shape (H, W, C), float32
        See `sksegment._appearance.smoothed`.
    labels : list of ndarray of shape (H, W), int
        -1 where there is none.
    looks : Appearance

    Returns
    -------
    masks : list of ndarray of shape (H, W), bool; or None
        None if there is no such colour.
    """
    pairs = zip(pixels, labels, strict=True)
    off = [_deviations(*pair, looks) for pair in pairs]
    far = [(d**2).mean(axis=-1) > _FAR**2 for d in off]
    n_pixels = sum((map_ >= 0).sum() for map_ in labels)
    if sum(mask.sum() for mask in far) < _LEAST_SHARE * n_pixels:
        return None
    side = [_side(d, off, far) for d in off]
    kinds = [
        [f & (s == sign) for f, s in zip(far, side, strict=True)]
        for sign in (False, True)
    ]
    masks = max(filter(_coherent, kinds), key=_area, default=None)
    if masks is None or _area(masks) < _LEAST_SHARE * n_pixels:
        return None
    return masks


def _deviations(pixels, labels, looks):
    """How far colours are from those of their labels, in standard deviations."""
    colors = np.zeros((looks.used.max() + 1, pixels.shape[-1]))
    colors[looks.used] = looks.colors
    off = (pixels - colors[labels]) / looks.deviation
    off[labels < 0] = 0.0
    return off


def _side(d, off, far):
    """On which side of their label's colour pixels are, along the main direction."""
    rows = np.concatenate([each[mask] for each, mask in zip(off, far, strict=True)])
    direction = np.linalg.eigh(rows.T @ rows)[1][:, -1]
    return d @ direction > 0.0


def _area(masks):
    return sum(int(mask.sum()) for mask in masks)


def _coherent(masks):
    shares = [uniform_filter(mask.astype(np.float32), 3)[mask] for mask in masks]
    shares = np.concatenate(shares)
    return shares.size > 0 and shares.mean() > _LEAST_COHERENCE
