"""Stopping as soon as few labels are left."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sksegment.training import (
    FewLabels,
    LabelCount,
    history_table,
    initialise_labels,
    train,
)
from sksegment.training._callbacks import StopTraining


class Seen(Callback):
    """Record after every step whether every image has labels, and how many."""

    def __init__(self, images):
        self.images = images
        self.counts = []

    def on_batch_end(self, net, **kwargs):
        labels = [image.labels for image in self.images]
        seen = all(part is not None for part in labels)
        self.counts.append(len(torch.cat(labels).unique()) if seen else None)


def few_labels(min_labels, *labels):
    """Callback for images with these labels, after a step; and whether it ended."""
    images = [
        SimpleNamespace(labels=None if part is None else torch.tensor(part))
        for part in labels
    ]
    ended = []
    dataset = SimpleNamespace(images=images, finish=lambda: ended.append(True))
    callback = FewLabels(dataset, min_labels)
    callback.on_train_begin(None)
    callback.on_batch_end(None)
    return callback, bool(ended)


@pytest.mark.parametrize(
    ("labels", "min_labels", "expected"),
    [
        ([[0, 3, 3]], 2, True),
        ([[0, 3, 3]], 3, True),
        ([[0, 3, 3]], 1, False),
        ([[5, 5]], 1, True),
        # All images count together.
        ([[0, 0], [1, 1, 1]], 1, False),
        ([[0, 0], [1, 1, 1]], 2, True),
        ([[0, 0], [0, 0, 0]], 1, True),
        # An image not seen yet may have any labels.
        ([[0, 0], None], 9, False),
    ],
)
def test_epoch_ends_when_no_more_labels_are_in_use_than_asked_for(
    labels, min_labels, expected
):
    callback, ended = few_labels(min_labels, *labels)
    assert ended == expected
    if expected:
        with pytest.raises(StopTraining):
            callback.on_epoch_end(None)
    else:
        callback.on_epoch_end(None)


def test_another_training_is_not_stopped_by_the_labels_of_the_last_one():
    callback, ended = few_labels(2, [0, 1])
    assert ended
    callback.on_train_begin(None)
    callback.on_epoch_end(None)


def test_training_ends_within_an_epoch_whose_history_is_complete(
    tiny_net, training_set, whole_image
):
    images = [whole_image()]
    net, dataset = tiny_net(), training_set(images, 6)
    callbacks = [LabelCount(images), FewLabels(dataset, 5)]
    train(net, dataset, max_epochs=4, callbacks=callbacks)
    assert len(net.history) == len(net.history[-1]["batches"]) == 1
    (row,) = history_table(net)
    expected = {"epoch", "loss", "rec", "cut", "sim", "con", "n_labels", "seconds"}
    assert set(row) == expected
    assert np.isfinite(list(row.values())).all()
    assert row["n_labels"] == len(images[0].labels.unique())


def test_training_goes_on_until_every_image_was_seen(
    tiny_net, training_set, whole_image
):
    images = [whole_image(i) for i in range(3)]
    net, dataset, seen = tiny_net(), training_set(images, 12), Seen(images)
    callbacks = [seen, FewLabels(dataset, 5)]
    train(net, dataset, max_epochs=4, callbacks=callbacks)
    assert len(net.history) == 1
    assert 3 <= len(seen.counts) < 12
    assert seen.counts[:-1] == [None] * (len(seen.counts) - 1)
    assert seen.counts[-1] <= 5


def test_training_stops_at_the_first_step_with_few_labels(
    tiny_net, training_set, whole_image
):
    images = [whole_image()]

    def counts_of(min_labels):
        # A random start has hardly more labels than it ends with.
        net, dataset = tiny_net(lr=0.01, beta_con=3.0), training_set(images)
        initialise_labels(net, images, seed=0)
        seen = Seen(images)
        callbacks = [seen, FewLabels(dataset, min_labels)]
        train(net, dataset, max_epochs=10, callbacks=callbacks)
        return seen.counts

    everything = counts_of(0)
    few = min(everything)
    assert few < everything[0]
    assert len(everything) == 20
    assert counts_of(few) == everything[: everything.index(few) + 1]


def test_training_with_more_labels_is_left_alone(
    assert_same_state, state_of, tiny_net, training_set, whole_image
):
    states = []
    for limit in (None, 0):
        images = [whole_image()]
        net, dataset = tiny_net(), training_set(images)
        callbacks = [] if limit is None else [FewLabels(dataset, limit)]
        train(net, dataset, max_epochs=2, callbacks=callbacks)
        states.append(state_of(net))
    assert_same_state(*states)


def test_next_epochs_of_the_same_training_set_are_whole(
    tiny_net, training_set, whole_image
):
    images = [whole_image()]
    net, dataset = tiny_net(), training_set(images, 3)
    train(net, dataset, max_epochs=2, callbacks=[FewLabels(dataset, 5)])
    train(net, dataset, max_epochs=2, callbacks=[])
    assert [len(row["batches"]) for row in net.history] == [1, 3, 3]
