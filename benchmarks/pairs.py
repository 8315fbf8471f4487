"""Two ways to the same result in turns: how many times as long the plain one takes.

    python benchmarks/pairs.py --out pairs.json

Time of the processor on one thread; the ratio is the median over the turns, so that
what else the machine does weighs little.
"""

import argparse
import statistics
from dataclasses import replace
from functools import partial

import torch
from _cases import DEFAULT_NET, PAPER_NET, graph_image
from _timing import best, report, use_processor_time
from skimage.data import coffee

from sksegment.losses import SparseObjective
from sksegment.nn import SparseOperator, build_wnet, channel_softmax
from sksegment.regions import pooling_matrix
from sksegment.training import to_grid
from sksegment.training._net import MARGIN


class KeptSoftmax:
    """The same as `SoftmaxPooling`, by way of the soft labels of all pixels."""

    def __init__(self, superpixels, grid_shape):
        self.operator = SparseOperator(pooling_matrix(superpixels, grid_shape))

    def means_of_softmax(self, z):
        return self.operator @ channel_softmax(z).permute(0, 2, 3, 1).flatten(0, 2)


def losses(side):
    """The three sparse losses of a square, forth and back, in bfloat16."""
    fused = graph_image(min(3_000, side**2 // 25), side)
    grid_shape = fused.pooling.grid_shape
    kept = replace(fused, pooling=KeptSoftmax(fused.superpixels, grid_shape))
    objective = SparseObjective(1.0, 1.0, 0.1, 0.1)
    with torch.no_grad():
        z = build_wnet(0, **DEFAULT_NET).encode(fused.pixels).bfloat16()

    def run(image):
        logits = z.clone().requires_grad_()
        terms = objective.image_terms(logits, image)[0]
        sum(terms.values()).backward()

    return lambda: run(kept), lambda: run(fused)


def encoder(size, resolution):
    """Logits of a photograph of 481x321 in bfloat16, as `predict` needs them."""
    module = build_wnet(0, **size).eval()
    folded = module.encoder.fused(torch.bfloat16)
    scaled = coffee()[:321, :481].astype("float32") / 255
    pixels = to_grid(scaled, resolution)

    def plain():
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            module.encode(pixels, MARGIN).float()

    def fast():
        with torch.inference_mode():
            folded(pixels.bfloat16(), MARGIN).float()

    return plain, fast


# What is plain comes first in each name, as in the pair.
PAIRS = {
    **{
        f"losses of {side}x{side}: softmax kept, made twice": partial(losses, side)
        for side in (256, 512, 1024)
    },
    "default encoder: batch norms apart, folded": lambda: encoder(DEFAULT_NET, 0.5),
    "paper's encoder: batch norms apart, folded": lambda: encoder(PAPER_NET, 1.0),
}


def compare(plain, fast, n_turns):
    """Median seconds of both, and the median of their ratio."""
    plain(), fast()
    turns = [(best(plain, 1), best(fast, 1)) for _ in range(n_turns)]
    seconds = [round(statistics.median(times), 4) for times in zip(*turns, strict=True)]
    ratio = statistics.median(slow / quick for slow, quick in turns)
    return {"plain": seconds[0], "fast": seconds[1], "ratio": round(ratio, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=31)
    parser.add_argument("--out")
    args = parser.parse_args()
    torch.set_num_threads(1)
    use_processor_time()
    pairs = {name: compare(*make(), args.turns) for name, make in PAIRS.items()}
    report({"threads": 1, "clock": "processor", "pairs": pairs}, args.out)


if __name__ == "__main__":
    main()
