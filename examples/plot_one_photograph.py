"""
Segment one photograph
======================

Fit on one image without labels, and look at the classes, at what the net can
reconstruct from them, and at the terms of the loss.
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
# The reconstruction has passed through K soft labels a pixel: what it has lost, the
# classes do not know.
reconstructed = model.reconstruct([photo])[0]

figure, axes = plt.subplots(2, 2, figsize=(10, 7))
axes[0, 0].imshow(photo)
axes[0, 0].set_title("photograph")
axes[0, 1].imshow(overlay(photo, labels))
axes[0, 1].set_title("classes")
axes[1, 0].imshow(reconstructed.clip(0, 255).astype(np.uint8))
axes[1, 0].set_title("reconstructed from soft labels")
for axis in axes.flat[:3]:
    axis.axis("off")
plot_history(model.history_, ax=axes[1, 1])
figure.tight_layout()
plt.show()
