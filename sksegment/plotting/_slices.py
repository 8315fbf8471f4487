"""Slices of a stack with their classes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sksegment._pictures import display_limits, overlay
from sksegment.plotting._tiles import show_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_slices"]


def plot_slices(
    images: Sequence[np.ndarray] | np.ndarray,
    labels: Sequence[np.ndarray] | np.ndarray,
    *,
    indices: int | Sequence[int] = 6,
    alpha: float = 0.45,
    n_columns: int | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Show slices of a stack tinted by their classes, with one scale of intensities.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W) or (H, W, C)
        A list, one array of shape (n, H, W) or (n, H, W, C), or a stack that
        `sksegment.stacks.open_stack` has opened. Only the slices shown are read.
    labels : sequence of ndarray of shape (H, W), int
        As many; negative where void.
    indices : int or sequence of int, default=6
        Slices to show; a number means so many, spread evenly.
    alpha : float, default=0.45
        Strength of the tint, in [0, 1].
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
        If there are not as many labels as images, no index, or shapes that differ.
    IndexError
        If there is no such slice.

    Examples
    --------
    >>> from sksegment.datasets import make_tomogram
    >>> from sksegment.plotting import plot_slices
    >>> volume, truth = make_tomogram((4, 48, 64), random_state=0)
    >>> ax = plot_slices(volume, truth, indices=[0, 3])
    >>> [text.get_text() for text in ax.texts]
    ['0', '3']
    """
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images, but labels of {len(labels)}")
    places = np.asarray(indices)
    if places.ndim == 0:
        last = len(images) - 1
        places = np.unique(np.linspace(0, last, int(places)).round().astype(int))
    chosen = [int(place) for place in places]
    if not chosen:
        raise ValueError("there is no slice to show")
    shown = [np.asarray(images[index]) for index in chosen]
    limits = display_limits(shown)
    pictures = [
        overlay(image, labels[index], alpha=alpha, limits=limits)
        for image, index in zip(shown, chosen, strict=True)
    ]
    return show_tiles(pictures, [*map(str, chosen)], n_columns=n_columns, ax=ax)
