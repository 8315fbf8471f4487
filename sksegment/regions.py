"""The region graph: superpixels, their neighbours, sizes and mean colours."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from sksegment._borders import borders_by_axis
from sksegment._pooling import pooling_matrix

if TYPE_CHECKING:
    import networkx

__all__ = ["RegionGraph", "pooling_matrix", "region_graph"]


def __dir__():
    return __all__


@dataclass(frozen=True, eq=False)
class RegionGraph:
    """Graph of the superpixels of one image.

    Attributes
    ----------
    edges : ndarray of shape (2, E), int64
        Neighbours that share at least one pixel side; every pair once, with
        ``edges[0] < edges[1]``.
    distances : ndarray of shape (E,)
        Euclidean distance between the mean colours of the two.
    means : ndarray of shape (n, C)
        Mean of every channel.
    sizes : ndarray of shape (n,), int64
        Number of pixels.
    borders : ndarray of shape (E,), int64
        Length of the shared border, in pixel sides.
    """

    edges: np.ndarray
    distances: np.ndarray
    means: np.ndarray
    sizes: np.ndarray
    borders: np.ndarray

    @property
    def n_regions(self) -> int:
        """Number of superpixels."""
        return len(self.sizes)

    @property
    def n_pieces(self) -> int:
        """Number of pieces of the image without a common border."""
        links = np.ones(self.edges.shape[1]), self.edges
        graph = sparse.coo_array(links, shape=(self.n_regions,) * 2)
        return int(connected_components(graph, directed=False)[0])

    def adjacency(self, tau: float = 0.0) -> sparse.csr_array:
        r"""Row-normalised weights of the neighbours, equation (8).

        .. math:: A_{IJ} = e^{-\tau d_{IJ}} / \sum_{K \sim I} e^{-\tau d_{IK}}

        Parameters
        ----------
        tau : float, default=0.0
            0 is the plain mean of the neighbours; positive values favour those of
            similar colour, negative ones those of different colour.

        Returns
        -------
        adjacency : scipy.sparse.csr_array of shape (n, n)
            Rows sum to 1; the row of a superpixel without neighbours is empty.
        """
        exponent = self._symmetric(-tau * self.distances)
        rows = np.diff(exponent.indptr)
        # The largest exponent of a row is taken off first: no overflow at any tau.
        shift = np.zeros(self.n_regions)
        filled = rows > 0
        starts = exponent.indptr[:-1][filled]
        if len(starts):
            shift[filled] = np.maximum.reduceat(exponent.data, starts)
        weights = exponent
        weights.data = np.exp(exponent.data - np.repeat(shift, rows))
        totals = np.repeat(weights.sum(axis=1), rows)
        weights.data = weights.data / totals
        return weights

    def affinity(self, tau: float = 1.0) -> sparse.csr_array:
        r"""Symmetric affinity of the neighbours for the normalised cut.

        .. math:: w_{IJ} = e^{-\tau d_{IJ}}

        Equation (5) weighs pairs by their *distance*, with which a minimal cut would
        join what differs; an affinity is meant (see ``docs/decisions.md``).

        Parameters
        ----------
        tau : float, default=1.0
            Decay per unit of colour distance.

        Returns
        -------
        affinity : scipy.sparse.csr_array of shape (n, n)
        """
        return self._symmetric(np.exp(-tau * self.distances))

    def sum_over_borders(
        self, field: np.ndarray, superpixels: np.ndarray
    ) -> np.ndarray:
        """Sum a field over the borders, at each pixel side the mean of its two pixels.

        Parameters
        ----------
        field : ndarray of shape (H, W)
        superpixels : ndarray of shape (H, W), int
            Those of which this is the graph.

        Returns
        -------
        sums : ndarray of shape (E,)
            In the order of ``edges``.
        """
        found = [*borders_by_axis(superpixels)]
        low, high = _low_and_high(found, superpixels)
        edges = self.edges[0] * self.n_regions + self.edges[1]
        edge = np.searchsorted(edges, low.astype(np.int64) * self.n_regions + high)
        first, second = np.hstack([borders.sides(field) for borders in found])
        return np.bincount(edge, 0.5 * (first + second), len(edges))

    def to_networkx(self) -> "networkx.Graph":
        """Return the graph for NetworkX, with the attributes of the arrays.

        Returns
        -------
        graph : networkx.Graph
            Nodes have ``size`` and ``mean``, edges ``distance`` and ``border``.
        """
        import networkx

        graph = networkx.Graph()
        for node, (size, mean) in enumerate(zip(self.sizes, self.means, strict=True)):
            graph.add_node(node, size=int(size), mean=mean)
        columns = self.edges[0], self.edges[1], self.distances, self.borders
        for i, j, distance, border in zip(*columns, strict=True):
            graph.add_edge(int(i), int(j), distance=float(distance), border=int(border))
        return graph

    def _symmetric(self, values):
        return symmetric_matrix(self.edges, values, self.n_regions)


def region_graph(image: np.ndarray, superpixels: np.ndarray) -> RegionGraph:
    """Build the region graph of an image, without a loop over superpixels.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    superpixels : ndarray of shape (H, W), int
        Ids 0..n-1; negative where void.

    Returns
    -------
    graph : RegionGraph

    Raises
    ------
    ValueError
        If the shapes differ, nothing is inside, or an id below the largest is missing.

    Notes
    -----
    O(pixels), and O(neighbours) memory besides a few arrays of the image's size.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.regions import region_graph
    >>> graph = region_graph(np.eye(2), np.array([[0, 0], [1, 2]]))
    >>> graph.edges
    array([[0, 0, 1],
           [1, 2, 2]])
    >>> graph.means.ravel()
    array([0.5, 0. , 1. ])
    """
    image, superpixels = np.asarray(image), signed_ids(superpixels)
    if image.shape[:2] != superpixels.shape or image.ndim not in (2, 3):
        raise ValueError(
            f"image of shape {image.shape} and superpixels of shape "
            f"{superpixels.shape} do not belong together"
        )
    n_regions = int(superpixels.max(initial=-1)) + 1
    if n_regions == 0:
        raise ValueError("there is no superpixel: every pixel is void")
    sizes, means = _region_means(image, superpixels, n_regions)
    _check_no_gaps(sizes)
    edges, borders = _shared_borders(superpixels, n_regions)
    difference = means[edges[0]] - means[edges[1]]
    distances = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return RegionGraph(edges, distances, means, sizes, borders)


def symmetric_matrix(edges, values, n):
    """Matrix with the values of edges, (2, E), in both directions: (n, n), CSR."""
    i, j = edges
    # Explicit zeros must stay: an edge of weight 0 is an edge.
    return sparse.csr_array(
        (np.r_[values, values], (np.r_[i, j], np.r_[j, i])), shape=(n, n)
    )


def signed_ids(superpixels):
    """Superpixels that may be compared with -1."""
    superpixels = np.asarray(superpixels)
    if superpixels.dtype.kind in "ub":
        return superpixels.astype(np.int64)
    return superpixels


def _check_no_gaps(sizes):
    if not sizes.all():
        raise ValueError(
            f"no superpixel has the id {int(np.argmin(sizes))}, but one has "
            f"{len(sizes) - 1}; ids must be 0..n-1 without gaps: renumber them, with "
            "np.unique(superpixels, return_inverse=True)[1] where none is void"
        )


def _region_means(image, superpixels, n_regions):
    labels = superpixels.ravel()
    channels = image.reshape(labels.size, -1)
    inside = labels >= 0
    if not inside.all():
        labels, channels = labels[inside], channels[inside]
    sizes = np.bincount(labels, minlength=n_regions)
    sums = sums_by_label(labels, channels.T, n_regions)
    return sizes, sums / np.maximum(sizes, 1)[:, np.newaxis]


def sums_by_label(labels, columns, n_labels):
    """Sums of each column of values, (n,), over equal labels: (n_labels, C), float64.

    Parameters
    ----------
    labels : ndarray of shape (n,), int
    columns : iterable of C ndarray of shape (n,), or None
        From a generator there is one at a time in memory. None stands for ones.
    n_labels : int
    """
    sums = [np.bincount(labels, column, n_labels) for column in columns]
    return np.stack(sums, axis=1)


def _shared_borders(superpixels, n_regions):
    """Pairs of neighbours and the number of pixel sides they share."""
    low, high = _low_and_high(borders_by_axis(superpixels), superpixels)
    # Converting to CSR adds up duplicates by counting, without a sort.
    counts = sparse.coo_array(
        (np.ones(len(low), np.int64), (low, high)), shape=(n_regions, n_regions)
    ).tocsr()
    counts.sort_indices()
    counts = counts.tocoo()
    edges = np.stack([counts.row, counts.col]).astype(np.int64)
    return edges, counts.data


def _low_and_high(borders, superpixels):
    """The lower and the higher id at each pixel side of borders."""
    first, second = np.hstack([each.sides(superpixels) for each in borders])
    return np.minimum(first, second), np.maximum(first, second)
