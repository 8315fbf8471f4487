"""What the scripts that measure time have in common."""

import json
import time
from pathlib import Path


def use_processor_time():
    """Let every clock of this process tell the time of the processor.

    That is for one thread on a machine where others are at work. It holds for epochs
    too, which skorch times.
    """
    time.perf_counter = time.time = time.process_time


def best(function, repeats=5):
    """Seconds of the fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def report(results, out=None):
    """Print results as JSON, and write them to a file if one is named."""
    text = json.dumps(results, indent=1)
    print(text)
    if out:
        Path(out).write_text(text + "\n")
