"""Our times beside those of the authors' code, on one machine in one run.

    git clone https://github.com/stfc-sciml/sp-wnet-seg
    OMP_NUM_THREADS=2 python benchmarks/reference.py sp-wnet-seg --out reference.json

One step is an eighth of an epoch: 4 patches of 96x96, 9 of 64x64, 16 of 48x48 and one
whole image of 480x320, with 64 channels, 4 poolings, 32 labels and 3,000 superpixels.
"""

import argparse
import contextlib
import io
import sys
import time
import types
from pathlib import Path

import numpy as np
import skimage.graph
import torch
from _cases import PAPER_NET
from _timing import report, use_processor_time
from scipy import sparse
from skimage.data import coffee

from sksegment import SparseWNetSegmenter, SuperpixelTransformer, make_segmenter
from sksegment.losses import (
    reconstruction_loss,
    sparse_continuity,
    sparse_similarity,
)
from sksegment.nn import SparseOperator, build_wnet
from sksegment.regions import pooling_matrix

SHAPES = ((96, 4), (64, 9), (48, 16))


def load_reference(folder):
    """Import the reference, whose import of skimage.future.graph is outdated."""
    stand_in = types.ModuleType("skimage.future.graph")
    stand_in.rag_mean_color = skimage.graph.rag_mean_color
    sys.modules["skimage.future.graph"] = stand_in
    sys.path.insert(0, str(Path(folder).resolve()))
    from src import train_predict, utils, wnet

    return types.SimpleNamespace(train=train_predict, utils=utils, wnet=wnet)


def give_weights(theirs, ours):
    """Copy the weights of a U-Net of the reference into one of ours.

    Biases before a batch norm have no effect, and ours has none.
    """

    def convolutions(module):
        names = ("spatial1", "depth1", "spatial2", "depth2", "conv1", "conv2")
        found = [getattr(module, name, None) for name in names]
        return [layer for layer in found if isinstance(layer, torch.nn.Conv2d)]

    blocks = [theirs.enc1, *theirs.enc234, theirs.middle, *theirs.dec123, theirs.dec4]
    for block, mine in zip(blocks, [*ours.down, *ours.merge], strict=True):
        targets = [layer for layer in mine if isinstance(layer, torch.nn.Conv2d)]
        for source, target in zip(convolutions(block), targets, strict=True):
            target.weight.copy_(source.weight)
    ups = zip([*theirs.up123, theirs.up4], ours.up, strict=True)
    for source, target in [*ups, (theirs.final, ours.head)]:
        target.load_state_dict(source.state_dict())


def train_reference(reference, net, image, superpixels, patches, epochs):
    """Train the reference as the paper does, one step an epoch."""
    with contextlib.redirect_stdout(io.StringIO()):
        return reference.train.train_sp_wnet(
            net,
            [torch.from_numpy(image.transpose(2, 0, 1))],
            image_patches_list=[patches],
            n_batches=1,
            image_sp_list=[superpixels],
            beta_rc_image=None,
            beta_rc_patches=1.0,
            beta_sim=0.1,
            beta_con=0.1,
            epochs=epochs,
            device="cpu",
            progress_bar=False,
        )


def neighbours(image, superpixels):
    """Weights of equation (8) for tau = 0 and the neighbours of the reference.

    To it superpixels that touch at a corner are neighbours; to us they are not.
    """
    edges = np.array(skimage.graph.rag_mean_color(image, superpixels).edges)
    n = superpixels.max() + 1
    half = sparse.coo_array((np.ones(len(edges)), edges.T), shape=(n, n))
    both = (half + half.T).tocsr()
    return sparse.diags_array(1 / both.sum(axis=1)) @ both


