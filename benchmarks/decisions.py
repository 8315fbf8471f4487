"""Measure the choices where the paper and its reference code differ.

    python benchmarks/decisions.py --data BSDS300/train --out decisions.jsonl
    python benchmarks/decisions.py --out decisions.jsonl --report

Every variant is a fit of `SparseWNetSegmenter` on each of ten training photographs
(every 20th by name), with one thing changed. It goes on where it stopped; several
processes may share the work with ``--part 0/2``, ``--part 1/2``.
"""

import argparse
import time
from collections import defaultdict
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import torch
from _bsds import append_line, image_ids, load, measure, read_lines
from torch.nn.functional import cross_entropy

import sksegment.segmenters._sparse as sparse_module
from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.losses import (
    SparseObjective,
    pixel_affinity,
    sparse_continuity,
    sparse_soft_ncut,
)
from sksegment.patches import PatchSampler
from sksegment.regions import RegionGraph
from sksegment.training import GraphImage, TrainingBatch, TrainingSet

NCUT = {"beta_cut": 1.0, "beta_sim": 0.0, "beta_con": 0.0}


class Objective(SparseObjective):
    """The objective with its alternatives, by name."""

    similarity = "f"
    continuity = "f"
    cut_sum = False

    def image_terms(self, z, image):
        logits = z.permute(0, 2, 3, 1).flatten(0, 2)
        pixels = torch.softmax(logits, dim=1)
        f, z_mean = image.pooling @ pixels, image.pooling @ logits
        terms = {}
        if "cut" in self.weights:
            terms["cut"] = sparse_soft_ncut(f, image.affinity)
            if self.cut_sum:
                terms["cut"] = 1 - (1 - terms["cut"]) * f.shape[1]
        if "sim" in self.weights:
            terms["sim"] = self._similarity(f, z_mean, logits, image)
        if "con" in self.weights:
            values = f if self.continuity == "f" else z_mean
            terms["con"] = sparse_continuity(values, image.adjacency)
        return terms, f

    def _similarity(self, f, z_mean, logits, image):
        label = f.argmax(dim=1)
        if self.similarity == "log f":
            return cross_entropy(f.clamp_min(1e-8).log(), label)
        if self.similarity == "f":
            return cross_entropy(f, label)
        if self.similarity == "z":
            return cross_entropy(z_mean, z_mean.argmax(dim=1))
        # Every pixel against the label of its superpixel, as the reference does.
        log_f = image.pooling @ torch.log_softmax(logits, dim=1)
        return -log_f.gather(1, label[:, None]).mean()


class OnceSampler(PatchSampler):
    """Patches that are drawn in the first epoch and kept."""

    def draw(self, *args, **kwargs):
        if not hasattr(self, "kept_"):
            self.kept_ = super().draw(*args, **kwargs)
        return self.kept_


def objective(**settings):
    changed = type("Objective", (Objective,), settings)
    return patch.object(sparse_module, "SparseObjective", changed)


def affinity(function):
    def method(graph, tau=1.0):
        return graph._symmetric(function(graph.distances))

    return patch.object(RegionGraph, "affinity", method)


def dense(**sigmas):
    """Every pixel of the grid its own superpixel, with the window of Xia and Kulis."""
    build = GraphImage.build.__func__

    def with_window(cls, scaled, superpixels, graph, **kwargs):
        image = build(cls, scaled, superpixels, graph, **kwargs)
        grey = scaled.mean(axis=-1, keepdims=True) if "grey" in sigmas else scaled
        numbers = {k: v for k, v in sigmas.items() if k != "grey"}
        image.affinity = pixel_affinity(grey, **numbers)
        return image

    return patch.object(GraphImage, "build", classmethod(with_window))


def one_pixel(image):
    height, width = image.shape[:2]
    return np.arange(height * width).reshape(height, width)


PIXELS = {
    "superpixels": SuperpixelTransformer(method=one_pixel),
    "resolution": 1.0,
    "max_epochs": 12,
    **NCUT,
}

# name: (parameters of the estimator, change of the code)
VARIANTS = {
    "default": ({}, None),
    "1 ncut, affinity exp(-d)": (NCUT, affinity(lambda d: np.exp(-d))),
    "1 ncut, affinity exp(-10 d)": (NCUT, affinity(lambda d: np.exp(-10 * d))),
    "1 ncut, affinity exp(-30 d)": (NCUT, affinity(lambda d: np.exp(-30 * d))),
    "1 ncut, distance d": (NCUT, affinity(lambda d: d)),
    "1 ncut, exp(-10 d), sum over labels": (
        NCUT,
        (affinity(lambda d: np.exp(-10 * d)), objective(cut_sum=True)),
    ),
    "2 dense ncut, sigma_I 10/255": (PIXELS, dense()),
    "2 dense ncut, sigma_I 10, grey": (
        PIXELS,
        dense(sigma_intensity=10.0, radius=8, grey=True),
    ),
    "3 similarity of log f": ({}, objective(similarity="log f")),
    "3 similarity of z": ({}, objective(similarity="z")),
    "3 similarity per pixel": ({}, objective(similarity="pixel")),
    "3 similarity and continuity of z": (
        {},
        objective(similarity="z", continuity="z"),
    ),
    "6 patches drawn once": ({"patches": OnceSampler()}, None),
    "start from chance": ({"init": "random"}, None),
}


