"""Numbers of labels, from dark to bright."""

import numpy as np

__all__ = ["settle_numbers"]

# Each takes a pass of the net over the training images. After two those in use come
# first; labels of nearly one brightness may change places for ever.
_MOST_ORDERS = 3


def settle_numbers(found, order_of, renumber):
    """Renumber labels until they are in order, or nearly so.

    Once is not enough: in bfloat16 many soft labels tie, and of those that do, the one
    of the lowest number is the label. So pixels change their labels with the numbers.

    Parameters
    ----------
    found : object
        What is known of the labels.
    order_of : callable
        From this to the order in which they are to be, an ndarray of shape (K,): label
        k will be what is ``order[k]`` now.
    renumber : callable
        From this and an order to what is known of the labels in that order.

    Returns
    -------
    found : object
    """
    for _ in range(_MOST_ORDERS):
        order = order_of(found)
        if np.array_equal(order, np.arange(len(order))):
            break
        found = renumber(found, order)
    return found
