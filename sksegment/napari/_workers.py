"""Work in another thread, and what the user is told of it."""

import threading
from dataclasses import dataclass

from napari.qt.threading import GeneratorWorker, create_worker
from napari.utils.notifications import (
    notification_manager,
    show_error,
)

__all__ = ["StoppableWorker", "show_failure", "start"]

# What the package raises where the user can do something about it.
_EXPECTED = (ValueError, TypeError, OSError, ImportError, FloatingPointError)


class StoppableWorker(GeneratorWorker):
    """A worker that does not wait for the next event when it is to quit.

    Parameters
    ----------
    function : generator function
        It gets ``task`` and an event that is set when the worker is to quit: by the
        user, or since the window closes.
    task : callable
    """

    def __init__(self, function, task):
        self._stop = threading.Event()
        super().__init__(function, task, self._stop)

    def work(self):
        """Do the task, and let go of what it holds, such as another thread."""
        try:
            return super().work()
        finally:
            self._gen.close()

    def quit(self):
        """Ask the task to stop."""
        self._stop.set()
        super().quit()


@dataclass(frozen=True)
class _Failure:
    error: Exception


def start(task, *, on_event, on_end, title, total=0):
    """Do a task in another thread.

    Parameters
    ----------
    task : callable
        It gets a `threading.Event` that tells it to stop, and returns a generator.
    on_event : callable
        Gets what the generator yields, in the thread of the window.
    on_end : callable
        Called there in the end, with what the generator returned in a list, which is
        empty if it was stopped or failed; then the error has been shown.
    title : str
    total : int, default=0
        Number of events; 0 if that is not known.

    Returns
    -------
    worker : StoppableWorker
    """
    results = []

    def keep(result):
        if isinstance(result, _Failure):
            show_failure(result.error)
        else:
            results.append(result)

    # A worker is at its end a moment after it has returned.
    connect = {
        "yielded": on_event,
        "returned": keep,
        "finished": lambda: on_end(results),
    }
    return create_worker(
        _guarded,
        task,
        _worker_class=StoppableWorker,
        _connect=connect,
        _progress={"total": total, "desc": title},
    )


def _guarded(task, stop):
    # Errors are returned: workers hide those which happen to be a RuntimeError.
    try:
        return (yield from task(stop))
    except Exception as error:
        return _Failure(error)


def show_failure(error):
    """Tell what went wrong in a notification.

    Parameters
    ----------
    error : Exception
        One that the package does not raise by design is shown with its traceback.
    """
    if isinstance(error, _EXPECTED):
        show_error("; ".join([str(error), *getattr(error, "__notes__", ())]))
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)
