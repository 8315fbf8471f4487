"""Temporal stability on the paper's two videos: the main object from frame to frame.

    python benchmarks/fewshot/video.py --data VIDEOS --out video.jsonl

VIDEOS holds ``figure_skater/frames`` and ``cheetah/frames``, JPEG files named by the
number of the frame. No mask is drawn by hand. A label belongs to the object if more
than half of its pixels in the first training frame lie in a box around the object,
which is stated below; the mask of a frame is what has such labels, in 4-connected
pieces of at least a fourth of the largest piece. Its overlap (intersection over union)
with the mask of the next stored frame is taken as it is; after their centroids are
aligned; at the translation that suits them best; and after the next mask is moved by
the optical flow between the two frames (TV-L1 of the greys, nothing of the masks), so
that what an object does by moving is not held against the labels. Ids are stable where
the most frequent label in the mask is that of the first training frame.

``--model kmeans`` clusters the colours of pixels instead: on ice the skater is told by
colour alone, so it shows how much the object itself changes from frame to frame.
``--truth DAVIS`` measures masks that people drew instead, of every frame of DAVIS 2016,
and of every second and sixth: as stable as that is perfect.
``--keep FOLDER`` keeps label maps, and takes those that are there; ``--sheets FOLDER``
writes overlays to look at.
"""

import argparse
import json
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.ndimage import center_of_mass, shift
from scipy.signal import correlate
from skimage.color import rgb2gray
from skimage.io import imread, imsave
from skimage.measure import label as label_components
from skimage.registration import optical_flow_tvl1
from skimage.transform import warp
from sklearn.pipeline import Pipeline

from sksegment import KMeansPixelSegmenter, SparseWNetSegmenter
from sksegment.plotting import overlay
from sksegment.preprocessing import Rescale, UnsharpMask
from sksegment.stacks import predict_stack

MARGIN = 10  # of every frame cut off, as the reference does: black bars
# Boxes are rows and columns of the frames in full size, without the margin.
VIDEOS = {
    "figure_skater": {
        "training": (727, 760),
        "scale": 1 / 4,
        "sharpen": UnsharpMask(radius=50.0, amount=4.0),
        "box": np.s_[270:640, 1030:1400],
        # Where patches come from in the training frames: near the skater.
        "regions": [np.s_[270:640, 1030:1400], np.s_[70:650, 670:1890]],
        "alone_until": None,
        "params": {"superpixels__n_segments": 8000},
    },
    "cheetah": {
        "training": (10, 123, 270, 370),
        "scale": 1 / 3,
        "sharpen": UnsharpMask(radius=5.0, amount=1.0),
        "box": np.s_[350:720, 320:1600],
        "regions": None,
        # From then on there is a second animal, which has the same labels.
        "alone_until": 205,
        "params": {
            # A spotted coat: pixels of their own make it patchy.
            "assignment": "mean",
            "max_labels": 12,
            "superpixels__n_segments": 12000,
            "tau": -10.0,
            "resolution": 0.5,
            "max_epochs": 15,
        },
    },
}


def read_frames(folder, scale):
    """Numbers of the frames, and the frames on the scale they are segmented on."""
    paths = sorted(Path(folder).glob("*.jpg"))
    if not paths:
        raise SystemExit(f"no .jpg in {folder}")
    rescale = Rescale(scale)
    # A plain array forgets the size before: labels shall have that of the small one.
    return [int(path.stem) for path in paths], [
        np.asarray(rescale.transform([imread(path)[MARGIN:-MARGIN, MARGIN:-MARGIN]])[0])
        for path in paths
    ]


def shrunk(box, scale):
    return tuple(slice(round(s.start * scale), round(s.stop * scale)) for s in box)


def make_model(video, name, params):
    if name == "kmeans":
        steps = [("segment", KMeansPixelSegmenter(4, random_state=0))]
    else:
        segment = SparseWNetSegmenter(resolution=1.0, random_state=0)
        segment.set_params(**video["params"])
        if video["regions"]:
            regions = [shrunk(box, video["scale"]) for box in video["regions"]]
            segment.set_params(patches__region=regions)
        steps = [("sharpen", video["sharpen"]), ("segment", segment)]
    return Pipeline(steps).set_params(**params)


def label_frames(video, numbers, frames, model, kept):
    """Label maps of all frames, and the seconds to train and to predict a frame."""
    if kept and kept.exists():
        return np.load(kept), {}
    start = time.perf_counter()
    model.fit([frames[numbers.index(number)] for number in video["training"]])
    trained = time.perf_counter()
    labels = predict_stack(model, frames, progress=False)
    seconds = time.perf_counter() - trained
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, labels)
    return labels, {
        "fit_seconds": round(trained - start, 1),
        "frame_seconds": round(seconds / len(frames), 2),
    }


def labels_of_object(labels, box):
    """Labels of which more than half of the pixels lie in the box."""
    n_labels = labels.max() + 1
    inside = np.bincount(labels[box].ravel(), minlength=n_labels)
    return np.flatnonzero(2 * inside > np.bincount(labels.ravel(), minlength=n_labels))


def object_mask(labels, chosen):
    pieces = label_components(np.isin(labels, chosen), connectivity=1)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.isin(pieces, np.flatnonzero(4 * sizes >= max(sizes.max(), 1)))


def overlap(one, other):
    return (one & other).sum() / max((one | other).sum(), 1)


def moved(mask, offset):
    return shift(mask, np.rint(offset), order=0)


def aligned(one, other):
    offset = np.subtract(center_of_mass(one), center_of_mass(other))
    return overlap(one, moved(other, offset))


