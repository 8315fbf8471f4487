"""Arrays kept on the disk for a while."""

import tempfile
import zlib
from collections.abc import Sequence

import numpy as np

__all__ = ["Spool"]


class Spool(Sequence):
    """A list of arrays in a file without a name, which is gone when the program is.

    Parameters
    ----------
    folder : path-like
    """

    def __init__(self, folder):
        self._folder = folder
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._places = []

    def append(self, array):
        """Keep one more array."""
        data = zlib.compress(np.ascontiguousarray(array), level=1)
        self._places.append((self._file.tell(), len(data), array.dtype, array.shape))
        try:
            self._file.write(data)
            self._file.flush()
        except OSError as error:
            raise OSError(
                error.errno,
                f"{error.strerror} in {self._folder}, where the basins of objects are "
                "kept until all are known; make room there, or choose another output",
            ) from error

    def __len__(self):
        return len(self._places)

    def __getitem__(self, index):
        start, size, dtype, shape = self._places[index]
        self._file.seek(start)
        data = zlib.decompress(self._file.read(size))
        return np.frombuffer(data, dtype).reshape(shape)
