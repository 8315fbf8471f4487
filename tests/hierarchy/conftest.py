import numpy as np
import pytest
from skimage.color import rgb2lab
from skimage.data import coffee

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.hierarchy import RegionHierarchy, region_hierarchy


@pytest.fixture(scope="session")
def photo():
    return coffee()[::4, ::4]


@pytest.fixture(scope="session")
def superpixels(photo):
    return SuperpixelTransformer(n_segments=300).fit_transform([photo])[0]


@pytest.fixture(scope="session")
def tree(photo, superpixels):
    return region_hierarchy(rgb2lab(photo), superpixels, color=True)


@pytest.fixture
def row():
    """Four superpixels side by side: 0 and 1 meet first, then 2 and 3, then all."""
    superpixels = np.repeat(np.arange(4, dtype=np.int32), 2)[np.newaxis].repeat(3, 0)
    pairs = np.array([[0, 1], [2, 3], [4, 5]])
    return RegionHierarchy(superpixels, pairs, np.array([1.0, 2.0, 5.0]))


@pytest.fixture(scope="session")
def model(photo):
    return SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0).fit(
        [photo]
    )
