"""Seconds of every layer, from superpixels to a prediction; best of some repeats.

python benchmarks/layers.py
"""

import argparse

import numpy as np
import torch
from _timing import best, report
from skimage.data import coffee
from skimage.graph import rag_mean_color
from sklearn.metrics import (
    adjusted_mutual_info_score,
    completeness_score,
    fowlkes_mallows_score,
    homogeneity_score,
    rand_score,
    v_measure_score,
)

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.losses import pixel_affinity
from sksegment.metrics import segmentation_scores
from sksegment.nn import SparseOperator
from sksegment.patches import PatchSampler
from sksegment.regions import pooling_matrix, region_graph
from sksegment.training import to_grid


def blocks(side, n):
    """About ``n`` square superpixels on an image of ``side`` x ``side``."""
    line = np.arange(side) * round(np.sqrt(n)) // side
    return (line[:, None] * (line.max() + 1) + line).astype(np.int32)


def sklearn_scores(truth, labels):
    """The six scores of the paper as scikit-learn computes them."""
    for annotator in truth:
        for score in (
            rand_score,
            adjusted_mutual_info_score,
            fowlkes_mallows_score,
            homogeneity_score,
            completeness_score,
            v_measure_score,
        ):
            score(annotator.ravel(), labels.ravel())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    photo = coffee()[:321, :481]
    transformer = SuperpixelTransformer().fit([photo])
    superpixels = transformer.transform([photo])[0]
    large = np.random.default_rng(0).random((1024, 1024, 3), dtype=np.float32)
    many = blocks(1024, 20_000)
    model = SparseWNetSegmenter(max_epochs=1, random_state=0).fit([photo])
    rng = np.random.default_rng(0)
    labels = model.labels_[0]
    truth = np.stack([blocks(481, n)[:321] for n in (9, 16, 25, 49, 100)])
    module, grid = (
        model.net_.module_.train(),
        to_grid(transformer.normalize(photo), 0.5),
    )
    affinity = pixel_affinity(grid[0].permute(1, 2, 0))
    matrix = SparseOperator(affinity.tocsr())
    soft = torch.softmax(torch.randn(affinity.shape[0], 32), dim=1)
    cases = {
        "superpixels, 481x321": lambda: transformer.transform([photo]),
        "region graph, 481x321, 3000": lambda: region_graph(photo, superpixels),
        "the same by skimage.graph.rag_mean_color": lambda: rag_mean_color(
            photo, superpixels
        ),
        "region graph, 1024x1024, 20000": lambda: region_graph(large, many),
        "pooling matrix, 481x321 to half": lambda: pooling_matrix(
            superpixels, (160, 240)
        ),
        "patches of an epoch": lambda: PatchSampler().draw(
            [(321, 481)], rng, n_batches=8
        ),
        "step of the whole image, encoder": lambda: (
            module.encode(grid).sum().backward()
        ),
        "step of the whole image, encoder and decoder": lambda: (
            module(grid)[1].sum().backward()
        ),
        "an epoch of the default": lambda: model.partial_fit([photo]),
        "nine scores, five annotators": lambda: segmentation_scores(
            truth, labels, annotators="mean"
        ),
        "six scores by scikit-learn, five annotators": lambda: sklearn_scores(
            truth, labels
        ),
        "affinity of 240x160 pixels, radius 5": lambda: pixel_affinity(
            grid[0].permute(1, 2, 0)
        ),
        "its product with 32 labels": lambda: affinity @ soft,
        "the same as a sparse matrix": lambda: matrix @ soft,
        "predict, 481x321": lambda: model.predict([photo]),
    }
    seconds = {name: round(best(case, args.repeats), 4) for name, case in cases.items()}
    report({"threads": torch.get_num_threads(), "seconds": seconds})


if __name__ == "__main__":
    main()
