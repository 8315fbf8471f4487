"""Losses as pure functions of tensors, the dense beside the sparse one."""

from sksegment.losses._continuity import dense_continuity, sparse_continuity
from sksegment.losses._ncut import dense_soft_ncut, pixel_affinity, sparse_soft_ncut
from sksegment.losses._objective import DenseObjective, SparseObjective
from sksegment.losses._reconstruction import reconstruction_loss
from sksegment.losses._scribbles import UNKNOWN, scribble_loss
from sksegment.losses._similarity import (
    dense_similarity,
    kmeans_labels,
    majority_labels,
    sparse_similarity,
)

__all__ = [
    "UNKNOWN",
    "DenseObjective",
    "SparseObjective",
    "dense_continuity",
    "dense_similarity",
    "dense_soft_ncut",
    "kmeans_labels",
    "majority_labels",
    "pixel_affinity",
    "reconstruction_loss",
    "scribble_loss",
    "sparse_continuity",
    "sparse_similarity",
    "sparse_soft_ncut",
]
