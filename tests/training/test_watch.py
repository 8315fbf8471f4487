"""Watching trainings from outside."""

import threading

import pytest
from skorch.callbacks import Callback

from sksegment.training._watch import watch_training


class Watcher(Callback):
    """Note the epochs; raise an error at the beginning of one."""

    def __init__(self, error=None, epoch=2):
        self.error, self.epoch, self.epochs = error, epoch, []

    def on_epoch_begin(self, net, **kwargs):
        if self.error is not None and len(net.history) == self.epoch:
            raise self.error

    def on_epoch_end(self, net, **kwargs):
        self.epochs.append((net.history[-1, "epoch"], net.history[-1, "n_labels"]))


class Stopped(Exception):
    """What a window raises."""


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_a_watcher_sees_every_epoch_and_changes_nothing(make, images, request):
    make = request.getfixturevalue(make)
    watcher = Watcher()
    with watch_training(watcher):
        watched = make(max_epochs=3).fit(images)
    assert [epoch for epoch, _ in watcher.epochs] == [1, 2, 3]
    assert [n for _, n in watcher.epochs] == watched.history_[:, "n_labels"]
    alone = make(max_epochs=3).fit(images)
    for ours, theirs in zip(watched.labels_, alone.labels_, strict=True):
        assert (ours == theirs).all()


def test_what_a_watcher_raises_is_raised_by_fit(make_segmenter, images):
    segmenter = make_segmenter(max_epochs=5)
    with watch_training(Watcher(Stopped())), pytest.raises(Stopped):
        segmenter.fit(images)
    assert not hasattr(segmenter, "net_")
    assert segmenter.fit(images).n_iter_ == 5


def test_other_threads_and_later_trainings_are_not_watched(make_segmenter, images):
    watcher = Watcher()
    with watch_training(watcher):
        thread = threading.Thread(target=make_segmenter().fit, args=(images,))
        thread.start()
        thread.join()
    make_segmenter().fit(images)
    assert watcher.epochs == []
