"""Images for the dense segmenter, and one that has learnt to find the disc."""

import pytest

# One scale alone learns fastest: the disc is found from every seed tried.
SIM_CON = {
    "beta_sim": 1.0,
    "beta_con": 3.0,
    "patches__counts": (32,),
    "base_channels": 8,
    "depth": 0,
    "resolution": 1.0,
    "max_epochs": 8,
    "batches_per_epoch": 8,
    "lr": 0.01,
}
N_CUT = SIM_CON | {
    "max_labels": 2,
    "beta_cut": 1.0,
    "beta_sim": 0.0,
    "beta_con": 0.0,
    "max_epochs": 5,
}


@pytest.fixture(scope="session")
def sim_con():
    """Parameters of a segmenter that finds the disc by similarity and continuity."""
    return SIM_CON


@pytest.fixture(scope="session")
def n_cut():
    """Parameters of a segmenter that finds the disc by the normalised cut."""
    return N_CUT


@pytest.fixture(scope="session")
def disc(make_image):
    return make_image((64, 64), seed=5)


@pytest.fixture(scope="session")
def cut(make_dense, disc, n_cut):
    """Segmenter that has found the disc by the cut; not to be changed by a test."""
    return make_dense(**n_cut).fit([disc])


@pytest.fixture
def X(make_image):
    return [make_image((32, 40), 3), make_image((25, 33), 3, seed=3)]
