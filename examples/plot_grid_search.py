"""
Choose betas by grid search, and compare with k-means and spectral clustering
=============================================================================

Where ground truth exists for an image, `GridSearchCV` finds the weights of the losses
by the V-measure. k-means and spectral clustering of the mean colours of the same
superpixels show what the learned features add.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse
from skimage.filters import gaussian
from sklearn.cluster import KMeans, SpectralClustering
from sklearn.model_selection import GridSearchCV

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.metrics import v_measure
from sksegment.model_selection import InSampleSplit, v_measure_scorer
from sksegment.regions import region_graph

# %%
# Two materials of nearly one brightness and different texture, and a dark pore.
rng = np.random.default_rng(0)
truth = np.zeros((96, 144), int)
truth[:, 72:] = 1
row, column = np.ogrid[:96, :144]
truth[(row - 50) ** 2 + (column - 70) ** 2 < 22**2] = 2
noise = rng.normal(size=truth.shape)
image = np.choose(
    truth, [0.5 + 0.12 * noise, 0.5 + 0.35 * gaussian(noise, 2), 0.1 + 0.05 * noise]
).astype(np.float32)

# %%
# One image, so training and test set are the same: nothing is learned from ``y``.
search = GridSearchCV(
    SparseWNetSegmenter(
        max_labels=8,
        superpixels=SuperpixelTransformer(n_segments=400),
        resolution=1.0,
        max_epochs=8,
        random_state=0,
    ),
    {"beta_sim": [0.02, 0.1], "beta_con": [0.1, 1.0]},
    scoring=v_measure_scorer,
    cv=InSampleSplit(),
    error_score="raise",
)
search.fit([image], [truth])
print("best betas:", search.best_params_, f"V = {search.best_score_:.3f}")

# %%
# The same superpixels by their mean colours alone.
superpixels = SuperpixelTransformer(n_segments=400).fit_transform([image])[0]
graph = region_graph(image, superpixels)
affinity = graph.affinity(tau=10.0) + 1e-6 * sparse.eye_array(graph.n_regions)
results = {
    "W-Net, best betas": search.predict([image])[0],
    "k-means": KMeans(3, n_init=10, random_state=0).fit_predict(graph.means)[
        superpixels
    ],
    "spectral clustering": SpectralClustering(
        3, affinity="precomputed", random_state=0
    ).fit_predict(affinity.toarray())[superpixels],
}

figure, axes = plt.subplots(1, 4, figsize=(14, 3))
axes[0].imshow(image, cmap="gray")
axes[0].set_title("image")
for axis, (name, labels) in zip(axes[1:], results.items(), strict=True):
    axis.imshow(labels, cmap="tab10")
    axis.set_title(f"{name}: V = {v_measure(truth, labels):.2f}")
for axis in axes:
    axis.axis("off")
figure.tight_layout()
plt.show()
