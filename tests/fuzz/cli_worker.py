"""Run the command line on many files in one process, and tell what happened.

``python cli_worker.py MODEL FOLDER N`` prints one JSON object for each command.
"""

import contextlib
import faulthandler
import json
import os
import resource
import sys
import tempfile
import time
import traceback
from pathlib import Path

from sksegment.cli import main
from sksegment.io import load_model

__all__ = ["MAX_BYTES", "MAX_SECONDS", "run_all"]

MAX_SECONDS = 10
MAX_BYTES = 2 * 2**30

TRAINING = [
    *("--epochs", "1", "--max-labels", "3", "--n-segments", "20"),
    *("--train-images", "2", "--set", "base_channels=2", "--set", "depth=1"),
    *("--set", "batches_per_epoch=1"),
]


def run_all(model, folder, n_trained):
    """Run the commands on the files of a folder, in the order of their names.

    Parameters
    ----------
    model : path-like
        For ``sksegment predict``.
    folder : Path
    n_trained : int
        So many files go through ``sksegment segment`` too.

    Yields
    ------
    event : dict
        What came of one command.
    """
    out = ["-o", str(folder.with_name("out")), "--quiet", "--no-overlay", "--overwrite"]
    for index, path in enumerate(sorted(folder.iterdir())):
        jobs = [["predict", str(model), str(path), *out]]
        if index < n_trained:
            jobs.append(["segment", str(path), *out, *TRAINING])
        for job in jobs:
            yield {"command": job[0], "file": path.name, **_run(job)}


def _run(arguments):
    start, code, escaped = time.perf_counter(), None, None
    with _stderr_in_a_file() as said, _limited_memory():
        try:
            code = main(arguments)
        except BaseException:
            escaped = traceback.format_exc()
    return {
        "code": code,
        "escaped": escaped,
        "seconds": time.perf_counter() - start,
        "said": said[0],
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


@contextlib.contextmanager
def _stderr_in_a_file():
    """Catch what anyone writes to stderr, libraries in C too."""
    said, before = [], os.dup(2)
    with tempfile.TemporaryFile("w+b", buffering=0) as file:
        os.dup2(file.fileno(), 2)
        try:
            with (
                open(2, "w", closefd=False) as stderr,
                contextlib.redirect_stderr(stderr),
            ):
                yield said
        finally:
            os.dup2(before, 2)
            os.close(before)
            file.seek(0)
            said.append(file.read().decode(errors="replace"))


@contextlib.contextmanager
def _limited_memory():
    """So that a bomb meets a limit here and not the machine."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    in_use = int(Path("/proc/self/statm").read_text().split()[5])
    limit = in_use * resource.getpagesize() + MAX_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


if __name__ == "__main__":
    # What is imported on the way takes longer than any image.
    load_model(sys.argv[1])
    for event in run_all(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])):
        print(json.dumps(event), flush=True)
        # If the next takes longer, the interpreter ends with a dump of its stack.
        faulthandler.dump_traceback_later(3 * MAX_SECONDS, exit=True)
