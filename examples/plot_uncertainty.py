"""
Where labels cannot be trusted
==============================

``predict_proba`` gives the shares of all labels, and `uncertainty` how undecided they
are: 0 where one label has all, 1 where two tie. On a made scan, truth says whether that
is worth anything; on a stained tissue it shows where to look twice.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import immunohistochemistry

from sksegment import SparseWNetSegmenter
from sksegment.datasets import make_tomogram
from sksegment.plotting import UncertaintyDisplay, overlay, uncertainty

# %%
# A slice trains, another one is looked at. A label is named by what most of its pixels
# are; all pixels of another material are errors.
volume, truth = make_tomogram((8, 256, 256), grain_size=40, random_state=0)
truth = np.where(truth == 4, 0, truth)  # a crack is as dark as a pore
model = SparseWNetSegmenter(16, resolution=1.0, random_state=0)
model.set_params(superpixels__n_segments=3000)
model.fit(volume[:1])
unsure = uncertainty(model.predict_proba(volume[4:5])[0])
labels = model.predict(volume[4:5])[0]
counts = np.zeros((16, 4), int)
np.add.at(counts, (labels, truth[4]), 1)
wrong = counts.argmax(axis=1)[labels] != truth[4]

# %%
# How many pixels are wrong, from the quarter that is surest to the least sure one.
quarters = np.searchsorted(np.quantile(unsure, [0.25, 0.5, 0.75]), unsure)
for quarter in range(4):
    inside = quarters == quarter
    print(f"quarter {quarter + 1}: {wrong[inside].mean():.1%} wrong")

# %%
# A tissue, without truth.
tissue = immunohistochemistry()
stain = SparseWNetSegmenter(random_state=0).fit([tissue])

figure, axes = plt.subplots(2, 3, figsize=(11, 7.4), layout="constrained")
axes[0, 0].imshow(volume[4], cmap="gray")
axes[0, 0].set_title("slice that was not trained on")
axes[0, 1].imshow(wrong, cmap="gray_r")
axes[0, 1].set_title(f"errors: {wrong.mean():.1%} of the pixels")
axes[0, 2].imshow(unsure, cmap="cividis", vmin=0, vmax=1)
axes[0, 2].set_title("uncertainty")
axes[1, 0].imshow(tissue)
axes[1, 0].set_title("tissue")
axes[1, 1].imshow(overlay(tissue, stain.labels_[0]))
axes[1, 1].set_title("classes")
UncertaintyDisplay.from_estimator(stain, tissue, ax=axes[1, 2])
axes[1, 2].set_title("uncertainty")
for axis in axes.flat:
    axis.axis("off")
plt.show()
