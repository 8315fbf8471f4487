"""Images to try things on, and the Berkeley Segmentation Dataset."""

from sksegment.datasets._bsds import fetch_bsds300, load_bsds
from sksegment.datasets._samples import sample_images

__all__ = ["fetch_bsds300", "load_bsds", "sample_images"]
