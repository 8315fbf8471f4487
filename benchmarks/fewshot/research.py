"""What the few-shot setting was chosen by: superpixels, and how labels are joined.

    python benchmarks/fewshot/research.py superpixels --data SETS
    python benchmarks/fewshot/research.py joining --data SETS

Both without a net. "superpixels": how well labels of superpixels can be, if each has
one of 24 classes of its mean denoised grey value and classes are named by the training
slice. "joining": 24 clusters of denoised grey values joined to k, beside k-means with
k clusters.
"""

import argparse

import numpy as np
from _sets import TOMOGRAPHY, load, scores
from scipy.cluster.hierarchy import cut_tree, linkage
from sklearn.cluster import MiniBatchKMeans

from sksegment import SuperpixelTransformer
from sksegment.preprocessing import Denoise


def kmeans(k, values):
    model = MiniBatchKMeans(
        k, n_init=3, batch_size=8192, reassignment_ratio=0.0, random_state=0
    )
    return model.fit(np.float32(values).reshape(-1, 1))


def denoised(root, name):
    images, truths = load(root, name, n_unseen=2)
    return images, Denoise().fit(images[:1]).transform(images), truths


def means(image, superpixels):
    flat = superpixels.ravel()
    return np.bincount(flat, np.float64(image).ravel()) / np.bincount(flat)


def superpixels(root, name):
    images, smooth, truths = denoised(root, name)
    n_pixels = images[0].size
    cases = {
        **{f"SLIC, {a} pixels": (images, "slic", n_pixels // a) for a in (50, 25, 8)},
        "basins": (images, "watershed", "auto"),
        "basins, denoised": (smooth, "watershed", "auto"),
    }
    for label, (source, method, n_segments) in cases.items():
        transformer = SuperpixelTransformer(method, n_segments).fit(source[:1])
        maps = transformer.transform(source)
        values = [means(*pair) for pair in zip(smooth, maps, strict=True)]
        model = kmeans(24, values[0])
        labels = [
            model.predict(np.float32(v)[:, None])[m]
            for v, m in zip(values, maps, strict=True)
        ]
        found = scores(labels, truths)
        size = n_pixels / (maps[0].max() + 1)
        print(f"{name:14s} {label:18s} {size:6.1f} pixels  mIoU {found['miou']:.3f}")


def joining(root, name):
    _, smooth, truths = denoised(root, name)
    columns = [np.float32(image).reshape(-1, 1) for image in smooth]
    fine = kmeans(24, columns[0])
    maps = [
        fine.predict(column).reshape(image.shape)
        for column, image in zip(columns, smooth, strict=True)
    ]
    tree = linkage(fine.cluster_centers_, "average")
    for k in (2, 3, 4, 5, 6):
        groups = cut_tree(tree, k)[:, 0]
        plain = kmeans(k, columns[0])
        direct = [
            plain.predict(column).reshape(image.shape)
            for column, image in zip(columns, smooth, strict=True)
        ]
        found = [scores([groups[m] for m in maps], truths), scores(direct, truths)]
        shown = [f"V {s['v_measure']:.3f} mIoU {s['miou']:.3f}" for s in found]
        print(f"{name:14s} k={k}  joined {shown[0]}  k-means {shown[1]}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=("superpixels", "joining"))
    parser.add_argument("--data", required=True)
    parser.add_argument("--sets", nargs="+", default=TOMOGRAPHY)
    args = parser.parse_args()
    for name in args.sets:
        globals()[args.study](args.data, name)


if __name__ == "__main__":
    main()
