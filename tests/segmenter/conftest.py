"""Images for the segmenter, and one that has learnt to find the disc."""

import pytest

# Enough for the disc to be found from every seed tried, in about a second.
SHARP = {
    "max_labels": 8,
    "superpixels__n_segments": 150,
    "patches__counts": (32,),
    "beta_sim": 0.1,
    "beta_con": 0.5,
    "base_channels": 16,
    "resolution": 1.0,
    "max_epochs": 10,
    "batches_per_epoch": 8,
    "lr": 0.01,
}


@pytest.fixture(scope="session")
def sharp_params():
    """Parameters of a segmenter that finds the disc."""
    return SHARP


@pytest.fixture(scope="session")
def disc(make_image):
    return make_image((64, 64), seed=5)


@pytest.fixture(scope="session")
def sharp(make_segmenter, disc):
    """Segmenter that has found the disc; not to be changed by a test."""
    return make_segmenter(**SHARP).fit([disc])


@pytest.fixture
def X(make_image):
    return [make_image((32, 40), 3), make_image((25, 33), 3, seed=3)]
