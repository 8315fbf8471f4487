"""The models of Table 1 of the paper, by name."""

from typing import Any

from sksegment.baselines import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.patches import PatchSampler
from sksegment.segmenters import DenseWNetSegmenter, SparseWNetSegmenter

__all__ = ["MODEL_TYPES", "make_segmenter"]


def __dir__():
    return __all__


_CLASSES = {"Dense": DenseWNetSegmenter, "Sparse": SparseWNetSegmenter}
_LOSSES = {
    "NCut": {"beta_cut": 1.0, "beta_sim": 0.0, "beta_con": 0.0},
    "SimCon": {"beta_cut": 0.0, "beta_sim": 0.1, "beta_con": 0.1},
}
# One label for each superpixel; pixels have no other.
_OWN = {"Dense": {}, "Sparse": {"assignment": "mean"}}
_RECONSTRUCTIONS = {"Image": "image", "Patch": "patch", "NoRec": "none"}

# Name: class, and the parameters that make it what it is. "Dense-NCut-Image" is the
# model of Xia and Kulis (2017), "Dense-SimCon-NoRec" that of Kim et al. (2020).
MODEL_TYPES = {
    **{
        f"{kind}-{loss}-{source}": (
            cls,
            {**betas, **_OWN[kind], "reconstruction": reconstruction},
        )
        for kind, cls in _CLASSES.items()
        for loss, betas in _LOSSES.items()
        for source, reconstruction in _RECONSTRUCTIONS.items()
        if (kind, loss) == ("Dense", "SimCon") or source != "NoRec"
    },
    "Kmeans-Pixel": (KMeansPixelSegmenter, {}),
    "Kmeans-Superpixel": (KMeansSuperpixelSegmenter, {}),
    "Spectral-Superpixel": (SpectralSuperpixelSegmenter, {}),
}

_PAPER_PATCHES = {(96, 96): 32, (64, 64): 72, (48, 48): 128}
# What the paper's networks have in common.
_PAPER = {
    "max_labels": 32,
    "init": "random",
    "base_channels": 64,
    "depth": 4,
    "resolution": 1.0,
    "max_epochs": 50,
    "batches_per_epoch": 8,
    "lr": 1e-3,
}


def make_segmenter(name: str, *, size: str = "paper", **overrides: Any) -> Any:
    """Make an unfitted model of the paper.

    Parameters
    ----------
    name : str
        One of `MODEL_TYPES`, e.g. ``"Sparse-SimCon-Patch"``.
    size : {"paper", "compact"}, default="paper"
        The network, the patches and the 50 epochs of the paper; or the defaults of
        the estimator, which a laptop is happy with. The baselines without a network
        are the same in both.
    **overrides
        Parameters of the estimator that shall differ.

    Returns
    -------
    segmenter : estimator

    Raises
    ------
    ValueError
        If the name, the size or a parameter is unknown.

    Examples
    --------
    >>> from sksegment import make_segmenter
    >>> make_segmenter("Sparse-NCut-Patch").base_channels
    64
    >>> make_segmenter("Kmeans-Superpixel", n_clusters=4)
    KMeansSuperpixelSegmenter(n_clusters=4)
    """
    if name not in MODEL_TYPES:
        known = ", ".join(MODEL_TYPES)
        raise ValueError(f"there is no model type {name!r}; known are {known}")
    if size not in ("paper", "compact"):
        raise ValueError(f"size={size!r} is neither 'paper' nor 'compact'")
    cls, params = MODEL_TYPES[name]
    if size == "paper" and cls in _CLASSES.values():
        patches = PatchSampler(tuple(_PAPER_PATCHES), tuple(_PAPER_PATCHES.values()))
        params = {**_PAPER, "patches": patches, **params}
    return cls().set_params(**{**params, **overrides})
