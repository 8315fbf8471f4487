"""Similarity: everything shall be close to the label it has already."""

from typing import Any

import torch
from torch.nn.functional import cross_entropy, one_hot

__all__ = ["dense_similarity", "kmeans_labels", "majority_labels", "sparse_similarity"]


def sparse_similarity(
    scores: torch.Tensor, labels: torch.Tensor | None = None
) -> torch.Tensor:
    r"""Cross entropy of superpixels with their own labels, equation (6).

    .. math:: L = -\frac{1}{N} \sum_I \log \mathrm{softmax}(s_I)_{\hat y_I}

    Parameters
    ----------
    scores : tensor of shape (N, K)
        Scores s of the labels.
    labels : tensor of shape (N,), int64, optional
        Labels held fixed; the largest score of every superpixel by default. See
        `majority_labels` and `kmeans_labels` for the others.

    Returns
    -------
    loss : tensor of shape ()
    """
    if labels is None:
        labels = scores.argmax(dim=1)
    return cross_entropy(scores, labels)


def dense_similarity(scores: torch.Tensor) -> torch.Tensor:
    r"""Cross entropy of pixels with their own labels, equation (3).

    Parameters
    ----------
    scores : tensor of shape (K, H, W)

    Returns
    -------
    loss : tensor of shape ()
    """
    return sparse_similarity(scores.flatten(1).T)


def majority_labels(f: torch.Tensor, pooling: Any) -> torch.Tensor:
    """Count the labels of the pixels of every superpixel: the most frequent is its own.

    Parameters
    ----------
    f : tensor of shape (P, K)
        Soft labels of the pixels.
    pooling : matrix of shape (N, P)
        Share of every pixel in every superpixel; rows sum to 1.

    Returns
    -------
    shares : tensor of shape (N, K)
        Share of every label in every superpixel; its argmax is the label.
    """
    return pooling @ one_hot(f.argmax(dim=1), f.shape[1]).to(f.dtype)


def kmeans_labels(
    f: torch.Tensor, n_clusters: int, *, max_iter: int = 10
) -> tuple[torch.Tensor, torch.Tensor]:
    """Labels of superpixels by k-means of their soft labels.

    A cluster has the largest label of its centroid, and hands it to its members.
    With this label the mean of equation (6) over superpixels does not change when
    the numerator is taken from the centroid instead of each member, as the paper
    does: a centroid is the mean of its members.

    Parameters
    ----------
    f : tensor of shape (N, K)
        Soft labels of the superpixels.
    n_clusters : int
    max_iter : int, default=10
        Number of Lloyd's iterations.

    Returns
    -------
    labels : tensor of shape (N,), int64
    centroids : tensor of shape (n_clusters, K)

    Notes
    -----
    Seeds are chosen far from each other, starting from the mean: no random numbers.
    """
    with torch.no_grad():
        centroids = _spread_seeds(f, n_clusters)
        for _ in range(max_iter):
            cluster = torch.cdist(f, centroids).argmin(dim=1)
            members = one_hot(cluster, n_clusters).to(f.dtype)
            sizes = members.sum(dim=0)
            moved = (members.T @ f) / sizes.clamp_min(1.0)[:, None]
            moved = torch.where(sizes[:, None] > 0, moved, centroids)
            if torch.equal(moved, centroids):
                break
            centroids = moved
        return centroids.argmax(dim=1)[cluster], centroids


def _spread_seeds(f, n_clusters):
    """Seeds for k-means: each the point farthest from those before it."""
    distance = torch.cdist(f, f.mean(dim=0, keepdim=True))[:, 0]
    seeds = []
    for _ in range(n_clusters):
        seeds.append(f[distance.argmax()])
        distance = torch.minimum(distance, torch.cdist(f, seeds[-1][None])[:, 0])
    return torch.stack(seeds)
