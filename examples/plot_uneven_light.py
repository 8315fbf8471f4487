"""
Coins in uneven light
=====================

Light that falls from one side makes the ground there as bright as coins are elsewhere,
and greys alone tell nothing. `NormalizeLocalContrast` compares every pixel with its
surroundings, before the net sees the image; with it in a ``Pipeline`` the same happens
to whatever is predicted later.

Pass an image of your own as the first argument.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import binary_fill_holes
from skimage.data import coins
from skimage.filters import sobel
from skimage.segmentation import watershed
from sklearn.pipeline import make_pipeline

from sksegment import KMeansPixelSegmenter, SparseWNetSegmenter
from sksegment.io import read_images
from sksegment.metrics import v_measure
from sksegment.preprocessing import NormalizeLocalContrast

# %%
# The ground truth of the coins is flooded from markers, thresholds set by hand.
if len(sys.argv) > 1:
    images, truth = read_images(sys.argv[1]), None
else:
    images = [coins()]
    markers = 1 * (images[0] < 30) + 2 * (images[0] > 150)
    truth = binary_fill_holes(watershed(sobel(images[0]), markers) == 2)

# %%
# Two classes by k-means of greys, and as many as there seem to be by the W-Net, without
# and with it. ``sigma`` should reach from an object to the ground it lies on.
maps = {}
for name, first in [("as it is", "passthrough"), ("even", NormalizeLocalContrast(32))]:
    even = images if first == "passthrough" else first.fit_transform(images)
    maps[f"k-means, {name}"] = KMeansPixelSegmenter(2, random_state=0).fit(even)
    pipeline = make_pipeline(first, SparseWNetSegmenter(random_state=0)).fit(images)
    maps[f"W-Net, {name}"] = pipeline[-1].merge_labels("auto")
labels = {name: model.labels_[0] for name, model in maps.items()}
if truth is not None:
    for name, map_ in labels.items():
        print(f"{name}: V-measure {v_measure(truth[np.newaxis].astype(int), map_):.2f}")

# %%
figure, axes = plt.subplots(2, 3, figsize=(9, 5.2), layout="constrained")
shown = zip(("as it is", "even"), (images[0], even[0]), strict=True)
for row, (name, image) in zip(axes, shown, strict=True):
    row[0].imshow(image, cmap="gray")
    row[0].set_title(name)
    for axis, method in zip(row[1:], ("k-means", "W-Net"), strict=True):
        axis.imshow(labels[f"{method}, {name}"], interpolation="nearest")
        axis.set_title(method)
for axis in axes.flat:
    axis.axis("off")
plt.show()
