"""What the baselines have in common with each other and with the W-Net."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sksegment._preparation import PreparedImages
from sksegment._validation import check_images, check_label_maps
from sksegment.baselines._color import color_features, resolve_color_space
from sksegment.metrics import v_measure
from sksegment.regions import region_graph
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["SegmenterMixin", "SuperpixelMixin", "draw_seed"]


def draw_seed(random_state):
    """Draw the one seed from which everything random in a fit follows."""
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


class SegmenterMixin:
    """Methods of a segmenter that labels one image at a time.

    They need ``n_channels_in_`` and the method ``_predict_image(index, image)``.
    """

    def predict(self, X):
        """Label images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        labels : list of ndarray of shape (H, W), int32
            Those of the training images are ``labels_``; -1 outside a mask. One
            (n, H, W) array when X is one array.
        """
        return self._map(X, self._predict_image)

    def score(self, X, y):
        """Mean V-measure of the predicted labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
        y : sequence of ndarray of shape (H, W) or (A, H, W)
            Ground truth of one or of A annotators; negative labels are not scored.

        Returns
        -------
        score : float
            In [0, 1]. Where there are several annotators, the one that agrees best
            counts, as in the paper.
        """
        labels = self.predict(X)
        truths = check_label_maps(y, [map_.shape for map_ in labels])
        return float(np.mean([*map(v_measure, truths, labels)]))

    def _map(self, X, function):
        check_is_fitted(self)
        batch = check_images(X, n_channels=self.n_channels_in_)
        return batch.pack([function(*item) for item in enumerate(batch.images)])

    def _features(self, image):
        return color_features(image, self.intensity_range_, self.color_space_)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


class SuperpixelMixin:
    """The parameter ``superpixels`` and what is done with it.

    Needs the parameter ``color_space`` too; the mixin goes left of `SegmenterMixin`.
    """

    def get_params(self, deep=True):
        """Get the parameters; those of the superpixels also when they are None.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = super().get_params(deep=deep)
        if deep and params["superpixels"] is None:
            nested = SuperpixelTransformer().get_params()
            params.update({f"superpixels__{key}": v for key, v in nested.items()})
        return params

    def set_params(self, **params):
        """Set parameters, also of superpixels that are still None.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : estimator
        """
        nested = any(key.startswith("superpixels__") for key in params)
        if nested and params.get("superpixels", self.superpixels) is None:
            params["superpixels"] = SuperpixelTransformer()
        return super().set_params(**params)

    def _prepare(self, images):
        """Superpixels and region graphs of training images, and their colour space."""
        color_space = resolve_color_space(images, self.color_space)
        prepared = PreparedImages.build(images, self.superpixels)
        scale = prepared.transformer.intensity_range_
        graphs = [
            region_graph(color_features(image, scale, color_space), superpixels)
            for image, superpixels in zip(images, prepared.superpixels, strict=True)
        ]
        return prepared, graphs, color_space

    def _keep(self, batch, prepared, centers, color_space):
        """Set the fitted attributes but the labels."""
        self.n_channels_in_ = batch.n_channels
        self.superpixels_ = prepared.transformer
        self.intensity_range_ = prepared.transformer.intensity_range_
        self.color_space_ = color_space
        self.cluster_centers_ = centers

    def _divide(self, index, image):
        """Superpixels and region graph of an image that may be new."""
        superpixels = self.superpixels_
        labels = superpixels.segment(image, superpixels.normalize(image), index)
        return labels, region_graph(self._features(image), labels)
