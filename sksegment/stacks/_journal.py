"""The finished slices of a run in one file, which survives a kill at any moment.

The file begins with a line of JSON that tells input and model. Then comes a record for
every finished slice, in any order: a line of JSON and the compressed label map. Records
are only ever added, and one is on the disk before the next is begun; so whatever
happens, the file is whole up to a record that was being written. Its checksum gives
that one away, and it is cut off when the run goes on. The output is made of the records
in the end, under a temporary name; until it is complete, the journal stays.
"""

import contextlib
import io
import json
import os
import zlib

import numpy as np

from sksegment.stacks._encoding import pack, recode, void_of

try:
    import fcntl
except ImportError:
    # Not on Windows, where nothing but care keeps two programs apart.
    fcntl = None  # type: ignore[assignment]

__all__ = ["JOURNAL_FORMAT", "Journal", "JournalError", "read_header"]

#: Raised where the header of a run tells other things than before.
JOURNAL_FORMAT = 2


class JournalError(ValueError):
    """A journal of another run; the message says what differs and what to do."""


class Journal:
    """Label maps by the number of their slice, on the disk or in memory.

    Parameters
    ----------
    file : file object
        Opened for reading and writing without a buffer.
    header : dict
        What the run is about, as JSON can hold it.

    Attributes
    ----------
    largest : int
        Largest id of all label maps, -1 if there are none.
    """

    def __init__(self, file, header):
        self._file = file
        self._places, self.largest, self._end = {}, -1, 0
        self._header = header

    @classmethod
    def in_memory(cls):
        """Make a journal that is lost in the end, for results that stay in memory."""
        return cls(io.BytesIO(), {})

    @classmethod
    def begin(cls, path, header):
        """Make a new file, or empty an old one.

        Parameters
        ----------
        path : pathlib.Path
        header : dict

        Raises
        ------
        BlockingIOError
            If another program is writing to the file.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = cls(_open_locked(path, os.O_CREAT), header)
        journal._file.truncate(0)
        journal._write(_line(header))
        return journal

    @classmethod
    def resume(cls, path, header):
        """Open the file of a run that was interrupted.

        Parameters
        ----------
        path : pathlib.Path
        header : dict

        Returns
        -------
        journal : Journal or None
            None if not even the header was written.

        Raises
        ------
        JournalError
            If the file is no journal, or belongs to another run.
        BlockingIOError
            If another program is writing to the file.
        """
        journal = cls(_open_locked(path), header)
        try:
            with open(path, "rb") as file:
                if journal._scan(file, path):
                    return journal
            journal.close()
            return None
        except BaseException:
            journal.close()
            raise

    def _scan(self, file, path):
        line = file.readline()
        if not line.endswith(b"\n"):
            return False
        found = _parse(line)
        if found is None:
            raise JournalError(
                f"{path} is not the journal of a run; move it away, or choose another "
                "output"
            )
        _check_header(found, json.loads(_line(self._header)), path)
        self._end = file.tell()
        while (record := _read_record(file)) is not None:
            self._keep(record, file.tell() - record["bytes"])
        return True

    def _keep(self, record, offset):
        place = (offset, record["bytes"], record["shape"], record["dtype"])
        self._places[record["index"]] = place
        self.largest = max(self.largest, record["largest"])
        self._end = offset + record["bytes"]

    def __len__(self):
        return len(self._places)

    def __contains__(self, index):
        return index in self._places

    def append(self, index, labels):
        """Add a label map; it is on the disk when this returns.

        Parameters
        ----------
        index : int
        labels : ndarray of shape (H, W)
            Negative where void; or packed already.
        """
        page = pack(labels) if labels.dtype.kind == "i" else labels
        valid = page[page != void_of(page.dtype)]
        data = zlib.compress(np.ascontiguousarray(page), 1)
        record = {
            "index": index,
            "shape": page.shape,
            "dtype": page.dtype.str,
            "largest": int(valid.max(initial=0)) if valid.size else -1,
            "bytes": len(data),
            "crc": zlib.crc32(data),
        }
        line = _line(record)
        offset = self._end + len(line)
        self._write(line + data)
        self._keep(record, offset)

    def _write(self, data):
        """Write behind all whole records, over what an earlier failure has left."""
        self._file.seek(self._end)
        left = memoryview(data)
        while left:
            left = left[self._file.write(left) :]
        self._file.truncate()
        if not isinstance(self._file, io.BytesIO):
            os.fsync(self._file.fileno())
        self._end += len(data)

    def read(self, index, dtype):
        """Read a label map.

        Parameters
        ----------
        index : int
        dtype : numpy.dtype

        Returns
        -------
        page : ndarray of shape (H, W) or None
            None if there is none with this number.
        """
        if index not in self._places:
            return None
        offset, n_bytes, shape, stored = self._places[index]
        self._file.seek(offset)
        data = zlib.decompress(self._file.read(n_bytes))
        return recode(np.frombuffer(data, stored).reshape(shape), dtype)

    def close(self):
        """Close the file."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()


def read_header(path):
    """Read what the run of a journal is about.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    header : dict
        Empty if the file does not begin with one.
    """
    with open(path, "rb") as file:
        return _parse(file.readline()) or {}


def _line(values):
    return (json.dumps(values) + "\n").encode()


def _parse(line):
    with contextlib.suppress(ValueError):
        values = json.loads(line)
        return values if isinstance(values, dict) else None
    return None


def _read_record(file):
    """Read one record, or None where the whole ones end."""
    line = file.readline()
    record = _parse(line) if line.endswith(b"\n") else None
    if record is None:
        return None
    data = file.read(record["bytes"])
    whole = len(data) == record["bytes"] and zlib.crc32(data) == record["crc"]
    return record if whole else None


def _check_header(found, expected, path):
    differ = [name for name in expected if found.get(name) != expected[name]]
    if "format" in differ:
        raise JournalError(
            f"{path} was begun by another version of sksegment; go on with that one, "
            "or begin anew with overwrite=True"
        )
    if differ:
        raise JournalError(
            f"{path} belongs to a run with another {' and '.join(differ)}; give the "
            "same as then, or begin anew with overwrite=True"
        )


def _open_locked(path, flags=0):
    flags |= os.O_RDWR | getattr(os, "O_BINARY", 0)
    file = io.FileIO(os.open(path, flags, 0o666), "r+")
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise BlockingIOError(
            f"another program is writing to {path}; wait for it, or choose another "
            "output"
        ) from None
    # Some file systems have no locks at all.
    except OSError:
        pass
    return file
