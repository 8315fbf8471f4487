"""Colours as points, and classes of colours."""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from sksegment._intensity import is_rgb, perceptual, scale_intensity

__all__ = [
    "COLOR_SPACES",
    "color_features",
    "find_centers",
    "nearest_center",
    "resolve_color_space",
    "sort_by_brightness",
]

COLOR_SPACES = {"auto", "lab", "rgb", "native"}
_NEEDS_RGB = {"lab", "rgb"}
# On a scale of 100: colours that differ by less differ by rounding only.
_DECIMALS = 3
_CHUNK = 65_536


def resolve_color_space(images, color_space):
    """Settle what "auto" means for the training images.

    Parameters
    ----------
    images : list of ndarray of shape (H, W, C)
    color_space : {"auto", "lab", "rgb", "native"}

    Returns
    -------
    color_space : {"lab", "rgb", "native"}

    Raises
    ------
    ValueError
        If a space of colours is asked for, but the images are not RGB.
    """
    rgb = is_rgb(images)
    if color_space == "auto":
        return "lab" if rgb else "native"
    if color_space in _NEEDS_RGB and not rgb:
        raise ValueError(
            f"color_space={color_space!r} needs RGB images, which have three channels "
            f"and no negative value; these have {images[0].shape[-1]} channel(s). Use "
            "color_space='native', or 'auto' for images of either kind"
        )
    return color_space


def color_features(image, intensity_range, color_space):
    """Turn the pixels of an image into points whose distances are differences.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    intensity_range : ndarray of shape (2, C)
        Range of the training images, see `sksegment._intensity.intensity_range`.
    color_space : {"lab", "rgb", "native"}

    Returns
    -------
    features : ndarray of shape (H, W, C), float32
        CIELAB, or the channels with the training range scaled to 0..100.
    """
    scaled = scale_intensity(image, intensity_range)
    return perceptual(scaled, rgb=color_space == "lab")


def sort_by_brightness(colors, color_space):
    """Order of colours from dark to bright.

    Parameters
    ----------
    colors : ndarray of shape (n, C)
    color_space : {"lab", "rgb", "native"}

    Returns
    -------
    order : ndarray of shape (n,)
    """
    brightness = colors[:, 0] if color_space == "lab" else colors.mean(axis=1)
    return np.argsort(brightness, kind="stable")


def find_centers(colors, n_clusters, color_space, *, weights=None, n_init=3, seed=0):
    """Cluster colours by k-means.

    Parameters
    ----------
    colors : ndarray of shape (n, C)
    n_clusters : int
    color_space : {"lab", "rgb", "native"}
    weights : ndarray of shape (n,), optional
    n_init : int, default=3
    seed : int, default=0

    Returns
    -------
    centers : ndarray of shape (n_found, C)
        From dark to bright; fewer than ``n_clusters`` where there are fewer different
        colours.
    """
    # Equal colours count as one of more weight: the same minimum, found sooner.
    rounded = np.asarray(colors, np.float64).round(_DECIMALS)
    centers, index = np.unique(rounded, axis=0, return_inverse=True)
    if len(centers) > n_clusters:
        weights = np.bincount(index.ravel(), weights)
        kmeans = KMeans(n_clusters, n_init=n_init, random_state=seed)
        # A pool of OpenMP threads would get in the way of torch's for the next minute.
        with threadpool_limits(1, user_api="openmp"):
            centers = kmeans.fit(centers, sample_weight=weights).cluster_centers_
    return centers[sort_by_brightness(centers, color_space)]


def nearest_center(colors, centers):
    """Index of the nearest centre.

    Parameters
    ----------
    colors : ndarray of shape (n, C)
    centers : ndarray of shape (K, C)

    Returns
    -------
    labels : ndarray of shape (n,), int32
    """
    labels = np.empty(len(colors), np.int32)
    # In pieces: distances to all centres need K times the memory of the labels.
    for start in range(0, len(colors), _CHUNK):
        part = slice(start, start + _CHUNK)
        labels[part] = cdist(colors[part], centers, "sqeuclidean").argmin(axis=1)
    return labels
