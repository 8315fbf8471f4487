"""Labels that a net tells apart, and that look alike."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage

__all__ = ["stand_ins"]

# Deviations within labels, in the mean of the channels, between two that look alike;
# see docs/research.md.
_ALIKE = 1.0


def stand_ins(points, areas, kept):
    """Which label stands for each where several look alike.

    Those look alike that lie less than one deviation apart, by average linkage: of them
    a net tells what it sees around a pixel, not what is there.

    Parameters
    ----------
    points : ndarray of shape (n, D)
        Looks in units of the deviation within labels.
    areas : ndarray of shape (n,)
        What they cover; one that covers nothing stands for none.
    kept : ndarray of shape (n,), bool
        Labels that nothing else stands for.

    Returns
    -------
    found : ndarray of shape (n,), int
        Of those that look alike the largest one that is kept, or else the largest.
    """
    seen = np.flatnonzero(areas)
    found = np.full(len(points), areas.argmax())
    groups = np.ones(len(seen), int)
    if len(seen) > 1:
        groups = fcluster(linkage(points[seen], "average"), _ALIKE, "distance")
    for group in np.unique(groups):
        members = seen[groups == group]
        best = members[np.lexsort((areas[members], kept[members]))[-1]]
        found[members] = best
    found[kept] = np.flatnonzero(kept)
    return found
