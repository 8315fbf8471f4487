"""
Regions at every granularity
============================

Classes say what is alike; regions say what hangs together. A fitted model has a merge
tree for every image, from superpixels to the whole, and every cut of it is a division
into connected regions. A cut takes milliseconds: nothing is trained again.
"""

import time

import matplotlib.pyplot as plt
from skimage.data import astronaut

from sksegment import SparseWNetSegmenter
from sksegment.plotting import overlay, plot_hierarchy

photo = astronaut()
model = SparseWNetSegmenter(random_state=0)
classes = model.fit_predict([photo])[0]
tree = model.hierarchy([photo])[0]
print(tree)

# %%
# ``n_regions`` says how many there shall be, ``cut("auto")`` takes as many as people
# tend to see, and ``cut(threshold=...)`` undoes all merges above a height. The cuts are
# nested: every region of a coarse one is a union of regions of a finer one.
start = time.perf_counter()
regions = tree.cut(n_regions=12)
print(f"cut in {1000 * (time.perf_counter() - start):.0f} ms")

# %%
# The contour map has the height at which the two sides of a border become one region:
# what is bright survives longest.
contours = tree.boundaries()

figure = plt.figure(figsize=(12, 6.3), layout="constrained")
grid = figure.add_gridspec(2, 1, height_ratios=[1.9, 1])
for index, (title, picture) in enumerate(
    {
        f"{len(set(classes.flat))} classes": overlay(photo, classes),
        "12 regions": overlay(photo, regions),
        "strength of the borders": contours,
    }.items()
):
    axis = figure.add_subplot(grid[0].subgridspec(1, 3)[index])
    axis.imshow(picture, cmap="magma")
    axis.set_title(title)
    axis.axis("off")
axis = figure.add_subplot(grid[1])
plot_hierarchy(photo, tree, n_regions=(2, 4, 8, 16, 32, 64), ax=axis)
plt.show()

# %%
# A model whose labels are regions from the start has the same cuts under ``predict``;
# the parameter may be set after the fit.
eight = model.set_params(n_regions=8).predict([photo])[0]
print(f"predict with n_regions=8: {eight.max() + 1} regions")
