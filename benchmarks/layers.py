"""Seconds of every layer, from superpixels to files; best of some repeats.

    python benchmarks/layers.py --out layers.json

The photograph has 481x321 pixels and 3,000 superpixels, the net sees it at half the
resolution; what begins with "the same" is another program, or another way, beside ours.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from _cases import blocks
from _timing import best, report, use_processor_time
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
from sksegment.io import load_model, read_labels
from sksegment.losses import (
    pixel_affinity,
    reconstruction_loss,
    sparse_continuity,
    sparse_similarity,
    sparse_soft_ncut,
)
from sksegment.metrics import segmentation_scores
from sksegment.nn import SparseOperator, channel_softmax
from sksegment.patches import PatchSampler
from sksegment.postprocessing import quantify
from sksegment.regions import pooling_matrix, region_graph
from sksegment.stacks import open_stack, predict_stack
from sksegment.training import GraphImage, TrainingSet

N_SLICES, SIDE = 32, 512


def graph_cases(photo, superpixels):
    """Superpixels, their graph, and the matrix that pools the net's grid."""
    large = np.random.default_rng(0).random((1024, 1024, 3), dtype=np.float32)
    many = blocks(1024, 20_000)
    transformer = SuperpixelTransformer().fit([photo])
    return {
        "superpixels": lambda: transformer.transform([photo]),
        "region graph": lambda: region_graph(photo, superpixels),
        "the same by skimage.graph.rag_mean_color": lambda: rag_mean_color(
            photo, superpixels
        ),
        "region graph, 1024x1024, 20000": lambda: region_graph(large, many),
        "pooling matrix": lambda: pooling_matrix(superpixels, (160, 240)),
    }


def net_cases(module, image, batch):
    """Forth and back through pooling, nets and losses."""
    z = module.encode(image.pixels).detach()
    (patches,) = batch.patches
    guess = torch.rand_like(patches)
    f = image.pooling.means_of_softmax(z)
    labels = f.argmax(dim=1)

    def back(function, value):
        def run():
            function(value.detach().requires_grad_()).sum().backward()

        return run

    return {
        "means of soft labels": back(image.pooling.means_of_softmax, z),
        "encoder, whole image": lambda: module.encode(image.pixels).sum().backward(),
        "encoder and decoder, whole image": lambda: (
            module(image.pixels)[1].sum().backward()
        ),
        "encoder and decoder, 12 patches": lambda: module(patches)[1].sum().backward(),
        "loss of reconstruction, 12 patches": back(
            lambda y: reconstruction_loss(patches, y), guess
        ),
        "loss of similarity": back(lambda f: sparse_similarity(f, labels), f),
        "loss of continuity": back(lambda f: sparse_continuity(f, image.adjacency), f),
        "normalised cut": back(lambda f: sparse_soft_ncut(f, image.affinity), f),
    }


def dense_cases(image):
    """The affinity of pixels that the dense normalised cut needs."""
    pixels = image.pixels[0].permute(1, 2, 0)
    affinity = pixel_affinity(pixels)
    matrix = SparseOperator(affinity.tocsr())
    soft = channel_softmax(torch.randn(1, 32, *pixels.shape[:2]))
    soft = soft[0].flatten(1).T.contiguous()
    return {
        "affinity of pixels, radius 5": lambda: pixel_affinity(pixels),
        "its product with 32 labels": lambda: affinity @ soft,
        "the same as a sparse matrix": lambda: matrix @ soft,
    }


def model_cases(model, photo, batch, folder):
    """What one calls: training, labels, joining them, files."""
    path = folder / "model.safetensors"
    (tree,) = model.hierarchy([photo])
    return {
        "a step of the training": lambda: model.net_.train_step((batch, None)),
        "an epoch of the default": lambda: model.partial_fit([photo]),
        "predict": lambda: model.predict([photo]),
        "joining labels until 4 are left": lambda: model.merge_labels(4),
        "predict and merge tree of the superpixels": lambda: model.hierarchy([photo]),
        "regions cut from it": lambda: tree.cut(n_regions=8),
        "model file, written and read": lambda: (model.save(path), load_model(path)),
    }


