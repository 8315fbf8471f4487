"""Memory and time of `separate_objects` for a made volume of touching balls.

    python benchmarks/slabs.py 100
    python benchmarks/slabs.py 400

Slices of 256 x 256 are made when they are asked for, and objects go to a TIFF file, so
the peak is that of the program alone.
"""

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import tifffile

from sksegment.postprocessing import separate_objects
from sksegment.stacks import open_stack

SIDE, APART, RADIUS = 256, 16, 8.4


def write_balls(path, n_slices):
    """Write balls on a grid, each at most a voxel off its place."""
    n_cells = [length // APART + 1 for length in (n_slices, SIDE, SIDE)]
    cells = np.stack(np.meshgrid(*map(np.arange, n_cells), indexing="ij"), axis=-1)
    rng = np.random.default_rng(0)
    centres = APART * cells.reshape(-1, 3) + rng.uniform(-1, 1, (cells.size // 3, 3))
    y, x = np.ogrid[:SIDE, :SIDE]

    def slices():
        for z in range(n_slices):
            inside = np.zeros((SIDE, SIDE), np.uint8)
            for cz, cy, cx in centres[np.abs(centres[:, 0] - z) < RADIUS]:
                rows = slice(max(0, int(cy - RADIUS)), int(cy + RADIUS) + 2)
                columns = slice(max(0, int(cx - RADIUS)), int(cx + RADIUS) + 2)
                off = (z - cz) ** 2 + (y[rows] - cy) ** 2 + (x[:, columns] - cx) ** 2
                inside[rows, columns] |= off < RADIUS**2
            yield inside

    shape = (n_slices, SIDE, SIDE)
    tifffile.imwrite(path, slices(), shape=shape, dtype=np.uint8, compression="zlib")


def peak():
    """Most memory that was ever in use, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("n_slices", type=int)
    n_slices = parser.parse_args().n_slices
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "labels.tif", Path(folder) / "objects.tif"
        write_balls(path, n_slices)
        before, start = peak(), time.process_time()
        separate_objects(open_stack(path), 1, spatial="3d", out=out)
        seconds = time.process_time() - start
        objects = open_stack(out)
        n_objects = max(int(page.max()) for page in objects)
    print(
        f"{n_slices} slices: {n_objects} objects, {seconds:.1f} s of the processor, "
        f"peak {peak():.0f} MiB, {before:.0f} before",
        file=sys.stdout,
    )


if __name__ == "__main__":
    main()
