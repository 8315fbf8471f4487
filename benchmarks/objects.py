"""Touching objects told apart: `separate_objects` beside thresholds of depth.

    python benchmarks/objects.py mask2d.tif mask3d.tif

Each file holds the number of its object in every pixel or voxel, 0 elsewhere, as
``stardist/data/images`` in the wheel of stardist. Only what is above 0 is passed on.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import tifffile
from scipy.ndimage import distance_transform_edt
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from sksegment.postprocessing import separate_objects


def by_depth(mask, depth):
    """Watershed from the maxima that are so much deeper than what surrounds them."""
    distance = distance_transform_edt(mask)
    return watershed(-distance, label(h_maxima(distance, depth)), mask=mask)


def by_neck(mask, neck):
    spatial = "3d" if mask.ndim == 3 else None
    return separate_objects(mask.astype(int), 1, neck=neck, spatial=spatial)


METHODS = {
    "connected": partial(label, connectivity=1),
    **{f"neck {neck}": partial(by_neck, neck=neck) for neck in (0.6, 0.7, 0.8, 0.9)},
    **{f"depth {depth}": partial(by_depth, depth=depth) for depth in (0.5, 1, 2, 3)},
}


def f1_score(truth, found, least=0.5):
    """F1 of the objects of which one of the other map has an IoU above ``least``."""
    shape = int(truth.max()) + 1, int(found.max()) + 1
    pairs = np.ravel_multi_index((truth.ravel(), found.ravel()), shape)
    common = np.bincount(pairs, minlength=shape[0] * shape[1]).reshape(shape)
    union = common.sum(axis=1, keepdims=True) + common.sum(axis=0) - common
    matched = common[1:, 1:] > least * union[1:, 1:]
    n_objects = [np.count_nonzero(np.unique(ids)) for ids in (truth, found)]
    return 2 * matched.sum() / sum(n_objects), n_objects


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    for path in parser.parse_args().files:
        truth = tifffile.imread(path).astype(np.int64)
        print(f"{path.name} {truth.shape}")
        for name, method in METHODS.items():
            score, (n_truth, n_found) = f1_score(truth, method(truth > 0))
            print(f"  {name:10} {n_found:4} of {n_truth:4} objects, F1 {score:.3f}")


if __name__ == "__main__":
    main()
