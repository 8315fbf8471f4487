"""Time, scores and contact sheets of the default estimator.

    python benchmarks/defaults.py --data BSDS300/train --out defaults.json
    python benchmarks/defaults.py --sheet samples.png

With ``--data`` on ten photographs, every 20th of the training images by name, with
scores; without, on the images that scikit-image ships. ``--sheet`` has images and
overlays side by side, ``--labels`` the label maps alone, which may be published where
the photographs may not.
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

import sksegment
from sksegment.datasets import sample_images
from sksegment.plotting import overlay


def tile(image, side=240):
    height, width = image.shape[:2]
    scale = side / max(height, width)
    small = resize(image, (round(height * scale), round(width * scale)))
    canvas = np.ones((side, side, 3))
    top, left = (side - small.shape[0]) // 2, (side - small.shape[1]) // 2
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    return (255 * canvas).astype(np.uint8)


def photographs(args):
    """Names, images and ground truths, if any."""
    if args.data:
        for name in image_ids(args.data, offset=args.offset):
            yield name, *load(args.data, name)
    else:
        samples = sample_images()
        for name, image in zip(samples.names, samples.images, strict=True):
            yield name, image, None


def make_model(args):
    """The estimator asked for, with a seed if it takes one."""
    model = getattr(sksegment, args.model)()
    if "random_state" in model.get_params():
        model.set_params(random_state=0)
    return model.set_params(**json.loads(args.set))


def save_sheet(path, tiles, n_columns):
    if path is None:
        return
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows = [tiles[i : i + n_columns] for i in range(0, len(tiles), n_columns)]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    imsave(path, sheet, check_contrast=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="folder with images/ and labels/")
    parser.add_argument("--out", help="file for the figures")
    parser.add_argument("--sheet", help="file for images and overlays")
    parser.add_argument("--labels", help="file for the label maps alone")
    parser.add_argument("--model", default="SparseWNetSegmenter", help="estimator")
    parser.add_argument("--offset", type=int, default=15, help="first photograph")
    parser.add_argument("--set", default="{}", help="parameters, as JSON")
    args = parser.parse_args()
    rows, overlays, maps = [], [], []
    for name, image, truth in photographs(args):
        start = time.perf_counter()
        model = make_model(args)
        labels = model.fit_predict([image])[0]
        seconds = time.perf_counter() - start
        row = {"image": name, "seconds": round(seconds, 1)}
        row["epochs"] = getattr(model, "n_iter_", 0)
        rows.append(row | ({} if truth is None else measure(truth, labels)))
        shown = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        overlays += [tile(shown), tile(overlay(image, labels))]
        maps.append(tile(overlay(np.full_like(shown, 255), labels, alpha=0.8)))
        print(rows[-1], flush=True)
    save_sheet(args.sheet, overlays, 4)
    save_sheet(args.labels, maps, 5)
    if args.out:
        write_figures(args.out, rows)


def write_figures(path, rows):
    keys = [key for key in rows[0] if key != "image"]
    result = {
        "mean": {k: round(float(np.mean([r[k] for r in rows])), 3) for k in keys},
        "slowest": max(row["seconds"] for row in rows),
        "threads": torch.get_num_threads(),
        "versions": {
            "sksegment": sksegment.__version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        },
        "rows": rows,
    }
    Path(path).write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["mean"]))


if __name__ == "__main__":
    main()
