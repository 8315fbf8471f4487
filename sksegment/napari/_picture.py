"""An image of any number of axes, and its slices as a viewer shows them."""

import math
from dataclasses import dataclass

import numpy as np

from sksegment.stacks import open_stack

__all__ = ["Picture", "as_index", "plane_of", "shown_cut"]


def shown_cut(point, order, shape):
    """Tell which slice of an image a viewer shows.

    Parameters
    ----------
    point : sequence of float
        Where the viewer stands, in pixels of the image, one number an axis.
    order : sequence of int
        Axes of the viewer, of which it shows the last two; it may have more of them
        than the image, which has the last ones.
    shape : tuple of int
        Of the image, without channels.

    Returns
    -------
    cut : tuple of int or None
        A position on every axis, and None on the two that are shown.

    Examples
    --------
    >>> from sksegment.napari._picture import shown_cut
    >>> shown_cut((12.4, 0.0, 0.0), order=(0, 1, 2), shape=(40, 64, 48))
    (12, None, None)
    >>> shown_cut((0.0, 30.0, 0.0), order=(1, 0, 2), shape=(40, 64, 48))
    (None, 30, None)
    """
    n_axes = len(shape)
    plane = [axis - (len(order) - n_axes) for axis in order[-2:]]
    if min(plane) < 0:
        # The viewer shows axes that the image does not have.
        plane = [n_axes - 2, n_axes - 1]
    return tuple(
        None if axis in plane else min(max(round(position), 0), length - 1)
        for axis, (position, length) in enumerate(zip(point, shape, strict=True))
    )


def as_index(cut):
    """Index that takes a slice out of an array."""
    return tuple(slice(None) if position is None else position for position in cut)


def plane_of(cut):
    """Axes that a slice lies along."""
    return [axis for axis, position in enumerate(cut) if position is None]


@dataclass(frozen=True)
class Picture:
    """An image with any number of axes beside those of a slice.

    Attributes
    ----------
    name : str
        For messages.
    array : ndarray or dask.array.Array
        Of shape ``shape``, or ``(*shape, C)``.
    has_channels : bool
        Whether the last axis is one of channels.
    axis_labels : tuple of str
        Names of the axes of ``shape``, for messages.
    """

    name: str
    array: object
    has_channels: bool = False
    axis_labels: tuple = ()

    @classmethod
    def of(cls, name, array, *, rgb=False, axis_labels=()):
        """Make a picture of whatever a viewer shows.

        Parameters
        ----------
        name : str
        array : array-like
            Anything that is no array of numpy is read slice by slice.
        rgb : bool, default=False
            Whether the last axis has the channels of a colour. Alpha is dropped.
        axis_labels : sequence of str
        """
        if not isinstance(array, np.ndarray) and not hasattr(array, "map_blocks"):
            import dask.array

            array = dask.array.from_array(array, name=False)
        if rgb:
            array = array[..., :3]
        return cls(name, array, rgb, tuple(axis_labels))

    @property
    def shape(self):
        """Lengths of the axes, without the channels."""
        return self.array.shape[: -1 if self.has_channels else None]

    def read(self, cut):
        """Read one slice.

        Returns
        -------
        image : ndarray of shape (H, W) or (H, W, C)
        """
        return np.asarray(self.array[as_index(cut)])

    def describe(self, cut):
        """Name a slice for a message, e.g. "slice z=12 of rock"."""
        place = self.place(cut)
        return f"slice {place} of {self.name}" if place else self.name

    def place(self, cut):
        """Where a slice is, e.g. "z=12"; an empty text if there is one only."""
        return ", ".join(
            f"{self._axis_name(axis)}={cut[axis]}" for axis in _beside(cut)
        )

    def _axis_name(self, axis):
        label = self.axis_labels[axis] if self.axis_labels else ""
        # An axis without a name has its number from behind.
        return label if label and not label.lstrip("-").isdigit() else f"axis {axis}"

    def count(self, cut):
        """How many slices have the orientation of this one."""
        return math.prod(self.shape[axis] for axis in _beside(cut))

    def stacks(self, cut):
        """Stacks that together have all slices of the orientation of this one.

        Parameters
        ----------
        cut : tuple of int or None
            Where to begin.

        Yields
        ------
        stack : Stack
            Along the last axis which is not shown. One after the other, since each may
            keep a chunk of its file in memory.
        order : list of int
            Its slices, beginning with the one of ``cut``, which is in the first stack.
        cuts : callable
            Gives the cut of a slice of the stack.
        """
        *outer, along = _beside(cut) or [None]
        places = [*np.ndindex(*(self.shape[axis] for axis in outer))]
        first = places.index(tuple(cut[axis] for axis in outer))
        for place in _turned(places, first):
            fixed = list(cut)
            for axis, position in zip(outer, place, strict=True):
                fixed[axis] = position
            stack = self._stack(fixed, along)
            begin = cut[along] if along is not None and place == places[first] else 0
            order = _turned(range(len(stack)), begin)
            yield stack, order, _replacer(fixed, along)

    def _stack(self, cut, along):
        index = list(as_index(cut))
        if along is None:
            letters, array = "ZYX", self.array[np.newaxis]
        else:
            index[along] = slice(None)
            letters = iter("YX")
            letters = "".join(
                "Z" if axis == along else next(letters)
                for axis, position in enumerate(cut)
                if axis == along or position is None
            )
            array = self.array[tuple(index)]
        stack = open_stack(array, axes=letters + "C" * self.has_channels)
        stack.source = self.name
        return stack


def _beside(cut):
    """Axes that are not shown."""
    return [axis for axis, position in enumerate(cut) if position is not None]


def _turned(items, first):
    return [*items[first:], *items[:first]]


def _replacer(cut, along):
    def at(number):
        changed = list(cut)
        if along is not None:
            changed[along] = number
        return tuple(changed)

    return at
