"""Labels of an image of any number of axes, written and shown slice by slice."""

import numpy as np

from sksegment.napari._picture import as_index
from sksegment.stacks._encoding import dtype_for, recode, void_of

__all__ = ["ClassLabels", "RegionLabels"]

_CHUNK = 2**22


class RegionLabels:
    """Labels in uint16; void is 65535, as in our files.

    Parameters
    ----------
    shape : tuple of int
        Of the image, without channels.

    Attributes
    ----------
    shown : ndarray of shape ``shape``
        Changed in place.
    void : int
    """

    def __init__(self, shape):
        self.shown = np.full(shape, void_of(np.uint16), np.uint16)
        self.void = void_of(np.uint16)

    def write(self, cut, labels):
        """Write the labels of a slice.

        Parameters
        ----------
        cut : tuple of int or None
        labels : ndarray of shape (H, W), int32
            Negative where void.
        """
        self.shown[as_index(cut)] = recode(labels, self.shown.dtype)


class ClassLabels:
    """Labels as they were learnt, and as they are shown after joining.

    They have the smallest dtype that holds them, and void is its largest number.

    Parameters
    ----------
    shape : tuple of int
        Of the image, without channels.
    n_labels : int
        Labels that the model may give, K.

    Attributes
    ----------
    shown : ndarray of shape ``shape``
        Changed in place.
    void : int
    n_labels : int
    """

    def __init__(self, shape, n_labels):
        dtype = dtype_for(n_labels - 1)
        self.void = void_of(dtype)
        self.n_labels = n_labels
        self.shown = np.full(shape, self.void, dtype)
        self._learnt = self.shown.copy()
        self._table = np.arange(self.void + 1).astype(dtype)

    def write(self, cut, labels):
        """Write the labels of a slice.

        Parameters
        ----------
        cut : tuple of int or None
        labels : ndarray of shape (H, W), int32
            Before joining; negative where void.
        """
        page = recode(labels, self.shown.dtype)
        self._learnt[as_index(cut)] = page
        self.shown[as_index(cut)] = self._table[page]

    def set_groups(self, groups):
        """Choose what labels become that are written from now on.

        Parameters
        ----------
        groups : ndarray of shape (n_labels,) or None
            New label of every label; None leaves them as they are.
        """
        self._table[: self.n_labels] = (
            np.arange(self.n_labels) if groups is None else groups
        )

    def rejoin(self, cut):
        """Join the labels of a slice anew.

        Parameters
        ----------
        cut : tuple of int or None
        """
        self.shown[as_index(cut)] = self._table[self._learnt[as_index(cut)]]

    def rejoin_all(self):
        """Join all labels anew, a part of them from one ``next`` to the other.

        Yields
        ------
        share : float
            Of what is done, in (0, 1].
        """
        learnt, shown = self._learnt.reshape(-1), self.shown.reshape(-1)
        for start in range(0, learnt.size, _CHUNK):
            part = slice(start, start + _CHUNK)
            np.take(self._table, learnt[part], out=shown[part], mode="clip")
            yield min(1.0, part.stop / learnt.size)
