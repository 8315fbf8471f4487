"""Photographs with ground truth, and what is measured of a label map."""

import json
from pathlib import Path

import numpy as np
from skimage.io import imread
from skimage.measure import label as label_components

from sksegment.metrics import segmentation_scores, v_measure


def image_ids(root, *, step=20, offset=5):
    """Every ``step``-th image, in the order of their names."""
    names = sorted(path.stem for path in Path(root, "images").glob("*.jpg"))
    if not names:
        raise SystemExit(f"no images in {root}/images")
    return names[offset::step]


def load(root, name):
    """An image and its ground truths, (H, W, 3) and (A, H, W)."""
    image = imread(Path(root, "images", f"{name}.jpg"))
    truth = np.load(Path(root, "labels", f"{name}.npz"))["segmentations"]
    return image, truth.astype(np.int64)


def measure(truth, labels):
    """Scores of class labels, and the V-measure of their connected pieces."""
    scores = segmentation_scores(truth, labels)
    pieces = label_components(labels + 1, connectivity=1)
    return {
        "v_measure": round(scores["v_measure"], 4),
        "rand_score": round(scores["rand_score"], 4),
        "covering": round(scores["covering"], 4),
        "v_pieces": round(v_measure(truth, pieces), 4),
        "n_labels": len(np.unique(labels)),
    }


def read_lines(path):
    """Results of earlier runs, so that a run goes on where it stopped."""
    path = Path(path)
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def append_line(path, row):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("a") as file:
        file.write(json.dumps(row) + "\n")
