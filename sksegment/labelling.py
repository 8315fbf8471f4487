"""From soft labels on the net's grid to labels of superpixels."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans

__all__ = ["brightness_order", "fit_centers", "paint", "region_shares"]

_FAR = 1e6


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
    pixels = f.reshape(-1, f.shape[-1])
    if assignment == "majority":
        pixels = np.eye(f.shape[-1], dtype=np.float32)[pixels.argmax(axis=1)]
    shares = pooling @ pixels
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
    kmeans = KMeans(found, n_init=3, random_state=seed).fit(f)
    centers = np.full((n_clusters, f.shape[1]), _FAR, np.float32)
    centers[:found] = kmeans.cluster_centers_
    return centers


def _move_centers(f, start):
    """Lloyd's iterations from given centres."""
    used = start[:, 0] < _FAR
    kmeans = KMeans(used.sum(), init=start[used], n_init=1).fit(f)
    centers = start.copy()
    centers[used] = kmeans.cluster_centers_
    return centers


def brightness_order(labels, brightness, sizes, n_labels):
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

    Returns
    -------
    order : ndarray of shape (n_labels,)
        ``order[k]`` is the present number of the label that becomes k.
    """
    area = np.bincount(labels, sizes, minlength=n_labels)
    total = np.bincount(labels, sizes * brightness, minlength=n_labels)
    mean = np.divide(total, area, out=np.full(n_labels, np.inf), where=area > 0)
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
