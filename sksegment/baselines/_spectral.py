"""Spectral clustering of superpixels on their graph."""

from typing import Self

import numpy as np
from scipy import sparse
from scipy.linalg import eigh
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigsh, splu
from scipy.spatial import cKDTree
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import KMeans
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from sksegment._mixins import SegmenterMixin
from sksegment._typing import ColorSpace, Images
from sksegment._validation import (
    Integral,
    Interval,
    Real,
    StrOptions,
    check_images,
    fit_context,
)
from sksegment.baselines._base import SuperpixelMixin, draw_seed
from sksegment.baselines._color import COLOR_SPACES, find_centers, nearest_center
from sksegment.labelling import paint
from sksegment.regions import sums_by_label, symmetric_matrix
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["SpectralSuperpixelSegmenter", "spectral_clusters"]

# Share of the mean degree that every superpixel is linked to all others with.
_REGULARIZATION = 1e-4
_N_LINKS = 3
_N_INIT = 10
# Eigenvalues crowd below 1. Those of the inverse of 1 + shift minus the matrix lie far
# apart, so that few steps find them.
_SHIFT = 1e-5
_TOL = 1e-6
# Below, all eigenvectors at once are found sooner than a few of them.
_DENSE = 128


class SpectralSuperpixelSegmenter(
    SuperpixelMixin, SegmenterMixin, ClusterMixin, BaseEstimator
):
    r"""Segmentation by normalised cuts of the graph of the superpixels.

    "Spectral-Superpixel" of the paper. Neighbours I and J that share a border of
    length :math:`b_{IJ}` and whose mean colours differ by :math:`d_{IJ}` have the
    affinity

    .. math:: w_{IJ} = b_{IJ} e^{-d_{IJ} / (s \bar d)}

    where :math:`\bar d` is the mean of all such differences in the image. The leading
    eigenvectors of :math:`D^{-1/2} W D^{-1/2}`, where D has the sums of the rows of W,
    are the relaxed normalised cut [1]_; their rows, of length one, are clustered by
    k-means [2]_.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of regions an image is cut into, and of classes; there are fewer where
        there are fewer different colours.
    superpixels : SuperpixelTransformer, optional
        Parameters of the superpixels. When None, those of the class, with fewer
        superpixels where they would be smaller than 25 pixels. It is cloned, and its
        parameters can be set as ``superpixels__mask`` etc.; their number stays as with
        None until ``superpixels__n_segments`` is set.
    color_scale : float, default=0.3
        Decay s of the affinity with the difference of colour, relative to the mean
        difference of neighbours. Smaller values follow weaker edges; larger ones make
        regions more compact.
    color_space : {"auto", "lab", "rgb", "native"}, default="auto"
        What the difference of two superpixels is measured in. "lab" (CIELAB) and
        "rgb" are for RGB images; "native" takes all channels alike, with their ranges
        scaled to 0..100; "auto" is "lab" for RGB images and "native" for all others.
    random_state : int, RandomState instance or None, default=None
        Seed of the eigensolver and the clustering. An int gives the same labels in
        every run on the same machine.

    Attributes
    ----------
    labels_ : list of ndarray of shape (H, W), int32
        Labels of the training images, -1 outside a mask; one array if they came as
        one.
    cluster_centers_ : ndarray of shape (n_classes, n_channels)
        Colours of the classes, from dark to bright, in ``color_space_``.
    superpixels_ : SuperpixelTransformer
        The fitted transformer.
    superpixel_params_ : dict
        Parameters of the superpixels in the fit, which must not change after it.
    color_space_ : {"lab", "rgb", "native"}
        The colour space in use.
    intensity_range_ : ndarray of shape (2, n_channels)
        Intensities of the training images that are scaled to 0 and 1, in every image.
    n_channels_in_ : int
        Number of channels of the training images.
    seed_ : int
        Seed that was drawn in `fit`.

    See Also
    --------
    sksegment.regions.region_graph : The graph.

    Notes
    -----
    Eigenvectors belong to one graph, so those of different images cannot be compared.
    Hence every image, in training or new, is cut on its own into ``n_clusters``
    regions, and a region then gets the class of the nearest mean colour. Classes are
    the regions of the training image; of several, k-means clusters of their regions.
    So the same object has the same id in every image, as long as its mean colour
    is that of the training; two regions of a new image may be of one class.

    A mask may cut the graph to pieces. Every piece is then linked to the three that
    are most like it, and all superpixels to one another by a tiny weight [3]_, which
    also keeps lone superpixels from becoming classes.

    The few eigenvectors are found by a sparse factorisation, which for graphs of
    superpixels, as they are planar, costs little more than linear time.

    References
    ----------
    .. [1] Shi and Malik, "Normalized cuts and image segmentation", IEEE TPAMI 22(8),
       2000.
    .. [2] Ng, Jordan and Weiss, "On spectral clustering: analysis and an algorithm",
       NIPS 2001.
    .. [3] Zhang and Rohe, "Understanding regularized spectral clustering via graph
       conductance", NeurIPS 2018.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment.baselines import SpectralSuperpixelSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = SpectralSuperpixelSegmenter(n_clusters=4, random_state=0).fit([photo])
    >>> model.labels_[0].shape, model.cluster_centers_.shape
    ((128, 128), (4, 3))
    """

    _parameter_constraints = {
        "n_clusters": [Interval(Integral, 1, None, closed="left")],
        "superpixels": [SuperpixelTransformer, None],
        "color_scale": [Interval(Real, 0, None, closed="neither")],
        "color_space": [StrOptions(COLOR_SPACES)],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        superpixels: SuperpixelTransformer | None = None,
        color_scale: float = 0.3,
        color_space: ColorSpace = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.superpixels = superpixels
        self.color_scale = color_scale
        self.color_space = color_space
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Images, y: object = None) -> Self:
        """Learn the classes and label the images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images; one is enough. One array has shape (n, H, W) or
            (n, H, W, C).
        y : None
            Ignored.

        Returns
        -------
        self : SpectralSuperpixelSegmenter

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        """
        batch = check_images(X, field=self._field_to_fit)
        prepared, graphs, color_space = self._prepare(batch.images)
        seed = draw_seed(self.random_state)
        regions = [self._cut(graph, seed) for graph in graphs]
        centers = find_centers(
            np.concatenate([colors for _, colors, _ in regions]),
            self.n_clusters,
            color_space,
            weights=np.concatenate([sizes for *_, sizes in regions]),
            n_init=_N_INIT,
            seed=seed,
        )
        self._set_fitted(batch, prepared, centers, color_space)
        self.seed_ = seed
        self.labels_ = batch.pack(
            [
                paint(superpixels, nearest_center(colors, centers)[clusters], -1)
                for superpixels, (clusters, colors, _) in zip(
                    prepared.superpixels, regions, strict=True
                )
            ]
        )
        return self

    def _cut(self, graph, seed):
        """Cut a graph; returns clusters of superpixels, their colours and sizes."""
        clusters = spectral_clusters(graph, self.n_clusters, self.color_scale, seed)
        sizes = np.bincount(clusters, graph.sizes)
        sums = sums_by_label(clusters, graph.sizes * graph.means.T, len(sizes))
        return clusters, sums / sizes[:, np.newaxis], sizes

    def _predict_image(self, superpixels, graph):
        clusters, colors, _ = self._cut(graph, self.seed_)
        labels = nearest_center(colors, self.cluster_centers_)
        return paint(superpixels, labels[clusters], -1)


