"""All transformers from images to images."""

import pytest

from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    Rescale,
    UnsharpMask,
)

ALL = [ClipPercentiles, Denoise, GaussianHessian, Rescale, UnsharpMask]


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def transformer(request):
    return request.param()
