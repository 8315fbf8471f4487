"""Make the model files of format 1 that later versions have to read.

``sparse.safetensors`` and ``dense.safetensors`` were made by sksegment 0.1.0 and are
not to be made anew: a file that today's version writes proves nothing of those that
yesterday's version wrote. A new format gets a folder of its own. Made with

    python tests/model_file/format1/make_files.py
"""

from pathlib import Path

import numpy as np

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter, SuperpixelTransformer
from sksegment.patches import PatchSampler

FOLDER = Path(__file__).parent


def training_image():
    """A bright square on a dark ground with a ramp, (24, 30, 2)."""
    rows, columns = np.mgrid[:24, :30]
    square = (abs(rows - 11) < 6) & (abs(columns - 13) < 7)
    image = np.stack([40 + 150 * square + rows, 200 - 120 * square - columns], axis=-1)
    return image.astype(np.uint8)


def models():
    """Two unfitted segmenters by the names of their files."""
    common = {
        "patches": PatchSampler(shapes=((8, 12), (12, 12)), counts=(4, 3)),
        "base_channels": 4,
        "depth": 1,
        "max_epochs": 3,
        "batches_per_epoch": 4,
        "device": "cpu",
        "precision": "float32",
        "random_state": 0,
    }
    mask = np.ones((24, 30), bool)
    mask[:, :2] = False
    superpixels = SuperpixelTransformer(n_segments=40, mask=mask)
    return {
        "sparse": SparseWNetSegmenter(
            6, superpixels=superpixels, assignment="kmeans", **common
        ),
        "dense": DenseWNetSegmenter(5, beta_cut=0.5, min_labels=1, **common),
    }


if __name__ == "__main__":
    for name, model in models().items():
        model.fit([training_image()]).merge_labels(2)
        model.save(FOLDER / f"{name}.safetensors")
