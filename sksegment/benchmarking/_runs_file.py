"""Results as lines of JSON, to which an interrupted experiment adds the rest."""

import json
import os
from pathlib import Path

from sksegment.benchmarking._plan import Run

__all__ = ["RunsFile", "read_runs"]


class RunsFile:
    """The results of one model in one folder, a line a fit.

    Parameters
    ----------
    path : str or path-like
        Made with the first line. The rest of a line that was not finished when a
        program was killed is cut off by the next `append`.

    Raises
    ------
    ValueError
        If a finished line is not a result.
    """

    def __init__(self, path):
        self.path = Path(path)
        self.rows, self._n_bytes = _read(self.path)
        self.done = {Run.of(row).key for row in self.rows}

    def append(self, row):
        """Add a result; it is on the disk when this returns."""
        line = json.dumps(row, sort_keys=False) + "\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            file.truncate(self._n_bytes)
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())
        self._n_bytes += len(line.encode())
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

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If a line is not a result.
    """
    folder = Path(folder)
    paths = [folder] if folder.is_file() else sorted(folder.glob("*.jsonl"))
    if not paths:
        raise FileNotFoundError(f"there are no results (*.jsonl) in {folder}")
    return [row for path in paths for row in RunsFile(path).rows]


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
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}, is not a result of a benchmark; remove the "
                "line, or choose another folder"
            ) from error
        rows.append(row)
    return rows, len(finished)