def first_weighs_most():
    """Images n, ..., 2, 1 times as often, like the running sums of the reference."""

    def iterate(dataset):
        n = len(dataset.images)
        weights = np.arange(n, 0, -1) / np.arange(1, n + 1).sum()
        order = dataset.rng.choice(n, size=dataset.n_batches, p=weights)
        for image in dataset.images:
            if image.labels is None:
                # One that is not drawn at first needs labels for the callbacks too.
                image.labels = torch.zeros(image.pooling.shape[0], dtype=torch.int64)
        for index, draws in zip(order, dataset._draws(), strict=True):
            patches = [dataset._cut(draw) for draw in draws]
            yield TrainingBatch([dataset.images[index]], patches)

    return patch.object(TrainingSet, "__iter__", iterate)


GROUPS = {
    "4 three images alike": nullcontext,
    "4 three images as 3 : 2 : 1": first_weighs_most,
}


# The patches of the paper, which were the default when this was measured.
DEFAULT = {
    "assignment": "mean",
    "random_state": 0,
    "max_epochs": 12,
    "patches": PatchSampler(((96, 96), (64, 64), (48, 48)), (32, 72, 128)),
}


def run_groups(args):
    """Decision 4: three images a model, scores of each by its place in the list."""
    done = {(row["variant"], row["image"]) for row in read_lines(args.out)}
    names = image_ids(args.data)
    for variant, change in GROUPS.items():
        for group in (names[0:3], names[3:6], names[6:9]):
            if (variant, group[0]) in done:
                continue
            pairs = [load(args.data, name) for name in group]
            model = SparseWNetSegmenter(**DEFAULT)
            with change():
                labels = model.fit_predict([image for image, _ in pairs])
            for place, (name, found) in enumerate(zip(group, labels, strict=True)):
                row = {"variant": variant, "image": name, "place": place}
                append_line(args.out, row | measure(pairs[place][1], found))


def fit(name, image):
    params, changes = VARIANTS[name]
    changes = changes if isinstance(changes, tuple) else (changes,)
    model = SparseWNetSegmenter(**{**DEFAULT, **params})
    started = [change.start() for change in changes if change is not None]
    try:
        start = time.perf_counter()
        labels = model.fit([image]).labels_[0]
    finally:
        for change in changes[: len(started)]:
            change.stop()
    return labels, time.perf_counter() - start


def run(args):
    done = {(row["variant"], row["image"]) for row in read_lines(args.out)}
    part, parts = map(int, args.part.split("/"))
    names = [name for name in VARIANTS if args.only in name][part::parts]
    for name in names:
        for image_id in image_ids(args.data):
            if (name, image_id) in done:
                continue
            image, truth = load(args.data, image_id)
            if name.startswith("2"):
                image, truth = image[::3, ::3], truth[:, ::3, ::3]
            labels, seconds = fit(name, image)
            row = {"variant": name, "image": image_id, "seconds": round(seconds, 1)}
            append_line(args.out, row | measure(truth, labels))


def report(args):
    rows = defaultdict(list)
    for row in read_lines(args.out):
        rows[row["variant"]].append(row)
    print("| variant | images | V | V of pieces | covering | labels |")
    print("|---|---|---|---|---|---|")
    for name in (*VARIANTS, *GROUPS):
        if name in rows:
            mean = {
                key: np.mean([row[key] for row in rows[name]])
                for key in ("v_measure", "v_pieces", "covering", "n_labels")
            }
            print(
                f"| {name} | {len(rows[name])} | {mean['v_measure']:.3f} | "
                f"{mean['v_pieces']:.3f} | {mean['covering']:.3f} | "
                f"{mean['n_labels']:.1f} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with images/ and labels/")
    parser.add_argument("--out", default="decisions.jsonl")
    parser.add_argument("--part", default="0/1", help="share of this process, k/n")
    parser.add_argument("--only", default="", help="part of the names of the variants")
    parser.add_argument("--groups", action="store_true", help="decision 4 only")
    parser.add_argument("--report", action="store_true", help="print the table")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.report:
        report(args)
    elif args.groups:
        run_groups(args)
    else:
        run(args)
