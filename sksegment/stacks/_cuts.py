"""Which slices are to be labelled: those of one axis, or of several in turn."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

__all__ = ["Cuts"]


@dataclass(frozen=True)
class Cuts:
    """The slices of a stack along one axis or several, counted through.

    Attributes
    ----------
    stack : Stack
        The input, whose orientation the result has.
    views : tuple of Stack
        The same along each axis.
    """

    stack: object
    views: tuple

    @classmethod
    def of(cls, stack, along):
        """Cut a stack.

        Parameters
        ----------
        stack : Stack
        along : str, sequence of str, or None
            None is the stack's own axis.

        Raises
        ------
        ValueError
            If the stack has no such axis, or one is named twice.
        TypeError
            If ``along`` is neither.
        """
        if along is None:
            return cls(stack, (stack,))
        if isinstance(along, str):
            return cls(stack, (stack.along(along),))
        if not isinstance(along, (tuple, list)):
            raise TypeError(
                f'along={along!r} must be an axis, e.g. "z", or several, e.g. '
                '("z", "y", "x")'
            )
        if len(set(along)) != len(along) or not along:
            raise ValueError(f"along={along!r} must name every axis once")
        return cls(stack, tuple(map(stack.along, along)))

    @property
    def axes(self):
        """Letters of the axes of the cuts."""
        return [view.axes[0] for view in self.views]

    @property
    def starts(self):
        """Number of the first slice of every view."""
        return [0, *accumulate(len(view) for view in self.views[:-1])]

    def __len__(self):
        return sum(len(view) for view in self.views)

    def locate(self, number):
        """View of a slice, and its index there."""
        position = bisect_right(self.starts, number) - 1
        return self.views[position], number - self.starts[position]

    def name(self, number):
        """Name a slice for a message."""
        view, index = self.locate(number)
        axis = f" along {view.axes[0].lower()}" if view is not self.stack else ""
        return f"slice {index}{axis} of {view.source}"
