"""Two textures of one mean grey and one deviation: what tells them apart.

    python benchmarks/fewshot/textures.py

V-measure on made mosaics, and on mosaics of textures that scikit-image ships, means of
two seeds: the default net with "auto" and with as many classes as there are textures,
once with all textures of the looks, once with contrast alone, once with colours alone,
and once with `TextureEnergy` before it; beside it k-means of scikit-image's multiscale
features and of `TextureEnergy`, with as many clusters.
"""

import numpy as np
from scipy.ndimage import gaussian_filter
from skimage import data
from skimage.feature import multiscale_basic_features
from skimage.transform import rotate
from sklearn.cluster import MiniBatchKMeans

from sksegment import (
    KMeansPixelSegmenter,
    SparseWNetSegmenter,
    _appearance,
    _textures,
)
from sksegment.metrics import v_measure
from sksegment.preprocessing import TextureEnergy
from sksegment.segmenters import _learning

SIDE = 256
LOOKS = {
    "all": ("contrast", "orientation_0", "orientation_45"),
    "contrast": ("contrast",),
    "colours": (),
}


def standard(image):
    return (image - image.mean()) / image.std()


def threads(rng, angle, across=1.0, along=4.0, noise=0.0):
    """Noise whose grain lies at an angle to the upright."""
    wide = rng.normal(size=(2 * SIDE, 2 * SIDE))
    grain = rotate(gaussian_filter(wide, (along, across)), angle, mode="reflect")
    middle = slice(SIDE // 2, SIDE // 2 + SIDE)
    clean = standard(grain[middle, middle])
    return standard(clean + noise * rng.normal(size=clean.shape))


def shipped(name):
    return standard(getattr(data, name)()[:SIDE, :SIDE].astype(float))


def mosaics():
    """Images and truths by name; the border of both is a wave."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    truth = (columns + 30 * np.sin(rows / 40) > SIDE / 2).astype(int)
    pairs = {
        "threads, 0 and 90 degrees": (threads(rng, 0), threads(rng, 90)),
        "threads, 45 and 135 degrees": (threads(rng, 45), threads(rng, 135)),
        "threads, 0 and 45 degrees": (threads(rng, 0), threads(rng, 45)),
        "the first, with noise": (threads(rng, 0, noise=1), threads(rng, 90, noise=1)),
        "brick and brick, turned": (shipped("brick"), np.rot90(shipped("brick"))),
        "brick and grass": (shipped("brick"), shipped("grass")),
        "brick and gravel": (shipped("brick"), shipped("gravel")),
        "grass and gravel": (shipped("grass"), shipped("gravel")),
    }
    for name, (left, right) in pairs.items():
        yield name, np.float32(np.where(truth, right, left)), truth


def score(truth, labels):
    return v_measure(truth[np.newaxis], labels)


def by_net(image, truth, names):
    """V with "auto" and with two classes, of looks that have these textures."""
    chosen = {name: _textures.TEXTURES[name] for name in names}
    for module in (_appearance, _learning):
        module.TEXTURES = chosen
    rows = []
    for seed in (0, 1):
        model = SparseWNetSegmenter(random_state=seed).fit([image])
        rows.append(
            [score(truth, model.merge_labels(k).labels_[0]) for k in ("auto", 2)]
        )
    return np.mean(rows, axis=0)


def by_features(image, truth):
    features = multiscale_basic_features(image, sigma_min=1, sigma_max=8)
    columns = features.reshape(-1, features.shape[-1])
    columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    model = MiniBatchKMeans(2, n_init=3, batch_size=8192, random_state=0)
    return score(truth, model.fit_predict(columns).reshape(truth.shape))


def by_energy(image, truth):
    """V of k-means, and by the net, of `TextureEnergy`."""
    [energy] = TextureEnergy().fit_transform([image])
    model = KMeansPixelSegmenter(2, random_state=0).fit([energy])
    return score(truth, model.labels_[0]), by_net(energy, truth, LOOKS["all"])


def main():
    heads = "".join(f"{name:>16s}" for name in (*LOOKS, "energy"))
    print(f"{'k-means of':>38s}\n{'features, energy':>46s}{heads}")
    for name, image, truth in mosaics():
        by_kmeans, of_energy = by_energy(image, truth)
        found = [by_net(image, truth, names) for names in LOOKS.values()]
        cells = "".join(f"{auto:10.3f}{two:6.3f}" for auto, two in [*found, of_energy])
        kmeans = f"{by_features(image, truth):10.3f}{by_kmeans:8.3f}"
        print(f"{name:28s}{kmeans}{cells}", flush=True)


if __name__ == "__main__":
    main()
