"""From soft labels on the net's grid to labels of superpixels."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from sksegment.regions import sums_by_label

__all__ = [
    "brightness_order",
    "finish_shares",
    "fit_centers",
    "fractions_of",
    "mean_shares",
    "measure_labels",
    "paint",
    "pooled",
    "region_shares",
]

# Where the centres of clusters without members are.
_FAR = 1e6
# So often centres are moved at most.
_MOVES = 300


def region_shares(f, pooling, assignment, centers=None):
    """Share of every label in every superpixel; the largest is its label.

    Parameters
    ----------
    f : ndarray of shape (h, w, K)
        Soft labels on the grid of the net.
    pooling : scipy.sparse.csr_array of shape (n, h * w)
        See `sksegment.regions.pooling_matrix`.
    assignment : {"mean", "majority", "kmeans"}
    centers : ndarray of shape (K, K), optional
        Centres of the clusters, for ``assignment="kmeans"``.

    Returns
    -------
    shares : ndarray of shape (n, K), float32
        Rows sum to 1. The mean soft label; or the share of the pixels in which it is
        the largest; or the closeness to the centres of the clusters.
    """
    return finish_shares(pooled(f, pooling, assignment), assignment, centers)


def pooled(f, pooling, assignment):
    """Sums over superpixels, (n, K), of soft labels, or of labels; they add up.

    Parameters
    ----------
    f, pooling, assignment
        See `region_shares`; of a part of the grid those of the part.
    """
    pixels = f.reshape(-1, f.shape[-1])
    if assignment == "majority":
        pixels = np.eye(f.shape[-1], dtype=np.float32)[pixels.argmax(axis=1)]
    return pooling @ pixels


def finish_shares(shares, assignment, centers):
    """Shares of sums that are complete, which are overwritten; see `region_shares`.

    Parameters
    ----------
    shares : ndarray of shape (n, K)
        See `pooled`.
    assignment, centers
        See `region_shares`.
    """
    # Thousands of small terms, added up in float32, miss 1 by their rounding.
    shares /= shares.sum(axis=1, keepdims=True)
    if assignment == "kmeans":
        if centers is None:
            raise ValueError(
                "assignment='kmeans' was set after the fit, so there are no clusters; "
                "fit again"
            )
        shares = _closeness(shares, centers)
    return shares


def _closeness(f, centers):
    """Softmax of the negative squared distances, in units of their mean."""
    squared = cdist(f, centers, "sqeuclidean")
    nearest = squared.min(axis=1, keepdims=True)
    weights = np.exp((nearest - squared) / max(nearest.mean(), 1e-6))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def mean_shares(parts, n_regions):
    """Mean share of every label in every region.

    Parameters
    ----------
    parts : iterable of (regions, shares)
        Parts of an image: ids of regions, (h, w), negative where void, and shares of
        the labels, (h, w, K).
    n_regions : int

    Returns
    -------
    shares : ndarray of shape (n, K), float32
        Rows sum to 1.
    """
    total = 0.0
    for regions, shares in parts:
        inside = regions >= 0
        total = total + sums_by_label(regions[inside], shares[inside].T, n_regions)
    return np.float32(total / total.sum(axis=1, keepdims=True))


def fit_centers(f, n_clusters, seed, start=None):
    """Cluster the soft labels of the superpixels of all training images.

    Parameters
    ----------
    f : ndarray of shape (n, K)
    n_clusters : int
    seed : int
    start : ndarray of shape (n_clusters, K), optional
        Centres to start from; those infinitely far away stay so.

    Returns
    -------
    centers : ndarray of shape (n_clusters, K), float32
        Infinitely far away where there are fewer different superpixels than clusters.
    """
    if start is not None:
        return _move_centers(f, start)
    # What differs by rounding alone is no cluster of its own.
    found = min(n_clusters, len(np.unique(f.round(5), axis=0)))
    # A pool of OpenMP threads would get in the way of torch's for the next minute.
    with threadpool_limits(1, user_api="openmp"):
        kmeans = KMeans(found, n_init=3, random_state=seed).fit(f)
    centers = np.full((n_clusters, f.shape[1]), _FAR, np.float32)
    centers[:found] = kmeans.cluster_centers_
    return centers


def _move_centers(f, start):
    """Lloyd's iterations from given centres; one that nothing is near stays."""
    centers, found = start.copy(), None
    for _ in range(_MOVES):
        nearest = cdist(f, centers, "sqeuclidean").argmin(axis=1)
        if found is not None and np.array_equal(nearest, found):
            break
        found = nearest
        sizes = np.bincount(found, minlength=len(centers))
        sums = sums_by_label(found, f.T, len(centers))
        moved = sizes > 0
        centers[moved] = sums[moved] / sizes[moved, np.newaxis]
    return centers


