"""What the scripts that measure time have in common."""

import json
import time
from pathlib import Path


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