def score_cases(labels):
    """Nine scores beside six of scikit-learn."""
    truth = np.stack([blocks(481, n)[:321] for n in (9, 16, 25, 49, 100)])
    scores = (
        *(rand_score, adjusted_mutual_info_score, fowlkes_mallows_score),
        *(homogeneity_score, completeness_score, v_measure_score),
    )
    return {
        "nine scores, five annotators": lambda: segmentation_scores(
            truth, labels, annotators="mean"
        ),
        "the same by scikit-learn, six scores": lambda: [
            score(annotator.ravel(), labels.ravel())
            for annotator in truth
            for score in scores
        ],
    }


class Halves:
    """A model that takes no time, so that reading and writing are measured."""

    def predict(self, X):
        return [(image > 127).astype(np.int32) for image in X]


def stack_cases(photo, folder):
    """Slices read, and labelled by next to nothing: journal and output."""
    import tifffile
    import zarr

    grey = np.resize(photo[..., 0], (SIDE, SIDE))
    volume = np.stack([np.roll(grey, n, axis=0) for n in range(N_SLICES)])
    tifffile.imwrite(folder / "scan.tif", volume, compression="zlib")
    zarr.create_array(str(folder / "scan.zarr"), data=volume, chunks=(1, SIDE, SIDE))
    predict_stack(Halves(), volume, folder / "labels.tif", progress=False)
    labels = np.stack(read_labels(folder / "labels.tif"))
    size = f"{N_SLICES} slices of {SIDE}x{SIDE}"

    def read(name):
        with open_stack(folder / name) as stack:
            return [stack[index] for index in range(len(stack))]

    def write(name):
        options = {"overwrite": True, "progress": False}
        return predict_stack(Halves(), volume, folder / name, **options)

    return {
        f"{size}, read from TIFF": lambda: read("scan.tif"),
        f"{size}, read from zarr": lambda: read("scan.zarr"),
        f"{size}, kept and written as TIFF": lambda: write("a.tif"),
        f"{size}, kept and written as zarr": lambda: write("a.zarr"),
        f"{size}, labels read": lambda: read_labels(folder / "labels.tif"),
        f"{size}, objects measured": lambda: quantify(labels),
    }


def all_cases(folder):
    """What is measured, by name."""
    photo = coffee()[:321, :481]
    model = SparseWNetSegmenter(max_epochs=1, random_state=0, device="cpu").fit([photo])
    transformer = model.superpixels_
    scaled, superpixels = transformer.divide(photo)
    graph = region_graph(scaled, superpixels)
    image = GraphImage.build(
        scaled, superpixels, graph, tau=0.0, device="cpu", resolution=0.5
    )
    sampler, rng = PatchSampler(), np.random.default_rng(0)
    batches = TrainingSet([image], sampler, batches_per_epoch=8, rng=rng)
    batch = next(iter(batches))
    return {
        **graph_cases(photo, superpixels),
        "patches of an epoch": lambda: sampler.draw([(321, 481)], rng, n_batches=8),
        **net_cases(model.net_.module_.train(), image, batch),
        **dense_cases(image),
        **score_cases(model.labels_[0]),
        **stack_cases(photo, folder),
        **model_cases(model, photo, batch, folder),
    }


def ratios(seconds):
    """How many times as long the other way takes as ours, which stands before it."""
    pairs = zip(seconds, [*seconds][1:], strict=False)
    return {
        f"{ours}, {other}": round(seconds[other] / seconds[ours], 2)
        for ours, other in pairs
        if other.startswith("the same")
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out")
    parser.add_argument(
        "--processor", action="store_true", help="time of the processor, for one thread"
    )
    args = parser.parse_args()
    if args.processor:
        use_processor_time()
    with tempfile.TemporaryDirectory() as folder:
        cases = all_cases(Path(folder))
        seconds = {n: round(best(case, args.repeats), 4) for n, case in cases.items()}
    clock = "processor" if args.processor else "wall"
    results = {"threads": torch.get_num_threads(), "clock": clock}
    report(results | {"seconds": seconds, "ratios": ratios(seconds)}, args.out)


if __name__ == "__main__":
    main()
