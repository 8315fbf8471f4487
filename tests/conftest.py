"""Small made images and quick estimators, for all tests."""

import signal

import numpy as np
import pytest

from sksegment import (
    DenseWNetSegmenter,
    SparseWNetSegmenter,
    SuperpixelTransformer,
)
from sksegment.hierarchy import RegionHierarchy
from sksegment.patches import PatchSampler

# They hold no doctests, and as modules all of them have one name.
collect_ignore_glob = ["*conftest.py"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell starts in the background ignores Ctrl-C, which some tests press.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _disc_mask(shape, centre=None, radius=None):
    height, width = shape
    row, column = centre or (height // 2, width // 2)
    radius = radius or min(shape) // 3
    rows, columns = np.ogrid[:height, :width]
    return (rows - row) ** 2 + (columns - column) ** 2 < radius**2


def _make_image(
    shape=(32, 40), n_channels=None, dtype=np.uint8, *, centre=None, seed=0
):
    rng = np.random.default_rng(seed)
    disc = _disc_mask(shape, centre)
    channels = []
    for channel in range(n_channels or 1):
        contrast = 110 - 25 * channel
        channels.append(60 + contrast * disc + rng.normal(0, 8, shape))
    image = np.clip(np.stack(channels, axis=-1), 0, 255)
    return (image if n_channels else image[..., 0]).astype(dtype)


def _quick():
    """Parameters of a W-Net that trains within a fraction of a second."""
    return {
        "max_labels": 4,
        "patches": PatchSampler(shapes=((16, 16),), counts=(8,)),
        "base_channels": 4,
        "depth": 1,
        "max_epochs": 1,
        "batches_per_epoch": 2,
        "device": "cpu",
        "precision": "float32",
        "random_state": 0,
    }


def _make_segmenter(**params):
    superpixels = SuperpixelTransformer(n_segments=40)
    segmenter = SparseWNetSegmenter(superpixels=superpixels, **_quick())
    return segmenter.set_params(**params)


def _make_dense(**params):
    return DenseWNetSegmenter(**_quick()).set_params(**params)


@pytest.fixture(scope="session")
def make_image():
    """Make an image of a bright disc on a dark ground, with noise."""
    return _make_image


@pytest.fixture(scope="session")
def disc_mask():
    """Tell where the disc of ``make_image`` is."""
    return _disc_mask


@pytest.fixture(scope="session")
def make_segmenter():
    """Make a segmenter that fits within a fraction of a second."""
    return _make_segmenter


@pytest.fixture(scope="session")
def make_dense():
    """Make a dense segmenter that fits within a fraction of a second."""
    return _make_dense


@pytest.fixture
def images():
    """Two colour images of different sizes."""
    return [
        _make_image((32, 40), 3, seed=0),
        _make_image((40, 36), 3, centre=(14, 15), seed=1),
    ]


@pytest.fixture
def grey_images():
    """Three grey images of one size."""
    return [_make_image((32, 40), seed=seed) for seed in range(3)]


@pytest.fixture(scope="session")
def fitted():
    """Return a segmenter fitted on one colour image; not to be changed by a test."""
    segmenter = _make_segmenter(max_epochs=6, batches_per_epoch=8)
    return segmenter.fit([_make_image((32, 40), 3)])


@pytest.fixture(scope="session")
def fitted_dense():
    """Return a dense segmenter fitted on one colour image; not to be changed."""
    segmenter = _make_dense(max_epochs=3, batches_per_epoch=8)
    return segmenter.fit([_make_image((32, 40), 3)])


@pytest.fixture(scope="session")
def ome_of_two_files():
    """Description of an image of two slices, each in a file; ``own`` is its number."""
    return _OME_OF_TWO_FILES


_OME_OF_TWO_FILES = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:{own}">
<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="int16"
SizeX="40" SizeY="32" SizeZ="2" SizeC="1" SizeT="1"><Channel ID="Channel:0:0"/>
<TiffData FirstZ="0" IFD="0"><UUID FileName="0.ome.tif">urn:uuid:0</UUID></TiffData>
<TiffData FirstZ="1" IFD="0"><UUID FileName="1.ome.tif">urn:uuid:1</UUID></TiffData>
</Pixels></Image></OME>"""


@pytest.fixture(scope="session")
def stripes():
    """Make a hierarchy of vertical stripes, of which neighbours merge at random."""

    def make(shape, n_regions, seed=0):
        columns = np.arange(shape[1]) * n_regions // shape[1]
        superpixels = np.broadcast_to(columns.astype(np.int32), shape)
        parts = list(range(n_regions))
        order = np.random.default_rng(seed).permutation(n_regions - 1)
        pairs = []
        for t, left in enumerate(order):
            pair = parts[left], parts[left + 1]
            pairs.append(pair)
            parts = [n_regions + t if part in pair else part for part in parts]
        pairs = np.array(pairs, np.int64).reshape(-1, 2)
        return RegionHierarchy(superpixels, pairs, np.arange(1.0, n_regions))

    return make
