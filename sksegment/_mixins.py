"""What all segmenters have in common, with a network or without."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._ground_truth import check_is_given, mean_v_measure_of
from sksegment._intensity import warn_of_units
from sksegment._look_ahead import look_ahead
from sksegment._typing import Images, LabelMaps, Truths
from sksegment._validation import check_images

__all__ = ["SegmenterMixin"]


class SegmenterMixin:
    """Methods of a segmenter that labels one image at a time.

    They need ``n_channels_in_`` and the methods ``_prepare_image(index, image)``, which
    returns a tuple, and ``_predict_image`` of what is in this tuple.

    Parameters may be None for the default of an estimator within, and yet
    ``superpixels__n_segments`` can be read and set. ``_nested_defaults`` maps such
    parameters to their classes, and ``_chosen_in_fit`` to what `set_params` leaves open
    there, for `fit` to choose.
    """

    _chosen_in_fit: ClassVar[dict[str, dict]] = {}
    _nested_defaults: ClassVar[dict[str, type]] = {}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Get the parameters; those of estimators within also when None.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = super().get_params(deep=deep)
        if deep:
            for name, default in self._nested_defaults.items():
                # A subclass may not have it as a parameter.
                if name in params and params[name] is None:
                    nested = default(**self._chosen_in_fit.get(name, {})).get_params()
                    params.update({f"{name}__{key}": v for key, v in nested.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also of estimators within that are still None.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : estimator
        """
        for name, default in self._nested_defaults.items():
            nested = any(key.startswith(f"{name}__") for key in params)
            if nested and params.get(name, getattr(self, name)) is None:
                params[name] = default(**self._chosen_in_fit.get(name, {}))
        return super().set_params(**params)

    def predict(self, X: Images) -> LabelMaps:
        """Label images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        labels : list of ndarray of shape (H, W), int32
            The same class has the same id in every image and call; those of the
            training images are ``labels_``. -1 outside a mask. One (n, H, W) array
            when X is one array.
        """
        return self._map(X, self._predict_image, self._prepare_image)

    def _prepare_image(self, index, image):
        """What is done ahead of the turn of an image, while the net is busy."""
        return index, image

    def score(self, X: Images, y: Truths | None = None) -> float:
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

        Raises
        ------
        ValueError
            If y is missing or does not fit the images.
        """
        check_is_given(y, "score")
        return mean_v_measure_of(y, self.predict(X))

    def _map(self, X, function, prepare=None):
        batch, answers = self._each(X, function, prepare)
        return batch.pack(answers)

    @property
    def _field_to_fit(self):
        """Function to the fields of view of images that are about to be fitted."""
        return getattr(getattr(self, "superpixels", None), "mask_of", None)

    @property
    def _field(self):
        """Function to the fields of view of images; None where there are none."""
        return getattr(getattr(self, "superpixels_", None), "mask_of", None)

    def _keep_superpixels(self, fitted):
        """Keep fitted superpixels, and the parameters that they come from."""
        self.superpixels_, self.superpixel_params_ = fitted, self._superpixel_params()

    def _check_superpixels(self):
        """Refuse parameters of superpixels that were changed, and so have no effect.

        Raises
        ------
        ValueError
            It names one, and how `superpixels_` is changed instead.
        """
        # Models that were pickled before have none.
        kept = getattr(self, "superpixel_params_", {})
        now = self._superpixel_params() if kept else {}
        for name, value in kept.items():
            if not _same(value, now.get(name)):
                raise ValueError(
                    f"superpixels__{name} changed since the fit, and has no effect: "
                    f"set it back and call superpixels_.set_params({name}=...), or fit "
                    "again"
                )

    def _superpixel_params(self):
        prefix, params = "superpixels__", self.get_params()
        return {k[len(prefix) :]: params[k] for k in params if k.startswith(prefix)}

    def _field_of(self, index, image):
        """Field of view of a checked image; None where there is none."""
        return None if self._field is None else self._field(image, index)

    def _each(self, X, function, prepare=None):
        """Check images; return them, and what the function says of each."""
        check_is_fitted(self)
        # Parameters may have been set after the fit.
        self._validate_params()
        self._check_superpixels()
        batch = check_images(X, n_channels=self.n_channels_in_, field=self._field)
        fields = (self._field_of(*item) for item in enumerate(batch.images))
        warn_of_units(batch.images, self.intensity_range_, fields)
        items = list(enumerate(batch.images))
        parts = items if prepare is None else look_ahead(prepare, items)
        return batch, [
            _answer(index, function, part) for index, part in enumerate(parts)
        ]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags


def _answer(index, function, part):
    """What a function says of an image; what it raises names the image."""
    try:
        return function(*part)
    except ValueError as error:
        raise ValueError(f"image {index}: {error}") from error


def _same(one, other):
    """Whether two values of a parameter are equal, be they arrays or not."""
    if one is other:
        return True
    if any(isinstance(value, np.ndarray | list) for value in (one, other)):
        return np.array_equal(one, other)
    return bool(one == other)
