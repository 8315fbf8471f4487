"""
Let three directions vote on every voxel
========================================

Slices are segmented one by one, so what they say of one voxel is three opinions when a
volume is sliced along all of its axes. The noise differs from one to the other, the
sample does not: their vote has fewer errors, and no steps from slice to slice, for
three times the work. The more noise the more it is worth: here V rises from .54 to .55;
with a noise of 0.15, as usual, from .601 to .609.
"""

import matplotlib.pyplot as plt
import numpy as np

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.datasets import make_tomogram
from sksegment.metrics import v_measure
from sksegment.plotting import label_colors
from sksegment.stacks import predict_stack

# %%
# A cube, with much noise. Voxels must be about cubes too, since the superpixels and the
# net are the same in all directions.
volume, truth = make_tomogram((96, 96, 96), grain_size=32, noise=0.5, random_state=0)
truth[truth == 4] = 0  # a crack is as dark as a pore

model = SparseWNetSegmenter(
    max_labels=16,
    superpixels=SuperpixelTransformer(n_segments=400),
    resolution=1.0,
    random_state=0,
)
middle = len(volume) // 2
model.fit(volume[middle : middle + 1]).merge_labels(3)

# %%
# It is trained on a slice across z, and used along all axes.
results = {}
for name, along in (("along z", "z"), ("vote of z, y, x", ("z", "y", "x"))):
    labels = predict_stack(model, volume, along=along, progress=False)
    v = v_measure(np.vstack(truth), np.vstack(labels))
    results[f"{name}: V = {v:.2f}"] = labels
    print(f"{name}: V = {v:.3f}")

figure, axes = plt.subplots(2, 4, figsize=(12, 6.4), layout="constrained")
for row, cut in zip(axes, (np.s_[middle // 2], np.s_[:, middle]), strict=True):
    row[0].imshow(volume[cut], cmap="gray")
    row[1].imshow(label_colors(4)[truth[cut]])
    for axis, labels in zip(row[2:], results.values(), strict=True):
        axis.imshow(label_colors(4)[np.array([0, 1, 3])[labels[cut]]])
axes[0, 0].set_title(f"slice z = {middle // 2}")
axes[1, 0].set_title(f"cut y = {middle}, across the slices")
axes[0, 1].set_title("truth")
for axis, title in zip(axes[0, 2:], results, strict=True):
    axis.set_title(title)
for axis in axes.flat:
    axis.axis("off")
plt.show()
