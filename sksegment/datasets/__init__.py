"""Images to try things on, made tomograms, and the Berkeley Segmentation Dataset."""

from sksegment.datasets._bsds import bsds_ids, load_bsds
from sksegment.datasets._fetch import fetch_bsds300
from sksegment.datasets._samples import sample_images
from sksegment.datasets._tomogram import make_tomogram

__all__ = ["bsds_ids", "fetch_bsds300", "load_bsds", "make_tomogram", "sample_images"]
