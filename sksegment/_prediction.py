"""What a fitted W-Net segmenter does with images."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._intensity import from_perceptual
from sksegment._persistence import save_segmenter
from sksegment.fitting import enlarge, soft_labels
from sksegment.labelling import paint, region_shares
from sksegment.regions import pooling_matrix
from sksegment.training import to_grid

__all__ = ["PredictionMixin"]


class PredictionMixin:
    """Methods of a segmenter with a W-Net, beside those of `SegmenterMixin`.

    They need the attributes that `SparseWNetSegmenter.fit` sets, and its parameters
    ``resolution`` and ``assignment``.
    """

    def predict_proba(self, X):
        """Soft labels, constant on every superpixel; `predict` is their argmax.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        proba : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel, to 0 outside a mask.
        """
        return self._map(X, self._predict_proba_image)

    def transform(self, X):
        """Dense features: the soft labels of the net, pixel by pixel.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        features : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel; superpixels play no part.
        """
        return self._map(X, self._transform_image)

    def reconstruct(self, X):
        """Reconstruct images from their soft labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        images : list of ndarray of shape (H, W, C), float32
            In the units of the input.

        Raises
        ------
        ValueError
            If the model was fitted with ``reconstruction="none"``.
        """
        check_is_fitted(self)
        if self.net_.module_.decoder is None:
            raise ValueError(
                "the model has no decoder: it was fitted with reconstruction='none'"
            )
        return self._map(X, self._reconstruct_image)

    def save(self, path):
        """Save the model to one file that holds no code; see `sksegment.io`.

        Parameters
        ----------
        path : str or path-like
            By convention with the suffix ``.safetensors``.

        See Also
        --------
        sksegment.io.load_model : Read it back.
        """
        check_is_fitted(self)
        save_segmenter(self, path)

    def _predict_image(self, index, image):
        scaled, superpixels = self._divide(index, image)
        return self._label(superpixels, self._shares(scaled, superpixels))

    def _predict_proba_image(self, index, image):
        scaled, superpixels = self._divide(index, image)
        return paint(superpixels, self._shares(scaled, superpixels), 0.0)

    def _transform_image(self, index, image):
        f = self._soft_labels(self.superpixels_.normalize(image))
        return enlarge(f, image.shape[:2])

    def _reconstruct_image(self, index, image):
        grid = to_grid(self.superpixels_.normalize(image), self.resolution)
        pixels = enlarge(self.net_.reconstruction_step(grid), image.shape[:2])
        return from_perceptual(
            np.float32(100.0) * pixels,
            self.intensity_range_,
            rgb=self.superpixels_.rgb_,
        )

    def _divide(self, index, image):
        scaled = self.superpixels_.normalize(image)
        return scaled, self.superpixels_.segment(image, scaled, index)

    def _soft_labels(self, scaled):
        return soft_labels(self.net_, scaled, self.resolution)

    def _shares(self, scaled, superpixels, assignment=None):
        f = self._soft_labels(scaled)[0].permute(1, 2, 0).cpu().numpy()
        pooling = pooling_matrix(superpixels, f.shape[:2])
        assignment = assignment or self.assignment
        return region_shares(f, pooling, assignment, self.cluster_centers_)

    @staticmethod
    def _label(superpixels, shares):
        return paint(superpixels, shares.argmax(axis=1).astype(np.int32), -1)
