"""An image, its classes and their legend."""

from typing import TYPE_CHECKING

import numpy as np

from sksegment._palette import class_name, label_colors
from sksegment._pictures import overlay
from sksegment._typing import ClassNames
from sksegment.plotting._axes import picture_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["class_fractions", "plot_overlay"]

_LEGEND_ROWS = 16


def plot_overlay(
    image: np.ndarray,
    labels: np.ndarray,
    *,
    alpha: float = 0.45,
    legend: bool = True,
    names: ClassNames | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Show an image tinted by its classes, their borders, and a legend.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    labels : ndarray of shape (H, W), int
        Negative where void.
    alpha : float, default=0.45
        Strength of the tint, in [0, 1].
    legend : bool, default=True
        Whether the classes and their shares of the image stand beside it.
    names : dict of int to str, or sequence of str, optional
        Names of classes, for the legend; their numbers by default.
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
        If the shapes differ or alpha is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import plot_overlay
    >>> ax = plot_overlay(np.eye(16), np.eye(16, dtype=int), names=["off", "on"])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['off, 93.8 %', 'on, 6.2 %']
    """
    picture = overlay(image, labels, alpha=alpha)
    ax = picture_axes(ax, picture.shape)
    ax.imshow(picture)
    if legend:
        _add_legend(ax, class_fractions(labels), names)
    return ax


def _add_legend(ax, fractions, names):
    from matplotlib.patches import Patch

    handles = [
        Patch(
            facecolor=label_colors(label + 1)[label] / 255.0,
            edgecolor="black",
            linewidth=0.5,
            label=f"{class_name(label, names)}, {100 * fraction:.1f} %",
        )
        for label, fraction in fractions.items()
    ]
    ax.legend(
        handles=handles,
        loc="center left",
        bbox_to_anchor=(1.01, 0.5),
        borderaxespad=0.0,
        frameon=False,
        fontsize="small",
        ncols=-(-len(handles) // _LEGEND_ROWS) or 1,
    )


def class_fractions(labels):
    """Share of the pixels, without void, by class, in the order of the ids."""
    labels = np.asarray(labels)
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    total = counts.sum()
    return {int(k): n / total for k, n in zip(found, counts, strict=True)}
