"""Training as a sequence of events, so that a window can show it and stop it."""

import queue
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

__all__ = ["Epoch", "Settings", "load", "make_model", "train"]


@dataclass(frozen=True)
class Settings:
    """What of a model can be chosen in the viewer.

    Attributes
    ----------
    max_labels : int
        Labels to learn; they are joined afterwards.
    max_epochs : int
    smoothness : float
        ``beta_con``: raise it where the result is patchy.
    thin : bool
        Superpixels that follow thin structures, and a net in full resolution.
    """

    max_labels: int = 32
    max_epochs: int = 8
    smoothness: float = 0.1
    thin: bool = False


@dataclass(frozen=True)
class Epoch:
    """An epoch that is complete."""

    number: int
    n_epochs: int
    n_labels: int
    loss: float


def make_model(settings):
    """Make an estimator that is not fitted yet.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    model : SparseWNetSegmenter
        With a fixed seed, so that the same clicks give the same labels. What is NaN or
        infinite lies outside of its mask.
    """
    from sksegment import SparseWNetSegmenter, SuperpixelTransformer

    superpixels, thin = SuperpixelTransformer(mask="finite"), {}
    if settings.thin:
        superpixels.set_params(method="watershed", n_segments="auto")
        thin = {"resolution": 1.0}
    return SparseWNetSegmenter(
        settings.max_labels,
        superpixels=superpixels,
        max_epochs=settings.max_epochs,
        beta_con=settings.smoothness,
        random_state=0,
        **thin,
    )


def train(estimator, picture, cuts, stop):
    """Fit a copy of an estimator to some slices of a picture.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    picture : Picture
    cuts : sequence of tuple
        Slices to train on; see `shown_cut`.
    stop : threading.Event
        When it is set, the training ends with the step under way.

    Yields
    ------
    epoch : Epoch

    Returns
    -------
    model : SparseWNetSegmenter or DenseWNetSegmenter, or None
        None if it was stopped.

    Raises
    ------
    ValueError
        If a slice cannot be trained on; the message names it.
    """
    events = queue.SimpleQueue()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(_fit, estimator, picture, cuts, stop, events.put)
        future.add_done_callback(lambda _: events.put(None))
        try:
            while (epoch := events.get()) is not None:
                yield epoch
        except GeneratorExit:
            stop.set()
            raise
    return future.result()


class _Stopped(Exception):
    """Raised by the watcher of a training that was stopped."""


def _fit(estimator, picture, cuts, stop, tell):
    from sklearn.base import clone

    from sksegment._pages import naming_images
    from sksegment.training._watch import watch_training

    images = {picture.describe(cut): picture.read(cut) for cut in cuts}
    watcher = _make_watcher(estimator.max_epochs, stop, tell)
    try:
        with watch_training(watcher), naming_images(images):
            return clone(estimator).fit([*images.values()])
    except _Stopped:
        return None


def _make_watcher(n_epochs, stop, tell):
    # As skorch takes a second to import, and a window is to open at once.
    from skorch.callbacks import Callback

    class Watcher(Callback):
        def on_train_begin(self, net, **kwargs):
            self.n_before_ = len(net.history)
            self._check()

        def on_batch_end(self, net, **kwargs):
            self._check()

        def on_epoch_end(self, net, **kwargs):
            row = net.history[-1]
            number = len(net.history) - self.n_before_
            tell(Epoch(number, n_epochs, row["n_labels"], float(row["train_loss"])))

        def _check(self):
            if stop.is_set():
                raise _Stopped

    return Watcher()


def load(path):
    """Read a model from its file.

    Yields
    ------
    nothing
        It is a generator only for the sake of the workers.

    Returns
    -------
    model : SparseWNetSegmenter or DenseWNetSegmenter

    Raises
    ------
    ModelFileError
        If the file cannot be used.
    """
    from sksegment.io import load_model

    yield from ()
    return load_model(path)
