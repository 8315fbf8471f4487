"""Callbacks: counts of labels, stops, interrupts."""

from itertools import pairwise

import pytest
import torch
from skorch.callbacks import Callback

from sksegment.training import (
    LabelCount,
    history_table,
    train,
)
from sksegment.training._callbacks import StopTraining


class Recorder(Callback):
    """Count the events of a training; raise an error at the end of an epoch."""

    def __init__(self, error=None, epoch=2):
        self.error, self.epoch = error, epoch
        self.events = []

    def on_train_begin(self, net, **kwargs):
        self.events.append("begin")

    def on_train_end(self, net, **kwargs):
        self.events.append("end")

    def on_epoch_end(self, net, **kwargs):
        self.events.append("epoch")
        if self.error is not None and self.events.count("epoch") == self.epoch:
            raise self.error


def test_labels_are_counted_and_their_changes_measured(
    tiny_net, training_set, whole_image
):
    images = [whole_image(i) for i in range(2)]
    net = tiny_net(lr=1e-2)
    recorded = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            recorded.append(torch.cat([image.labels for image in images]).clone())

    train(
        net, training_set(images), max_epochs=4, callbacks=[LabelCount(images), Spy()]
    )
    table = history_table(net)
    assert table[:, "n_labels"] == [len(labels.unique()) for labels in recorded]
    expected = [
        (now != before).double().mean().item() for before, now in pairwise(recorded)
    ]
    assert "changed" not in table[0]
    assert [row["changed"] for row in table[1:]] == pytest.approx(expected, abs=1e-6)


def test_callbacks_of_one_training_are_gone_in_the_next(
    tiny_net, training_set, whole_image
):
    net = tiny_net()
    lasting = list(net.callbacks_)
    recorder = Recorder()
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[recorder])
    assert net.callbacks_ == lasting
    train(net, training_set([whole_image()]), max_epochs=2, callbacks=[])
    assert recorder.events == ["begin", "epoch", "end"]
    assert history_table(net)[:, "epoch"] == [1, 2, 3]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, MemoryError])
def test_interrupt_and_errors_reach_the_caller_and_training_may_go_on(
    error, tiny_net, training_set, whole_image
):
    net = tiny_net()
    lasting = list(net.callbacks_)
    recorder = Recorder(error())
    with pytest.raises(error):
        train(net, training_set([whole_image()]), max_epochs=5, callbacks=[recorder])
    assert recorder.events == ["begin", "epoch", "epoch", "end"]
    assert net.callbacks_ == lasting
    train(net, training_set([whole_image()]), max_epochs=1, callbacks=[])
    assert len(net.history) == 3


def test_stop_is_a_quiet_end(tiny_net, training_set, whole_image):
    net = tiny_net()
    recorder = Recorder(StopTraining())
    same = train(net, training_set([whole_image()]), max_epochs=5, callbacks=[recorder])
    assert same is net
    assert recorder.events == ["begin", "epoch", "epoch", "end"]
