"""What follows prediction: label maps are cleaned, and what is in them is measured."""

from sksegment.postprocessing._objects import separate_objects
from sksegment.postprocessing._postprocess import postprocess
from sksegment.postprocessing._quantify import Quantification, quantify

__all__ = ["Quantification", "postprocess", "quantify", "separate_objects"]
