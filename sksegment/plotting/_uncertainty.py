"""Where a model is unsure."""

from typing import TYPE_CHECKING

import numpy as np

from sksegment._typing import Measure
from sksegment.plotting._axes import picture_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_uncertainty", "uncertainty_colors"]


def plot_uncertainty(
    uncertainty: np.ndarray,
    *,
    measure: Measure | None = None,
    colorbar: bool = True,
    ax: "Axes | None" = None,
) -> "Axes":
    """Show how unsure a model is of every pixel.

    Parameters
    ----------
    uncertainty : ndarray of shape (H, W)
        In [0, 1], see `sksegment.plotting.uncertainty`; NaN, outside a mask, is grey.
    measure : {"margin", "entropy"}, optional
        What it is, for the scale.
    colorbar : bool, default=True
        Whether there is a scale.
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
        If it is no map.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import plot_uncertainty
    >>> ax = plot_uncertainty(np.linspace(0, 1, 64).reshape(8, 8), measure="margin")
    """
    uncertainty = np.asarray(uncertainty)
    if uncertainty.ndim != 2:
        raise ValueError(f"expected a map of shape (H, W), got {uncertainty.shape}")
    ax = picture_axes(ax, uncertainty.shape)
    # The same scale in every plot, and one that is readable in grey.
    shown = ax.imshow(uncertainty, cmap=uncertainty_colors(), vmin=0.0, vmax=1.0)
    if colorbar:
        label = "uncertainty" if measure is None else f"uncertainty ({measure})"
        ax.figure.colorbar(shown, ax=ax, label=label, shrink=0.8)
    return ax


def uncertainty_colors():
    """Colormap from sure to undecided; void is grey."""
    from matplotlib import colormaps

    return colormaps["cividis"].with_extremes(bad="0.6")
