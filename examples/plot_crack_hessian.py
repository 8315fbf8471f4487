"""
Find a crack in steel by its curvature
======================================

A crack of a voxel or two hardly stands out from the noise of a scan, but it is where
the grey is curved. So the net gets second derivatives of the blurred slice instead of
greys, and groups them by normalised cut, as in Figure 5 of the paper. It trains on one
slice, and labels all others.

Pass a volume of your own as the first argument: a TIFF, a folder of slices, ...
"""

import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import binary_dilation
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sksegment import make_segmenter
from sksegment.datasets import make_tomogram
from sksegment.postprocessing import postprocess
from sksegment.preprocessing import GaussianHessian
from sksegment.stacks import open_stack, predict_stack

# %%
# A made scan in which the crack closes on its way through the steel.
truth = None
if len(sys.argv) > 1:
    stack = open_stack(sys.argv[1])
else:
    stack, truth = make_tomogram((24, 192, 192), kind="steel", random_state=1)
middle = len(stack) // 2

# %%
# A thin structure needs small superpixels, the full resolution and labels of pixels.
# Instead of the three entries of the Hessian the larger of its two eigenvalues is
# taken, the curvature across the crack: so it looks alike whichever way it runs.
hessian = GaussianHessian(sigma=3.0, eigenvalues=True)


def largest(images):
    """Keep the largest curvature of every pixel."""
    return [image[..., 0] for image in images]


segmenter = make_segmenter(
    "Sparse-NCut-Patch",
    size="compact",
    beta_cut=1.0,
    max_labels=16,
    superpixels__n_segments=3000,
    resolution=1.0,
    assignment="pixel",
    random_state=0,
)
across = FunctionTransformer(largest)
model = make_pipeline(hessian, across, segmenter).fit([stack[middle]])

# %%
# What is dark and thin is curved most, and labels are sorted by their values: of three
# classes the first is steel, the others are the crack where it is faint and where it is
# wide. Specks are noise.
segmenter.merge_labels(3)
labels = predict_stack(model, stack, progress=False)
crack = postprocess(labels >= 1, rules={1: {"min_size": 150}}, spatial="3d") == 1

# %%
# Blurring makes the crack wider than it is, so it is compared within two pixels.
if truth is not None:
    near = np.ones((1, 5, 5), bool)
    found = (binary_dilation(crack, near) & (truth == 4)).sum() / (truth == 4).sum()
    right = (binary_dilation(truth == 4, near) & crack).sum() / max(crack.sum(), 1)
    print(f"{found:.0%} of the crack found, {right:.0%} of what was found is crack")

figure = plt.figure(figsize=(10, 6.4), layout="constrained")
curvature = hessian.transform([stack[middle]])[0][..., 0]
shown = [(middle, "trained on"), (len(stack) - 1, "not trained on")]
for row, (index, role) in enumerate(shown):
    for column, title in ((1, f"slice {index}, {role}"), (3, f"crack in {index}")):
        axis = figure.add_subplot(2, 3, 3 * row + column)
        axis.imshow(stack[index], cmap="gray")
        axis.set(title=title, xticks=[], yticks=[])
    axis.imshow(np.ma.masked_equal(crack[index], 0), cmap="autumn", alpha=0.8)
axis = figure.add_subplot(2, 3, 2)
axis.imshow(curvature, cmap="magma")
axis.set(title=f"largest curvature of {middle}", xticks=[], yticks=[])
axis = figure.add_subplot(2, 3, 5, projection="3d")
z, y, x = np.nonzero(crack)
axis.scatter(x, y, z, c=z, s=2, cmap="viridis")
axis.set_box_aspect(np.ptp([x, y, z], axis=1) + 1, zoom=1.2)
axis.view_init(elev=50, azim=-80)
axis.set(title="the crack in all slices", xticks=[], yticks=[], zticks=[])
plt.show()
