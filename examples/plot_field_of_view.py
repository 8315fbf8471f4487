"""
Leave out what lies outside of the field of view
================================================

A scan sees a cylinder; the corners of its slices are zeros that mean nothing. A mask
keeps them from becoming a class of their own: nothing outside is trained on, and the
label there is -1, which no score and no table counts.
"""

import matplotlib.pyplot as plt
import numpy as np

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.datasets import make_tomogram
from sksegment.plotting import overlay
from sksegment.postprocessing import quantify

volume, truth = make_tomogram(
    (16, 192, 192), grain_size=40, field_of_view=True, random_state=1
)

# %%
# True inside. One mask does for all images of one size; for others, and where the field
# moves, it may be a function from an image to its mask.
height, width = volume.shape[1:]
row, column = np.ogrid[:height, :width]
radius = np.hypot(row - (height - 1) / 2, column - (width - 1) / 2)
mask = radius <= 0.5 * min(height, width)

results = {}
for name, field in (("no mask", None), ("mask", mask)):
    superpixels = SuperpixelTransformer(n_segments=3000, sigma=1.0, mask=field)
    model = SparseWNetSegmenter(
        max_labels=16, superpixels=superpixels, resolution=1.0, random_state=0
    )
    model.fit(volume[8:9]).merge_labels("auto")
    results[name] = model.predict(volume)
    classes = quantify(results[name]).classes
    print(f"{name}: of {classes['n_voxels'].sum()} voxels")
    print(classes[["class", "fraction", "n_objects"]].to_string(index=False))

pores = np.isin(truth, (0, 4)).sum() / (truth >= 0).sum()
print(f"in truth pores and the crack are {pores:.3f} of what was seen")

figure, axes = plt.subplots(1, 3, figsize=(10, 3.7), layout="constrained")
axes[0].imshow(volume[0], cmap="gray")
axes[0].set_title("slice 0, not trained on")
for axis, (name, labels) in zip(axes[1:], results.items(), strict=True):
    axis.imshow(overlay(volume[0], labels[0], alpha=0.6))
    used = np.unique(labels).tolist()
    axis.set_title(f"{name}: labels {', '.join(map(str, used))}")
for axis in axes:
    axis.axis("off")
plt.show()
