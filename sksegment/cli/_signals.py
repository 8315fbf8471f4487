"""What ends a command from outside: one line, and the exit code of a shell."""

import contextlib
import signal
import sys
import threading

from sksegment.cli._messages import one_line

__all__ = ["sigterm_stops", "tell_stop"]


class Terminated(KeyboardInterrupt):
    """SIGTERM, as a scheduler sends it, is to a command what Ctrl-C is."""


@contextlib.contextmanager
def sigterm_stops():
    """Let SIGTERM raise `Terminated`; a second one ends the program on the spot."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    try:
        yield
    finally:
        # None where the handler was not set by Python.
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _raise(number, frame):
    signal.signal(number, signal.SIG_DFL)
    raise Terminated


def tell_stop(stop):
    """Print in one line what stopped a command, and what it left.

    Parameters
    ----------
    stop : KeyboardInterrupt

    Returns
    -------
    exit_code : int
    """
    by_user = not isinstance(stop, Terminated)
    what = "stopped by Ctrl-C" if by_user else "stopped by SIGTERM"
    # Of estimators in a program there are none here.
    notes = [n for n in getattr(stop, "__notes__", ()) if "partial_fit" not in n]
    told = KeyboardInterrupt("; ".join([what, *notes]))
    print(f"sksegment: {one_line(told)}", file=sys.stderr)
    return 128 + (signal.SIGINT if by_user else signal.SIGTERM)
