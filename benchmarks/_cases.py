"""What the scripts that measure time are given to work on."""

import numpy as np
from skimage.data import coffee
from skimage.transform import resize

from sksegment.regions import region_graph
from sksegment.training import GraphImage

# Nets of the estimator by default and of the paper, as `build_wnet` takes them.
DEFAULT_NET = {"n_channels": 3, "max_labels": 32, "base_channels": 16, "depth": 3}
PAPER_NET = {"n_channels": 3, "max_labels": 32, "base_channels": 64, "depth": 4}


def photo(side):
    """A photograph as a square, uint8."""
    return (255 * resize(coffee(), (side, side))).astype(np.uint8)


def blocks(side, n):
    """About ``n`` square superpixels on an image of ``side`` x ``side``."""
    line = np.arange(side) * round(np.sqrt(n)) // side
    return (line[:, None] * (line.max() + 1) + line).astype(np.int32)


def graph_image(n, side=1024):
    """A photograph with about ``n`` superpixels, as the default net trains on it."""
    superpixels = blocks(side, n)
    scaled = photo(side).astype(np.float32) / 255
    graph = region_graph(scaled, superpixels)
    return GraphImage.build(
        scaled, superpixels, graph, resolution=0.5, tau=0.0, device="cpu"
    )
