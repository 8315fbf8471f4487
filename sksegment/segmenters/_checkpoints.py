"""Models of trainings that are not complete: checkpoints, and what Ctrl-C leaves."""

import contextlib
from pathlib import Path

from sksegment._output_files import check_folder
from sksegment._persistence import check_parameters
from sksegment._validation import is_whole_number
from sksegment._warn import warn_user
from sksegment.training import Checkpoint

__all__ = ["Checkpoints", "all_or_nothing", "tell_what_is_kept"]


class Checkpoints:
    """A file that holds a model of the last epochs while the training goes on.

    Parameters
    ----------
    path : str, path-like or None
        None writes nothing.
    every : int
        Epochs from one to the next.

    Raises
    ------
    ValueError
        If ``every`` is no number from 1 on.
    """

    def __init__(self, path, every):
        if not is_whole_number(every) or every < 1:
            raise ValueError(
                f"checkpoint_every={every!r} is not a number of epochs from 1 on"
            )
        self.path = None if path is None else Path(path)
        self.every = int(every)

    def open(self, estimator):
        """See that the file can be written, before the training begins.

        Raises
        ------
        OSError
            If it cannot.
        ValueError
            If a parameter of the estimator cannot be saved.
        """
        if self.path is None:
            return
        check_parameters(estimator)
        if self.path.is_dir():
            raise IsADirectoryError(f"the checkpoint {self.path} is a folder")
        check_folder(self.path.parent, "checkpoint=")

    def callbacks(self, make_model):
        """Callbacks of a training, for a function from a net to a model of it."""
        if self.path is None:
            return []
        return [Checkpoint(self.every, lambda net: self._try_to_write(make_model(net)))]

    def write(self, model):
        """Write a model, in place of the one before."""
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            model.save(self.path)

    def _try_to_write(self, model):
        """Write a model; a full disk must not end the training."""
        try:
            self.write(model)
        except OSError as error:
            warn_user(
                f"no checkpoint of epoch {model.n_iter_}: {error}; the training goes "
                "on, make room or mend this before it ends"
            )


@contextlib.contextmanager
def all_or_nothing(estimator):
    """Leave an estimator as it was where setting its attributes is broken off."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def tell_what_is_kept(stop, n_epochs):
    """Add to what stopped a training that the estimator can be used.

    Parameters
    ----------
    stop : BaseException
    n_epochs : int
        What is kept.
    """
    text = (
        f"the training was not complete; {n_epochs} epochs are kept: the estimator can "
        "be used, and partial_fit goes on"
    )
    stop.add_note(text)
    if isinstance(stop, SystemExit):
        # It ends a program in silence.
        warn_user(f"stopped by SIGTERM: {text}")
