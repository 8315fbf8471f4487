"""Everything about the training images that does not depend on a seed."""

from dataclasses import dataclass

from sklearn.base import clone

from sksegment._intensity import scale_intensity
from sksegment.regions import region_graph
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["PreparedImages"]


@dataclass(eq=False)
class PreparedImages:
    """Training images, scaled and divided into superpixels.

    Attributes
    ----------
    transformer : SuperpixelTransformer
        Fitted.
    scaled : list of ndarray of shape (H, W, C), float32
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
        transformer = SuperpixelTransformer() if superpixels is None else superpixels
        transformer = clone(transformer).fit(images)
        return cls._divide(images, transformer)

    @classmethod
    def _divide(cls, images, transformer):
        scaled, maps, graphs = [], [], []
        for index, image in enumerate(images):
            scaled.append(scale_intensity(image, transformer.intensity_range_))
            maps.append(transformer.segment(image, scaled[-1], index))
            graphs.append(_graph(scaled[-1], maps[-1], index))
        return cls(transformer, scaled, maps, graphs)

    @classmethod
    def extend(cls, images, transformer):
        """Prepare further images with a transformer fitted already."""
        return cls._divide(images, transformer)

    @property
    def intensity_range(self):
        """Intensities that are scaled to 0 and 1, shape (2, C)."""
        return self.transformer.intensity_range_


def _graph(scaled, superpixels, index):
    graph = region_graph(scaled, superpixels)
    if graph.n_regions < 2:
        raise ValueError(
            f"image {index} has fewer than two superpixels: there is nothing to "
            "cluster; raise superpixels__n_segments, or widen the mask"
        )
    return graph
