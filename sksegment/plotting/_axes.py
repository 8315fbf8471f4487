"""Where a plot goes: axes of matplotlib, which is imported only when it is needed."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["get_axes", "headless_axes", "picture_axes"]

_WIDTH = 6.0
# Of a figure, so that neither a strip nor a column gets out of hand.
_MIN_HEIGHT, _MAX_HEIGHT = 1.5, 9.0


def headless_axes() -> "Axes":
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


def get_axes(ax, figsize=None):
    """Axes to plot on: those given, or a new pyplot figure's."""
    if ax is None:
        pyplot = _matplotlib("pyplot")
        _, ax = pyplot.subplots(figsize=figsize, layout="constrained")
    return ax


def picture_axes(ax, shape, *, width=_WIDTH):
    """Axes without ticks, on a figure of the shape of a picture if it is a new one."""
    height = min(max(width * shape[0] / shape[1], _MIN_HEIGHT), _MAX_HEIGHT)
    ax = get_axes(ax, (width, height))
    ax.set_axis_off()
    return ax


def _matplotlib(module):
    try:
        return importlib.import_module(f"matplotlib.{module}")
    except ImportError as error:
        raise ImportError(
            "matplotlib is needed for plots; install it with: "
            'pip install "sksegment[plot]"'
        ) from error
