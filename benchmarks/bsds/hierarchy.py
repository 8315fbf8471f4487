"""Regions of photographs: the merge hierarchy beside Felzenszwalb's method.

    python benchmarks/bsds/hierarchy.py --data BSDS300 --subset train --step 8 \\
        --vary hierarchy._votes._WEIGHT=0.0
    python benchmarks/bsds/hierarchy.py --data BSDS300 --subset test --out FILE.json

For each image the hierarchy of its default superpixels is cut at heights and numbers of
regions of a grid. "best" is the mean over images of the best cut of each, chosen with
the labels; "auto" is the one setting of ``cut("auto")``, chosen on training images.
V-measure is that of the annotator who agrees best, the others are means over all.
``--vary`` sets a constant of the package, to see what it is worth.
``--net`` fits the estimator on every image, so that its soft labels are evidence too.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from skimage.segmentation import felzenszwalb

from sksegment import SparseWNetSegmenter
from sksegment._intensity import IntensityScale
from sksegment._preparation import default_superpixels
from sksegment.datasets import bsds_ids, load_bsds
from sksegment.hierarchy import region_hierarchy
from sksegment.metrics import segmentation_scores

sys.path.insert(0, str(Path(__file__).parents[1]))
from _vary import vary

HEIGHTS = tuple(np.round(np.geomspace(12.0, 120.0, 31), 3).tolist())
NUMBERS = (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)
SCORES = ("v_measure", "covering", "probabilistic_rand", "variation_of_information")
LOWER = "variation_of_information"
FELZENSZWALB = [
    {"scale": scale, "sigma": sigma, "min_size": 100}
    for scale in (50, 100, 200, 300, 400, 500, 700, 1000, 2000)
    for sigma in (0.5, 0.8, 1.2)
]


def score(truth, labels):
    best = segmentation_scores(truth, labels, annotators="best")
    mean = segmentation_scores(truth, labels, annotators="mean")
    return [best["v_measure"], *(mean[name] for name in SCORES[1:])]


def tree_of(image, net):
    if net:
        return SparseWNetSegmenter(random_state=0).fit([image]).hierarchy([image])[0]
    scale = IntensityScale.of([image])
    scaled = scale.apply(image)
    return region_hierarchy(
        np.float32(100.0) * scaled, default_superpixels(scaled), color=scale.rgb
    )


def of_image(args, image_id):
    vary(args.vary)
    root, subset, net = args.data, args.subset, args.net
    data = load_bsds(root, subset, image_ids=[image_id])
    image, truth = data.images[0], data.targets[0]
    start = time.process_time()
    tree = tree_of(image, net)
    seconds = time.process_time() - start
    known = {}

    def cut(**how):
        labels = tree.cut(**how)
        k = int(labels.max()) + 1
        if k not in known:
            known[k] = score(truth, labels)
        return known[k]

    row = {
        "id": image_id,
        "seconds": round(seconds, 2),
        "auto": cut(how="auto"),
        "n_auto": int(tree.cut("auto").max()) + 1,
        "heights": [cut(threshold=t) for t in HEIGHTS],
        "numbers": [cut(n_regions=k) for k in NUMBERS],
    }
    if args.felzenszwalb:
        row["felzenszwalb"] = [
            score(truth, felzenszwalb(image, **setting)) for setting in FELZENSZWALB
        ]
    return row


def sum_up(rows):
    report = {"images": len(rows), "auto": named(np.mean([r["auto"] for r in rows], 0))}
    for kind, settings in (
        ("heights", HEIGHTS),
        ("numbers", NUMBERS),
        ("felzenszwalb", FELZENSZWALB),
    ):
        if kind not in rows[0]:
            continue
        values = np.array([row[kind] for row in rows])
        fixed = values.mean(axis=0)
        report[kind] = {
            "fixed": named([best(fixed, i) for i in range(len(SCORES))]),
            "setting": settings[int(fixed[:, 0].argmax())],
            "best": named([best(values, i, 1).mean() for i in range(len(SCORES))]),
        }
    cuts = np.concatenate(
        [[r["heights"] for r in rows], [r["numbers"] for r in rows]], axis=1
    )
    report["any cut"] = named([best(cuts, i, 1).mean() for i in range(len(SCORES))])
    report["n_auto"] = float(np.median([row["n_auto"] for row in rows]))
    report["seconds"] = float(np.mean([row["seconds"] for row in rows]))
    return report


def best(values, index, axis=0):
    column = values[..., index]
    return column.min(axis) if SCORES[index] == LOWER else column.max(axis)


def named(values):
    return {name: round(float(v), 4) for name, v in zip(SCORES, values, strict=True)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--subset", default="train")
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--net", action="store_true")
    parser.add_argument("--felzenszwalb", action="store_true")
    parser.add_argument("--vary", nargs="*", default=[], metavar="MODULE.NAME=VALUE")
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rows = Parallel(args.n_jobs)(
        delayed(of_image)(args, i)
        for i in bsds_ids(args.data, args.subset)[:: args.step]
    )
    report = sum_up(rows)
    print(json.dumps(report, indent=1))
    if args.out:
        args.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
