"""What is done to images before they are segmented, as steps of a pipeline."""

from sksegment.preprocessing._clip import ClipPercentiles
from sksegment.preprocessing._denoise import Denoise
from sksegment.preprocessing._hessian import GaussianHessian
from sksegment.preprocessing._local_contrast import NormalizeLocalContrast
from sksegment.preprocessing._rescale import Rescale
from sksegment.preprocessing._texture_energy import TextureEnergy
from sksegment.preprocessing._unsharp import UnsharpMask

__all__ = [
    "ClipPercentiles",
    "Denoise",
    "GaussianHessian",
    "NormalizeLocalContrast",
    "Rescale",
    "TextureEnergy",
    "UnsharpMask",
]