def first_step(reference, image, superpixels, patches):
    """Losses of the first step, theirs and ours with their weights and choices."""
    net = reference.wnet.WNet(3, 32, ch_mul=64, n_blocks=4)
    ours = build_wnet(0, **PAPER_NET)
    with torch.no_grad():
        give_weights(net.UEnc, ours.encoder)
        give_weights(net.UDec, ours.decoder)
    history = train_reference(reference, net, image, superpixels, patches, epochs=1)
    theirs = {
        "rec": history["loss_rc_patches"][0],
        "sim": history["loss_sim"][0],
        "con": history["loss_con"][0],
    }
    ours.train()
    with torch.no_grad():
        found = [reconstruction_loss(x, ours(x)[1]) for x in patches]
        z = ours.encode(torch.from_numpy(image.transpose(2, 0, 1))[None])
        pixels = z[0].flatten(1).T.contiguous()
        pooling = SparseOperator(pooling_matrix(superpixels, superpixels.shape))
        means = pooling @ pixels
        labels = means.argmax(dim=1)[torch.from_numpy(superpixels).long().ravel()]
        adjacency = SparseOperator(neighbours(image, superpixels))
        mine = {
            "rec": (sum(found) / len(found)).item(),
            "sim": sparse_similarity(pixels, labels).item(),
            "con": sparse_continuity(means, adjacency).item(),
        }
    return {"reference": theirs, "ours": mine}


def time_reference(reference, image, superpixels, patches, n_steps):
    """Seconds of a step; the preparation is taken off."""
    net = reference.wnet.WNet(3, 32, ch_mul=64, n_blocks=4)
    times = []
    for epochs in (0, n_steps):
        start = time.perf_counter()
        train_reference(reference, net, image, superpixels, patches, epochs)
        times.append(time.perf_counter() - start)
    return (times[1] - times[0]) / n_steps


def time_ours(image, precision, n_steps):
    """Seconds of the fastest step at the size of the paper."""
    model = make_segmenter(
        "Sparse-SimCon-Patch",
        batches_per_epoch=1,
        max_epochs=n_steps,
        precision=precision,
        device="cpu",
        random_state=0,
    )
    model.set_params(patches__counts=[count for _, count in SHAPES])
    model.fit([image])
    return min(model.history_[:, "seconds"])


def time_prediction(reference, image, superpixels):
    """Seconds a frame, theirs and ours, of the same superpixels and size of net."""
    net = reference.wnet.WNet(3, 32, ch_mul=64, n_blocks=4)
    tensor = torch.from_numpy((image / 255).astype(np.float32).transpose(2, 0, 1))
    start = time.perf_counter()
    reference.train.predict_sp_wnet(
        net, [tensor], image_sp_list=[superpixels], device="cpu"
    )
    theirs = time.perf_counter() - start
    seconds = {"reference": theirs}
    frames = [image] * 8
    for size in ("paper", "compact"):
        model = make_segmenter("Sparse-SimCon-Patch", size=size, random_state=0)
        model.set_params(
            superpixels=SuperpixelTransformer(lambda _: superpixels),
            max_epochs=1,
            batches_per_epoch=1,
            patches__counts=(1, 1, 1) if size == "paper" else (1,),
            device="cpu",
        ).fit([image])
        model.predict(frames[:2])
        start = time.perf_counter()
        model.predict(frames)
        seconds[size] = (time.perf_counter() - start) / len(frames)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", help="folder of the authors' code")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--out")
    parser.add_argument(
        "--processor", action="store_true", help="time of the processor, for one thread"
    )
    args = parser.parse_args()
    if args.processor:
        use_processor_time()
    torch.manual_seed(0)
    reference = load_reference(args.reference)
    photo = coffee()[:320, :480]
    image = (photo / 255).astype(np.float32)
    superpixels = SuperpixelTransformer().fit_transform([photo])[0]
    patches, _ = reference.utils.sample_patch_datasets(
        image, [(side, side, count) for side, count in SHAPES]
    )
    results = {
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "first_step": first_step(reference, image, superpixels, patches),
        "step": {
            "reference": time_reference(
                reference, image, superpixels, patches, args.steps
            ),
            "float32": time_ours(photo, "float32", args.steps + 1),
            "auto": time_ours(photo, "auto", args.steps + 1),
        },
        "frame": time_prediction(reference, photo, superpixels),
    }
    start = time.perf_counter()
    SparseWNetSegmenter(random_state=0, device="cpu").fit([photo])
    fit = {"default": time.perf_counter() - start}
    fit["reference, 50 epochs of 8 steps"] = 400 * results["step"]["reference"]
    results["fit"] = fit
    for name in ("step", "frame"):
        times = results[name]
        results[f"{name}_ratios"] = {
            key: round(times["reference"] / value, 2)
            for key, value in times.items()
            if key != "reference"
        }
    results["fit_ratio"] = round(
        fit["reference, 50 epochs of 8 steps"] / fit["default"]
    )
    report(results, args.out)


if __name__ == "__main__":
    main()
