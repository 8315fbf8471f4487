"""What a stack is read from: each kind of file or array makes one `Source`."""

import contextlib
import functools
import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError

__all__ = ["LazyFile", "Source", "choose_dataset", "cut_shape", "page_source"]


def _nothing():
    """Close what needs no closing; name no files."""
    return ()


@dataclass(frozen=True)
class Source:
    """A volume in the order of its own axes, of which parts can be read.

    Attributes
    ----------
    name : str
        Short, for messages.
    shape : tuple of int
    dtype : numpy.dtype
    read : callable
        ``read(cuts)`` returns the part of the array that a slice for every axis, of
        step 1, leaves. Where there is a file it can be pickled.
    thickness : tuple of int
        How many slices along each axis are worth reading together, since less costs
        as much: the thickness of a chunk.
    axes : str, optional
        Letters of the axes, if the file states them.
    spacing : dict of str to float
        Size of a voxel along Z, Y and X, as far as the file states it.
    unit : str, optional
    names : list of str, optional
        One a slice.
    rate : fractions.Fraction, optional
        Frames a second of a video.
    paths : tuple of path-like
        Files by whose size and time a change is noticed.
    folders : tuple of path-like
        The same for all files in them, at any depth.
    behind : callable
        ``behind()`` returns files, and folders of zarr, that may be read besides: they
        are not watched, but must not be replaced.
    home : path-like, optional
        Folder whose image files are the slices, all of them.
    part : str
        What tells it from other arrays in the same files, beside the name.
    in_memory : bool
        Whether all of it is at hand, so that any change can be noticed.
    close : callable
    """

    name: str
    shape: tuple
    dtype: np.dtype
    read: Callable
    thickness: tuple
    axes: str | None = None
    spacing: dict = field(default_factory=dict)
    unit: str | None = None
    names: list | None = None
    rate: Fraction | None = None
    paths: tuple = ()
    folders: tuple = ()
    behind: Callable = _nothing
    home: Path | None = None
    part: str = ""
    in_memory: bool = False
    close: Callable = _nothing

    def at(self, position, index):
        """Take one position of an axis, and keep the axis.

        Parameters
        ----------
        position : int
            Of the axis.
        index : int

        Returns
        -------
        source : Source
        """
        shape = list(self.shape)
        shape[position] = 1
        names = self.names
        if names and len(names) == self.shape[position] and position == 0:
            names = [names[index]]
        return replace(
            self,
            shape=tuple(shape),
            read=functools.partial(_read_at, self.read, position, index),
            names=names,
            part=f"{self.part} {position}:{index}".strip(),
        )


def _read_at(read, position, index, cuts):
    cut = slice(index, index + 1)
    return read((*cuts[:position], cut, *cuts[position + 1 :]))


class LazyFile:
    """A file which is opened at its first use and lent to one thread at a time.

    It is pickled as the way to open it.

    Parameters
    ----------
    opener : callable
        A function of a module; what it returns has a method ``close``.
    *args : object
        Passed to it.
    """

    def __init__(self, opener, *args):
        self._opener, self._args = opener, args
        self._lock = threading.RLock()
        self._file = None

    def __reduce__(self):
        return type(self), (self._opener, *self._args)

    @contextlib.contextmanager
    def lend(self):
        """Give the open file."""
        with self._lock:
            if self._file is None:
                self._file = self._opener(*self._args)
            yield self._file

    def close(self):
        """Close the file; it can be used again."""
        with self._lock:
            file, self._file = self._file, None
            if file is not None:
                file.close()


def cut_shape(shape, cuts):
    """Shape of what slices of an array leave.

    Parameters
    ----------
    shape : tuple of int
    cuts : tuple of slice
        One an axis, of step 1.

    Returns
    -------
    shape : tuple of int
    """
    return tuple(
        len(range(*cut.indices(length)))
        for cut, length in zip(cuts, shape, strict=True)
    )


@dataclass(frozen=True)
class _PageReader:
    """Reads a volume which is kept as pages: its first axes count them."""

    read_page: Callable
    shape: tuple
    dtype: np.dtype
    n_leading: int

    def __call__(self, cuts):
        leading, sides = self.shape[: self.n_leading], self.shape[self.n_leading :]
        pages = np.arange(math.prod(leading)).reshape(leading)[cuts[: self.n_leading]]
        cuts = cuts[self.n_leading :]
        block = np.empty((pages.size, *cut_shape(sides, cuts)), self.dtype)
        for place, page in zip(block, pages.ravel(), strict=True):
            place[...] = self._checked(self.read_page(int(page)))[cuts]
        return block.reshape(*pages.shape, *block.shape[1:])

    def _checked(self, image):
        expected = self.shape[self.n_leading :]
        if image.shape != expected:
            raise ValueError(f"its shape is {image.shape}, the first has {expected}")
        if image.dtype.newbyteorder("=") != self.dtype.newbyteorder("="):
            raise ValueError(f"it is {image.dtype}, the first is {self.dtype}")
        return image


def page_source(name, read_page, shape, dtype, *, n_leading=1, **options):
    """Make a source of pages.

    Parameters
    ----------
    name : str
    read_page : callable
        ``read_page(index)`` returns one page.
    shape : tuple of int
        The first ``n_leading`` axes count the pages, the others are those of a page.
    dtype : numpy.dtype
    n_leading : int, default=1
    **options : object
        Further attributes of the `Source`.

    Returns
    -------
    source : Source
    """
    read = _PageReader(read_page, tuple(shape), dtype, n_leading)
    thickness = (1,) * n_leading + tuple(shape[n_leading:])
    return Source(name, tuple(shape), dtype, read, thickness, **options)


def choose_dataset(name, shapes, wanted=None):
    """Choose an array of a file of many.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    shapes : dict of str to tuple of int
        Of all arrays, by their paths, which begin with a slash.
    wanted : str, optional
        Path of an array, or of a group that holds one; all by default.

    Returns
    -------
    path : str

    Raises
    ------
    ImageFileError
        If there is no such array, or there are several of 3 or 4 axes, or else of 5.
    """
    path = f"/{(wanted or '').strip('/')}"
    if path in shapes:
        return path
    group = path.rstrip("/") + "/"
    inside = [key for key in shapes if key.startswith(group)]
    volumes = [key for key in inside if len(shapes[key]) in (3, 4)]
    # Of images of T, C, Z, Y and X some axes have one position.
    volumes = volumes or [key for key in inside if len(shapes[key]) == 5]
    if len(volumes) == 1:
        return volumes[0]
    if volumes:
        raise ImageFileError(
            f"{name} holds {len(volumes)} volumes; choose one with dataset=: "
            f"{_listed(volumes, shapes)}"
        )
    what = f"nothing under {wanted!r}" if wanted and not inside else "no volume"
    raise ImageFileError(
        f"{name} holds {what}; its arrays are: {_listed([*shapes], shapes) or 'none'}"
    )


def _listed(names, shapes, at_most=12):
    listed = [f"{name} {tuple(map(int, shapes[name]))}" for name in names[:at_most]]
    return ", ".join(listed + ["..."] * (len(names) > at_most))
