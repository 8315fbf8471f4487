"""Results as lines of JSON, to which an interrupted experiment adds the rest."""

import contextlib
import json
import os
from pathlib import Path

from sksegment.benchmarking._plan import Run

try:
    import fcntl
except ImportError:
    # Not on Windows, where nothing but care keeps two programs apart.
    fcntl = None  # type: ignore[assignment]

__all__ = ["RunsFile", "read_runs"]


class RunsFile:
    """The results of one model in one folder, a line a fit.

    Parameters
    ----------
    path : str or path-like
        It need not exist.

    Attributes
    ----------
    rows : list of dict
    done : set of str
        Keys of the runs that have a row.

    Raises
    ------
    ValueError
        If a finished line is not a result.
    """

    def __init__(self, path):
        self.path = Path(path)
        self._file = None
        self._read()

    def _read(self):
        self.rows, self._n_bytes = _read(self.path)
        self.done = {Run.of(row).key for row in self.rows}

    @contextlib.contextmanager
    def writing(self):
        """Keep the file open for `append`, for this program alone.

        The rest of a line that was not finished when a program was killed is cut off.

        Raises
        ------
        BlockingIOError
            If another program is writing to the file.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            _lock(file, self.path)
            self._read()
            file.truncate(self._n_bytes)
            self._file = file
            try:
                yield self
            finally:
                self._file = None

    def append(self, row):
        """Add a result; it is on the disk when this returns.

        Parameters
        ----------
        row : dict
            What JSON can hold.
        """
        self._file.write((json.dumps(row) + "\n").encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows.append(row)
        self.done.add(Run.of(row).key)


def read_runs(folder):
    """Read all results of a folder.

    Parameters
    ----------
    folder : str or path-like
        A folder of ``*.jsonl`` files, or one such file.

    Returns
    -------
    rows : list of dict
        Each has the attributes of a `Run`; ``scores``, a dict for every annotator;
        ``v_pieces``, the V-measure of connected pieces for every annotator;
        ``n_labels``, ``seconds``, ``versions``; and of W-Nets ``device``, ``epochs``,
        ``loss`` and ``terms``.

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If a line is not a result.

    Examples
    --------
    >>> from sksegment.benchmarking import read_runs
    >>> rows = read_runs("runs/compact/test")  # doctest: +SKIP
    """
    folder = Path(folder)
    paths = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    rows = [row for path in paths for row in RunsFile(path).rows]
    if not rows:
        raise FileNotFoundError(f"there are no results (*.jsonl) in {folder}")
    return rows


def _lock(file, path):
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BlockingIOError(
            f"another program is writing to {path}; wait for it, or choose another "
            "folder"
        ) from error


def _read(path):
    """Finished lines of a file, and how many bytes they take."""
    if not path.exists():
        return [], 0
    data = path.read_bytes()
    finished = data[: data.rfind(b"\n") + 1]
    rows = []
    for number, line in enumerate(finished.splitlines(), start=1):
        try:
            row = json.loads(line)
            Run.of(row)
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}, is not a result of a benchmark; remove the "
                "line, or choose another folder"
            ) from error
        rows.append(row)
    return rows, len(finished)
