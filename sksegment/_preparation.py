"""Everything about the training images that does not depend on a seed."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone

from sksegment._division import FEWEST
from sksegment._intensity import IntensityScale
from sksegment.regions import region_graph
from sksegment.superpixels import SuperpixelTransformer, compute_superpixels

__all__ = ["CHOSEN_IN_FIT", "PreparedImages", "PreparedPixels", "default_superpixels"]

#: What `PreparedImages.build` chooses by the size of the images where it is None.
CHOSEN_IN_FIT = {"n_segments": None}

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
            Parameters of the superpixels; it is cloned. Where it is None, or its
            ``n_segments``, their number is the default of the class, but fewer where
            they would have less than 25 pixels.

        Raises
        ------
        ValueError
            If an image has fewer than two superpixels.
        """
        if superpixels is None:
            superpixels = SuperpixelTransformer(**CHOSEN_IN_FIT)
        transformer = clone(superpixels)
        if transformer.n_segments is None:
            transformer.n_segments = _number_of_superpixels(images, transformer)
        return cls.extend(images, transformer.fit(images))

    @classmethod
    def extend(cls, images, transformer):
        """Prepare further images with a transformer fitted already."""
        scaled, maps, graphs = [], [], []
        for index, image in enumerate(images):
            normalized, superpixels = transformer.divide(image, index)
            scaled.append(normalized)
            maps.append(superpixels)
            graphs.append(_graph(normalized, superpixels, index))
        return cls(transformer, scaled, maps, graphs)

    @property
    def scale(self):
        """Scale of the intensities, an `IntensityScale`."""
        return IntensityScale(self.transformer.intensity_range_, self.transformer.rgb_)

    @property
    def fields(self):
        """Fields of view, a list of ndarray of shape (H, W), bool."""
        return [superpixels >= 0 for superpixels in self.superpixels]

    @property
    def colors(self):
        """Mean colours of all superpixels, shape (n, C), on the scale of ``scaled``."""
        return np.concatenate([graph.means for graph in self.graphs])

    @property
    def brightness(self):
        """Mean lightness or intensity of all superpixels, shape (n,)."""
        return self.scale.brightness(self.colors)

    @property
    def sizes(self):
        """Number of pixels of all superpixels, shape (n,)."""
        return np.concatenate([graph.sizes for graph in self.graphs])


@dataclass(eq=False)
class PreparedPixels:
    """Training images, scaled; every pixel stands for itself.

    Attributes
    ----------
    scale : IntensityScale
    scaled : list of ndarray of shape (H, W, C), float32
        As `IntensityScale.apply` returns them.
    """

    scale: IntensityScale
    scaled: list

    @classmethod
    def build(cls, images):
        """Prepare checked images, each of shape (H, W, C)."""
        return cls.extend(images, IntensityScale.of(images))

    @classmethod
    def extend(cls, images, scale):
        """Prepare further images with the scale of earlier ones."""
        return cls(scale, [scale.apply(image) for image in images])

    @property
    def fields(self):
        """Fields of view, a list of ndarray of shape (H, W), bool: all pixels."""
        return [np.ones(image.shape[:2], bool) for image in self.scaled]


def default_superpixels(scaled, mask=None):
    """Superpixels of one image by the defaults.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32
        As `IntensityScale.apply` returns it.
    mask : ndarray of shape (H, W), bool, optional
        Field of view.

    Returns
    -------
    superpixels : ndarray of shape (H, W), int32
        Negative outside the field of view.
    """
    n_pixels = scaled[..., 0].size if mask is None else np.count_nonzero(mask)
    pixels = np.float32(100.0) * scaled
    return compute_superpixels(pixels, n_segments=_default_number(n_pixels), mask=mask)


def _number_of_superpixels(images, transformer):
    """Default for the smallest image."""
    return _default_number(
        min(transformer.n_pixels(image, i) for i, image in enumerate(images))
    )


def _default_number(n_pixels):
    """Default of the class, but no superpixels that are mere specks."""
    most = SuperpixelTransformer().n_segments
    return max(FEWEST, min(most, n_pixels // _MIN_PIXELS))


def _graph(scaled, superpixels, index):
    graph = region_graph(scaled, superpixels)
    if graph.n_regions < 2:
        raise ValueError(
            f"image {index} has fewer than two superpixels: there is nothing to "
            "cluster; raise superpixels__n_segments, or widen the mask"
        )
    return graph