def spectral_clusters(graph, n_clusters, color_scale, seed):
    """Cluster the superpixels of one image by its normalised cut.

    Parameters
    ----------
    graph : RegionGraph
    n_clusters : int
    color_scale : float
        Decay of the affinity, relative to the mean difference of neighbours.
    seed : int

    Returns
    -------
    clusters : ndarray of shape (n,), int
        Ids 0..k-1, all in use, for k <= ``n_clusters``.
    """
    n_clusters = min(n_clusters, graph.n_regions)
    vectors = _leading_vectors(_affinity(graph, color_scale), n_clusters, seed)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    # Rows that are equal but for rounding cannot make as many clusters as wanted.
    rows, index = np.unique(vectors.round(6), axis=0, return_inverse=True)
    if len(rows) <= n_clusters:
        return index.ravel()
    kmeans = KMeans(n_clusters, n_init=_N_INIT, random_state=seed)
    with threadpool_limits(1, user_api="openmp"):
        labels = kmeans.fit_predict(vectors)
    return np.unique(labels, return_inverse=True)[1].ravel()


def _affinity(graph, color_scale):
    edges, distances, borders = _linked(graph)
    scale = color_scale * (distances.sum() / max(len(distances), 1) or 1.0)
    # Only ratios of weights matter; the largest must not underflow.
    exponent = (distances - distances.min(initial=np.inf)) / scale
    weights = borders * np.exp(-exponent)
    return symmetric_matrix(edges, weights, graph.n_regions)


