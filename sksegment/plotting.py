"""Pictures of a segmentation: overlays, colours of the classes, loss curves."""

import importlib
from functools import lru_cache

import numpy as np
from skimage.color import rgb2lab

from sksegment._intensity import PERCENTILES

__all__ = ["headless_axes", "label_colors", "overlay", "plot_history"]

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
_VOID_BRIGHTNESS = 0.35
_TERMS = {
    "loss": "total",
    "rec": "reconstruction",
    "cut": "normalised cut",
    "sim": "similarity",
    "con": "continuity",
}


def label_colors(n):
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
    colors = np.array(_OKABE_ITO, float)
    views = _views(np.concatenate([colors, candidates]))
    chosen = list(range(len(colors)))
    nearest = np.full(views.shape[1], np.inf)
    for index in chosen:
        nearest = np.minimum(nearest, _distance(views, index))
    while len(chosen) < _N_COLORS:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distance(views, chosen[-1]))
    everything = np.concatenate([colors, candidates])
    return everything[chosen].astype(np.uint8)


def _views(colors):
    """CIELAB of the colours as seen with normal and with colour-blind eyes."""
    rgb = colors / 255.0
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    seen = np.clip(linear @ _COLOR_BLINDNESS.transpose(0, 2, 1), 0.0, 1.0)
    seen = np.where(seen > 0.0031308, 1.055 * seen ** (1 / 2.4) - 0.055, 12.92 * seen)
    return rgb2lab(np.concatenate([rgb[np.newaxis], seen]))


def _distance(views, index):
    return np.linalg.norm(views - views[:, index, np.newaxis], axis=-1).min(axis=0)


def overlay(image, labels, *, alpha=0.45):
    """Tint an image with the colours of its classes and draw their borders.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Of any dtype. Three channels are shown as colour if none is negative, other
        numbers of channels as their mean.
    labels : ndarray of shape (H, W), int
        Negative where void: there the image is dimmed and not tinted.
    alpha : float, default=0.45
        Strength of the tint, in [0, 1].

    Returns
    -------
    picture : ndarray of shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        If the shapes differ or alpha is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import overlay
    >>> picture = overlay(np.eye(16), np.eye(16, dtype=int))
    >>> picture.shape, str(picture.dtype)
    ((16, 16, 3), 'uint8')
    """
    image, labels = np.asarray(image), np.asarray(labels)
    if image.ndim not in (2, 3) or labels.shape != image.shape[:2]:
        raise ValueError(
            f"image of shape {image.shape} and labels of shape {labels.shape} do not "
            "belong together; expected (H, W) or (H, W, C), and (H, W)"
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha={alpha} must be between 0 and 1")
    picture = _displayable(image)
    void = labels < 0
    colors = label_colors(int(labels.max(initial=0)) + 1)[np.maximum(labels, 0)]
    strength = np.where(void, 0.0, alpha)
    strength[_borders(labels) & ~void] = min(1.0, 2.0 * alpha)
    strength = strength[..., np.newaxis].astype(np.float32)
    picture[void] *= _VOID_BRIGHTNESS
    # In place, for the sake of large images.
    picture *= 1.0 - strength
    picture += strength * colors
    return np.clip(picture.round(), 0, 255).astype(np.uint8)


def _displayable(image):
    """Image as RGB in 0..255, float32; stretched unless it is uint8."""
    if image.ndim == 2:
        image = image[..., np.newaxis]
    n_channels = image.shape[-1]
    if image.dtype == np.uint8:
        shown = image.astype(np.float32)
    else:
        shown = np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)
        # Colour is stretched as a whole, so that its hues remain.
        axes = None if n_channels == 3 else (0, 1)
        low, high = np.percentile(shown, PERCENTILES, axis=axes, keepdims=True)
        shown = (shown - low) * (255.0 / np.where(high > low, high - low, 1.0))
    if n_channels != 3:
        shown = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.clip(shown, 0.0, 255.0).astype(np.float32)


def _borders(labels):
    borders = np.zeros(labels.shape, bool)
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    borders[:-1] |= labels[:-1] != labels[1:]
    return borders


def plot_history(history, ax=None):
    """Plot the terms of the loss over the epochs.

    Parameters
    ----------
    history : list of dict
        A fitted model's ``history_``: one row an epoch with ``epoch``, ``loss``, and
        those of the terms ``rec``, ``cut``, ``sim`` and ``con`` in use.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new pyplot figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no epoch in the history.

    Examples
    --------
    >>> from sksegment.plotting import plot_history
    >>> ax = plot_history([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.4}])
    >>> ax.get_yscale()
    'log'
    """
    rows = list(history)
    if not rows:
        raise ValueError("the history is empty: fit the model first")
    if ax is None:
        _, ax = _matplotlib("pyplot").subplots(layout="constrained")
    epochs = [row["epoch"] for row in rows]
    positive = True
    for name, label in _TERMS.items():
        values = [row.get(name, np.nan) for row in rows]
        if np.isnan(values).all():
            continue
        positive = positive and np.nanmin(values) > 0
        style = {"color": "black", "linewidth": 2.0} if name == "loss" else {}
        ax.plot(epochs, values, label=label, marker=".", **style)
    ax.set(xlabel="epoch", ylabel="loss", title="Training")
    ax.set_yscale("log" if positive else "symlog")
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend()
    return ax


def headless_axes():
    """Make axes on a figure that needs neither a display nor closing.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    figure = _matplotlib("figure").Figure(figsize=(6.0, 4.0), layout="constrained")
    return figure.add_subplot()


def _matplotlib(module):
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError(
            "matplotlib is needed for plots; install it with: "
            'pip install "sksegment[plot]"'
        ) from error
