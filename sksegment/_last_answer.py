"""Ask a function the same thing several times in a row, and let it work once."""

import numpy as np

__all__ = ["last_answer_of"]


def last_answer_of(function):
    """Give the last answer of a function again where its arguments are as before.

    Parameters
    ----------
    function : callable
        Of positional arguments: arrays, which are compared by their values, and objects
        that are themselves.

    Returns
    -------
    remembering : callable
    """
    last = None

    def remembering(*args):
        nonlocal last
        if last is None or not all(map(_same, last[0], args)):
            last = args, function(*args)
        return last[1]

    return remembering


def _same(one, other):
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other, equal_nan=True)
    return one is other
