"""Train on one slice without labels, label the others: ours beside the baselines.

    python benchmarks/fewshot/fewshot.py --data SETS --out fewshot.jsonl
    python benchmarks/fewshot/fewshot.py --out fewshot.jsonl --report

SETS has a folder for every set, with ``images/`` and ``labels/`` of the same stems;
``folder/sequence`` is the video of the frames ``images/sequence_*``.
Goes on where it stopped. "supervised" is no competitor but a bound: gradient boosting
of multiscale features that has seen the ground truth of the training slice. ``--vary``
sets constants of the package, to see what they are worth: give these runs another file.
``--seed`` is that of the W-Nets.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from _sets import TOMOGRAPHY, load, scores
from skimage.feature import multiscale_basic_features
from skimage.filters import threshold_multiotsu
from skimage.restoration import denoise_tv_chambolle
from sklearn.cluster import MiniBatchKMeans
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.mixture import GaussianMixture

from sksegment import (
    KMeansSuperpixelSegmenter,
    SparseWNetSegmenter,
    SuperpixelTransformer,
)

sys.path.insert(0, str(Path(__file__).parents[1]))
from _bsds import append_line, read_lines
from _vary import vary

N_CLUSTERS = (2, 3, 4, 5, 6, 8)
SEED = {"random_state": 0}


def scale(images):
    """Grey values of all slices by the range of the first."""
    low, high = np.percentile(images[0], (0.1, 99.9))
    return [((image - low) / (high - low)).clip(-0.5, 1.5) for image in images]


def channel_axis(image):
    return -1 if image.ndim == 3 else None


def denoise(images):
    return [
        denoise_tv_chambolle(image, weight=0.1, channel_axis=channel_axis(image))
        for image in scale(images)
    ]


def features(images):
    """Features of scikit-image's trainable segmentation, standardised."""
    maps = [
        multiscale_basic_features(
            image.astype(np.float32),
            sigma_min=1,
            sigma_max=8,
            channel_axis=channel_axis(image),
        )
        for image in scale(images)
    ]
    mean, deviation = maps[0].mean(axis=(0, 1)), maps[0].std(axis=(0, 1)) + 1e-6
    return [(map_ - mean) / deviation for map_ in maps]


def pixels(maps):
    return [np.float32(m).reshape(m.shape[0] * m.shape[1], -1) for m in maps]


