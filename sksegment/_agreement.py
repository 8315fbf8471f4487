"""How far segmentations agree with each other, and with regions found without a net."""

import numpy as np

from sksegment._preparation import default_superpixels
from sksegment.hierarchy import region_hierarchy
from sksegment.metrics import v_measure

__all__ = ["agreement_scores", "mean_v_measure", "regions_without_a_net"]


def agreement_scores(label_maps, regions):
    """How far each of several segmentations agrees with the others, and with regions.

    Parameters
    ----------
    label_maps : sequence of sequence of ndarray of shape (H, W), int
        For each segmentation the label maps of all images.
    regions : sequence of ndarray of shape (H, W), int
        Of all images, see `regions_without_a_net`; they count as much as one of the
        segmentations.

    Returns
    -------
    scores : ndarray of shape (n,)
        Mean V-measure with the regions and the other segmentations; the best is the
        one to keep.
    """
    agreement = [
        [mean_v_measure(first, second) for second in (*label_maps, regions)]
        for first in label_maps
    ]
    others = ~np.eye(len(label_maps), len(label_maps) + 1, dtype=bool)
    return np.mean(agreement, axis=1, where=others)


def regions_without_a_net(scaled, fields, *, rgb):
    """Regions of scaled images by colour, texture and contrast alone.

    Parameters
    ----------
    scaled : list of ndarray of shape (H, W, C), float32
        As `ScaledParts` gives them.
    fields : list of ndarray of shape (H, W), bool
        Fields of view.
    rgb : bool
        Whether the images are colour.

    Returns
    -------
    regions : list of ndarray of shape (H, W), int32
        Those of ``cut("auto")`` of a `RegionHierarchy` of default superpixels, -1
        outside the field of view.
    """
    return [_regions(*pair, rgb) for pair in zip(scaled, fields, strict=True)]


def _regions(scaled, field, rgb):
    superpixels = default_superpixels(scaled, None if field.all() else field)
    tree = region_hierarchy(np.float32(100.0) * scaled, superpixels, color=rgb)
    return tree.cut("auto")


def mean_v_measure(first, second):
    """Mean V-measure of label maps; 0 for those of a single label.

    Parameters
    ----------
    first, second : sequence of ndarray of shape (H, W), int

    Returns
    -------
    score : float
    """
    scores = [
        v_measure(a[np.newaxis], b) if _is_divided(a) and _is_divided(b) else 0.0
        for a, b in zip(first, second, strict=True)
    ]
    return float(np.mean(scores))


def _is_divided(labels):
    inside = labels[labels >= 0]
    return inside.size > 0 and inside.min() < inside.max()
