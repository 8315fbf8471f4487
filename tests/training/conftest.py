"""A tiny net, and images to train it on."""

import numpy as np
import pytest
import torch

from sksegment.losses import SparseObjective
from sksegment.patches import PatchSampler
from sksegment.regions import region_graph
from sksegment.training import (
    GraphImage,
    TrainingBatch,
    TrainingSet,
    make_net,
    train,
)

CPU = torch.device("cpu")
BETAS = {"beta_rec": 1.0, "beta_cut": 0.2, "beta_sim": 0.1, "beta_con": 0.3}


def _whole_image(seed=0, shape=(16, 20), side=4, resolution=1.0):
    """A training image of random colours in block-shaped superpixels."""
    rng = np.random.default_rng(seed)
    down, right = (np.arange(n) // side for n in shape)
    superpixels = down[:, np.newaxis] * (right[-1] + 1) + right
    colours = rng.random((superpixels.max() + 1, 2))[superpixels]
    scaled = (colours + rng.normal(0, 0.05, colours.shape)).astype(np.float32)
    graph = region_graph(scaled, superpixels)
    return GraphImage.build(
        scaled, superpixels, graph, resolution=resolution, tau=0.0, device=CPU
    )


def _training_set(images, n_batches=2, *, counts=(8,), seed=0, patches=True):
    sampler = PatchSampler([(8, 8)] * len(counts), counts) if patches else None
    rng = np.random.default_rng(seed)
    return TrainingSet(images, sampler, batches_per_epoch=n_batches, rng=rng)


def _tiny_net(*, reconstruct="patch", seed=0, lr=1e-3, dtype=torch.float32, **betas):
    return make_net(
        size={
            "n_channels": 2,
            "max_labels": 5,
            "base_channels": 4,
            "depth": 1,
            "decode": reconstruct != "none",
        },
        betas={**BETAS, **betas},
        objective=SparseObjective,
        reconstruct=reconstruct,
        lr=lr,
        seed=seed,
        device=CPU,
        dtype=dtype,
    )


def _loss_of(net, images):
    """Total loss of one step on whole images."""
    batch = TrainingBatch(images, [])
    net.history.new_epoch()
    net.history.new_batch()
    return net.get_loss(net.infer(batch), None, X=batch).item()


def _state_of(net):
    return {name: value.clone() for name, value in net.module_.state_dict().items()}


def _assert_same_state(first, second, tolerance=0.0):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=tolerance)


def _trained_net(images, **parameters):
    net = _tiny_net(lr=1e-2, **parameters)
    train(net, _training_set(images, 4), max_epochs=3, callbacks=[])
    return net


@pytest.fixture(scope="session")
def whole_image():
    """Make a training image of random colours in block-shaped superpixels."""
    return _whole_image


@pytest.fixture(scope="session")
def training_set():
    """Make a training set, by default with patches."""
    return _training_set


@pytest.fixture(scope="session")
def tiny_net():
    """Make a net that trains at once."""
    return _tiny_net


@pytest.fixture(scope="session")
def loss_of():
    """Compute the total loss of one step on whole images."""
    return _loss_of


@pytest.fixture(scope="session")
def state_of():
    """Copy the weights and statistics of a net."""
    return _state_of


@pytest.fixture(scope="session")
def assert_same_state():
    """Compare two states, by default exactly."""
    return _assert_same_state


@pytest.fixture(scope="session")
def trained_net():
    """Make a tiny net and train it for three epochs."""
    return _trained_net
