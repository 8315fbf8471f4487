"""
Label a video: two frames train, the others follow
==================================================

Two frames are enough to find a horse in all thirty: patches are drawn near the horse
only, frames are shrunk and sharpened, as for the videos in Figure 4 of the paper. The
same class has the same number in every frame. `predict_stack` writes the frames under
the colours of their classes.

Pass a video of your own as the first argument; one is written beside it.
"""

import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import data
from skimage.filters import gaussian
from skimage.transform import resize
from sklearn.pipeline import make_pipeline

from sksegment import SparseWNetSegmenter
from sksegment.plotting import overlay
from sksegment.preprocessing import Rescale, UnsharpMask
from sksegment.stacks import open_stack, predict_stack, suggest_training_slices


def make_video(n_frames=30, shape=(300, 400)):
    """A horse with the coat of a cat jumps over a meadow; the camera moves along."""
    rng = np.random.default_rng(0)
    horse = resize(~data.horse(), (130, 160), order=0)
    coat = data.chelsea()[170:300, 0:160]
    meadow = gaussian(data.grass(), 1.5, preserve_range=True)
    meadow = meadow[..., np.newaxis] * np.array([0.6, 0.8, 0.4])
    frames, masks = [], []
    for t in range(n_frames):
        top = int(85 + 75 * np.cos(0.4 * t))
        left = int(20 + 200 * t / n_frames)
        box = np.s_[top : top + 130, left : left + 160]
        frame = np.roll(meadow, -3 * t, axis=1)[: shape[0], : shape[1]].copy()
        mask = np.zeros(shape, bool)
        mask[box] = horse
        frame[box][horse] = coat[horse]
        frame = frame * rng.normal(1, 0.03) + rng.normal(0, 6, frame.shape)
        frames.append(frame.clip(0, 255).astype(np.uint8))
        masks.append(mask)
    return np.stack(frames), np.stack(masks)


# %%
# Where the horse is in the training frames, is stated roughly, as rows and columns of
# the shrunk frames.
masks, regions = None, None
if len(sys.argv) > 1:
    frames = open_stack(sys.argv[1])
    training = suggest_training_slices(frames, n=2)
    out = Path(sys.argv[1]).with_suffix(".labels.mp4")
else:
    video, masks = make_video()
    frames, training = open_stack(video, axes="TYXC"), [6, 16]
    regions = [np.s_[5:90, 20:120], np.s_[70:150, 55:152]]
    out = Path(tempfile.mkdtemp(), "labels.mp4")

segmenter = SparseWNetSegmenter(max_labels=16, resolution=1.0, random_state=0)
segmenter.set_params(superpixels__n_segments=3000, patches__region=regions)
model = make_pipeline(Rescale(0.5), UnsharpMask(radius=5.0, amount=1.0), segmenter)
model.fit([frames[index] for index in training])

# %%
# Once as an array, to compare it, and once as a video, to watch it.
labels = predict_stack(model, frames, progress=False)
print("written:", predict_stack(model, frames, out, overwrite=True, progress=False))

# %%
# The horse is what has the labels that are mostly horse in the first training frame.
if masks is not None:
    first, mask = labels[training[0]], masks[training[0]]
    n_pixels, n_inside = np.bincount(first.ravel()), np.bincount(first[mask])
    horse = np.flatnonzero(2 * n_inside > n_pixels[: len(n_inside)])
    found = np.isin(labels, horse)
    iou = (found & masks).sum((1, 2)) / (found | masks).sum((1, 2))
    print(f"IoU of the horse: mean {iou.mean():.3f}, worst frame {iou.min():.3f}")

figure, axes = plt.subplots(2, 4, figsize=(12, 5), layout="constrained")
shown = np.linspace(0, len(frames) - 1, 4).round().astype(int)
for column, index in zip(axes.T, shown.tolist(), strict=True):
    column[0].imshow(frames[index])
    column[0].set_title(f"frame {index}")
    column[1].imshow(overlay(frames[index], labels[index]))
for axis in axes.flat:
    axis.axis("off")
plt.show()
