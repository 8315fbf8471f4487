"""Rows of results as `run_all` writes them, and a small BSDS on disk."""

import numpy as np
import pytest

from sksegment.benchmarking import Run
from sksegment.io import write_image


def _row(model="Kmeans-Pixel", image="1", v=(0.5,), setting=None, seed=0, **changes):
    """A result with one V-measure for every annotator; other scores follow from it."""
    scores = [
        {
            "rand_score": value + 0.1,
            "adjusted_mutual_info": value,
            "fowlkes_mallows": value,
            "homogeneity": value,
            "completeness": value,
            "v_measure": value,
            "covering": value / 2,
            "variation_of_information": 1.0,
        }
        for value in v
    ]
    run = Run(model, setting or {"n_clusters": 2}, seed, image)
    return {
        **run.as_dict(),
        "scores": scores,
        "v_pieces": [value / 4 for value in v],
        "n_labels": 2,
        "seconds": 1.5,
        **changes,
    }


@pytest.fixture(scope="session")
def make_row():
    """Make a row of results."""
    return _row


@pytest.fixture(scope="session")
def bsds(tmp_path_factory, make_image, disc_mask):
    """Folder with three small images and two annotators each, in test and train."""
    root = tmp_path_factory.mktemp("bsds")
    for subset in ("train", "test"):
        for kind in ("images", "labels"):
            (root / subset / kind).mkdir(parents=True)
        for index in range(3):
            shape = (32, 40)
            name = str(100 + index)
            image = make_image(shape, 3, seed=index)
            write_image(root / subset / "images" / f"{name}.png", image)
            truth = disc_mask(shape).astype(np.int32)
            np.savez(
                root / subset / "labels" / f"{name}.npz",
                segmentations=np.stack([truth, np.arange(truth.size).reshape(shape)]),
            )
    return root


@pytest.fixture(scope="session")
def tiny():
    """Overrides that make a W-Net fit at once."""
    return {
        "max_labels": 4,
        "superpixels__n_segments": 40,
        "patches__shapes": ((16, 16),),
        "patches__counts": (8,),
        "base_channels": 4,
        "depth": 1,
        "max_epochs": 2,
        "batches_per_epoch": 2,
        "precision": "float32",
    }
