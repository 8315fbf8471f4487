"""Whether bfloat16 labels as well as float32: difference of V, image by image.

    sksegment benchmark bsds --data BSDS300 --subset train --images 5:200:20 \
        --model Sparse-SimCon-Patch --grid precision=bfloat16,float32 \
        --seeds 0,1,2,3,4,5,6,7 --out runs/precision
    python benchmarks/precision.py runs/precision --out precision.json

An image counts once, by its mean over the seeds; the spread of one precision from seed
to seed says what a single seed is worth.
"""

import argparse

import numpy as np
from _timing import report

from sksegment.benchmarking import read_runs

PRECISIONS = ("bfloat16", "float32")


def read_scores(folder):
    """Best V-measure of an image, an array of shape (2, n_images, n_seeds)."""
    scores = {}
    for row in read_runs(folder):
        best = max(score["v_measure"] for score in row["scores"])
        scores[row["setting"]["precision"], row["image"], row["seed"]] = best
    images, seeds = (sorted({key[i] for key in scores}) for i in (1, 2))
    return np.array(
        [[[scores[p, i, s] for s in seeds] for i in images] for p in PRECISIONS]
    )


def mean_and_error(values):
    """Mean, and its standard error, of a value for each image."""
    error = values.std(ddof=1) / np.sqrt(len(values))
    return {"mean": round(values.mean(), 4), "standard_error": round(error, 4)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", help="folder that sksegment benchmark bsds wrote")
    parser.add_argument("--out")
    args = parser.parse_args()
    scores = read_scores(args.runs)
    differences = scores[0] - scores[1]
    results = {
        "images": scores.shape[1],
        "v_measure": dict(
            zip(PRECISIONS, scores.mean(axis=(1, 2)).round(4), strict=True)
        ),
        "difference": mean_and_error(differences.mean(axis=1)),
        "difference_by_seed": [mean_and_error(column) for column in differences.T],
    }
    if scores.shape[2] > 1:
        spread = np.sqrt(scores.var(axis=2, ddof=1).mean(axis=1))
        results["spread_from_seed_to_seed"] = dict(
            zip(PRECISIONS, spread.round(4), strict=True)
        )
    report(results, args.out)


if __name__ == "__main__":
    main()
