"""Which label-free criterion keeps most of what an oracle gains?

    python benchmarks/bsds/choice.py --data BSDS300 --out results/choice.json

For each training photograph, at half its size, eight fits that differ in betas, number
of labels, position and seed. "random" is the mean V-measure of the eight, for the
annotator who agrees best, "oracle" the highest. A criterion that chooses one of them
without looking at labels keeps (chosen - random) / (oracle - random). "consensus" makes
a ninth from the eight, "regions" are those of ``cut("auto")`` themselves.
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from skimage.transform import resize

from sksegment import SparseWNetSegmenter
from sksegment._agreement import agreement_scores, regions_without_a_net
from sksegment.datasets import bsds_ids, load_bsds
from sksegment.metrics import v_measure
from sksegment.model_selection import (
    consensus_labels,
    description_length_score,
    region_agreement_score,
    stability_score,
)

BETAS, LABELS, POSITIONS = (0.02, 0.2), (8, 20), (0.0, 1.0)


def half(image, truth):
    height, width = (side // 2 for side in image.shape[:2])
    small = resize(image, (height, width), anti_aliasing=True)
    return (255 * small).round().astype(np.uint8), truth[:, ::2, ::2][
        :, :height, :width
    ]


def of_image(root, image_id):
    data = load_bsds(root, "train", image_ids=[image_id])
    image, truth = half(data.images[0], data.targets[0])
    models = [
        SparseWNetSegmenter(
            max_labels,
            beta_sim=beta,
            beta_con=0.5,
            assignment="mean",
            position=position,
            random_state=seed,
        ).fit([image])
        for seed, (beta, max_labels, position) in enumerate(
            itertools.product(BETAS, LABELS, POSITIONS)
        )
    ]
    regions = regions_without_a_net(
        [models[0]._scale.apply(image)], [np.ones(image.shape[:2], bool)], rgb=True
    )
    maps = [model.labels_ for model in models]
    scores = np.array([v_measure(truth, map_[0]) for map_ in maps])
    criteria = {
        "loss": [-model.loss_ for model in models],
        "agreement": agreement_scores(maps, regions),
        "region agreement": [region_agreement_score(m, [image]) for m in models],
        "stability": [stability_score(m, [image]) for m in models],
        "description length": [description_length_score(m, [image]) for m in models],
    }
    row = {name: scores[int(np.argmax(values))] for name, values in criteria.items()}
    row["consensus"] = v_measure(truth, consensus_labels(maps)[0])
    row["regions"] = v_measure(truth, regions[0])
    return {"random": scores.mean(), "oracle": scores.max(), **row}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--step", type=int, default=16)
    parser.add_argument("--start", type=int, default=2)
    parser.add_argument("--n-jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    ids = bsds_ids(args.data, "train")[args.start :: args.step]
    rows = Parallel(args.n_jobs)(delayed(of_image)(args.data, i) for i in ids)
    means = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    gain = means["oracle"] - means["random"]
    print(f"{len(rows)} images")
    for name, value in means.items():
        print(f"{name:20s} {value:.3f}  kept {(value - means['random']) / gain:5.2f}")
    if args.out:
        report = {"images": len(rows), **{k: round(v, 4) for k, v in means.items()}}
        args.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
