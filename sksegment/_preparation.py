"""Everything about the training images that does not depend on a seed."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from sksegment.regions import region_graph
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["PreparedImages"]

_MIN_PIXELS = 25


@dataclass(eq=False)
class PreparedImages:
    """Training images, scaled and divided into superpixels.

    Attributes
    ----------
    transformer : SuperpixelTransformer
        Fitted.
    scaled : list of ndarray of shape (H, W, C), float32
        As `SuperpixelTransformer.normalize` returns them.
    superpixels : list of ndarray of shape (H, W), int32
    graphs : list of RegionGraph
    """

    transformer: SuperpixelTransformer
    scaled: list
    superpixels: list
    graphs: list

    @classmethod
    def build(cls, images, superpixels):
        """Prepare checked images.

        Parameters
        ----------
        images : list of ndarray of shape (H, W, C)
        superpixels : SuperpixelTransformer or None
            Parameters of the superpixels; it is cloned.

        Raises
        ------
        ValueError
            If an image has fewer than two superpixels.
        """
        if superpixels is None:
            superpixels = _default_superpixels(images)
        transformer = clone(superpixels).fit(images)
        return cls._divide(images, transformer)

    @classmethod
    def _divide(cls, images, transformer):
        scaled, maps, graphs = [], [], []
        for index, image in enumerate(images):
            scaled.append(transformer.normalize(image))
            maps.append(transformer.segment(image, scaled[-1], index))
            graphs.append(_graph(scaled[-1], maps[-1], index))
        return cls(transformer, scaled, maps, graphs)

    @classmethod
    def extend(cls, images, transformer):
        """Prepare further images with a transformer fitted already."""
        return cls._divide(images, transformer)

    @property
    def brightness(self):
        """Mean lightness or intensity of all superpixels, shape (n,)."""
        channels = slice(0, 1) if self.transformer.rgb_ else slice(None)
        return np.concatenate([g.means[:, channels].mean(axis=1) for g in self.graphs])

    @property
    def sizes(self):
        """Number of pixels of all superpixels, shape (n,)."""
        return np.concatenate([graph.sizes for graph in self.graphs])


def _default_superpixels(images):
    """Defaults of the class, but no superpixels that are mere specks."""
    default = SuperpixelTransformer()
    n_pixels = min(image[..., 0].size for image in images)
    return default.set_params(
        # SLIC that is asked for two may well return one.
        n_segments=max(4, min(default.n_segments, n_pixels // _MIN_PIXELS))
    )


def _graph(scaled, superpixels, index):
    graph = region_graph(scaled, superpixels)
    if graph.n_regions < 2:
        raise ValueError(
            f"image {index} has fewer than two superpixels: there is nothing to "
            "cluster; raise superpixels__n_segments, or widen the mask"
        )
    return graph
