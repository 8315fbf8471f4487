"""
Plies of a laminate by the way their fibres run
===============================================

A laminate is laid up of plies of one material, whose fibres run in two directions in
turn. In a section along the plies all of them have the same greys, and the same
contrast; what tells them apart is orientation. Nothing has to be set for that: where an
image is divided by its textures better than by its colours, the labels go by these.

Pass an image of your own as the first argument.
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from sksegment import KMeansPixelSegmenter, SparseWNetSegmenter
from sksegment.io import read_images
from sksegment.metrics import v_measure


# %%
# Two made micrographs: fibres that are upright in one ply and level in the next, plies
# of unequal width with a slightly wavy border, and noise.
def micrograph(seed, shape=(180, 240)):
    """Return an image and the truth, 0 or 1 by ply."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices(shape)
    edges = np.cumsum([0.16, 0.26, 0.2, 0.22]) * shape[1] + rng.normal(0, 6, 4)
    x = columns + 5 * np.sin(rows / 30 + seed)
    truth = np.searchsorted(edges, x.ravel()).reshape(shape) % 2
    upright, level = (
        gaussian_filter(rng.normal(size=shape), sigma) for sigma in ((6, 1), (1, 6))
    )
    fibres = np.where(truth, level / level.std(), upright / upright.std())
    grey = 120 + 25 * fibres + rng.normal(0, 12, shape)
    return np.uint8(grey.clip(0, 255)), truth


if len(sys.argv) > 1:
    images, truths = read_images(sys.argv[1]), None
else:
    images, truths = map(list, zip(micrograph(0), micrograph(1), strict=True))

# %%
# It trains on the first and labels both. ``texture_scales_`` says what it goes by.
model = SparseWNetSegmenter(random_state=0).fit(images[:1]).merge_labels(2)
print("textures that count:", [*model.texture_scales_])
labels = model.predict(images)
by_grey = KMeansPixelSegmenter(2, random_state=0).fit(images[:1]).predict(images)
if truths:
    for name, maps in (("W-Net", labels), ("k-means", by_grey)):
        found = [v_measure(t[None], m) for t, m in zip(truths, maps, strict=True)]
        print(f"{name}: V-measure {found[0]:.2f}, of the unseen image {found[-1]:.2f}")

# %%
figure, axes = plt.subplots(
    len(images), 3, figsize=(9, 2.4 * len(images)), squeeze=False, layout="constrained"
)
for row, image, *maps in zip(axes, images, by_grey, labels, strict=True):
    row[0].imshow(image, cmap="gray")
    for axis, map_ in zip(row[1:], maps, strict=True):
        axis.imshow(map_, cmap="viridis", interpolation="nearest")
for axis, title in zip(axes[0], ("image", "k-means of greys", "W-Net"), strict=True):
    axis.set_title(title)
for axis in axes.flat:
    axis.axis("off")
plt.show()
