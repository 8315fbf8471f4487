"""The label maps of a finished run, as writers take them."""

import contextlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

__all__ = ["LabelPages"]


@dataclass(frozen=True)
class LabelPages:
    """Label maps in the order and the orientation of a stack, to be written once.

    Attributes
    ----------
    pages : iterable of ndarray of shape (H, W)
        In uint8 or uint16, void is the largest number; in int32 it is -1.
    dtype : numpy.dtype
    stack : Stack
        The input: its size, spacing, unit, names and, for pictures, its slices.
    identity : str
        The same for two runs if their labels are.
    intensity_range : ndarray of shape (2, C), optional
        Intensities that are black and white in pictures.
    """

    pages: Iterable
    dtype: np.dtype
    stack: object
    identity: str = ""
    intensity_range: np.ndarray | None = None

    @property
    def shape(self):
        """(n, H, W)."""
        return self.stack.shape[:3]

    @property
    def axes(self):
        """Letters of the axes, "ZYX" or "TYX" unless the stack is turned."""
        return self.stack.axes[:3]

    @property
    def sizes(self):
        """Size of a voxel by the letters "ZYX" of the axes in their order, if known."""
        source = self.stack._source.spacing
        sizes = dict(zip("ZYX", map(source.get, self.axes), strict=True))
        return {axis: float(size) for axis, size in sizes.items() if size is not None}

    @property
    def unit(self):
        """Of the sizes, None if there are none."""
        return self.stack._source.unit if self.sizes else None

    def digest(self, part=""):
        """Identity, or that of a part of the output, as a UUID."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.identity}{part}"))

    def images(self):
        """Slices of the input one after the other, None where one is damaged."""
        for index in range(len(self.stack)):
            image = None
            with contextlib.suppress(ValueError):
                image = self.stack[index]
            yield image
