"""Read scribbles: label maps in which hardly any pixel has a label."""

from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError
from sksegment._label_files import largest_of, mark_void, read_pages, whole_numbers
from sksegment._typing import PathLike

__all__ = ["ScribblePages", "read_scribbles"]


def read_scribbles(
    path: PathLike, *, unknown: int | str | None = "max"
) -> list[np.ndarray]:
    """Read the scribbles in one file, for the ``scribbles`` of ``fit``.

    Parameters
    ----------
    path : str or path-like
        What `read_labels` reads: an image of class numbers, such as Fiji, GIMP (with a
        palette) and napari save, or an array.
    unknown : {"max"} or int or None, default="max"
        Value where the class is not known: "max" is the largest of the dtype, 255 or
        65535; with 0, as drawing programs have it, the classes 1, 2, ... become 0, 1,
        ... Negative values are unknown whatever it is.

    Returns
    -------
    maps : list of ndarray of shape (H, W), int32
        One for every page; -1 where unknown.

    Raises
    ------
    ImageFileError
        If the file is missing, cannot be read, or is no label map; if no pixel is
        unknown, or none is known; or, with "max", if it has 0 and 255 alone.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from sksegment.io import read_scribbles, write_image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "strokes.png"
    ...     write_image(path, np.array([[0, 1], [2, 0]], np.uint8))
    ...     read_scribbles(path, unknown=0)[0]
    array([[-1,  0],
           [ 1, -1]], dtype=int32)
    """
    reader = ScribblePages(path, unknown)
    maps = reader.read(path)
    reader.check()
    return maps


class ScribblePages:
    """Turns pages into scribbles one by one, and remembers what it has seen.

    Parameters
    ----------
    path : str or path-like
        File, or folder of several, for messages.
    unknown : {"max"} or int or None
        See `read_scribbles`.
    """

    def __init__(self, path, unknown="max"):
        self.path, self.unknown = path, unknown
        self._is_max, self._seen = unknown == "max", set()

    def read(self, path):
        """Scribbles of all pages of a file, list of ndarray of shape (H, W)."""
        return [self.take(page, path) for page in read_pages(Path(path))]

    def take(self, page, path=None):
        """Scribbles (H, W), int32, of a page as it is in the file; -1 where unknown."""
        path = self.path if path is None else path
        page = whole_numbers(page, path)
        if self._is_max:
            self.unknown = largest_of(page.dtype)
        self._seen.update(np.unique(page).tolist())
        classes = mark_void(page, self.unknown, path)
        if self.unknown == 0:
            classes[classes > 0] -= 1
        return classes

    def check(self):
        """Refuse, in the end, what leaves no doubt or nothing but doubt.

        Raises
        ------
        ImageFileError
        """
        if self._is_max and self._seen == {0, self.unknown}:
            raise ImageFileError(
                f"{self.path} has the values 0 and {self.unknown} alone, of which "
                f"either may mean unknown: say unknown={self.unknown} or unknown=0 (on "
                f"the command line --unknown {self.unknown} or --unknown 0)"
            )
        is_unknown = {value for value in self._seen if value < 0} | {self.unknown}
        if not self._seen & is_unknown:
            raise ImageFileError(
                f"{self.path} has a class for every pixel, but scribbles are a few "
                "strokes; if one of its values means unknown, say so: unknown=0 (on "
                "the command line --unknown 0)"
            )
        if self._seen <= is_unknown:
            raise ImageFileError(
                f"{self.path} has no strokes: every pixel is {min(self._seen)}, which "
                "means unknown"
            )
