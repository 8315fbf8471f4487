"""Unsupervised one- and few-shot image segmentation as scikit-learn estimators.

`SparseWNetSegmenter` is where to start: ``fit`` it on one image, without labels, and
``predict`` the labels of all. For slices ``merge_labels("auto")`` follows the fit, for
photographs ``assignment="region"`` is set before. `sksegment.io` reads and writes
files, `sksegment.stacks` volumes and videos, `sksegment.plotting` shows what was found,
`sksegment.model_selection` finds parameters, `sksegment.postprocessing` cleans and
measures. `show_versions` prints what a report of a bug should tell.
"""

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# Importing torch takes seconds, so a name is looked up only when it is used.
_HOMES = {
    "DenseWNetSegmenter": "sksegment.segmenters",
    "FelzenszwalbSegmenter": "sksegment.baselines",
    "KMeansPixelSegmenter": "sksegment.baselines",
    "KMeansSuperpixelSegmenter": "sksegment.baselines",
    "MODEL_TYPES": "sksegment.presets",
    "SparseWNetSegmenter": "sksegment.segmenters",
    "SpectralSuperpixelSegmenter": "sksegment.baselines",
    "SuperpixelTransformer": "sksegment.superpixels",
    "make_segmenter": "sksegment.presets",
    "show_versions": "sksegment._versions",
}

_MODULES = {
    "baselines",
    "benchmarking",
    "cli",
    "datasets",
    "hierarchy",
    "io",
    "losses",
    "memory",
    "metrics",
    "model_selection",
    "nn",
    "patches",
    "plotting",
    "postprocessing",
    "preprocessing",
    "presets",
    "regions",
    "report",
    "stacks",
    "superpixels",
    "training",
}

__all__ = [
    "DenseWNetSegmenter",
    "FelzenszwalbSegmenter",
    "KMeansPixelSegmenter",
    "KMeansSuperpixelSegmenter",
    "MODEL_TYPES",
    "SparseWNetSegmenter",
    "SpectralSuperpixelSegmenter",
    "SuperpixelTransformer",
    "__version__",
    "make_segmenter",
    "show_versions",
]


if TYPE_CHECKING:
    # What `__getattr__` finds, for programs that check types.
    from sksegment._versions import show_versions
    from sksegment.baselines import (
        FelzenszwalbSegmenter,
        KMeansPixelSegmenter,
        KMeansSuperpixelSegmenter,
        SpectralSuperpixelSegmenter,
    )
    from sksegment.presets import MODEL_TYPES, make_segmenter
    from sksegment.segmenters import DenseWNetSegmenter, SparseWNetSegmenter
    from sksegment.superpixels import SuperpixelTransformer


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"sksegment.{name}")
    raise AttributeError(f"module 'sksegment' has no attribute {name!r}")


def __dir__():
    return sorted({*__all__, *_MODULES})
