"""Time, scores and a contact sheet of the default estimator on ten photographs.

    python benchmarks/defaults.py --data BSDS300/train --out defaults.json --sheet s.png

The photographs are every 20th of the training images by name. One row of the sheet is
photograph, overlay, photograph, overlay.
"""

import argparse
import json
import platform
import time
from pathlib import Path

import numpy as np
import torch
from _bsds import image_ids, load, measure
from skimage.io import imsave
from skimage.transform import resize

from sksegment import SparseWNetSegmenter, __version__
from sksegment.plotting import overlay


def tile(image, side=240):
    height, width = image.shape[:2]
    scale = side / max(height, width)
    small = resize(image, (round(height * scale), round(width * scale)))
    canvas = np.ones((side, side, 3))
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return (255 * canvas).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with images/ and labels/")
    parser.add_argument("--out", default="defaults.json")
    parser.add_argument("--sheet", default="contact_sheet.png")
    parser.add_argument("--offset", type=int, default=15, help="first photograph")
    parser.add_argument("--set", default="{}", help="parameters, as JSON")
    args = parser.parse_args()
    rows, tiles = [], []
    for name in image_ids(args.data, offset=args.offset):
        image, truth = load(args.data, name)
        start = time.perf_counter()
        model = SparseWNetSegmenter(random_state=0, **json.loads(args.set))
        labels = model.fit_predict([image])[0]
        seconds = time.perf_counter() - start
        row = {"image": name, "seconds": round(seconds, 1), "epochs": model.n_iter_}
        rows.append(row | measure(truth, labels))
        tiles += [tile(image), tile(overlay(image, labels))]
        print(rows[-1], flush=True)
    sheet = [np.concatenate(tiles[i : i + 4], axis=1) for i in range(0, len(tiles), 4)]
    Path(args.sheet).parent.mkdir(parents=True, exist_ok=True)
    imsave(args.sheet, np.concatenate(sheet), check_contrast=False)
    keys = ("seconds", "epochs", "v_measure", "v_pieces", "covering", "n_labels")
    result = {
        "mean": {k: round(float(np.mean([r[k] for r in rows])), 3) for k in keys},
        "slowest": max(row["seconds"] for row in rows),
        "threads": torch.get_num_threads(),
        "versions": {
            "sksegment": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "rows": rows,
    }
    Path(args.out).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["mean"]))


if __name__ == "__main__":
    main()
