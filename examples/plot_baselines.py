"""
Texture without brightness: the W-Net beside k-means and spectral clustering
============================================================================

Brick, grass and gravel with the same brightness and contrast: colours say nothing, only
what is around a pixel does. All segmenters have the same methods, so comparing them is
a loop.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from skimage import data

from sksegment import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SparseWNetSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.metrics import segmentation_scores
from sksegment.plotting import label_colors

# %%
# A mosaic of three photographs; truth is where each of them lies.
row, column = np.mgrid[:256, :256]
truth = np.where(column < 100 + 30 * np.sin(row / 30), 0, 1)
truth[(row - 150) ** 2 + (column - 150) ** 2 < 70**2] = 2
textures = np.stack([data.brick(), data.grass(), data.gravel()])[:, ::2, ::2]
means, deviations = (
    f(axis=(1, 2), keepdims=True) for f in (textures.mean, textures.std)
)
image = np.choose(truth, (textures - means) / deviations).astype(np.float32)

# %%
# Every one is told that there are three classes, but for Felzenszwalb's method, which
# gives regions and takes a scale instead. The W-Net tells brick from the rest; grass
# and gravel share a class, and nothing here tells them apart.
segmenters = {
    "k-means of pixels": KMeansPixelSegmenter(3, random_state=0),
    "k-means of superpixels": KMeansSuperpixelSegmenter(3, random_state=0),
    "spectral clustering": SpectralSuperpixelSegmenter(3, random_state=0),
    "Felzenszwalb": FelzenszwalbSegmenter(scale=400.0),
    "W-Net": SparseWNetSegmenter(3, random_state=0),
}
results = {}
for name, segmenter in segmenters.items():
    start = time.perf_counter()
    results[name] = segmenter.fit_predict([image])[0]
    seconds = time.perf_counter() - start
    scores = segmentation_scores(truth, results[name])
    print(f"{name:24} V = {scores['v_measure']:.2f}  {seconds:5.1f} s")

figure, axes = plt.subplots(2, 4, figsize=(12, 6.4), layout="constrained")
axes.flat[0].imshow(image, cmap="gray")
axes.flat[0].set_title("image")
axes.flat[1].imshow(label_colors(3)[truth])
axes.flat[1].set_title("truth")
for axis, (name, labels) in zip(axes.flat[2:7], results.items(), strict=True):
    v = segmentation_scores(truth, labels)["v_measure"]
    axis.imshow(label_colors(labels.max() + 1)[labels])
    axis.set_title(f"{name}: V = {v:.2f}")
for axis in axes.flat:
    axis.axis("off")
plt.show()
