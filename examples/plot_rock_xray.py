"""
Rock under X-rays: one slice trains, the whole volume is measured
=================================================================

The way from a scan to a table: a slice to train on is suggested, labels are joined to
four classes, all slices are written to a TIFF for Fiji, islands are removed, and
volumes are measured, as for the rock in Figure 5 of the paper. The rock is made, so
truth tells how far the table is right.

Pass a volume of your own as the first argument: a TIFF, a folder of slices, ...
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from sksegment import KMeansPixelSegmenter, make_segmenter
from sksegment.datasets import make_tomogram
from sksegment.io import read_labels
from sksegment.metrics import v_measure
from sksegment.plotting import label_colors, overlay
from sksegment.postprocessing import postprocess, quantify
from sksegment.preprocessing import Denoise
from sksegment.stacks import open_stack, predict_stack, suggest_training_slices

# %%
# Grains, pores between them, dense inclusions; clay, which X-rays hardly tell from
# the grains; and a crack, which they do not tell from a pore.
truth = None
if len(sys.argv) > 1:
    stack = open_stack(sys.argv[1])
else:
    volume, truth = make_tomogram((24, 192, 192), grain_size=40, random_state=0)
    stack, truth = open_stack(volume), np.where(truth == 4, 0, truth)
(best,) = suggest_training_slices(stack)

# %%
# Many labels are learnt with small betas, so that rare materials keep one of their own,
# and then joined. Larger slices need more superpixels.
segmenter = make_segmenter(
    "Sparse-SimCon-Patch",
    size="compact",
    beta_sim=0.02,
    beta_con=0.02,
    max_labels=24,
    superpixels__n_segments=6000,
    superpixels__compactness=5.0,
    resolution=1.0,
    random_state=0,
)
model = make_pipeline(Denoise(weight=0.05), segmenter).fit([stack[best]])
segmenter.merge_labels(4)

# %%
# A slice is read, labelled and written at a time. A run that was interrupted goes on
# with ``resume=True``.
with tempfile.TemporaryDirectory() as folder:
    path = predict_stack(model, stack, Path(folder, "labels.tif"), progress=False)
    raw = np.stack(read_labels(path))
labels = postprocess(raw, min_size=60, spatial="3d")
table = quantify(labels, stack.spacing, unit=stack.unit).classes
print(table.to_string(index=False))

# %%
# Which class is what, is told by looking; here by what most of its pixels in the
# training slice are. All but clay differ by grey alone, and so k-means of the greys
# does as well or better here, if it is told the number of classes.
if truth is not None:
    names = np.array(["pore", "grain", "clay", "inclusion"])
    pairs = np.ravel_multi_index((labels[best], truth[best]), (4, 4)).ravel()
    named = np.bincount(pairs, minlength=16).reshape(4, 4).argmax(axis=1)
    print(f"V = {v_measure(np.vstack(truth), np.vstack(labels)):.2f}")
    for k in (3, 4):
        greys = make_pipeline(Denoise(), KMeansPixelSegmenter(k, random_state=0))
        simple = greys.fit([stack[best]]).predict(stack)
        v = v_measure(np.vstack(truth), np.vstack(simple))
        print(f"V = {v:.2f} by k-means of the greys, k = {k}")
    for index, name in enumerate(names):
        parts = [(one == index).mean() for one in (truth, named[labels])]
        print(f"{name:10} {parts[0]:6.1%} in truth, {parts[1]:6.1%} found")

figure, axes = plt.subplots(2, 3, figsize=(10, 6.8), layout="constrained")
for row, index in zip(axes, (best, 0 if best else -1), strict=True):
    role = "trained on" if index == best else "not trained on"
    row[0].imshow(stack[index], cmap="gray")
    row[0].set_title(f"slice {index}, {role}")
    row[1].imshow(overlay(stack[index], labels[index]))
    row[1].set_title("four classes")
    if truth is not None:
        row[2].imshow(label_colors(4)[truth[index]])
        row[2].set_title("truth")
for axis in axes.flat:
    axis.axis("off")
plt.show()
