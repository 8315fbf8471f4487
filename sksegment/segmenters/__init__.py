"""The W-Nets as scikit-learn estimators: sparse, on superpixels, and dense."""

from sksegment.segmenters._dense import DenseWNetSegmenter
from sksegment.segmenters._sparse import SparseWNetSegmenter

__all__ = ["DenseWNetSegmenter", "SparseWNetSegmenter"]
