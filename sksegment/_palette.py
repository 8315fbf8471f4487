"""Names and colours of the classes: a class has the same colour everywhere."""

from functools import lru_cache

import numpy as np
from skimage.color import rgb2lab

__all__ = ["class_name", "label_colors"]

# Okabe and Ito without black, which is hard to tell from a shadow.
_OKABE_ITO = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)
# Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009: no red and no green cones.
_COLOR_BLINDNESS = np.array(
    [
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
    ]
)
_N_COLORS = 256


def label_colors(n: int) -> np.ndarray:
    """Colours of the classes, the same for an id whatever ``n`` is.

    Parameters
    ----------
    n : int

    Returns
    -------
    colors : ndarray of shape (n, 3), uint8
        First those of Okabe and Ito, which colour-blind people can tell apart, then
        others as far from all before as can be; from 256 on they repeat.

    Examples
    --------
    >>> from sksegment.plotting import label_colors
    >>> label_colors(2)
    array([[230, 159,   0],
           [ 86, 180, 233]], dtype=uint8)
    """
    if n < 0:
        raise ValueError(f"n={n} colours cannot be made; pass 0 or more")
    return _palette()[np.arange(n) % _N_COLORS]


@lru_cache(maxsize=1)
def _palette():
    """Grow the palette: each colour is the candidate farthest from all before."""
    levels = np.linspace(0, 255, 9).round()
    candidates = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    # Near black and near white would pass for the image itself.
    brightness = candidates.mean(axis=1)
    candidates = candidates[(brightness > 80) & (brightness < 225)]
    colors = np.concatenate([np.array(_OKABE_ITO, float), candidates])
    views = _views(colors)
    chosen = list(range(len(_OKABE_ITO)))
    nearest = np.full(views.shape[1], np.inf)
    for index in chosen:
        nearest = np.minimum(nearest, _distance(views, index))
    while len(chosen) < _N_COLORS:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distance(views, chosen[-1]))
    return colors[chosen].astype(np.uint8)


def _views(colors):
    """CIELAB of the colours as seen with normal and with colour-blind eyes."""
    rgb = colors / 255.0
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    seen = np.clip(linear @ _COLOR_BLINDNESS.transpose(0, 2, 1), 0.0, 1.0)
    seen = np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen)
    return rgb2lab(np.concatenate([rgb[np.newaxis], seen]))


def _distance(views, index):
    return np.linalg.norm(views - views[:, index, np.newaxis], axis=-1).min(axis=0)


def class_name(label, names=None):
    """Name of a class.

    Parameters
    ----------
    label : int
    names : dict of int to str, or sequence of str, optional

    Returns
    -------
    name : str
        With its number where it has no name.

    Examples
    --------
    >>> from sksegment._palette import class_name
    >>> class_name(1, ["pore", "grain"]), class_name(2, ["pore", "grain"])
    ('grain', 'class 2')
    """
    if names is None:
        return f"class {label}"
    try:
        return names[label]
    except LookupError:
        return f"class {label}"
