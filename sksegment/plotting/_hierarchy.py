"""One image at several granularities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import mean

from sksegment._pictures import borders, displayable
from sksegment.plotting._tiles import show_tiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sksegment.hierarchy import RegionHierarchy

__all__ = ["plot_hierarchy"]


def plot_hierarchy(
    image: np.ndarray,
    hierarchy: "RegionHierarchy",
    *,
    n_regions: Sequence[int] = (4, 8, 16, 32),
    ax: "Axes | None" = None,
) -> "Axes":
    """Show the regions of an image from coarse to fine, each in its mean colour.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    hierarchy : RegionHierarchy
        One of those that a model's ``hierarchy`` gives.
    n_regions : sequence of int, default=(4, 8, 16, 32)
        Numbers of regions; those that the image cannot have are left out.
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
        If image and hierarchy do not have the same size, or no number is left.

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import SuperpixelTransformer
    >>> from sksegment.hierarchy import region_hierarchy
    >>> from sksegment.plotting import plot_hierarchy
    >>> image = coins()[::4, ::4]
    >>> superpixels = SuperpixelTransformer(n_segments=50).fit_transform([image])[0]
    >>> ax = plot_hierarchy(image, region_hierarchy(image / 2.55, superpixels))
    >>> [text.get_text() for text in ax.texts]
    ['4 regions', '8 regions', '16 regions', '32 regions']
    """
    image = np.asarray(image)
    fewest, most = hierarchy.n_pieces, hierarchy.n_superpixels
    numbers = [int(k) for k in n_regions if fewest <= k <= most]
    if not numbers:
        raise ValueError(
            f"n_regions={tuple(n_regions)}: this image can have {fewest} to {most}"
        )
    picture, cuts = displayable(image), [hierarchy.cut(n_regions=k) for k in numbers]
    if cuts[0].shape != image.shape[:2]:
        raise ValueError(
            f"image of shape {image.shape} and hierarchy of shape {cuts[0].shape} do "
            "not belong together"
        )
    titles = [f"{k} region{'s' if k > 1 else ''}" for k in numbers]
    pictures = [_mosaic(picture, regions) for regions in cuts]
    return show_tiles(pictures, titles, n_columns=len(numbers), ax=ax)


def _mosaic(picture, regions):
    """Paint every region in its mean colour, and white borders."""
    ids, places = np.unique(regions, return_inverse=True)
    index = np.arange(len(ids))
    places = places.reshape(regions.shape)
    colors = np.stack([mean(picture[..., c], places, index) for c in range(3)], axis=-1)
    painted = colors[places]
    painted[borders(regions)] = 255
    return painted.round().astype(np.uint8)
