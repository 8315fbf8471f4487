"""A training that is stopped from outside keeps what it has learnt so far."""

import contextlib
import copy
import signal
import threading

from sklearn.base import clone
from skorch.callbacks import Callback

from sksegment.training._callbacks import copy_weights

__all__ = ["Checkpoint", "LastEpoch", "copy_state", "ending_gently", "twin_of"]


class _State:
    """Weights, optimiser and history of a net between two epochs.

    Parameters
    ----------
    net : SegmentationNet
        The state is copied from it.
    """

    def __init__(self, net):
        self.weights = copy_weights(net)
        self.optimizer = copy.deepcopy(net.optimizer_.state_dict())
        self.rows = list(net.history)

    def restore(self, net):
        """Give the state to a net of the same structure, once."""
        net.module_.load_state_dict(self.weights)
        net.optimizer_.load_state_dict(self.optimizer)
        net.history[:] = self.rows


class LastEpoch(Callback):
    """Keep the state at the end of the last complete epoch, to go back to it.

    A net that is stopped there is that of a training with so many epochs, bit for bit;
    in the middle of an epoch it has seen some images more often than others.

    Parameters
    ----------
    net : SegmentationNet
        About to be trained.
    """

    def __init__(self, net):
        self.state_ = _State(net)

    def on_epoch_end(self, net, **kwargs):
        """Keep the state; to be called after the callbacks that record."""
        self.state_ = _State(net)

    def restore(self, net):
        """Go back to the end of the last complete epoch."""
        self.state_.restore(net)


def twin_of(net):
    """Copy of a net between two epochs, which goes its own way from there.

    Parameters
    ----------
    net : SegmentationNet

    Returns
    -------
    twin : SegmentationNet
        On the same device, in the same precision.
    """
    return copy_state(net, clone(net).initialize())


def copy_state(net, twin):
    """Give weights, optimiser and history of a net to one of the same structure.

    Parameters
    ----------
    net, twin : SegmentationNet

    Returns
    -------
    twin : SegmentationNet
        It may compute on another device, and in another precision.
    """
    _State(net).restore(twin)
    return twin


class Checkpoint(Callback):
    """Call a function every few epochs.

    Parameters
    ----------
    every : int
        Epochs from one call to the next.
    write : callable
        It gets the net, which it must leave as it is.
    """

    def __init__(self, every, write):
        self.every = every
        self.write = write

    def on_train_begin(self, net, **kwargs):
        """Begin to count."""
        self.n_epochs_ = 0

    def on_epoch_end(self, net, **kwargs):
        """Count the epoch."""
        self.n_epochs_ += 1
        if self.n_epochs_ % self.every == 0:
            self.write(net)


@contextlib.contextmanager
def ending_gently():
    """Let SIGTERM raise `SystemExit`, where it would end the program on the spot.

    A second one does that. Nothing is changed in threads, which get no signals, and
    where the program has a handler of its own.
    """
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number, frame):
    signal.signal(number, signal.SIG_DFL)
    # As a shell reports a program that a signal has ended.
    raise SystemExit(128 + number)
