"""A loss that is not finite, and the weights that are kept."""

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sksegment.training import (
    FiniteLoss,
    history_table,
    train,
)


def poison(net, value=float("nan")):
    with torch.no_grad():
        net.module_.encoder.head.bias[0] = value


class PoisonAfter(Callback):
    """Make a weight NaN at the beginning of an epoch, after its first batch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, **kwargs):
        if len(net.history) == self.epoch and len(net.history[-1, "batches"]) == 1:
            poison(net)


@pytest.mark.parametrize(("epoch", "expected"), [(1, 0), (2, 0), (3, 1), (5, 3)])
def test_loss_that_is_not_finite_restores_the_start_of_the_last_finite_epoch(
    epoch, expected, assert_same_state, state_of, tiny_net, training_set, whole_image
):
    net = tiny_net()
    images = [whole_image()]
    starts = []

    class Keep(Callback):
        def on_epoch_begin(self, net, **kwargs):
            starts.append(state_of(net))

    message = rf"became nan in epoch {epoch} .*Try a small"
    with pytest.raises(FloatingPointError, match=message):
        train(
            net,
            training_set(images, 3),
            max_epochs=9,
            callbacks=[FiniteLoss(), Keep(), PoisonAfter(epoch)],
        )
    assert len(starts) == epoch
    assert_same_state(state_of(net), starts[expected])
    assert not net.optimizer_.state
    assert torch.isfinite(net.evaluation_step(images[0].pixels)).all()


def test_message_names_the_terms_that_are_not_finite(
    tiny_net, training_set, whole_image
):
    image = whole_image()
    image.adjacency._rows[2][0] = float("inf")
    net = tiny_net()
    with pytest.raises(FloatingPointError, match=r"in epoch 1 \(con\);"):
        train(net, training_set([image]), max_epochs=2, callbacks=[FiniteLoss()])


def test_finite_loss_lets_a_finite_training_be(
    assert_same_state, state_of, tiny_net, training_set, whole_image
):
    images = [whole_image()]
    plain, watched = tiny_net(), tiny_net()
    train(plain, training_set(images), max_epochs=2, callbacks=[])
    train(watched, training_set(images), max_epochs=2, callbacks=[FiniteLoss()])
    assert_same_state(state_of(plain), state_of(watched))


@pytest.mark.parametrize("n_batches", [1, 2])
def test_weights_kept_give_a_finite_loss_when_the_last_step_of_an_epoch_broke_them(
    n_batches, tiny_net, training_set, whole_image
):
    class Break(Callback):
        def on_epoch_end(self, net, **kwargs):
            poison(net)

    net = tiny_net()
    images = [whole_image()]
    with pytest.raises(FloatingPointError):
        train(
            net,
            training_set(images, n_batches),
            max_epochs=3,
            callbacks=[FiniteLoss(), Break()],
        )
    assert torch.isfinite(net.evaluation_step(images[0].pixels)).all()


def test_training_may_go_on_after_a_loss_that_was_not_finite(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    images = [whole_image()]
    callbacks = [FiniteLoss(), PoisonAfter(2)]
    with pytest.raises(FloatingPointError):
        train(net, training_set(images), max_epochs=3, callbacks=callbacks)
    train(net, training_set(images), max_epochs=2, callbacks=[FiniteLoss()])
    assert np.isfinite(history_table(net)[-1]["loss"])
