"""From an image and its superpixels to their merge tree."""

import numpy as np
from scipy.ndimage import maximum_filter

from sksegment.hierarchy._agglomerate import agglomerate
from sksegment.hierarchy._cues import Cues
from sksegment.hierarchy._evidence import gather_evidence
from sksegment.hierarchy._tree import RegionHierarchy
from sksegment.regions import region_graph
from sksegment.superpixels import compute_superpixels

__all__ = ["region_hierarchy"]

# Other superpixels whose trees vote on the borders: their number, relative to that of
# the first, and their compactness. Each choice of superpixels errs in its own way.
_VOTERS = ((0.2, 10.0), (0.4, 10.0), (0.67, 20.0), (1.0, 20.0))
_FEWEST_OF_A_VOTER = 16
_VOTE_WEIGHT = 3.0
# Borders of other superpixels are a pixel or two beside those of the first.
_REACH = 3
# Intensities differ in one channel where colours do in three. So heights of their trees
# are raised: those of one photograph shall mean the same without its colours.
_SCALE_WITHOUT_COLOR = 1.35


def region_hierarchy(image, superpixels, *, color=False, soft_labels=None):
    """Build the merge tree of the superpixels of one image.

    Regions are alike when their histograms of colour, of textons and of local
    deviation, and of soft labels where they are given, are alike, and there is little
    contrast along their border; small ones are merged before large ones. Trees of four
    other sets of superpixels are built first, and their contours count as contrast too.

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
        If the shapes do not fit, or the image has values that are not finite.

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
    if not np.isfinite(image).all():
        raise ValueError(
            "image has values that are not finite, such as NaN, in the void perhaps; "
            "replace them first, for example with np.nan_to_num"
        )
    graph = region_graph(image, superpixels)
    if soft_labels is not None and len(soft_labels) != graph.n_regions:
        raise ValueError(
            f"soft_labels has {len(soft_labels)} rows, but there are "
            f"{graph.n_regions} superpixels"
        )
    cues = Cues.of(image, color=color, inside=superpixels >= 0)
    evidence = gather_evidence(cues, superpixels, graph, soft_labels)
    votes = _votes(image, cues, superpixels)
    if votes is not None:
        evidence.border += _VOTE_WEIGHT * graph.sum_over_borders(votes, superpixels)
    pairs, heights = agglomerate(graph, evidence)
    scale = 1.0 if color else _SCALE_WITHOUT_COLOR
    return RegionHierarchy(superpixels, pairs, scale * heights)


def _votes(image, cues, superpixels):
    """Mean contours of the trees of other superpixels, (H, W); None if too few."""
    inside = superpixels >= 0
    mask = None if inside.all() else inside
    n_superpixels = int(superpixels.max()) + 1
    if min(_VOTERS)[0] * n_superpixels < _FEWEST_OF_A_VOTER:
        return None
    votes = np.zeros(superpixels.shape)
    for share, compactness in _VOTERS:
        other = compute_superpixels(
            image,
            n_segments=int(share * n_superpixels),
            compactness=compactness,
            mask=mask,
        )
        graph = region_graph(image, other)
        evidence = gather_evidence(cues, other, graph)
        tree = RegionHierarchy(other, *agglomerate(graph, evidence))
        votes += maximum_filter(tree.boundaries(), _REACH)
    return votes / len(_VOTERS)
