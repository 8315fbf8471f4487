"""What the baselines have in common with each other and with the W-Net."""

from typing import ClassVar

import numpy as np
from sklearn.utils import check_random_state

from sksegment._intensity import warn_of_units
from sksegment._preparation import CHOSEN_IN_FIT, PreparedImages
from sksegment.baselines._color import color_features, resolve_color_space
from sksegment.regions import region_graph
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["SuperpixelMixin", "draw_seed", "features_of"]


def draw_seed(random_state):
    """Draw the one seed from which everything random in a fit follows."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def features_of(estimator, image):
    """Colours of an image in the colour space of the fit."""
    return color_features(image, estimator.intensity_range_, estimator.color_space_)


class SuperpixelMixin:
    """The parameter ``superpixels`` and what is done with it.

    Needs the parameter ``color_space`` too.
    """

    _nested_defaults: ClassVar[dict[str, type]] = {"superpixels": SuperpixelTransformer}
    _chosen_in_fit = {"superpixels": CHOSEN_IN_FIT}

    def _prepare(self, images):
        """Superpixels and region graphs of training images, and their colour space."""
        color_space = resolve_color_space(images, self.color_space)
        prepared = PreparedImages.build(images, self.superpixels)
        scale = prepared.transformer.intensity_range_
        warn_of_units(images, scale, prepared.fields)
        graphs = [
            region_graph(color_features(image, scale, color_space), superpixels)
            for image, superpixels in zip(images, prepared.superpixels, strict=True)
        ]
        return prepared, graphs, color_space

    def _set_fitted(self, batch, prepared, centers, color_space):
        """Set the fitted attributes but the labels."""
        self.n_channels_in_ = batch.n_channels
        self._keep_superpixels(prepared.transformer)
        self.intensity_range_ = prepared.transformer.intensity_range_
        self.color_space_ = color_space
        self.cluster_centers_ = centers

    def _prepare_image(self, index, image):
        """Superpixels and region graph of an image that may be new."""
        labels = self.superpixels_.divide(image, index)[1]
        return labels, region_graph(features_of(self, image), labels)
