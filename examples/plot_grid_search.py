"""
Choose betas by grid search, with the V-measure as score
========================================================

How strongly labels are pulled together, ``beta_sim``, and neighbours to one label,
``beta_con``, cannot be told beforehand. Where one image has a ground truth, a
`GridSearchCV` of scikit-learn tries a grid of both and keeps what agrees best with it.
The model it leaves labels images that have none.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.filters import gaussian
from sklearn.model_selection import GridSearchCV

from sksegment import SparseWNetSegmenter
from sksegment.metrics import v_measure
from sksegment.model_selection import InSampleSplit, v_measure_scorer
from sksegment.plotting import label_colors


def make_sample(seed, border, pore):
    """Two materials of one brightness and different grain, and a dark pore."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[:96, :144]
    truth = (column > border + 10 * np.sin(row / 15)).astype(int)
    truth[np.hypot(row - pore[0], column - pore[1]) < 22] = 2
    noise = rng.normal(size=truth.shape)
    fine, coarse = 0.5 + 0.12 * noise, 0.5 + 0.35 * gaussian(noise, 2)
    image = np.choose(truth, [fine, coarse, 0.1 + 0.05 * noise])
    return image.astype(np.float32), truth


image, truth = make_sample(0, border=72, pore=(50, 70))
other_image, other_truth = make_sample(1, border=40, pore=(40, 110))

# %%
# With one image training and test set are the same, which `InSampleSplit` says. That is
# fair here: a fit never looks at the truth, it is there for the score alone.
betas = [0.02, 0.1, 0.5]
model = SparseWNetSegmenter(8, resolution=1.0, max_epochs=6, random_state=0)
model.set_params(superpixels__n_segments=400, patches__counts=(32,))
search = GridSearchCV(
    model,
    {"beta_sim": betas, "beta_con": betas},
    scoring=v_measure_scorer,
    cv=InSampleSplit(),
    error_score="raise",
)
search.fit([image], [truth])
print("best betas:", search.best_params_, f"V = {search.best_score_:.2f}")

# %%
# The search is a model with the best betas. They were chosen on the first image; how
# good they are, a second one must tell. The scores go up and down without a rule:
# differences of a few hundredths are not to be trusted.
labels, other_labels = search.predict([image, other_image])
print(f"on the other image: V = {v_measure(other_truth, other_labels):.2f}")

scores = search.cv_results_["mean_test_score"].reshape(len(betas), len(betas))
figure, axes = plt.subplot_mosaic(
    [["grid", "image", "labels"], ["grid", "other image", "other labels"]],
    figsize=(11, 5),
    layout="constrained",
)
axes["grid"].imshow(scores, cmap="cividis")
for (row, column), score in np.ndenumerate(scores):
    color = "white" if score < scores.mean() else "black"
    axes["grid"].text(column, row, f"{score:.2f}", ha="center", color=color)
axes["grid"].set_xticks(range(len(betas)), betas)
axes["grid"].set_yticks(range(len(betas)), betas)
axes["grid"].set(title="V-measure", xlabel="beta_sim", ylabel="beta_con")
for name, picture, found, true, role in (
    ("", image, labels, truth, "searched on"),
    ("other ", other_image, other_labels, other_truth, "not searched on"),
):
    axes[f"{name}image"].imshow(picture, cmap="gray")
    axes[f"{name}image"].contour(true == 1, [0.5], colors="tab:orange", linewidths=1)
    axes[f"{name}image"].set_title(f"{role}; border of the materials")
    axes[f"{name}labels"].imshow(label_colors(8)[found])
    axes[f"{name}labels"].set_title(f"labels: V = {v_measure(true, found):.2f}")
    for kind in ("image", "labels"):
        axes[f"{name}{kind}"].axis("off")
plt.show()
