"""Training on suggested slices against the middle one: V-measure of all other slices.

    python benchmarks/fewshot/suggest.py --data SETS --out suggest.jsonl

SETS holds folders of ``images/`` and ``labels/`` with the same stems; colours are
averaged. With ``--n 2`` two slices are suggested, against two evenly spread ones;
``--every`` also trains on each single slice, for the mean and the best. The error is
what k-means itself makes small: the share of the variance of the greys of all slices
that the classes of the training slices leave unexplained.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from skimage.io import imread
from skimage.transform import downscale_local_mean

from sksegment import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SuperpixelTransformer,
)
from sksegment.metrics import v_measure
from sksegment.stacks import suggest_training_slices

SIDE = 320
CLUSTERS = (3, 4, 6)


def read_set(folder):
    """Grey images and label maps, in the order of their names."""
    images, truths = [], []
    for path in sorted(Path(folder, "images").iterdir()):
        image = imread(path)
        images.append(image.mean(axis=2) if image.ndim == 3 else image)
        truths.append(imread(Path(folder, "labels", f"{path.stem}.png")).astype(int))
    return images, truths


def shrink(images, truths):
    """Both with no side over 320 pixels, so that superpixels take no time."""
    step = -(-max(images[0].shape) // SIDE)
    height, width = (side // step * step for side in images[0].shape)
    cut = (slice(height), slice(width))
    small = [downscale_local_mean(image[cut], (step, step)) for image in images]
    return small, [truth[cut][::step, ::step] for truth in truths]


def segmenters():
    superpixels = SuperpixelTransformer(n_segments=1000)
    for k in CLUSTERS:
        yield f"pixels, k={k}", KMeansPixelSegmenter(k, random_state=0)
    for k in CLUSTERS:
        model = KMeansSuperpixelSegmenter(k, superpixels=superpixels, random_state=0)
        yield f"superpixels, k={k}", model


def score(model, images, truths, training):
    """Mean V-measure of the slices that were not trained on, and the error of all."""
    model.fit([images[i] for i in training])
    others = [i for i in range(len(images)) if i not in training]
    labels = model.predict([images[i] for i in others])
    pairs = zip([truths[i] for i in others], labels, strict=True)
    v = np.mean([v_measure(truth, map_) for truth, map_ in pairs])
    return float(v), unexplained(model, np.stack(images)[:, ::4, ::4])


def unexplained(model, greys):
    low, high = model.intensity_range_[:, 0]
    centers = low + model.cluster_centers_[:, 0] / 100.0 * (high - low)
    nearest = np.min([np.abs(greys - center) for center in centers], axis=0)
    return float((nearest**2).mean() / greys.var())


def evenly_spread(n_slices, n):
    return [int((i + 0.5) * n_slices / n) for i in range(n)]


def measure(folder, n, every):
    """One row for each segmenter."""
    images, truths = read_set(folder)
    ways = {
        "spread": evenly_spread(len(images), n),
        "suggested": suggest_training_slices(images, n=n),
    }
    images, truths = shrink(images, truths)
    for name, model in segmenters():
        row = {"set": folder.name, "segmenter": name, "slices": len(images), "n": n}
        for way, training in ways.items():
            v, error = score(model, images, truths, training)
            row[way] = {"training": training, "v": v, "error": error}
        if every:
            row["every"] = [
                score(model, images, truths, [i])[0] for i in range(len(images))
            ]
        yield row


def table(rows):
    print(f"{'':34}    V-measure                          error")
    print(f"{'set, segmenter':34} spread suggested   mean   best   spread suggested")
    for row in rows:
        print_line(f"{row['set']}, {row['segmenter']}", [row])
    for name in dict.fromkeys(row["set"] for row in rows):
        print_line(f"{name}, mean", [row for row in rows if row["set"] == name])
    print_line("mean", rows)


def print_line(name, rows):
    v, error = (
        [np.mean([row[way][key] for row in rows]) for way in ("spread", "suggested")]
        for key in ("v", "error")
    )
    every = [row["every"] for row in rows if "every" in row]
    mean, best = (
        f"{np.mean([f(scores) for scores in every]):6.4f}" if every else "-"
        for f in (np.mean, max)
    )
    print(
        f"{name:34} {v[0]:6.4f} {v[1]:9.4f} {mean:>6} {best:>6}   "
        f"{error[0]:6.4f} {error[1]:9.4f}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of sets")
    parser.add_argument("--sets", nargs="+", help="names of sets; all by default")
    parser.add_argument("--n", type=int, default=1, help="number of training slices")
    parser.add_argument("--every", action="store_true")
    parser.add_argument("--out", type=Path, help="JSON lines")
    args = parser.parse_args()
    names = args.sets or sorted(path.name for path in args.data.iterdir())
    rows = []
    for name in names:
        rows += measure(args.data / name, args.n, args.every)
    table(rows)
    if args.out:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        args.out.write_text(lines)


if __name__ == "__main__":
    main()
