"""
Texture without brightness: the W-Net beside k-means and spectral clustering
============================================================================

Brick, grass and gravel with the same brightness and contrast: colours say nothing, only
what is around a pixel does. The baselines of this package have the same methods as the
W-Net, so comparing them is a loop. scikit-learn's own `KMeans` and `SpectralClustering`
stand beside them, on the same graph of superpixels. Last comes `TextureEnergy` before
two of them: scales and directions of the texture as channels.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.pipeline import make_pipeline

from sksegment import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SparseWNetSegmenter,
    SpectralSuperpixelSegmenter,
    SuperpixelTransformer,
)
from sksegment.metrics import v_measure
from sksegment.plotting import label_colors
from sksegment.preprocessing import TextureEnergy
from sksegment.regions import region_graph

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
# and gravel share a class, and none of these tells them apart.
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
    print(f"{name:24} V = {v_measure(truth, results[name]):.2f}  {seconds:5.1f} s")

# %%
# By hand: the region graph has the mean colours of the superpixels, and how alike
# neighbours are, which is what clusterers ask for; indexing spreads to the pixels what
# they find. Unlike the classes above they cannot give a second image the same ids.
superpixels = SuperpixelTransformer().fit_transform([image])[0]
graph = region_graph(image, superpixels)
kmeans = KMeans(3, n_init=10, random_state=0).fit(graph.means)
results["KMeans by hand"] = kmeans.labels_[superpixels]
# On the scale of a usual distance; a little of it links all to all, so that no
# superpixel is on its own. Both were chosen by the truth here, in its favour.
affinity = graph.affinity(tau=1 / graph.distances.mean()).toarray() + 1e-6
spectral = SpectralClustering(3, affinity="precomputed", random_state=0).fit(affinity)
results["SpectralClustering by hand"] = spectral.labels_[superpixels]
for name in list(results)[-2:]:
    print(f"{name:24} V = {v_measure(truth, results[name]):.2f}")

# %%
# Where texture is all there is, a step that looks at nothing else helps: how much
# energy there is at each scale and in each direction, whatever the contrast.
energy = TextureEnergy()
for name in ("k-means of pixels", "W-Net"):
    pipeline = make_pipeline(energy, segmenters[name])
    results[f"textures, {name}"] = pipeline.fit_predict([image])[0]
    found = results[f"textures, {name}"]
    print(f"{'textures, ' + name:24} V = {v_measure(truth, found):.2f}")

# %%
# Of the channels, three directions of the finest scale are shown as red, green, blue.
directions = energy.transform([image])[0][..., :3]
figure, axes = plt.subplots(3, 4, figsize=(11, 9), layout="constrained")
axes[0, 0].imshow(image, cmap="gray")
axes[0, 0].set_title("image")
axes[0, 1].imshow(directions / directions.max(axis=(0, 1)))
axes[0, 1].set_title("textures")
axes[0, 2].imshow(label_colors(3)[truth])
axes[0, 2].set_title("truth")
for axis, (name, labels) in zip(axes.flat[3:], results.items(), strict=True):
    axis.imshow(label_colors(labels.max() + 1)[labels])
    axis.set_title(f"{name}: V = {v_measure(truth, labels):.2f}", fontsize="medium")
for axis in axes.flat:
    axis.axis("off")
plt.show()
