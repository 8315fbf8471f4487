"""All transformers from images to images."""

import pytest

from sksegment import preprocessing

ALL = [getattr(preprocessing, name) for name in preprocessing.__all__]


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def transformer(request):
    return request.param()