def by_clustering(prepare, model):
    """Label maps for every number of clusters."""

    def run(images, _):
        rows = pixels(prepare(images))
        for k in N_CLUSTERS:
            fitted = model(k).fit(rows[0][:: 1 + len(rows[0]) // 200_000])
            yield (
                k,
                [
                    fitted.predict(row).reshape(image.shape[:2])
                    for row, image in zip(rows, images, strict=True)
                ],
            )

    return run


def kmeans(k):
    return MiniBatchKMeans(k, n_init=3, batch_size=8192, random_state=0)


def mixture(k):
    return GaussianMixture(k, random_state=0)


def multi_otsu(images, _):
    # As floats in 256 bins: integers would have a bin each. Of colours, their mean.
    images = [
        image if channel_axis(image) is None else image.mean(axis=-1)
        for image in scale(images)
    ]
    for k in (2, 3, 4):
        thresholds = threshold_multiotsu(images[0], k)
        yield k, [np.digitize(image, thresholds) for image in images]


def superpixel_kmeans(images, _):
    for k in N_CLUSTERS:
        model = KMeansSuperpixelSegmenter(k, random_state=0).fit(images[:1])
        yield k, model.predict(images)


def supervised(images, truths):
    rows = pixels(features(images))
    n_chosen = min(60_000, len(rows[0]))
    chosen = np.random.default_rng(0).choice(len(rows[0]), n_chosen, replace=False)
    model = HistGradientBoostingClassifier(max_iter=80, random_state=0)
    model.fit(rows[0][chosen], truths[0].ravel()[chosen])
    yield (
        None,
        [
            model.predict(row).reshape(image.shape[:2])
            for row, image in zip(rows, images, strict=True)
        ],
    )


def default(images, _):
    """`SparseWNetSegmenter` as it is, and joined to fewer labels."""
    yield from joined(SparseWNetSegmenter(**SEED), images)


def one_label_each(images, _):
    """The same with one label for each superpixel, as in the paper."""
    yield from joined(SparseWNetSegmenter(assignment="mean", **SEED), images)


def regions(images, _):
    """The default with one label for each region of the hierarchy."""
    yield from joined(SparseWNetSegmenter(assignment="region", **SEED), images)


def basins(images, _):
    """The default with superpixels along the structure."""
    superpixels = SuperpixelTransformer("watershed", "auto", sigma=1.0)
    yield from joined(SparseWNetSegmenter(superpixels=superpixels, **SEED), images)


def tomography(images, _):
    """One setting for slices: superpixels along the structure, full resolution."""
    model = SparseWNetSegmenter(
        superpixels=SuperpixelTransformer("watershed", "auto", sigma=1.0),
        resolution=1.0,
        **SEED,
    )
    yield from joined(model, images)


def joined(model, images):
    labels = model.fit(images[:1]).predict(images)
    yield None, labels
    used = int((model.label_fractions_ > 0).sum())
    for k in ("auto", *N_CLUSTERS):
        if k == "auto" or k <= used:
            # What `predict` gives from then on, without predicting again.
            groups = model.merge_labels(k).label_groups_
            yield k, [groups[map_] for map_ in labels]


MODELS = {
    "k-means, grey": by_clustering(scale, kmeans),
    "k-means, denoised": by_clustering(denoise, kmeans),
    "k-means, superpixels": superpixel_kmeans,
    "k-means, multiscale": by_clustering(features, kmeans),
    "mixture, grey": by_clustering(scale, mixture),
    "multi-Otsu": multi_otsu,
    "W-Net, superpixels": one_label_each,
    "W-Net, default": default,
    "W-Net, regions": regions,
    "W-Net, basins": basins,
    "W-Net, tomography": tomography,
    "supervised": supervised,
}


def measure(root, name, label):
    images, truths = load(root, name)
    start = time.perf_counter()
    for k, labels in MODELS[label](images, truths):
        seconds = round(time.perf_counter() - start, 1)
        row = {"set": name, "model": label, "seed": SEED["random_state"], "k": k}
        yield row | {"seconds": seconds} | scores(labels, truths)


def report(rows):
    """Best k for either score (an oracle), and the one number of classes k = 4."""
    sets = list(dict.fromkeys(row["set"] for row in rows))
    for name in sets:
        print(f"\n{name:24s} {'V best k':>9s} {'mIoU best k':>12s}  V, mIoU at k = 4")
        for label in dict.fromkeys(row["model"] for row in rows):
            own = [r for r in rows if r["set"] == name and r["model"] == label]
            if not own:
                continue
            best = [max(r[score] for r in own) for score in ("v_measure", "miou")]
            four = [r for r in own if r["k"] == 4]
            shown = f"{four[0]['v_measure']:.3f}, {four[0]['miou']:.3f}" if four else ""
            print(f"{label:24s} {best[0]:9.3f} {best[1]:12.3f}  {shown}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data")
    parser.add_argument("--sets", nargs="+", default=TOMOGRAPHY)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=[*MODELS])
    parser.add_argument("--out", default="fewshot.jsonl")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--vary", nargs="*", default=[], metavar="MODULE.NAME=VALUE")
    args = parser.parse_args()
    vary(args.vary)
    SEED["random_state"] = args.seed
    done = {_run(row) for row in read_lines(args.out)}
    if not args.report:
        pairs = [(name, label) for label in args.models for name in args.sets]
        for name, label in pairs:
            if (name, label, args.seed) not in done:
                for row in list(measure(args.data, name, label)):
                    append_line(args.out, row)
                    print(json.dumps(row), flush=True)
    report([row for row in read_lines(args.out) if _run(row)[2] == args.seed])


def _run(row):
    # Rows of before had no seed but 0.
    return row["set"], row["model"], row.get("seed", 0)


if __name__ == "__main__":
    main()
