"""Images to try things on, and the Berkeley Segmentation Dataset."""

from sksegment.datasets._bsds import bsds_ids, load_bsds
from sksegment.datasets._fetch import fetch_bsds300
from sksegment.datasets._samples import sample_images

__all__ = ["bsds_ids", "fetch_bsds300", "load_bsds", "sample_images"]
