"""Nine betas by `beta_path` against nine separate fits: time, and the best V-measure.

    python benchmarks/beta_path.py --data BSDS300/train --out beta_path.jsonl

On ten photographs of half the size; goes on where it stopped. ``--report`` sums up,
``--time`` compares times (run it with OMP_NUM_THREADS=1).
"""

import argparse
import time

import numpy as np
from _bsds import append_line, image_ids, load, read_lines

from sksegment import SparseWNetSegmenter
from sksegment.model_selection import beta_path

BETAS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def measure(image, truth):
    model = SparseWNetSegmenter(assignment="mean", random_state=0)
    path = beta_path(model, [image], [truth], betas=BETAS)
    scores = []
    for beta in BETAS:
        model.set_params(beta_sim=beta, beta_con=beta).fit([image])
        scores.append(round(model.score([image], [truth]), 4))
    return {
        "path": [round(row["score"], 4) for row in path.results_],
        "separate": scores,
    }


def seconds(function):
    """Time of the processor, which other programs do not change much."""
    start = time.process_time()
    function()
    return time.process_time() - start


def time_path(image, truth):
    """Time of a path in fits, each with its score; fits before and after."""
    model = SparseWNetSegmenter(assignment="mean", random_state=0).fit([image])

    def fit():
        model.fit([image]).score([image], [truth])

    before = seconds(fit)
    path = seconds(lambda: beta_path(model, [image], [truth], betas=BETAS))
    return path / np.mean([before, seconds(fit)])


def report(rows):
    for name in ("path", "separate"):
        best = np.mean([max(row[name]) for row in rows])
        print(f"{name}: best V {best:.4f}, {len(rows)} images")
    gain = [max(row["path"]) - max(row["separate"]) for row in rows]
    error = np.std(gain, ddof=1) / len(gain) ** 0.5
    print(f"difference {np.mean(gain):+.4f}, standard error {error:.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--out", default="beta_path.jsonl")
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1))
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--time", action="store_true", help="on three of them")
    args = parser.parse_args()
    if args.time:
        for name in image_ids(args.data)[:3]:
            image, truth = load(args.data, name)
            ratio = time_path(image[::2, ::2], truth[:, ::2, ::2])
            print(f"{name}: the path takes as long as {ratio:.2f} fits")
        return
    done = {row["image"] for row in read_lines(args.out)}
    if not args.report:
        part, n_parts = args.part
        for name in image_ids(args.data)[part::n_parts]:
            if name not in done:
                image, truth = load(args.data, name)
                row = measure(image[::2, ::2], truth[:, ::2, ::2])
                append_line(args.out, {"image": name, **row})
    report(read_lines(args.out))


if __name__ == "__main__":
    main()
