"""Merge neighbouring regions, the most alike first, until none are left."""

import numpy as np

__all__ = ["agglomerate"]

# Small regions go first, but far less than with Ward's linkage, where this is 1/2: see
# docs/research.md.
_SIZE_EXPONENT = 0.11


def agglomerate(graph, evidence):
    r"""Merge tree of the superpixels under costs that pool exactly.

    In rounds: all pairs of neighbours of which each is the other's nearest are merged
    at once. The cost of a pair is its dissimilarity times a power of its sizes,

    .. math:: c_{IJ} = d_{IJ} \left(\frac{n_I n_J}{(n_I + n_J) n}\right)^p

    with n pixels in all. A union is never lower than its parts.

    Parameters
    ----------
    graph : RegionGraph
        Of n superpixels.
    evidence : Evidence
        It is used up.

    Returns
    -------
    pairs : ndarray of shape (m, 2), int64
        The two regions of every merge: ids below n are superpixels, id n + t is the
        union of merge t. m is n - 1, or less where there is no path between pieces.
    heights : ndarray of shape (m,)
        Costs of the merges, ascending.

    Notes
    -----
    O(n log n) for n superpixels of a bounded number of neighbours. Only the costs of
    regions that have changed are computed again.
    """
    rounds = _Rounds(graph, evidence)
    while rounds.step():
        pass
    return _by_height(*rounds.merges(), graph.n_regions)


class _Rounds:
    """State between rounds: regions are named by one superpixel of theirs."""

    def __init__(self, graph, evidence):
        self.evidence = evidence
        self.sizes = graph.sizes.astype(np.float64)
        self.lengths = graph.borders.astype(np.float64)
        self.i, self.j = graph.edges
        self.total = self.sizes.sum()
        self.node = np.arange(graph.n_regions)
        self.height = np.zeros(graph.n_regions)
        self.cost = self._costs(np.arange(len(self.i)))
        self._pairs, self._heights = [], []
        self._next_node = graph.n_regions

    def merges(self):
        if not self._pairs:
            return np.empty((0, 2), np.int64), np.empty(0)
        return np.concatenate(self._pairs), np.concatenate(self._heights)

    def step(self):
        """Merge every mutual pair; whether there were any."""
        if not len(self.i):
            return False
        chosen = self._mutual()
        kept, gone = self.i[chosen], self.j[chosen]
        self._record(kept, gone, self.cost[chosen])
        self._pool(kept, gone)
        self._rewire(kept, gone)
        return True

    def _mutual(self):
        """Edges that are the cheapest of both their ends; ties by position."""
        rank = np.empty(len(self.cost), np.int64)
        rank[np.argsort(self.cost, kind="stable")] = np.arange(len(rank))
        best = np.full(len(self.sizes), len(rank))
        np.minimum.at(best, self.i, rank)
        np.minimum.at(best, self.j, rank)
        chosen = np.flatnonzero((best[self.i] == rank) & (best[self.j] == rank))
        return chosen[np.argsort(rank[chosen])]

    def _record(self, kept, gone, cost):
        heights = np.maximum(cost, np.maximum(self.height[kept], self.height[gone]))
        self._pairs.append(np.stack([self.node[kept], self.node[gone]], axis=1))
        self._heights.append(heights)
        self.height[kept] = heights
        self.node[kept] = self._next_node + np.arange(len(kept))
        self._next_node += len(kept)

    def _pool(self, kept, gone):
        self.sizes[kept] += self.sizes[gone]
        self.evidence.histograms[kept] += self.evidence.histograms[gone]

    def _rewire(self, kept, gone):
        """Give edges their new ends, pool parallel ones, and renew their costs."""
        target = np.arange(len(self.sizes))
        target[gone] = kept
        changed = np.zeros(len(self.sizes), bool)
        changed[kept] = True
        i, j = target[self.i], target[self.j]
        stay = np.flatnonzero(i != j)
        low, high = np.minimum(i, j)[stay], np.maximum(i, j)[stay]
        keys, first, edge = np.unique(
            low * len(self.sizes) + high, return_index=True, return_inverse=True
        )
        self.i, self.j = keys // len(self.sizes), keys % len(self.sizes)
        self.lengths = np.bincount(edge, self.lengths[stay], len(keys))
        self.evidence.border = np.bincount(edge, self.evidence.border[stay], len(keys))
        self.cost = self.cost[stay][first]
        stale = np.flatnonzero(changed[self.i] | changed[self.j])
        self.cost[stale] = self._costs(stale)

    def _costs(self, edges):
        i, j = self.i[edges], self.j[edges]
        difference = self.evidence.cost(i, j, edges, self.sizes, self.lengths)
        size = self.sizes[i] * self.sizes[j] / (self.sizes[i] + self.sizes[j])
        return difference * (size / self.total) ** _SIZE_EXPONENT


def _by_height(pairs, heights, n):
    """Order merges by height, which keeps unions behind their parts, and renumber."""
    order = np.argsort(heights, kind="stable")
    new_id = np.arange(n + len(order))
    new_id[n + order] = n + np.arange(len(order))
    return new_id[pairs[order]], heights[order]