def brightness_order(labels, brightness, sizes, n_labels, n_fixed=0):
    """Order of the labels by mean brightness, those not in use last.

    Parameters
    ----------
    labels : ndarray of shape (n,)
        Labels of the superpixels of all training images.
    brightness : ndarray of shape (n,)
        Their mean brightness.
    sizes : ndarray of shape (n,)
        Their numbers of pixels.
    n_labels : int
    n_fixed : int, default=0
        So many labels, the first ones, keep their numbers.

    Returns
    -------
    order : ndarray of shape (n_labels,)
        ``order[k]`` is the present number of the label that becomes k.
    """
    area = np.bincount(labels, sizes, minlength=n_labels)
    total = np.bincount(labels, sizes * brightness, minlength=n_labels)
    mean = np.divide(total, area, out=np.full(n_labels, np.inf), where=area > 0)
    mean[:n_fixed] = -np.inf
    return np.argsort(mean, kind="stable")


def paint(superpixels, values, void):
    """Give every pixel the value of its superpixel.

    Parameters
    ----------
    superpixels : ndarray of shape (H, W), int32
    values : ndarray of shape (n, ...)
    void : scalar
        Value where there is no superpixel.

    Returns
    -------
    painted : ndarray of shape (H, W, ...)
    """
    painted = values[superpixels]
    painted[superpixels < 0] = void
    return painted


def measure_labels(parts):
    """Mean colours of the labels, and how much of the images they cover.

    Parameters
    ----------
    parts : iterable of (colors, sizes, shares)
        Of one image or several at a time: mean colours of superpixels or colours of
        pixels, (n, C); their numbers of pixels, (n,); the share of every label in
        them, (n, K), of which the largest is their label.

    Returns
    -------
    colors : ndarray of shape (K, C)
        Mean of those with the label; of a label that is not in use, the mean of all
        by their shares.
    fractions : ndarray of shape (K,)
        Sum to 1; 0 for labels that are not in use.
    """
    sums = [_label_sums(*part) for part in parts]
    area, hard, soft_area, soft = (sum(terms) for terms in zip(*sums, strict=True))
    soft /= np.maximum(soft_area, np.finfo(np.float32).tiny)[:, np.newaxis]
    used = area[:, np.newaxis] > 0
    means = np.where(used, hard / np.maximum(area, 1)[:, np.newaxis], soft)
    return means, area / area.sum()


def fractions_of(maps, n_labels):
    """Part of label maps, (H, W), that every label covers: (n_labels,)."""
    counts = sum(np.bincount(map_[map_ >= 0], minlength=n_labels) for map_ in maps)
    return counts / counts.sum()


def _label_sums(colors, sizes, shares):
    """Areas and summed colours, (K,) and (K, C), of labels and then of soft labels."""
    labels, n_labels = shares.argmax(axis=1), shares.shape[1]
    area = np.bincount(labels, sizes, minlength=n_labels)
    hard = sums_by_label(labels, (sizes * color for color in colors.T), n_labels)
    # Not in more precision than the shares have, of which a copy would be large.
    sizes = np.asarray(sizes, shares.dtype)
    return area, hard, sizes @ shares, shares.T @ (sizes[:, np.newaxis] * colors)
