"""How time and memory grow with pixels, and what the sparse losses cost.

    python benchmarks/scaling.py --out scaling.json

Every size is measured in a process of its own, so that its peak memory is its own.
"""

import argparse
import multiprocessing
import resource
import time
from functools import partial

import numpy as np
import torch
from _cases import DEFAULT_NET, graph_image, photo
from _timing import best, report, use_processor_time
from skimage.data import coffee

from sksegment import SparseWNetSegmenter, make_segmenter
from sksegment.losses import SparseObjective
from sksegment.nn import build_wnet

SIDES = (256, 512, 1024, 2048)
COUNTS = (500, 3_000, 20_000)


def peak_mib():
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def measure_size(side):
    """Seconds of an epoch of whole images and of a prediction; superpixels grow too."""
    model = SparseWNetSegmenter(
        reconstruction="image", max_epochs=3, batches_per_epoch=2, random_state=0
    ).set_params(superpixels__n_segments=max(4, side**2 // 50), device="cpu")
    image = photo(side)
    model.fit([image])
    start = time.perf_counter()
    model.predict([image])
    return {
        "side": side,
        "epoch": round(min(model.history_[:, "seconds"]), 3),
        "predict": round(time.perf_counter() - start, 3),
        "peak_mib": peak_mib(),
    }


def measure_paper_size(_):
    """Peak memory and seconds of an epoch of the paper's net on a photograph."""
    model = make_segmenter("Sparse-SimCon-Patch", max_epochs=1, random_state=0)
    model.set_params(device="cpu").fit([coffee()[:321, :481]])
    return {
        "side": "paper size, 481x321",
        "epoch": round(model.history_[-1]["seconds"], 3),
        "peak_mib": peak_mib(),
    }


def measure_losses(n):
    """Share of the sparse losses in a step of the default net on 1024x1024."""
    image = graph_image(n)
    module = build_wnet(0, **DEFAULT_NET)
    objective = SparseObjective(1.0, 1.0, 0.1, 0.1)
    patches = torch.rand(12, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        z = module.encode(image.pixels)

    def losses(dtype):
        logits = z.to(dtype, copy=True).requires_grad_()
        terms = objective.image_terms(logits, image)[0]
        sum(terms.values()).backward()

    def net(dtype):
        with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
            total = module.encode(image.pixels).sum() + module(patches)[1].sum()
        total.backward()

    row = {"superpixels": image.pooling.shape[0]}
    for dtype in (torch.float32, torch.bfloat16):
        name = str(dtype).removeprefix("torch.")
        ours = best(partial(losses, dtype), 5)
        row[name] = round(best(partial(net, dtype), 5), 4)
        row[f"losses, {name}"] = round(ours, 4)
        row[f"share in {name}"] = round(ours / (ours + row[name]), 3)
    return row


def exponent(rows, name):
    pixels = np.log([row["side"] ** 2 for row in rows])
    return round(float(np.polyfit(pixels, np.log([r[name] for r in rows]), 1)[0]), 3)


def apart(prepare, function, argument):
    """Call a function in a new process that is prepared first."""
    with multiprocessing.get_context("spawn").Pool(1, prepare) as pool:
        return pool.apply(function, (argument,))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out")
    parser.add_argument("--losses", action="store_true", help="only those")
    parser.add_argument("--largest", type=int, default=SIDES[-1])
    parser.add_argument(
        "--processor", action="store_true", help="time of the processor, for one thread"
    )
    args = parser.parse_args()
    measure = partial(apart, use_processor_time if args.processor else None)
    results = {
        "threads": torch.get_num_threads(),
        "clock": "processor" if args.processor else "wall",
    }
    if not args.losses:
        rows = [measure(measure_size, side) for side in SIDES if side <= args.largest]
        results["sizes"] = rows
        results["exponents"] = {n: exponent(rows, n) for n in ("epoch", "predict")}
        results["paper"] = measure(measure_paper_size, None)
    results["losses"] = [measure(measure_losses, n) for n in COUNTS]
    report(results, args.out)


if __name__ == "__main__":
    main()
