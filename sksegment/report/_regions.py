"""A hierarchy of regions in little: one map, and where its regions part."""

import numpy as np

from sksegment.report._pictures import encode_labels

__all__ = ["LEVELS", "encode_regions", "order_regions"]

#: Numbers of regions that can be chosen. With the last, ids fit into 8 bits.
LEVELS = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 96, 192)


def encode_regions(hierarchy, max_side):
    """Encode the cuts of a hierarchy at all levels.

    Parameters
    ----------
    hierarchy : RegionHierarchy
    max_side : int

    Returns
    -------
    regions : dict
        ``map``, base64 of a PNG, and ``parts``, a list of int, see `order_regions`.
    """
    fewest, most = hierarchy.n_pieces, hierarchy.n_superpixels
    cuts = [hierarchy.cut(n_regions=min(max(k, fewest), most)) for k in LEVELS]
    ordered, parts = order_regions(cuts)
    return {"map": encode_labels(ordered, max_side), "parts": parts}


def order_regions(cuts):
    """Number the finest regions so that those of every coarser cut are in a row.

    A cut then follows from one number for each two neighbours in the row: the first
    level at which they are apart. At a level the region of number i is the count of the
    levels up to it among the first i of these numbers.

    Parameters
    ----------
    cuts : list of ndarray of shape (H, W), int
        From coarse to fine, each within the one before; negative where void.

    Returns
    -------
    ordered : ndarray of shape (H, W), int32
        The finest cut with new numbers 0..n-1, and -1 where void.
    parts : list of int
        n - 1 levels, indices of ``cuts``.
    """
    finest = cuts[-1]
    inside = finest >= 0
    _, first, place = np.unique(finest[inside], return_index=True, return_inverse=True)
    # One row for a level: the region that every finest region lies in.
    ancestors = np.stack([cut[inside][first] for cut in cuts])
    order = np.lexsort(ancestors[::-1])
    number = np.argsort(order).astype(np.int32)
    ordered = np.full(finest.shape, -1, np.int32)
    ordered[inside] = number[place]
    apart = np.diff(ancestors[:, order], axis=1) != 0
    return ordered, apart.argmax(axis=0).tolist()
