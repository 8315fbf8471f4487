"""The superpixels of an image."""

from typing import TYPE_CHECKING

import numpy as np

from sksegment._palette import label_colors
from sksegment._pictures import borders, displayable
from sksegment.plotting._axes import picture_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_superpixels"]

# So that what is beneath many borders still shows.
_STRENGTH = 0.6


def plot_superpixels(
    image: np.ndarray,
    superpixels: np.ndarray,
    *,
    color: tuple[float, float, float] | None = None,
    ax: "Axes | None" = None,
) -> "Axes":
    """Show an image with the borders of its superpixels.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    superpixels : ndarray of shape (H, W), int
        As `SuperpixelTransformer.transform` gives them; negative outside a mask.
    color : (float, float, float), optional
        Of the borders, in [0, 1]; yellow by default.
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
        If the shapes differ.

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import SuperpixelTransformer
    >>> from sksegment.plotting import plot_superpixels
    >>> image = coins()[::4, ::4]
    >>> superpixels = SuperpixelTransformer(n_segments=50).fit_transform([image])[0]
    >>> ax = plot_superpixels(image, superpixels)
    """
    image, superpixels = np.asarray(image), np.asarray(superpixels)
    if superpixels.shape != image.shape[:2]:
        raise ValueError(
            f"image of shape {image.shape} and superpixels of shape "
            f"{superpixels.shape} do not belong together"
        )
    picture = displayable(image)
    line = label_colors(4)[3] if color is None else 255 * np.asarray(color)
    edges = borders(superpixels)
    picture[edges] += _STRENGTH * (line - picture[edges])
    ax = picture_axes(ax, picture.shape)
    ax.imshow(picture.round().astype(np.uint8))
    return ax
