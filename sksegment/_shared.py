"""A state of the whole process that several threads need at a time."""

import contextlib
import threading

__all__ = ["SharedState"]


class SharedState:
    """State that the first of several threads sets and the last one restores.

    If each restored what it had found, one that ends late would restore what another
    had set.

    Parameters
    ----------
    begin : callable
        Sets the state, of the arguments of `hold`; returns what was before.
    end : callable
        Takes that and restores it.
    """

    def __init__(self, begin, end):
        self._begin, self._end = begin, end
        self._lock = threading.Lock()
        self._n_holders, self._before = 0, None

    @contextlib.contextmanager
    def hold(self, *args):
        """Context within which the state is set."""
        with self._lock:
            if self._n_holders == 0:
                self._before = self._begin(*args)
            self._n_holders += 1
        try:
            yield
        finally:
            with self._lock:
                self._n_holders -= 1
                if self._n_holders == 0:
                    self._end(self._before)
