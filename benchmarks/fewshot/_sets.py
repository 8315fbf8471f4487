"""Stacks with ground truth: one slice trains, the others are scored."""

from pathlib import Path

import numpy as np
import tifffile
from skimage.io import imread

from sksegment.metrics import v_measure

# One setting for all of these; the others are shown beside.
TOMOGRAPHY = ("sandstone_xrm", "nmc_nanoct", "fibre_xct", "isbi2012_em")


def load(root, name, n_unseen=6):
    """The training slice and some of the others, evenly spread, with ground truths.

    The middle slice of a stack trains, and of a video, ``folder/sequence``, whose
    frames are ``images/sequence_*``, the first frame.
    """
    name, _, sequence = name.partition("/")
    folder = Path(root, name)
    paths = sorted((folder / "images").glob(f"{sequence}_*" if sequence else "*"))
    if not paths:
        raise SystemExit(f"no images of {sequence or name} in {folder}/images")
    middle = 0 if sequence else len(paths) // 2
    others = [*paths[:middle], *paths[middle + 1 :]]
    spread = np.linspace(0, len(others) - 1, min(n_unseen, len(others))).round()
    paths = [paths[middle], *(others[int(index)] for index in spread)]
    images = [
        tifffile.imread(p) if p.suffix == ".tif" else imread(p, as_gray=False)
        for p in paths
    ]
    truths = [imread(folder / "labels" / f"{p.stem}.png").astype(int) for p in paths]
    return images, truths


def scores(labels, truths):
    """Mean V-measure of the unseen slices, and their mIoU.

    Each label is named once, as what it covers most of the training slice, the first.
    A label not seen there has the most frequent name.
    """
    n_labels = 1 + max(map_.max() for map_ in labels)
    n_classes = 1 + max(truth.max() for truth in truths)
    table = _contingency(labels[0], truths[0], n_labels, n_classes)
    names = np.where(
        table.any(axis=1), table.argmax(axis=1), table.sum(axis=0).argmax()
    )
    confusion = sum(
        _contingency(names[map_], truth, n_classes, n_classes)
        for map_, truth in zip(labels[1:], truths[1:], strict=True)
    )
    hits = np.diag(confusion)
    union = confusion.sum(axis=0) + confusion.sum(axis=1) - hits
    iou = hits / np.maximum(union, 1)
    pairs = zip(truths[1:], labels[1:], strict=True)
    return {
        "v_measure": round(
            float(np.mean([v_measure(t[None], p) for t, p in pairs])), 4
        ),
        "miou": round(float(iou.mean()), 4),
        "iou": iou.round(3).tolist(),
        "n_labels": len(np.unique(labels[0])),
    }


def _contingency(first, second, n_first, n_second):
    flat = first.ravel().astype(np.int64) * n_second + second.ravel()
    counts = np.bincount(flat, minlength=n_first * n_second)
    return counts.reshape(n_first, n_second)
