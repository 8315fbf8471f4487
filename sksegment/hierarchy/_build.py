"""From an image and its superpixels to their merge tree."""

import numpy as np

from sksegment.hierarchy._agglomerate import agglomerate
from sksegment.hierarchy._cues import Cues
from sksegment.hierarchy._evidence import gather_evidence
from sksegment.hierarchy._tree import RegionHierarchy
from sksegment.hierarchy._votes import contours_of_others
from sksegment.regions import region_graph, signed_ids

__all__ = ["region_hierarchy"]

# Intensities differ in one channel where colours do in three. So heights of their trees
# are raised: those of one photograph shall mean the same without its colours.
_SCALE_WITHOUT_COLOR = 1.35
# Of a value; fourth powers are taken, which are not to overflow.
_LARGEST = 1e6


def region_hierarchy(
    image: np.ndarray,
    superpixels: np.ndarray,
    *,
    color: bool = False,
    soft_labels: np.ndarray | None = None,
) -> RegionHierarchy:
    """Build the merge tree of the superpixels of one image.

    Regions are alike when their histograms of colour, of textons and of local
    deviation, and of soft labels where they are given, are alike, and there is little
    contrast along their border; small ones are merged before large ones. Trees of other
    sets of superpixels are built first, four of the image and three of one of half its
    size, and both are divided by Felzenszwalb's method at five scales; all their
    contours count as contrast too.

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
        If the shapes do not fit, the image has values that are not finite or are far
        beyond its scale, or an id below the largest is missing.

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
    image, superpixels = _checked(image), signed_ids(superpixels)
    if image.ndim == 2:
        image = image[..., np.newaxis]
    graph = region_graph(image, superpixels)
    # Fewer than 2^31, or there would be no memory for the graph.
    superpixels = superpixels.astype(np.int32, copy=False)
    if soft_labels is not None and len(soft_labels) != graph.n_regions:
        raise ValueError(
            f"soft_labels has {len(soft_labels)} rows, but there are "
            f"{graph.n_regions} superpixels"
        )
    cues = Cues.of(image, color=color, inside=superpixels >= 0)
    evidence = gather_evidence(cues, superpixels, graph, soft_labels)
    contours = contours_of_others(image, superpixels, cues, color=color)
    if contours is not None:
        evidence.border += graph.sum_over_borders(contours, superpixels)
    pairs, heights = agglomerate(graph, evidence)
    scale = 1.0 if color else _SCALE_WITHOUT_COLOR
    return RegionHierarchy(superpixels, pairs, scale * heights)


def _checked(image):
    """Image in float32, whose values can be reckoned with."""
    image = np.asarray(image)
    if not np.isfinite(image).all():
        raise ValueError(
            "image has values that are not finite, such as NaN, in the void perhaps; "
            "replace them first, for example with np.nan_to_num"
        )
    largest = max(float(image.max(initial=0)), -float(image.min(initial=0)))
    if largest > _LARGEST:
        raise ValueError(
            f"image has absolute values up to {largest:.3g}, in the void perhaps; "
            "bring it to CIELAB for colour, otherwise to intensities in [0, 100]"
        )
    return image.astype(np.float32, copy=False)
