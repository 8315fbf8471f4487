"""What the net trains on."""

import warnings

import numpy as np
import pytest
import torch

from sksegment.patches import PatchSampler
from sksegment.training import (
    TrainingSet,
    to_grid,
)


@pytest.mark.parametrize(
    ("resolution", "grid"),
    [(1.0, (20, 31)), (0.5, (10, 16)), (0.33, (7, 10)), (0.05, (4, 4))],
)
def test_grid_has_the_resolution_asked_for(resolution, grid):
    pixels = to_grid(np.zeros((20, 31, 3), np.float32), resolution)
    assert pixels.shape == (1, 3, *grid)
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_full_resolution_is_the_image_itself():
    image = np.random.default_rng(0).random((9, 11, 2), np.float32)
    np.testing.assert_array_equal(to_grid(image, 1.0)[0].permute(1, 2, 0), image)


def test_lower_resolution_averages_instead_of_skipping_pixels():
    lines = np.tile(np.arange(64) % 4 == 0, (32, 1)).astype(np.float32)
    grid = to_grid(lines[..., np.newaxis], 0.25)
    np.testing.assert_allclose(grid[..., 1:-1], 0.25, atol=0.05)


def test_image_may_be_read_only_and_have_any_memory_layout():
    image = np.random.default_rng(0).random((3, 12, 10), np.float32).transpose(1, 2, 0)
    image.setflags(write=False)
    before = image.copy()
    assert to_grid(image, 0.5).shape == (1, 3, 6, 5)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("resolution", [1.0, 0.5])
def test_whole_image_holds_its_graph_as_operators(resolution, whole_image):
    image = whole_image(resolution=resolution)
    grid = tuple(round(side * resolution) for side in (16, 20))
    assert image.pixels.shape == (1, 2, *grid)
    assert image.shape == (16, 20)
    assert image.labels is None
    assert image.pooling.shape == (20, grid[0] * grid[1])
    ones = torch.ones(20, 1)
    torch.testing.assert_close(image.adjacency @ ones, ones)
    torch.testing.assert_close(image.pooling @ torch.ones(grid[0] * grid[1], 1), ones)
    assert image.affinity.shape == (20, 20)


@pytest.mark.parametrize(("n_images", "asked"), [(1, 4), (3, 3), (5, 2), (2, 1)])
def test_epoch_has_a_batch_for_every_image_at_least(
    n_images, asked, training_set, whole_image
):
    images = [whole_image(i) for i in range(n_images)]
    dataset = training_set(images, asked)
    assert len(dataset) == max(asked, n_images)
    for _ in range(2):
        batches = list(dataset)
        assert len(batches) == len(dataset)
        assert all(len(batch) == 1 for batch in batches)
        assert {id(batch.images[0]) for batch in batches} == set(map(id, images))


def test_images_come_in_another_order_every_epoch(training_set, whole_image):
    images = [whole_image(i) for i in range(4)]
    dataset = training_set(images, 4)
    orders = {
        tuple(images.index(batch.images[0]) for batch in dataset) for _ in range(8)
    }
    assert len(orders) > 2


def test_patches_are_cut_from_the_images_and_drawn_anew_every_epoch(
    training_set, whole_image
):
    images = [whole_image(i, resolution=0.5) for i in range(2)]
    dataset = training_set(images, 2, counts=(6, 3))
    epochs = [list(dataset) for _ in range(2)]
    values = torch.cat([image.pixels.flatten() for image in images]).unique()
    for batches in epochs:
        assert [[len(p) for p in batch.patches] for batch in batches] == [
            [3, 1],
            [3, 2],
        ]
        for patches in batches[0].patches:
            assert patches.shape[1:] == (2, 4, 4)
            assert torch.isin(patches, values).all()
    assert not torch.equal(epochs[0][0].patches[0], epochs[1][0].patches[0])


def test_without_a_sampler_there_are_no_patches(training_set, whole_image):
    dataset = training_set([whole_image()], 3, patches=False)
    assert [batch.patches for batch in dataset] == [[]] * 3


def test_same_generator_gives_the_same_batches(training_set, whole_image):
    images = [whole_image(i) for i in range(2)]
    first, second = (list(training_set(images, 4, seed=7)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.images[0] is other.images[0]
        assert torch.equal(one.patches[0], other.patches[0])


def test_warning_of_clipped_patches_comes_once_and_only_when_asked_for(whole_image):
    images = [whole_image()]
    sampler = PatchSampler([(64, 64)], [4])
    rng = np.random.default_rng(0)
    loud = TrainingSet(images, sampler, batches_per_epoch=2, rng=rng, warn=True)
    with pytest.warns(UserWarning, match="larger than the smallest image") as seen:
        list(loud)
    assert len(seen) == 1
    quiet = TrainingSet(images, sampler, batches_per_epoch=2, rng=rng)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(loud)
        list(quiet)


def test_images_are_seen_alike_often_whatever_the_number_of_batches(
    training_set, whole_image
):
    images = [whole_image(i) for i in range(5)]
    dataset = training_set(images, 8, patches=False)
    seen = [images.index(b.images[0]) for _ in range(40) for b in dataset]
    assert np.ptp(np.bincount(seen)) < 25


def test_finished_epoch_ends_after_the_present_batch(training_set, whole_image):
    dataset = training_set([whole_image()], 6)
    seen = 0
    for _ in dataset:
        seen += 1
        if seen == 2:
            dataset.finish()
    assert seen == 2


@pytest.mark.parametrize("patches", [True, False])
def test_epoch_after_a_finished_one_is_whole(patches, training_set, whole_image):
    images = [whole_image(i) for i in range(3)]
    dataset = training_set(images, 4, patches=patches)
    for _ in dataset:
        dataset.finish()
    batches = list(dataset)
    assert len(batches) == len(dataset) == 4
    assert {id(batch.images[0]) for batch in batches} == set(map(id, images))


def test_finishing_between_two_epochs_changes_nothing(training_set, whole_image):
    dataset = training_set([whole_image()], 3)
    dataset.finish()
    assert len(list(dataset)) == 3


def test_finished_epoch_changes_nothing_in_what_comes_next(training_set, whole_image):
    images = [whole_image(i) for i in range(2)]
    whole, ended = (training_set(images, 4, seed=7) for _ in range(2))
    list(whole)
    for _ in ended:
        ended.finish()
    for one, other in zip(whole, ended, strict=True):
        assert one.images[0] is other.images[0]
        assert torch.equal(one.patches[0], other.patches[0])
