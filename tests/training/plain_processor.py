"""Fit on a made image, and tell what the processor was used for.

Run by `test_plain_processor` in a process whose libraries may use old instructions
only.
"""

import json

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.metrics import segmentation_scores
from sksegment.patches import PatchSampler

__all__ = ["Formats", "fit"]


class Formats(TorchDispatchMode):
    """Note the number formats of all results of torch."""

    def __init__(self):
        super().__init__()
        self.seen = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        """Call, and look at what comes back."""
        result = func(*args, **(kwargs or {}))
        parts = result if isinstance(result, (tuple, list)) else [result]
        self.seen |= {str(p.dtype) for p in parts if isinstance(p, torch.Tensor)}
        return result


def fit(precision):
    """Fit and predict.

    Parameters
    ----------
    precision : str

    Returns
    -------
    outcome : dict
        The formats that were used, whether losses are finite, the score.
    """
    rows, columns = np.ogrid[:48, :56]
    truth = (rows - 24) ** 2 + (columns - 28) ** 2 < 15**2
    noise = np.random.default_rng(0).normal(0, 8, truth.shape)
    image = np.clip(60 + 110 * truth + noise, 0, 255).astype(np.uint8)
    model = SparseWNetSegmenter(
        max_labels=4,
        superpixels=SuperpixelTransformer(n_segments=80),
        patches=PatchSampler(shapes=((16, 16),), counts=(8,)),
        base_channels=4,
        depth=1,
        max_epochs=6,
        random_state=0,
        precision=precision,
        device="cpu",
    )
    with Formats() as formats:
        labels = model.fit([image]).merge_labels(2).predict([image])[0]
    return {
        "formats": sorted(formats.seen),
        "finite": all(np.isfinite(row["loss"]) for row in model.history_),
        "labels": sorted({*map(int, labels.ravel())}),
        "v_measure": segmentation_scores(truth.astype(int), labels)["v_measure"],
    }


if __name__ == "__main__":
    outcome = {precision: fit(precision) for precision in ("auto", "bfloat16")}
    print(json.dumps({"kernels": torch.backends.cpu.get_cpu_capability(), **outcome}))
