"""Images whose pixels are clustered themselves."""

import numpy as np
import pytest
import torch

from sksegment.losses import DenseObjective, pixel_affinity
from sksegment.training import (
    LabelCount,
    PixelImage,
    TrainingBatch,
    _initialise,
    history_table,
    initialise_labels,
    make_net,
    to_grid,
    train,
)

CPU = torch.device("cpu")


def pixel_image(seed=0, shape=(16, 20), *, resolution=1.0, with_affinity=True):
    """A training image of random colours in blocks."""
    rng = np.random.default_rng(seed)
    down, right = (np.arange(side) // 4 for side in shape)
    blocks = down[:, np.newaxis] * (right[-1] + 1) + right
    scaled = rng.random((blocks.max() + 1, 2))[blocks].astype(np.float32)
    image = PixelImage.build(
        scaled, resolution=resolution, with_affinity=with_affinity, device=CPU
    )
    return image, scaled


def dense_net(reconstruct="patch", **betas):
    return make_net(
        size={
            "n_channels": 2,
            "max_labels": 5,
            "base_channels": 4,
            "depth": 1,
            "decode": reconstruct != "none",
        },
        betas={"beta_rec": 1.0, "beta_cut": 0.2, "beta_sim": 0.1, "beta_con": 0.3}
        | betas,
        objective=DenseObjective,
        reconstruct=reconstruct,
        lr=1e-2,
        seed=0,
        device=CPU,
        dtype=torch.float32,
    )


@pytest.mark.parametrize(("resolution", "grid"), [(1.0, (16, 20)), (0.5, (8, 10))])
def test_pixels_and_affinity_are_on_the_grid_of_the_net(resolution, grid):
    image, scaled = pixel_image(resolution=resolution)
    assert torch.equal(image.pixels, to_grid(scaled, resolution))
    assert image.shape == (16, 20)
    assert image.labels is None
    n_pixels = grid[0] * grid[1]
    assert image.affinity.shape == (n_pixels, n_pixels)
    expected = pixel_affinity(to_grid(scaled, resolution)[0].permute(1, 2, 0))
    x = torch.rand(n_pixels, 3)
    assert torch.equal(image.affinity @ x, expected @ x)


def test_there_is_no_affinity_where_it_is_not_needed():
    assert pixel_image(with_affinity=False)[0].affinity is None


def test_every_pixel_stands_for_itself():
    values = torch.rand(320, 3)
    assert torch.equal(pixel_image()[0].pool(values), values)


def test_labels_after_a_step_are_those_of_the_pixels(loss_of):
    image, _ = pixel_image()
    net = dense_net("none")
    loss_of(net, [image])
    with torch.no_grad():
        (z,), _ = net.infer(TrainingBatch([image], []))
    assert torch.equal(image.labels, z[0].argmax(dim=0).flatten())


@pytest.mark.parametrize("reconstruct", ["patch", "image", "none"])
def test_training_lowers_the_loss(reconstruct, training_set):
    images = [pixel_image(i, resolution=0.5)[0] for i in range(2)]
    net = dense_net(reconstruct)
    dataset = training_set(images, 4, patches=reconstruct == "patch")
    train(net, dataset, max_epochs=5, callbacks=[LabelCount(images)])
    table = history_table(net)
    assert table[-1]["loss"] < 0.9 * table[0]["loss"]
    assert {"cut", "sim", "con", "n_labels"} < set(table[0])


def test_patches_are_cut_from_the_pixels(training_set):
    images = [pixel_image(i, resolution=0.5)[0] for i in range(2)]
    values = torch.cat([image.pixels.flatten() for image in images]).unique()
    for batch in training_set(images, 2):
        for patches in batch.patches:
            assert patches.shape[1:] == (2, 4, 4)
            assert torch.isin(patches, values).all()


@pytest.mark.parametrize("max_samples", [20_000, 100])
def test_initial_labels_are_all_in_use(max_samples, loss_of, monkeypatch):
    monkeypatch.setattr(_initialise, "_MAX_SAMPLES", max_samples)
    images = [pixel_image(i)[0] for i in range(2)]
    net = dense_net()
    initialise_labels(net, images, seed=0)
    loss_of(net, images)
    assert len(torch.cat([image.labels for image in images]).unique()) == 5
