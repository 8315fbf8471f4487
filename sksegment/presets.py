"""The models of Table 1 of the paper, by name."""

from sksegment.patches import PatchSampler
from sksegment.segmenter import SparseWNetSegmenter

__all__ = ["MODEL_TYPES", "make_segmenter"]

_NCUT = {"beta_cut": 1.0, "beta_sim": 0.0, "beta_con": 0.0}
_SIMCON = {"beta_cut": 0.0, "beta_sim": 0.1, "beta_con": 0.1}

MODEL_TYPES = {
    "Sparse-NCut-Image": {**_NCUT, "reconstruction": "image"},
    "Sparse-NCut-Patch": {**_NCUT, "reconstruction": "patch"},
    "Sparse-SimCon-Image": {**_SIMCON, "reconstruction": "image"},
    "Sparse-SimCon-Patch": {**_SIMCON, "reconstruction": "patch"},
}

_PAPER = {
    "max_labels": 32,
    "init": "random",
    "base_channels": 64,
    "depth": 4,
    "resolution": 1.0,
    "max_epochs": 50,
    "batches_per_epoch": 8,
    "lr": 1e-3,
    "tol": 0.0,
}


def make_segmenter(name, *, size="paper", **overrides):
    """Make an unfitted model of the paper.

    Parameters
    ----------
    name : str
        One of `MODEL_TYPES`, e.g. ``"Sparse-SimCon-Patch"``.
    size : {"paper", "compact"}, default="paper"
        The network, the patches and the 50 epochs of the paper; or the defaults of
        the estimator, which a laptop is happy with.
    **overrides
        Parameters of the estimator that shall differ.

    Returns
    -------
    segmenter : SparseWNetSegmenter

    Raises
    ------
    ValueError
        If the name or the size is unknown.

    Examples
    --------
    >>> from sksegment.presets import make_segmenter
    >>> make_segmenter("Sparse-NCut-Patch", size="paper").base_channels
    64
    """
    if name not in MODEL_TYPES:
        known = ", ".join(MODEL_TYPES)
        raise ValueError(f"there is no model type {name!r}; known are {known}")
    if size not in ("compact", "paper"):
        raise ValueError(f"size={size!r} is neither 'compact' nor 'paper'")
    params = dict(MODEL_TYPES[name])
    if size == "paper":
        params.update(_PAPER, patches=PatchSampler())
    return SparseWNetSegmenter(**{**params, **overrides})
