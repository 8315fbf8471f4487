"""Where a model is not certain it should err more often: how much more?

    python benchmarks/fewshot/uncertainty.py --data SETS --out results/uncertainty.jsonl

Trains on the middle slice and labels unseen ones, without labels; classes are named
once, by majority on the training slice. Printed is the error rate of the tenth of the
superpixels with the smallest margin between the two largest soft labels, over that of
all others. Soft labels of one name are added up first, as after `merge_labels`.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from _sets import TOMOGRAPHY, load

from sksegment import SparseWNetSegmenter
from sksegment.plotting import uncertainty
from sksegment.regions import region_graph

SETS = (*TOMOGRAPHY, "dic_hela", "nasa_ebc_sem")


def named_shares(shares, names, n_classes):
    """Shares of the classes, from those of the labels, (..., K) to (..., classes)."""
    return shares @ np.eye(n_classes, dtype=shares.dtype)[names]


def majority(table):
    """Most frequent class of every label; of labels not in use, that of all."""
    return np.where(table.any(axis=1), table.argmax(axis=1), table.sum(0).argmax())


def of_superpixels(values, superpixels):
    return region_graph(values, superpixels).means


def measure(root, name, seed, **params):
    images, truths = load(root, name, n_unseen=4)
    n_classes = 1 + max(truth.max() for truth in truths)
    model = SparseWNetSegmenter(random_state=seed, **params).fit(images[:1])
    onehot = [np.eye(n_classes, dtype=np.float32)[truth] for truth in truths]
    rows = []
    for image, truth in zip(images, onehot, strict=True):
        shares = model.predict_proba([image])[0]
        superpixels = model.superpixels_.transform([image])[0]
        rows.append(
            (of_superpixels(shares, superpixels), of_superpixels(truth, superpixels))
        )
    shares, truth = rows[0]
    table = np.zeros((shares.shape[1], n_classes))
    np.add.at(table, shares.argmax(axis=1), truth)
    names = majority(table)
    doubt, wrong = [], []
    for shares, truth in rows[1:]:
        by_class = named_shares(shares, names, n_classes)
        doubt.append(uncertainty(by_class))
        wrong.append(names[shares.argmax(axis=1)] != truth.argmax(axis=1))
    doubt, wrong = np.concatenate(doubt), np.concatenate(wrong)
    least = np.zeros(len(doubt), bool)
    least[np.argsort(-doubt, kind="stable")[: len(doubt) // 10]] = True
    return float(wrong[least].mean()), float(wrong[~least].mean())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", nargs="+", default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    for name in args.sets:
        for seed in args.seeds:
            least, rest = measure(args.data, name, seed)
            ratio = least / max(rest, 1e-9)
            print(
                f"{name:14s} {seed}  {least:.3f} / {rest:.3f} = {ratio:.1f}", flush=True
            )
            if args.out:
                row = {"set": name, "seed": seed, "least": least, "rest": rest}
                with args.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
