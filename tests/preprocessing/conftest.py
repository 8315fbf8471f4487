"""All transformers from images to images."""

import pytest

from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    NormalizeLocalContrast,
    Rescale,
    UnsharpMask,
)

ALL = [
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    NormalizeLocalContrast,
    Rescale,
    UnsharpMask,
]


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def transformer(request):
    return request.param()
