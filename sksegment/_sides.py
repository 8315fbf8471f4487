"""Which looks divide images in two: textures beyond colours, and colours themselves."""

from dataclasses import replace

import numpy as np
from skimage.filters import threshold_otsu

from sksegment._textures import TEXTURES, texture_planes
from sksegment._two_sides import TwoSides

__all__ = ["LEAST_DEVIATION", "separability_of_colors", "sides_of_textures"]

#: Of colours, within labels.
LEAST_DEVIATION = 0.01
# Separability that colours of one kind have, too: a normal distribution has 1.75.
_ONE_KIND = 1.4


def sides_of_textures(scaled, looks, maps):
    """Both sides of each texture, where there are labels.

    Contrast is that of an image, but whether it divides it, what is left when each side
    of its colours is taken off has to say as well: noise of light grows with it, and
    the gaps between small grains have the contrast of the grains.

    Parameters
    ----------
    scaled : list of ndarray of shape (H, W, C)
    looks : list of ndarray of shape (H, W, C + T)
        Averaged colours and all `TEXTURES`.
    maps : list of ndarray of shape (H, W), int
        -1 where there is none.

    Returns
    -------
    sides : dict of str to TwoSides
    """
    n_channels = scaled[0].shape[-1]
    sides = {
        name: _two_sides(looks, maps, index, texture.least_deviation)
        for index, (name, texture) in enumerate(TEXTURES.items(), n_channels)
    }
    contrast = TEXTURES["contrast"]
    if sides["contrast"].separability > contrast.one_kind:
        rest = [*map(_contrast_left, scaled, looks, maps)]
        left = _two_sides(rest, maps, 0, contrast.least_deviation)
        if left.separability <= contrast.one_kind:
            sides["contrast"] = replace(sides["contrast"], separability=0.0)
    return sides


def separability_of_colors(colors, maps):
    """How far apart both sides of averaged colours are, less what one kind has.

    That of labels is measured on colours as they are, with all of their noise.

    Parameters
    ----------
    colors : list of ndarray of shape (H, W, C)
    maps : list of ndarray of shape (H, W), int
        -1 where there is none.

    Returns
    -------
    separability : float
        Mean over the channels; may be negative.
    """
    sides = [
        _two_sides(colors, maps, channel, LEAST_DEVIATION)
        for channel in range(colors[0].shape[-1])
    ]
    return float(np.mean([side.separability for side in sides])) - _ONE_KIND


def _two_sides(looks, maps, index, least_deviation):
    parts = zip(looks, maps, strict=True)
    values = [planes[map_ >= 0, index] for planes, map_ in parts]
    return TwoSides.of(np.concatenate(values), least_deviation)


def _contrast_left(scaled, looks, map_):
    """Contrast without the difference of both sides of the colours, (H, W, 1)."""
    inside, rest = map_ >= 0, scaled.copy()
    for channel in range(scaled.shape[-1]):
        plane, colors = rest[..., channel], looks[..., channel]
        is_high = colors > threshold_otsu(colors[inside])
        for side in (inside & is_high, inside & ~is_high):
            if side.any():
                plane[side] -= plane[side].mean()
    return texture_planes(rest, inside, ("contrast",))[0][..., np.newaxis]
