"""Classical segmenters with the interface of the W-Net, to measure it against.

The first three are the baselines of the paper, the last is what one would try first.
None of them needs torch.
"""

from sksegment.baselines._felzenszwalb import FelzenszwalbSegmenter
from sksegment.baselines._kmeans import KMeansPixelSegmenter, KMeansSuperpixelSegmenter
from sksegment.baselines._spectral import SpectralSuperpixelSegmenter

__all__ = [
    "FelzenszwalbSegmenter",
    "KMeansPixelSegmenter",
    "KMeansSuperpixelSegmenter",
    "SpectralSuperpixelSegmenter",
]
