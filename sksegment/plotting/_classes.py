"""A montage of the classes, each for itself."""

from typing import TYPE_CHECKING

import numpy as np

from sksegment._palette import class_name, label_colors
from sksegment._pictures import borders, displayable
from sksegment._typing import ClassNames
from sksegment.plotting._overlay import class_fractions
from sksegment.plotting._tiles import show_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_classes"]

# What is left of the contrast outside of a class, on white.
_FADED = 0.15


def plot_classes(
    image: np.ndarray,
    labels: np.ndarray,
    *,
    names: ClassNames | None = None,
    n_columns: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Show every class of an image in a picture of its own.

    What is not of the class is faded to white, and its border has the colour that the
    class has in other plots.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    labels : ndarray of shape (H, W), int
        Negative where void.
    names : dict of int to str, or sequence of str, optional
        Names of classes; their numbers by default.
    n_columns : int, optional
        Number of pictures side by side; about a square by default.
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
        If the shapes differ, or if all is void.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import plot_classes
    >>> ax = plot_classes(np.eye(16), np.eye(16, dtype=int))
    >>> [text.get_text() for text in ax.texts]
    ['class 0, 93.8 %', 'class 1, 6.2 %']
    """
    image, labels = np.asarray(image), np.asarray(labels)
    if labels.shape != image.shape[:2]:
        raise ValueError(
            f"image of shape {image.shape} and labels of shape {labels.shape} do not "
            "belong together"
        )
    fractions = class_fractions(labels)
    if not fractions:
        raise ValueError("every label is void: there is no class to show")
    picture = displayable(image)
    shown = [_only(picture, labels, label) for label in fractions]
    titles = [
        f"{class_name(label, names)}, {100 * fraction:.1f} %"
        for label, fraction in fractions.items()
    ]
    return show_tiles(shown, titles, n_columns=n_columns, ax=ax)


def _only(picture, labels, label):
    inside = labels == label
    shown = np.where(inside[..., np.newaxis], picture, 255 - _FADED * (255 - picture))
    shown[borders(inside)] = label_colors(label + 1)[label]
    return shown.round().astype(np.uint8)
