"""
A few strokes tell the net which classes are meant
==================================================

Without a hint a net finds the classes that colours suggest. A few strokes with a brush,
far from a full ground truth, tell it which ones are meant: they are one more cross
entropy beside the losses that need no labels. The numbers of the strokes become the
numbers of the labels.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage.data import chelsea
from skimage.draw import line

from sksegment import SparseWNetSegmenter
from sksegment.plotting import label_colors, overlay

# %%
# Three classes, two or three strokes each, drawn as lines nine pixels wide. Everything
# else is -1: not known.
photo = chelsea()
strokes = {
    "cat": [(60, 90, 60, 330), (150, 330, 250, 330), (100, 60, 280, 250)],
    "eye": [(125, 155, 125, 175), (134, 310, 134, 328)],
    "blanket": [(20, 10, 60, 20), (20, 420, 280, 420), (280, 370, 280, 440)],
}
scribbles = np.full(photo.shape[:2], -1)
for number, lines in enumerate(strokes.values()):
    for ends in lines:
        rows, columns = line(*ends)
        for shift in range(-4, 5):
            scribbles[np.clip(rows + shift, 0, len(photo) - 1), columns] = number
print(f"{(scribbles >= 0).mean():.1%} of the pixels have a stroke")

# %%
# One label more than the classes is for what else there is. ``position`` lets the net
# see where a pixel is, as fur and blanket are much alike, and regions lead from strokes
# to the border of what they lie on. Beside it a net without a hint, joined to as many
# classes.
shared = {"assignment": "region", "random_state": 0}
hinted = SparseWNetSegmenter(4, position=1.0, max_epochs=16, **shared)
hinted.fit([photo], scribbles=[scribbles], class_names=list(strokes))
free = SparseWNetSegmenter(**shared).fit([photo]).merge_labels(4)
agrees = hinted.labels_[0][scribbles >= 0] == scribbles[scribbles >= 0]
print(f"{agrees.mean():.0%} of the strokes have their class")

drawn = photo.copy()
drawn[scribbles >= 0] = label_colors(3)[scribbles[scribbles >= 0]]

figure, axes = plt.subplots(1, 3, figsize=(12, 3.2), layout="constrained")
pictures = {
    "strokes": drawn,
    "with strokes": overlay(photo, hinted.labels_[0]),
    "without, joined to four": overlay(photo, free.labels_[0]),
}
for axis, (title, picture) in zip(axes, pictures.items(), strict=True):
    axis.imshow(picture)
    axis.set_title(title)
    axis.axis("off")
plt.show()
