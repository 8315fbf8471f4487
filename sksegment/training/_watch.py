"""Look at trainings from outside: show their progress, stop them."""

import contextlib
import contextvars

__all__ = ["watch_training", "watchers"]

_WATCHERS = contextvars.ContextVar("watchers", default=())


@contextlib.contextmanager
def watch_training(callback):
    """Have a callback called by all trainings that this thread begins meanwhile.

    A program with a window shows progress so, and stops a training by an exception,
    whatever estimator trains, and without a parameter that would be cloned and saved.

    Parameters
    ----------
    callback : skorch.callbacks.Callback
        Called after those of the training itself. What it raises is raised by ``fit``.
    """
    token = _WATCHERS.set((*_WATCHERS.get(), callback))
    try:
        yield
    finally:
        _WATCHERS.reset(token)


def watchers():
    """Callbacks that watch this thread."""
    return _WATCHERS.get()
