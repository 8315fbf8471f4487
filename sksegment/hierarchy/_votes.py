"""Contours of other segmentations, of the image and of one of half its size."""

import numpy as np
from scipy.ndimage import maximum_filter

from sksegment.hierarchy._agglomerate import agglomerate
from sksegment.hierarchy._cues import Cues
from sksegment.hierarchy._evidence import gather_evidence
from sksegment.hierarchy._pieces import contours_of_pieces
from sksegment.hierarchy._sizes import doubled, half_size
from sksegment.hierarchy._tree import RegionHierarchy
from sksegment.regions import region_graph
from sksegment.superpixels import compute_superpixels

__all__ = ["contours_of_others"]

# Number of other superpixels, relative to that of the first, and their compactness.
# Each choice of superpixels errs in its own way, and so does each size of the image.
_VOTERS = ((0.2, 10.0), (0.4, 10.0), (0.67, 20.0), (1.0, 20.0))
_VOTERS_OF_HALF = _VOTERS[:3]
_FEWEST_OF_A_VOTER = 16
# Pixels of a superpixel, on the average.
_FEWEST_PIXELS = 9
# Weights of the mean contours of both, and of those of Felzenszwalb's method, chosen on
# training photographs.
_WEIGHT = 2.0
_WEIGHT_OF_HALF = 1.0
_WEIGHT_OF_PIECES = 20.0
# Borders of other segmentations are a pixel or two beside those of the superpixels.
_REACH = 3


def contours_of_others(image, superpixels, cues, *, color):
    """Where trees of other superpixels, and Felzenszwalb's method, have contours.

    Parameters
    ----------
    image : ndarray of shape (H, W, C), float32
        CIELAB for colour, otherwise intensities in [0, 100].
    superpixels : ndarray of shape (H, W), int
        Negative where void.
    cues : Cues
        Of the image.
    color : bool
        Whether the channels are CIELAB.

    Returns
    -------
    contours : ndarray of shape (H, W)
        In units of heights. None where there are too few superpixels for others.
    """
    inside, n = superpixels >= 0, int(superpixels.max()) + 1
    if min(_VOTERS)[0] * n < _FEWEST_OF_A_VOTER:
        return None
    contours = _WEIGHT * _contours_of_trees(image, inside, cues, n, _VOTERS)
    contours += _WEIGHT_OF_PIECES * contours_of_pieces(image, inside, reach=_REACH)
    image, inside = half_size(image, inside)
    if inside.any():
        cues = Cues.of(image, color=color, inside=inside)
        half = _contours_of_trees(image, inside, cues, n, _VOTERS_OF_HALF)
        contours += _WEIGHT_OF_HALF * doubled(half, contours.shape)
    return contours


def _contours_of_trees(image, inside, cues, n_superpixels, voters):
    n_pixels = np.count_nonzero(inside)
    mask = None if n_pixels == inside.size else inside
    total = np.zeros(inside.shape)
    for share, compactness in voters:
        superpixels = compute_superpixels(
            image,
            n_segments=max(
                1, min(int(share * n_superpixels), n_pixels // _FEWEST_PIXELS)
            ),
            compactness=compactness,
            mask=mask,
        )
        graph = region_graph(image, superpixels)
        evidence = gather_evidence(cues, superpixels, graph)
        tree = RegionHierarchy(superpixels, *agglomerate(graph, evidence))
        # Half the memory; the vote of a contour needs no more digits.
        total += maximum_filter(tree.boundaries().astype(np.float32), _REACH)
    return total / len(voters)
