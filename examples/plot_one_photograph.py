"""
Segment one photograph
======================

Fit on one image without labels, and look at the classes, once pixel by pixel and once
for whole regions, at what the net can reconstruct from them, and at the terms of the
loss.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import coffee

from sksegment import SparseWNetSegmenter
from sksegment.plotting import overlay, plot_history

photo = coffee()
model = SparseWNetSegmenter(random_state=0)
labels = model.fit_predict([photo])[0]
print(f"{len(np.unique(labels))} classes after {model.n_iter_} epochs")

# %%
# Light, shade and wood grain make classes of pixels patchy. Regions are found by more
# than colour, and all pixels of a region may have one label: no training is needed.
of_regions = model.set_params(assignment="region").predict([photo])[0]

# %%
# The reconstruction has passed through K soft labels a pixel: what it has lost, the
# classes do not know.
reconstructed = model.reconstruct([photo])[0]

figure, axes = plt.subplot_mosaic(
    [["photo", "pixels", "regions"], ["again", "losses", "losses"]],
    figsize=(12, 6),
    layout="constrained",
)
shown = {
    "photo": ("photograph", photo),
    "pixels": ("classes of pixels", overlay(photo, labels)),
    "regions": ("classes of regions", overlay(photo, of_regions)),
    "again": ("reconstructed", reconstructed.clip(0, 255).astype(np.uint8)),
}
for name, (title, image) in shown.items():
    axes[name].imshow(image)
    axes[name].set_title(title)
    axes[name].axis("off")
plot_history(model.history_, ax=axes["losses"])
plt.show()