def best_shifted(one, other):
    scores = correlate(one.astype(np.float32), other.astype(np.float32), method="fft")
    peak = np.unravel_index(scores.argmax(), scores.shape)
    return overlap(one, moved(other, np.subtract(peak, np.subtract(one.shape, 1))))


def flowed(frame, next_frame, mask, next_mask):
    one, other = (rgb2gray(image).astype(np.float32) for image in (frame, next_frame))
    grid = np.mgrid[: mask.shape[0], : mask.shape[1]]
    where = grid + optical_flow_tvl1(one, other)
    return overlap(mask, warp(next_mask.astype(np.float32), where, order=0) > 0.5)


def summed_up(values, numbers):
    worst = int(np.argmin(values))
    return {
        "mean": round(float(np.mean(values)), 3),
        "median": round(float(np.median(values)), 3),
        "worst": round(float(values[worst]), 3),
        "worst_frames": numbers[worst : worst + 2],
        "at_least_0.85": round(float(np.mean(np.array(values) >= 0.85)), 3),
    }


def stability(frames, masks, numbers):
    """Overlaps of successive masks; 0 where there is none."""
    ways = {"plain": overlap, "centroids": aligned, "best_shift": best_shifted}
    row = {
        name: summed_up(
            [way(*pair) if all(map(np.any, pair)) else 0.0 for pair in pairwise(masks)],
            numbers,
        )
        for name, way in ways.items()
    }
    pairs = zip(pairwise(frames), pairwise(masks), strict=True)
    row["flow"] = summed_up([flowed(*images, *pair) for images, pair in pairs], numbers)
    return row


def ids(labels, masks, chosen, reference):
    """Whether what the object is made of stays the same, and its size."""
    pairs = zip(labels, masks, strict=True)
    shares = [_shares(map_, mask, chosen) for map_, mask in pairs]
    first = shares[reference]
    same = [share.argmax() == first.argmax() for share in shares]
    common = [np.minimum(share, first).sum() for share in shares]
    sizes = [int(mask.sum()) for mask in masks]
    return {
        "found": round(float(np.mean(np.array(sizes) > 0)), 3),
        "same_top_label": round(float(np.mean(same)), 3),
        "shares_in_common": round(float(np.mean(common)), 3),
        "pixels": [min(sizes), int(np.median(sizes)), max(sizes)],
    }


def _shares(labels, mask, chosen):
    """Shares of the object's labels in its mask."""
    counts = np.array([(labels[mask] == label).sum() for label in chosen], float)
    return counts / max(counts.sum(), 1)


def contact_sheet(path, frames, labels, masks, columns=4, step=2):
    """Overlays of all classes beside the masks, every other frame."""
    tiles = [
        np.vstack([overlay(frame, map_), overlay(frame, mask.astype(int) - 1)])
        for frame, map_, mask in zip(frames, labels, masks, strict=True)
    ][::step]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, np.vstack(rows)[::2, ::2], check_contrast=False)


def measure(name, args):
    video = VIDEOS[name]
    numbers, frames = read_frames(args.data / name / "frames", video["scale"])
    kept = args.keep and args.keep / f"{name}-{args.name}.npy"
    model = make_model(video, args.model, args.set)
    labels, seconds = label_frames(video, numbers, frames, model, kept)
    reference = numbers.index(video["training"][0])
    chosen = labels_of_object(labels[reference], shrunk(video["box"], video["scale"]))
    masks = [object_mask(map_, chosen) for map_ in labels]
    row = {"video": name, "name": args.name, "model": args.model, "set": args.set}
    row |= {"frames": len(frames), "labels": len(np.unique(labels))}
    row |= {"object_labels": chosen.tolist(), **seconds}
    row |= stability(frames, masks, numbers)
    if video["alone_until"]:
        n = numbers.index(video["alone_until"]) + 1
        row["alone"] = stability(frames[:n], masks[:n], numbers[:n])
    row |= ids(labels, masks, chosen, reference)
    if args.sheets:
        contact_sheet(args.sheets / f"{name}-{args.name}.png", frames, labels, masks)
    return row


def measure_truth(root, sequence, step):
    """Stability of the masks of people in every so many frames, at half their size."""
    paths = sorted((root / "images").glob(f"{sequence}_*.jpg"))[::step]
    frames = [imread(path)[::2, ::2] for path in paths]
    masks = [
        imread(root / "labels" / f"{path.stem}.png")[::2, ::2] > 0 for path in paths
    ]
    numbers = [int(path.stem.rpartition("_")[2]) for path in paths]
    row = {"video": sequence, "name": f"truth, every {step}", "frames": len(frames)}
    return row | stability(frames, masks, numbers)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of videos")
    parser.add_argument("--truth", type=Path, help="folder of DAVIS 2016")
    parser.add_argument("--videos", nargs="+", choices=VIDEOS, default=[*VIDEOS])
    parser.add_argument("--model", choices=("wnet", "kmeans"), default="wnet")
    parser.add_argument("--set", type=json.loads, default={}, help="JSON")
    parser.add_argument("--name", default="default", help="of the setting")
    parser.add_argument("--keep", type=Path, help="folder for label maps")
    parser.add_argument("--sheets", type=Path, help="folder for overlays")
    parser.add_argument("--out", type=Path, help="JSON lines, appended to")
    args = parser.parse_args()
    if args.truth:
        found = {path.stem.rpartition("_")[0] for path in args.truth.glob("images/*")}
        rows = (
            measure_truth(args.truth, name, step)
            for name in sorted(found)
            for step in (1, 2, 6)
        )
    elif args.data:
        rows = (measure(name, args) for name in args.videos)
    else:
        parser.error("give --data or --truth")
    for row in rows:
        line = json.dumps(row)
        print(line, flush=True)
        if args.out:
            args.out.parent.mkdir(parents=True, exist_ok=True)
            with args.out.open("a") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
