"""Several pictures on one pair of axes, so that all plots can be given their axes."""

import numpy as np

from sksegment.plotting._axes import picture_axes

__all__ = ["show_tiles"]

# Between pictures, as a part of their longer side.
_GAP = 0.03
_WIDTH_OF_TILE, _MAX_WIDTH = 2.6, 12.0


def show_tiles(pictures, titles, *, n_columns=None, ax=None):
    """Show pictures in rows, each with a title in its corner.

    Parameters
    ----------
    pictures : list of ndarray of shape (h, w, 3), uint8
        Sizes may differ; a tile has that of the largest.
    titles : list of str
    n_columns : int, optional
        About a square by default.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new pyplot figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes
    """
    height, width = np.max([picture.shape[:2] for picture in pictures], axis=0)
    if n_columns is None:
        n_columns = int(np.ceil(np.sqrt(len(pictures))))
    n_columns = min(n_columns, len(pictures))
    n_rows = -(-len(pictures) // n_columns)
    gap = _GAP * max(height, width)
    whole = (n_rows * (height + gap) - gap, n_columns * (width + gap) - gap)
    ax = picture_axes(ax, whole, width=min(_WIDTH_OF_TILE * n_columns, _MAX_WIDTH))
    for index, (picture, title) in enumerate(zip(pictures, titles, strict=True)):
        row, column = divmod(index, n_columns)
        _show(ax, picture, title, row * (height + gap), column * (width + gap))
    ax.set(xlim=(0, whole[1]), ylim=(whole[0], 0), aspect="equal")
    return ax


def _show(ax, picture, title, top, left):
    height, width = picture.shape[:2]
    ax.imshow(picture, extent=(left, left + width, top + height, top))
    box = {"facecolor": "black", "alpha": 0.65, "pad": 1.5, "linewidth": 0}
    ax.annotate(
        title,
        (left, top),
        xytext=(3, -3),
        textcoords="offset points",
        va="top",
        color="white",
        fontsize="small",
        bbox=box,
    )
