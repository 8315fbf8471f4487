"""Prepare the next item while the present one is worked on."""

from concurrent.futures import ThreadPoolExecutor

__all__ = ["look_ahead"]


def look_ahead(function, items):
    """Call a function for all items, one item ahead in a second thread.

    Parameters
    ----------
    function : callable
        It must let go of the interpreter for this to gain anything, as the functions
        of scikit-image and torch do.
    items : sequence of tuple
        Arguments of each call.

    Yields
    ------
    result : object
        In the order of the items; what a call raises is raised at its turn, and no
        further call is begun.
    """
    if len(items) < 2:
        yield from (function(*item) for item in items)
        return
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(function, *items[0])
        for item in items[1:]:
            result = ahead.result()
            ahead = pool.submit(function, *item)
            yield result
        yield ahead.result()
