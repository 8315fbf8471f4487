"""
Measure grains that touch
=========================

A powder is one class, and its grains touch: as connected pieces they are a few huge
objects. ``separate_objects`` divides them where a neck joins them, so that each can be
measured. Here the grains are made, so their sizes are known.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import gaussian_filter

from sksegment import SparseWNetSegmenter
from sksegment.plotting import label_colors
from sksegment.postprocessing import postprocess, quantify, separate_objects
from sksegment.stacks import predict_stack

# %%
# Balls of any size, each against one that is there, which it overlaps a little: by a
# fifth of the smaller radius at most. Scanned with blur and noise.
shape, spacing = (48, 160, 160), 0.5  # micrometres
rng = np.random.default_rng(0)
centers, radii = [rng.uniform(0, shape)], [10.0]
while len(radii) < 160:
    radius, partner = np.clip(rng.lognormal(2.1, 0.3), 5, 16), rng.integers(len(radii))
    step = rng.normal(size=3)
    step *= (radius + radii[partner]) / np.linalg.norm(step)
    center = centers[partner] + step
    gaps = np.linalg.norm(np.array(centers) - center, axis=1) - radii - radius
    outside = (center < 0).any() or (center > shape).any()
    if not outside and (gaps > -0.2 * np.minimum(radii, radius)).all():
        centers, radii = [*centers, center], [*radii, radius]
grid = np.moveaxis(np.indices(shape), 0, -1)
truth = np.zeros(shape, int)
for center, radius in zip(centers, radii, strict=True):
    truth |= np.linalg.norm(grid - center, axis=-1) <= radius
scan = gaussian_filter(60.0 + 80 * truth, 0.8) + rng.normal(size=shape) * 15
scan = scan.clip(0, 255).astype(np.uint8)

# %%
# Classes of the middle slice, which are two, in all slices; then objects in three
# dimensions.
middle = len(scan) // 2
model = SparseWNetSegmenter(random_state=0)
model.fit(scan[middle : middle + 1]).merge_labels("auto")
labels = predict_stack(model, scan, progress=False)
labels = postprocess(labels, min_size=30, fill_holes=30, spatial="3d")
grains = separate_objects(labels, 1, spatial="3d")

pieces = quantify(labels, spacing, unit="um").objects
table = quantify(labels, spacing, unit="um", objects=grains).objects
n_pieces = (pieces["class"] == 1).sum()
print(f"{len(radii)} grains, connected pieces: {n_pieces}, objects: {len(table)}")

# %%
# Whole ones alone: a grain at the border of the scan is cut off.
whole = table.loc[~table["touches_border"], "equivalent_diameter_um"]
inside = [
    (c - r > 0).all() and (c + r < shape).all()
    for c, r in zip(centers, radii, strict=True)
]
made = 2 * spacing * np.array(radii)[inside]
print(f"whole ones: {len(made)} made, {len(whole)} found")
print(f"mean diameter: {made.mean():.2f} made, {whole.mean():.2f} found")

figure, axes = plt.subplots(1, 4, figsize=(13, 3.4), layout="constrained")
axes[0].imshow(scan[middle], cmap="gray")
axes[0].set_title(f"slice z = {middle}")
axes[1].imshow(label_colors(2)[labels[middle]])
axes[1].set_title("classes")
axes[2].imshow(label_colors(len(table) + 1)[grains[middle]])
axes[2].set_title(f"{len(table)} objects")
bins = np.linspace(4, 16, 13)
axes[3].hist([made, whole], bins, label=["made", "found"])
axes[3].set_xlabel("diameter, µm")
axes[3].set_title("grains that are whole")
axes[3].legend()
for axis in axes[:3]:
    axis.axis("off")
plt.show()
