"""Time and memory of labelling a long stack with the default model.

    python benchmarks/stack.py --slices 801 --side 512

The slices are those of a made tomogram of 32 slices, again and again; the result is a
TIFF in a temporary folder.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

from _timing import report

from sksegment import SparseWNetSegmenter
from sksegment.datasets import make_tomogram
from sksegment.stacks import predict_stack


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slices", type=int, default=801)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--out")
    args = parser.parse_args()
    volume, _ = make_tomogram((32, args.side, args.side), random_state=0)
    slices = [volume[index % len(volume)] for index in range(args.slices)]
    start = time.perf_counter()
    model = SparseWNetSegmenter(random_state=0).fit([volume[16]])
    fitted = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        predict_stack(model, slices, Path(folder, "labels.tif"))
    results = {
        "slices": args.slices,
        "side": args.side,
        "fit": round(fitted - start, 1),
        "predict": round(time.perf_counter() - fitted, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    report(results, args.out)


if __name__ == "__main__":
    main()
