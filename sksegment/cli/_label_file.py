"""Label maps in a file, with what stands for void in them."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError, read_images
from sksegment._label_files import (
    label_maps,
    largest_of,
    mark_void,
    read_labels,
    read_pages,
    whole_numbers,
)
from sksegment._tiff_files import is_palette_file, is_tiff
from sksegment._warn import warn_user
from sksegment.postprocessing._label_slices import as_labels
from sksegment.stacks import Stack, open_stack
from sksegment.stacks._axes import settle_axes
from sksegment.stacks._open import VOLUME_SUFFIXES
from sksegment.stacks._source import page_source
from sksegment.stacks._tiff_sizes import size_in_file
from sksegment.stacks._zarr_source import is_zarr

__all__ = ["LabelFile", "image_by_image", "is_volume", "maps_of"]

_LARGEST_ID = np.iinfo(np.int32).max
# Their palettes would be taken for colours, and `.npz` is no stack.
_READ_AT_ONCE = frozenset((".png", ".gif", ".bmp", ".npz"))


@dataclass(frozen=True, eq=False)
class LabelFile(Sequence):
    """Label maps, (H, W) in int32 with -1 where void, that are read one by one.

    Attributes
    ----------
    path : pathlib.Path
    stack : Stack
        The same, as long as they have the size of the first.
    pages : sequence of ndarray of shape (H, W)
        The maps as they are stored, those of a folder of any size.
    void : int
        Number that is void in them, beside all negative ones.
    guess : int or None
        Number that was taken for void only because it is the largest of the dtype.
    """

    path: Path
    stack: Stack
    pages: Sequence
    void: int = -1
    guess: int | None = None

    @classmethod
    def open(cls, path, *, axes=None, dataset=None, at=None, void="max"):
        """Open a file or a folder.

        Parameters
        ----------
        path : str or path-like
        axes, dataset, at
            See `sksegment.stacks.open_stack`.
        void : {"max"} or int or None
            See `sksegment.io.read_labels`.

        Raises
        ------
        ValueError
            If the file cannot be read, or holds no label maps.
        """
        path = Path(path)
        is_folder = path.is_dir() and not is_zarr(path)
        if at and (is_folder or _is_read_at_once(path)):
            letter, index = next(iter(at.items()))
            raise ValueError(
                f"--at {letter}={index} is for files with axes; {path} has none"
            )
        if _is_read_at_once(path):
            maps = read_labels(path, void=void)
            axes = axes if len(maps) > 1 else None
            size = size_in_file(path)
            return cls(path, _stack_of(maps, path.name, [path], axes, *size), maps)
        if is_folder:
            return cls._of_folder(path, axes, dataset, void)
        stack = open_stack(path, axes=axes, dataset=dataset, at=at)
        if len(stack.shape) == 4:
            raise ImageFileError(
                f"{path} has {stack.shape[3]} channels; a label map has one: write "
                "class numbers, not colours"
            )
        guess = largest_of(stack.dtype) if void == "max" else None
        number = guess if void == "max" else void
        return cls(path, stack, stack, -1 if number is None else number, guess)

    @classmethod
    def _of_folder(cls, path, axes, dataset, void):
        with warnings.catch_warnings():
            # Maps on their own are in no order.
            warnings.filterwarnings("ignore", "the slices in .* are counted in steps")
            source = open_stack(path, dataset=dataset)._source
        paths, size = source.paths, (source.spacing, source.unit)
        files = _FileByFile(paths, partial(_read_map, void=void))
        names = [file.name for file in paths]
        stack = _stack_of(files, path.name, paths, axes, *size, names=names)
        guess = largest_of(_only_page(paths[0]).dtype) if void == "max" else None
        # Other slices are made of all files.
        pages = files if (axes or "ZYX").upper().endswith("YX") else stack
        return cls(path, stack, pages, guess=guess)

    def __len__(self):
        return len(self.stack)

    def __getitem__(self, index):
        name = f"slice {index} of {self.stack.source}"
        labels = as_labels(self.pages[index], name, self.void)
        if labels.max() > _LARGEST_ID:
            raise ImageFileError(
                f"{name} has the label {labels.max()}; labels are at most {_LARGEST_ID}"
            )
        return labels.astype(np.int32)

    @property
    def is_flat(self):
        """Whether there is one map only."""
        return len(self) == 1

    @property
    def is_folder(self):
        """Whether every map is in a file of its own."""
        return self.stack.names is not None

    def size_of_voxel(self, spatial):
        """Size of a voxel (z, y, x), in 2d of a pixel (y, x), and its unit, or None."""
        source, axes = self.stack._source, self.stack.axes
        letters = axes[:3] if spatial == "3d" else axes[1:3]
        spacing = [source.spacing.get(letter) for letter in letters]
        if None in spacing:
            missing = letters[spacing.index(None)]
            # Time has none.
            if any(spacing) and missing != "T":
                warn_user(
                    f"{self.path} states no size of a voxel along {missing.lower()}, "
                    "so none is used; give all three by --spacing"
                )
            return None, None
        return tuple(map(float, spacing)), source.unit

    def find_classes(self, option="--void"):
        """List all classes, in ascending order.

        Parameters
        ----------
        option : str, default="--void"
            What says on the command line which value is void, for messages.

        Raises
        ------
        ImageFileError
            If it may be a picture of black and white instead of one class and void.
        """
        found = set()
        for map_ in self:
            found.update(np.unique(map_).tolist())
        if self.guess is not None and found == {-1, 0}:
            raise ImageFileError(
                f"{self.stack.source} has the values 0 and {self.guess} alone, which "
                f"may be two classes, or one and void: say {option} {self.guess} or "
                f"{option} none"
            )
        return sorted(found - {-1})


def is_volume(path):
    """Whether a path is a file of volumes, which is read as a stack alone."""
    path = Path(path)
    return is_zarr(path) or path.suffix.lower() in VOLUME_SUFFIXES - {".npy"}


def maps_of(path, void, option="--void"):
    """Label maps of an image file or of a volume, all at once.

    Parameters
    ----------
    path : str or path-like
    void : {"max"} or int or None
    option : str, default="--void"
        See `LabelFile.find_classes`.

    Returns
    -------
    maps : list of ndarray of shape (H, W), int32
        -1 where void.
    """
    if not is_volume(path):
        return label_maps(path, void, option)
    file = LabelFile.open(path, void=void)
    file.find_classes(option)
    return [*file]


class _FileByFile(Sequence):
    """What files hold, of any size, each read when its turn comes."""

    def __init__(self, paths, read):
        self._paths, self._read = paths, read

    def __len__(self):
        return len(self._paths)

    def __getitem__(self, index):
        return self._read(self._paths[index])


def image_by_image(stack):
    """Images of a folder, of any size; those of another stack as they are.

    Parameters
    ----------
    stack : Stack

    Returns
    -------
    images : sequence of ndarray
    """
    if stack.names is None:
        return stack
    return _FileByFile(stack._source.paths, partial(_only_page, read=read_images))


def _stack_of(maps, name, paths, axes, spacing, unit, **options):
    """Maps as a stack, of the size of the first."""
    first = maps[0]
    source = page_source(
        name,
        maps.__getitem__,
        (len(maps), *first.shape),
        first.dtype,
        paths=tuple(paths),
        spacing=spacing,
        unit=unit,
        **options,
    )
    return Stack(source, settle_axes(name, source.shape, axes=axes, stated="ZYX"))


def _read_map(path, void):
    page = whole_numbers(_only_page(path), path)
    return mark_void(page, largest_of(page.dtype) if void == "max" else void, path)


def _only_page(path, read=read_pages):
    pages = read(path)
    if len(pages) != 1:
        raise ImageFileError(
            f"{path} holds {len(pages)} images, not one as the files of a folder do; "
            "give it by itself"
        )
    return pages[0]


def _is_read_at_once(path):
    if not path.is_file():
        return False
    suffix = path.suffix.lower()
    if is_tiff(path):
        return is_palette_file(path)
    if suffix != ".npy":
        return suffix in _READ_AT_ONCE
    try:
        return np.load(path, mmap_mode="r").ndim == 2
    # What is wrong with it is told when it is opened.
    except (ValueError, EOFError, OSError):
        return False
