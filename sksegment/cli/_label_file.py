"""Label maps in a file, with what stands for void in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError
from sksegment._label_files import read_labels
from sksegment.postprocessing._label_slices import as_labels
from sksegment.stacks import Stack, open_stack

__all__ = ["LabelFile"]

_LARGEST_ID = np.iinfo(np.int32).max
# Their palettes would be taken for colours, and `.npz` is no stack.
_READ_AT_ONCE = frozenset((".png", ".gif", ".bmp", ".npz"))


@dataclass(frozen=True)
class LabelFile:
    """Label maps that are read one by one.

    Attributes
    ----------
    path : pathlib.Path
    stack : Stack
    void : int
        Number that is void, beside all negative ones.
    is_guess : bool
        Whether the number is void only because it is the largest of the dtype.
    """

    path: Path
    stack: Stack
    void: int
    is_guess: bool = False

    @classmethod
    def open(cls, path, *, axes=None, dataset=None, void="max"):
        """Open a file or a folder.

        Parameters
        ----------
        path : str or path-like
        axes, dataset : str, optional
            See `sksegment.stacks.open_stack`.
        void : {"max"} or int or None
            See `sksegment.io.read_labels`.

        Raises
        ------
        ValueError
            If the file cannot be read, or holds no label maps.
        """
        path = Path(path)
        if _is_read_at_once(path):
            return cls(path, open_stack(read_labels(path, void=void)), void=-1)
        stack = open_stack(path, axes=axes, dataset=dataset)
        if len(stack.shape) == 4:
            raise ImageFileError(
                f"{path} has {stack.shape[3]} channels; a label map has one: write "
                "class numbers, not colours"
            )
        is_guess = void == "max" and stack.dtype.kind == "u"
        if is_guess:
            void = int(np.iinfo(stack.dtype).max)
        return cls(path, stack, void if isinstance(void, int) else -1, is_guess)

    @property
    def is_flat(self):
        """Whether there is one map only."""
        return len(self.stack) == 1

    @property
    def size_of_voxel(self):
        """Spacing (z, y, x), of a single map (y, x), and its unit; None if unknown."""
        if not self.is_flat:
            return self.stack.spacing, self.stack.unit
        source = self.stack._source
        spacing = [source.spacing.get(letter) for letter in self.stack.axes[1:3]]
        return (None, None) if None in spacing else (tuple(spacing), source.unit)

    def maps(self):
        """Read the maps, (H, W) in int32 with -1 where void, one after the other."""
        for index, map_ in enumerate(self.stack):
            name = f"slice {index} of {self.stack.source}"
            labels = as_labels(map_, name, self.void)
            if labels.max() > _LARGEST_ID:
                raise ImageFileError(
                    f"{name} has the label {labels.max()}; labels are at most "
                    f"{_LARGEST_ID}"
                )
            yield labels.astype(np.int32)

    def find_classes(self):
        """List all classes, in ascending order."""
        found = set()
        for map_ in self.maps():
            found.update(np.unique(map_).tolist())
        classes = sorted(found - {-1})
        self.check(classes, has_void=-1 in found)
        return classes

    def check(self, classes, *, has_void):
        """Refuse what may be a picture of black and white instead of class and void.

        Raises
        ------
        ImageFileError
        """
        if self.is_guess and has_void and classes == [0]:
            raise ImageFileError(
                f"{self.stack.source} has the values 0 and {self.void} alone, which "
                f"may be two classes, or one and void: say --void {self.void} or "
                "--void none"
            )


def _is_read_at_once(path):
    suffix = path.suffix.lower()
    if suffix != ".npy" or not path.is_file():
        return suffix in _READ_AT_ONCE
    try:
        return np.load(path, mmap_mode="r").ndim == 2
    # What is wrong with it is told when it is opened.
    except (ValueError, EOFError, OSError):
        return False
