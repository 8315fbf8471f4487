"""The stack: slices of a volume or frames of a video, read one by one."""

import hashlib
import math
import operator
import os
import threading
from collections.abc import Sequence

import numpy as np

from sksegment._image_files import ImageFileError
from sksegment.stacks._axes import arrange_axes

__all__ = ["SliceError", "Stack"]

# Slices of one chunk are read together, as long as they take no more than this.
_BLOCK_BYTES = 64 * 2**20


class SliceError(ValueError):
    """A slice that cannot be read; the message names the source and the slice."""


class Stack(Sequence):
    """A lazy sequence of slices; `open_stack` makes it.

    A slice is read when it is asked for, and forgotten; that of an array in memory is
    a view of it. Where a file is kept in chunks that are thicker than a slice, the
    slices of the present chunk are kept, at most 64 MiB. A stack of a file can be
    pickled: it travels as the path. Any number of threads may read from it.

    Parameters
    ----------
    source : Source
        Where the data are.
    letters : str
        Its axes, from `settle_axes`.
    cut : str, optional
        The axis to slice along; Z or T by default.

    Attributes
    ----------
    axes : str
        E.g. "ZYX", "ZYXC" or "TYXC"; the first letter is the axis sliced along.
    shape : tuple of int
        (n, H, W) or (n, H, W, C).
    dtype : numpy.dtype
        In the byte order of this machine.
    spacing : tuple of 3 floats or None
        Size of a voxel along the first three axes, (z, y, x) unless turned by
        `along`; None unless the file states all three.
    unit : str or None
        Of the spacing, e.g. "um".
    names : list of str or None
        One a slice, where every slice is a file of its own.
    source : str
        Short name, for messages.

    See Also
    --------
    open_stack : Open a file, a folder or an array as a stack.
    """

    def __init__(self, source, letters, cut=None):
        self._source, self._letters = source, letters
        self.axes = arrange_axes(letters, cut)
        self._order = [letters.index(letter) for letter in self.axes]
        self.shape = tuple(source.shape[position] for position in self._order)
        self.dtype = source.dtype.newbyteorder("=")
        self.source = source.name
        self.spacing = self._spacing()
        self.unit = source.unit if self.spacing else None
        self.names = source.names if self.axes[0] in "ZT" else None
        self._thickness = self._block_thickness()
        self._closed = False
        self._forget()

    def _spacing(self):
        sizes = [self._source.spacing.get(letter) for letter in self.axes[:3]]
        return None if None in sizes else tuple(map(float, sizes))

    def _block_thickness(self):
        slice_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        worth = self._source.thickness[self._order[0]]
        return max(1, min(worth, _BLOCK_BYTES // slice_bytes))

    def _forget(self):
        self._lock = threading.Lock()
        self._block, self._block_start = None, None

    def __getstate__(self):
        return {**vars(self), "_lock": None, "_block": None, "_block_start": None}

    def __setstate__(self, state):
        vars(self).update(state)
        self._forget()

    def __repr__(self):
        return (
            f"Stack({self.source!r}, axes={self.axes!r}, shape={self.shape}, "
            f"dtype={self.dtype})"
        )

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, index):
        """Read one slice.

        Parameters
        ----------
        index : int
            Negative ones count from the end.

        Returns
        -------
        image : ndarray of shape (H, W) or (H, W, C)

        Raises
        ------
        SliceError
            If this slice is damaged; the others can still be read.
        IndexError
            If there is no such slice.
        TypeError
            If the index is no integer.
        ValueError
            If the stack was closed.
        """
        index = self._checked_index(index)
        try:
            return self._read_one(index)
        except (MemoryError, ImportError):
            raise
        # Decoders raise everything from SyntaxError to struct.error on damaged files.
        except Exception as error:
            raise SliceError(self._complaint(index, error)) from error

    def _complaint(self, index, error):
        reason = " ".join(str(error).split()) or type(error).__name__
        name = f" ({self.names[index]})" if self.names else ""
        verb = "" if isinstance(error, ImageFileError) else " cannot be read"
        return f"slice {index} of {self.source}{name}{verb}: {reason}"

    def _checked_index(self, index):
        if self._closed:
            raise ValueError(f"{self.source} is closed; open it again with open_stack")
        try:
            position = operator.index(index)
        except TypeError:
            raise TypeError(
                f"slices are read one by one, with an integer; got {index!r}"
            ) from None
        if not -len(self) <= position < len(self):
            raise IndexError(
                f"{self.source} has {len(self)} slices, so there is none at {position}"
            )
        return position % len(self)

    def _read_one(self, index):
        if self._thickness == 1:
            return self._read(index, index + 1)[0]
        start = index - index % self._thickness
        with self._lock:
            if start != self._block_start:
                # Two blocks at a time would take twice the memory.
                self._block = self._block_start = None
                try:
                    block = self._read(start, min(start + self._thickness, len(self)))
                # Not all slices of the block need be damaged.
                except Exception:
                    return self._read(index, index + 1)[0]
                self._block, self._block_start = block, start
            return self._block[index - start].copy()

    def _read(self, start, stop):
        cuts = [slice(None)] * len(self._letters)
        cuts[self._order[0]] = slice(start, stop)
        block = np.asarray(self._source.read(tuple(cuts)))
        dropped = [i for i, letter in enumerate(self._letters) if letter == "_"]
        block = block.transpose([*self._order, *dropped])
        block = block.reshape(stop - start, *self.shape[1:])
        return block.astype(self.dtype, copy=False)

    def along(self, axis):
        """Slice along another axis.

        Where the data are kept as slices, each of the new ones needs all of the old:
        as many as fit into 64 MiB are read together. This is slow for long videos and
        for folders of compressed images, but it takes no more memory.

        Parameters
        ----------
        axis : {"z", "y", "x", "t"}

        Returns
        -------
        stack : Stack
            Of the same source; closing one closes the other's file too.

        Raises
        ------
        ValueError
            If the stack has no such axis.
        """
        spatial = [letter for letter in self._letters if letter in "ZTYX"]
        if not isinstance(axis, str) or axis.upper() not in spatial:
            names = ", ".join(letter.lower() for letter in sorted(spatial))
            raise ValueError(
                f"{self.source} cannot be sliced along {axis!r}; choose one of {names}"
            )
        return Stack(self._source, self._letters, axis.upper())

    def fingerprint(self):
        """Tell what was opened, so that a later run knows it again.

        Returns
        -------
        fingerprint : dict
            Of name, shape, dtype and axes, as they are and as they were arranged; where
            there are files, with a digest of the name, the size and the time of the
            last change of each. The same after a trip through JSON.
        """
        return {
            "name": self.source,
            "part": self._source.part,
            "shape": [int(length) for length in self.shape],
            "dtype": str(self.dtype),
            "axes": self.axes,
            "letters": self._letters,
            "files": self._digest_of_files(),
        }

    def _digest_of_files(self):
        """Digest of what is known of the files without reading them, if there are."""
        if not self._source.paths and not self._source.folders:
            return None
        digest = hashlib.sha256()
        for name, path in self._watched_files():
            stat = os.stat(path)
            digest.update(os.fsencode(name))
            digest.update(f"\0{stat.st_size} {stat.st_mtime_ns}\0".encode())
        return digest.hexdigest()

    def _watched_files(self):
        """Files in a fixed order, with names that stay when their folder is moved."""
        yield from ((os.path.basename(path), path) for path in self._source.paths)
        for folder in self._source.folders:
            for parent, folders, names in os.walk(folder):
                folders.sort()
                for name in sorted(names):
                    path = os.path.join(parent, name)
                    yield os.path.relpath(path, folder), path

    def close(self):
        """Close the file, if there is one."""
        self._closed = True
        self._block = self._block_start = None
        self._source.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
