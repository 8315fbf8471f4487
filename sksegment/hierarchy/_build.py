"""From an image and its superpixels to their merge tree."""

import numpy as np

from sksegment.hierarchy._agglomerate import agglomerate
from sksegment.hierarchy._evidence import gather_evidence
from sksegment.hierarchy._tree import RegionHierarchy
from sksegment.regions import region_graph

__all__ = ["region_hierarchy"]


def region_hierarchy(image, superpixels, *, color=False, soft_labels=None):
    """Build the merge tree of the superpixels of one image.

    Regions are alike when their histograms of colour and of local deviation, and of
    soft labels where they are given, are alike, and there is little contrast along
    their border; small ones are merged before large ones.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        CIELAB for colour, otherwise intensities in [0, 100].
    superpixels : ndarray of shape (H, W), int
        Ids 0..n-1, each connected; negative where void.
    color : bool, default=False
        Whether the three channels are CIELAB.
    soft_labels : ndarray of shape (n, K), optional
        Mean soft labels of the superpixels.

    Returns
    -------
    hierarchy : RegionHierarchy

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> from skimage.color import rgb2lab
    >>> from skimage.data import coffee
    >>> from sksegment import SuperpixelTransformer
    >>> from sksegment.hierarchy import region_hierarchy
    >>> photo = coffee()[::4, ::4]
    >>> superpixels = SuperpixelTransformer(n_segments=200).fit_transform([photo])[0]
    >>> tree = region_hierarchy(rgb2lab(photo), superpixels, color=True)
    >>> int(tree.cut(n_regions=5).max())
    4
    """
    image, superpixels = np.asarray(image, np.float32), np.asarray(superpixels)
    if image.ndim == 2:
        image = image[..., np.newaxis]
    graph = region_graph(image, superpixels)
    if soft_labels is not None and len(soft_labels) != graph.n_regions:
        raise ValueError(
            f"soft_labels has {len(soft_labels)} rows, but there are "
            f"{graph.n_regions} superpixels"
        )
    evidence = gather_evidence(
        image, superpixels, graph, color=color, soft_labels=soft_labels
    )
    return RegionHierarchy(superpixels, *agglomerate(graph, evidence))
