"""Where a model is not certain it should err more often: how much more?

    python benchmarks/fewshot/uncertainty.py --data SETS --out results/uncertainty.jsonl

Trains on the middle slice and labels unseen ones, without labels; every label is named
once, as what it covers most of the training slice, and shares of one name are added up,
as after `merge_labels`. The doubt of a superpixel is the mean margin of its pixels
between the two largest shares; its class is what most of its pixels are. Printed are
the rate of wrong classes and that of wrong pixels, each of the tenth of the superpixels
that are least certain and of all others; and how far the shares of pixels are from the
rate at which they are right, the expected calibration error.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from _sets import TOMOGRAPHY, load

from sksegment import SparseWNetSegmenter
from sksegment.plotting import uncertainty
from sksegment.regions import region_graph

sys.path.insert(0, str(Path(__file__).parents[1]))
from _bsds import append_line
from _vary import vary

SETS = (*TOMOGRAPHY, "dic_hela", "nasa_ebc_sem")


def named_shares(shares, names, n_classes):
    """Shares of the classes, from those of the labels, (..., K) to (..., classes)."""
    return shares @ np.eye(n_classes, dtype=shares.dtype)[names]


def majority(table):
    """Most frequent class of every label; of labels not in use, that of all."""
    return np.where(table.any(axis=1), table.argmax(axis=1), table.sum(0).argmax())


def names_of(shares, truth, n_classes):
    """What every label covers most."""
    n_labels = shares.shape[-1]
    pairs = shares.argmax(axis=-1).ravel() * n_classes + truth.ravel()
    counts = np.bincount(pairs, minlength=n_labels * n_classes)
    return majority(counts.reshape(n_labels, n_classes))


def calibration_error(confidence, right):
    """Mean difference of confidence and rate of right answers, in ten bins [1]_.

    References
    ----------
    .. [1] M. P. Naeini, G. F. Cooper, M. Hauskrecht, "Obtaining well calibrated
       probabilities using Bayesian binning", AAAI 2015.
    """
    bins = np.minimum((confidence * 10).astype(int), 9)
    excess = np.bincount(bins, confidence - right, minlength=10)
    return np.abs(excess).sum() / len(confidence)


def of_slice(shares, truth, superpixels, names):
    """Doubt and errors of the superpixels; confidence and rightness of pixels."""
    n_classes = 1 + max(names.max(), truth.max())
    named = named_shares(shares, names, n_classes)
    found = names[shares.argmax(axis=-1)]
    onehot = np.eye(named.shape[-1], dtype=np.float32)
    maps = [uncertainty(named)[..., np.newaxis], onehot[found], onehot[truth]]
    maps.append(np.float32(found != truth)[..., np.newaxis])
    doubt, classes, truths, wrong = (
        region_graph(np.ascontiguousarray(map_), superpixels).means for map_ in maps
    )
    wrong_class = classes.argmax(axis=1) != truths.argmax(axis=1)
    right = named.argmax(axis=-1) == truth
    return (
        np.column_stack([doubt, wrong_class, wrong]),
        np.column_stack([named.max(axis=-1).ravel(), right.ravel()]),
    )


def measure(root, name, seed):
    images, truths = load(root, name, n_unseen=4)
    n_classes = 1 + max(truth.max() for truth in truths)
    model = SparseWNetSegmenter(random_state=seed).fit(images[:1])
    names = names_of(model.predict_proba(images[:1])[0], truths[0], n_classes)
    regions, pixels = zip(
        *(
            of_slice(
                model.predict_proba([image])[0],
                truth,
                model.superpixels_.transform([image])[0],
                names,
            )
            for image, truth in zip(images[1:], truths[1:], strict=True)
        ),
        strict=True,
    )
    doubt, *errors = np.concatenate(regions).T
    least = np.zeros(len(doubt), bool)
    least[np.argsort(-doubt, kind="stable")[: len(doubt) // 10]] = True
    rates = [[float(e[part].mean()) for part in (least, ~least)] for e in errors]
    calibration = calibration_error(*np.concatenate(pixels).T)
    return {
        "set": name,
        "seed": seed,
        "superpixels": rates[0],
        "pixels": rates[1],
        "calibration_error": float(calibration),
    }


def shown(row):
    """One line of a table."""
    ratios = [
        f"{least:.3f} / {rest:.3f} = {least / max(rest, 1e-9):.1f}"
        for least, rest in (row["superpixels"], row["pixels"])
    ]
    return " | ".join(
        [
            f"{row['set']:14s} {row['seed']}",
            *ratios,
            f"{row['calibration_error']:.3f}",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--vary", nargs="*", default=[], metavar="MODULE.NAME=VALUE")
    args = parser.parse_args()
    vary(args.vary)
    for name in args.sets:
        for seed in args.seeds:
            row = measure(args.data, name, seed)
            print(shown(row), flush=True)
            if args.out:
                append_line(args.out, row)


if __name__ == "__main__":
    main()
