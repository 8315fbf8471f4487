"""The position of the pixels as an input of the nets."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sksegment.training import to_grid


def test_grid_has_row_and_column_over_the_longer_side():
    pixels = to_grid(np.zeros((10, 20, 3), np.float32), 1.0, position=0.5)
    assert pixels.shape == (1, 5, 10, 20)
    assert_allclose(pixels[0, 3, :, 7], 0.5 * np.arange(10) / 20, atol=1e-6)
    assert_allclose(pixels[0, 4, 7], 0.5 * np.arange(20) / 20, atol=1e-6)
    assert pixels.is_contiguous(memory_format=torch.channels_last)


def test_half_the_resolution_has_the_same_positions():
    whole, half = (
        to_grid(np.zeros((16, 32, 1), np.float32), r, position=1.0) for r in (1.0, 0.5)
    )
    assert_allclose(half[0, 1:], whole[0, 1:, ::2, ::2], atol=1e-6)


def test_without_weight_there_is_no_position():
    image = np.random.default_rng(0).random((8, 9, 2), np.float32)
    assert to_grid(image, 1.0, position=0.0).shape == (1, 2, 8, 9)


@pytest.mark.parametrize("n_channels", [None, 3])
def test_net_has_two_more_inputs_and_answers_as_before(
    make_w_net, make_image, n_channels, tmp_path
):
    X = [make_image((32, 40), n_channels)]
    model = make_w_net(position=1.0).fit(X)
    assert model.n_channels_in_ == (n_channels or 1)
    assert model.net_.module_.encoder.down[0][0].in_channels == (n_channels or 1) + 2
    assert_array_equal(model.predict(X)[0], model.labels_[0])
    assert model.reconstruct(X)[0].shape == (32, 40, n_channels or 1)
    model.partial_fit(X)
    assert model.n_iter_ == 2


def test_places_of_one_look_are_told_apart_by_their_position(make_w_net):
    rng = np.random.default_rng(0)
    image = np.full((48, 64), 60.0)
    image[:, 24:40] = 200
    image += rng.normal(0, 3, image.shape)
    params = {"max_labels": 4, "max_epochs": 4, "batches_per_epoch": 8, "lr": 0.01}
    params |= {"base_channels": 8, "reconstruction": "image", "beta_sim": 0.1}
    apart, alike = (
        make_w_net(**params, position=position).fit_predict([image])[0]
        for position in (2.0, 0.0)
    )

    def shared(labels):
        """Share of the left whose label is found on the right too."""
        return np.isin(labels[:, :10], np.unique(labels[:, 54:])).mean()

    assert shared(alike) > 0.8
    assert shared(apart) < 0.2
