"""What a fitted W-Net segmenter does with images."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._intensity import IntensityScale
from sksegment._large_images import enlarged_windows, must_be_parted
from sksegment._parts import ScaledParts
from sksegment._persistence import save_segmenter
from sksegment._typing import Images, LabelMaps, PathLike
from sksegment.fitting import (
    check_finite,
    check_net,
    enlarge,
    follow_device,
    soft_labels,
)
from sksegment.training import LazyGrid, to_grid

__all__ = ["PredictionMixin"]


class PredictionMixin:
    """Methods of a segmenter with a W-Net, beside those of `SegmenterMixin`.

    They need the attributes that `TrainingMixin.fit` sets, the parameters
    ``resolution`` and ``position``, and the methods ``_predict_image`` and
    ``_predict_proba_image``.
    """

    def predict_proba(self, X: Images) -> LabelMaps:
        """Soft labels; `predict` is their argmax, unless ``n_regions`` is set.

        Those of the sparse models are constant on every superpixel, or on every region
        with ``assignment="region"``, unless ``assignment="pixel"``; those of the dense
        ones are what `transform` returns.
        After `merge_labels` they are sums over the labels that were joined, while
        `predict` joins the labels themselves: where it is undecided, it may differ from
        the argmax.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        proba : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel, to 0 outside a mask.
        """
        return self._map(X, self._predict_proba_image, self._prepare_image)

    def transform(self, X: Images) -> LabelMaps:
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

    def reconstruct(self, X: Images) -> LabelMaps:
        """Reconstruct images from their soft labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        images : list of ndarray of shape (H, W, C), float32
            In the units of the input; float64 where these are beyond float32.

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

    def save(self, path: PathLike) -> None:
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

    def _each(self, X, function, prepare=None):
        check_is_fitted(self)
        self._validate_params()
        check_net(self)
        follow_device(self)
        return super()._each(X, function, prepare)

    def _transform_image(self, index, image):
        if must_be_parted(self, image.shape):
            features = np.empty((*image.shape[:2], self.max_labels), np.float32)
            for place, f in self._windows(index, image):
                features[place] = f
            return features
        f = soft_labels(self.net_, self._to_grid(self._normalize(index, image)))
        return enlarge(f, image.shape[:2])

    def _windows(self, index, image):
        """Soft labels part by part, see `enlarged_windows`."""
        grid = LazyGrid(self._scaled_parts(index, image), **self._grid)
        return enlarged_windows(self, grid, image.shape[:2])

    def _reconstruct_image(self, index, image):
        grid = self._to_grid(self._normalize(index, image))
        pixels = check_finite(self.net_.reconstruction_step(grid))
        pixels = pixels[:, : self.n_channels_in_]
        return self._scale.undo(enlarge(pixels, image.shape[:2]))

    @property
    def _scale(self):
        return IntensityScale(self.intensity_range_, self.rgb_)

    def _scaled_parts(self, index, image):
        return ScaledParts(image, self._scale, self._field_of(index, image))

    def _normalize(self, index, image):
        """Image on the scale of the net; outside of a mask the mean of the inside."""
        return self._scaled_parts(index, image).read(slice(None), slice(None))

    @property
    def _grid(self):
        return {"resolution": self.resolution, "position": self.position}

    def _to_grid(self, scaled):
        return to_grid(scaled, **self._grid)
