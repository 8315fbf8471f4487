"""The same fit with the instructions of older processors, and what changes.

python benchmarks/processors.py --out benchmarks/results/processors.json

Coins and coffee of scikit-image, at half their size, with the default estimator; each
setting in a process of its own, one thread.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from _timing import report
from skimage import data

from sksegment import SparseWNetSegmenter
from sksegment.metrics import segmentation_scores

# What torch's kernels and oneDNN's convolutions may use.
AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
SSE41 = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}
# With the precision and the seed.
SETTINGS = {
    "AVX-512, bfloat16": ({}, "bfloat16", 0),
    "AVX-512, float32": ({}, "float32", 0),
    "AVX2": (AVX2, "auto", 0),
    "SSE4.1": (SSE41, "auto", 0),
    "AVX-512, float32, another seed": ({}, "float32", 1),
}
IMAGES = ("coins", "coffee")


def fit(precision, seed, path):
    """Fit on each image, and keep the labels."""
    torch.set_num_threads(1)
    labels, seconds = {}, 0.0
    for name in IMAGES:
        image = getattr(data, name)()[::2, ::2]
        model = SparseWNetSegmenter(
            random_state=seed, precision=precision, device="cpu"
        )
        start = time.process_time()
        labels[name] = model.fit_predict([image])[0]
        seconds += time.process_time() - start
    np.savez(path, seconds=seconds, **labels)


def agreement(found, expected):
    """Mean V-measure between the labels of two fits: their ids need not agree."""
    scores = [segmentation_scores(expected[n], found[n])["v_measure"] for n in IMAGES]
    return round(float(np.mean(scores)), 3)


def main():
    """Run all settings and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fit", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.fit:
        fit(args.fit[0], int(args.fit[1]), args.out)
        return
    found = {}
    for name, (limits, precision, seed) in SETTINGS.items():
        path = args.out.with_suffix(".npz")
        env = {**os.environ, **limits, "OMP_NUM_THREADS": "1"}
        command = [sys.executable, __file__, "--fit", precision, str(seed)]
        subprocess.run([*command, "--out", path], env=env, check=True)
        with np.load(path) as file:
            found[name] = dict(file)
        path.unlink()
    rows = {}
    for name, row in found.items():
        rows[name] = {
            "seconds": round(float(row["seconds"]), 1),
            "v_bfloat16": agreement(row, found["AVX-512, bfloat16"]),
            "v_float32": agreement(row, found["AVX-512, float32"]),
        }
    report(rows, args.out)


if __name__ == "__main__":
    main()