def _linked(graph):
    """Edges, their distances and lengths, with links where the graph is in pieces."""
    shape = (graph.n_regions, graph.n_regions)
    neighbours = sparse.coo_array((graph.borders, tuple(graph.edges)), shape=shape)
    n_pieces, piece = connected_components(neighbours, directed=False)
    if n_pieces == 1:
        return graph.edges, graph.distances, graph.borders
    # A piece is met where it is largest: in its largest superpixel.
    order = np.argsort(graph.sizes, kind="stable")
    largest = np.empty(n_pieces, np.int64)
    largest[piece[order]] = order
    colors = graph.means[largest]
    n_links = min(_N_LINKS, n_pieces - 1)
    # One of those found is the piece itself, or another of the very same colour.
    distances, nearest = cKDTree(colors).query(colors, n_links + 1)
    links = np.stack([np.repeat(largest, n_links + 1), largest[nearest.ravel()]])
    proper = links[0] != links[1]
    length = graph.borders.mean() if graph.borders.size else 1.0
    return (
        np.concatenate([graph.edges, links[:, proper]], axis=1),
        np.r_[graph.distances, distances.ravel()[proper]],
        np.r_[graph.borders, np.full(proper.sum(), length)],
    )


def _leading_vectors(affinity, n_vectors, seed):
    """Leading eigenvectors of the normalised affinity, shape (n, n_vectors)."""
    n = affinity.shape[0]
    degrees = affinity.sum(axis=1)
    link = _REGULARIZATION * (degrees.mean() or 1.0)
    root = 1.0 / np.sqrt(degrees + link)
    matrix = affinity * root * root[:, np.newaxis]
    # What links all to all has rank one; it is kept apart, so that the rest is sparse.
    all_to_all = np.sqrt(link / n) * root
    if n <= max(_DENSE, 3 * n_vectors):
        dense = matrix.toarray() + np.outer(all_to_all, all_to_all)
        return eigh(dense, subset_by_index=[n - n_vectors, n - 1])[1]
    operator = _inverse((1.0 + _SHIFT) * sparse.eye_array(n) - matrix, all_to_all)
    start = check_random_state(seed).uniform(-1.0, 1.0, n)
    return eigsh(operator, n_vectors, which="LA", v0=start, tol=_TOL)[1]


def _inverse(matrix, vector):
    r"""Inverse of :math:`M - v v^T` for a sparse M, by Sherman and Morrison."""
    # Graphs of superpixels are planar, or nearly so: their factors are sparse, too.
    solve = splu(
        matrix.tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    ).solve
    solved = solve(vector)
    factor = solved / (1.0 - vector @ solved)

    def multiply(right):
        left = solve(right.ravel())
        return left + factor * (vector @ left)

    return LinearOperator(matrix.shape, matvec=multiply, dtype=np.float64)
