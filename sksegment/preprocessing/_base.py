"""What all transformers from images to images have in common."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._typing import Images
from sksegment._validation import check_images, fit_context

__all__ = [
    "ImageTransformerMixin",
    "as_dtype",
    "as_float",
    "as_sigmas",
    "largest_magnitude",
]


class ImageTransformerMixin:
    """Methods of a transformer that changes one image at a time.

    They need the method ``_transform_image(index, image)`` from an image of shape
    (H, W, C) to one of any size, and ``_learn(images)`` if there is anything to learn.
    """

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Images, y: object = None) -> Self:
        """Check the parameters, and learn what there is to learn from the images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images. One array has shape (n, H, W) or (n, H, W, C).
        y : None
            Ignored.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        """
        batch = check_images(X)
        self._learn(batch.images)
        self.n_channels_in_ = batch.n_channels
        return self

    def transform(self: Any, X: Images) -> list[np.ndarray] | np.ndarray:
        """Change every image.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            They are left as they are.

        Returns
        -------
        images : list of ndarray
            One array when X is one array.

        Raises
        ------
        ValueError
            If an image cannot be used; the message names its index.
        """
        check_is_fitted(self)
        if not hasattr(self, "n_channels_in_"):
            return type(self)(**self.get_params(deep=False)).fit_transform(X)
        # Parameters may have been set after the fit.
        self._validate_params()
        batch = check_images(X, n_channels=self.n_channels_in_)
        return batch.repack(
            [self._transform_image(*item) for item in enumerate(batch.images)]
        )

    def _learn(self, images):
        """Nothing is learnt."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags


def as_float(image):
    """Convert to the shortest float type, of 32 bits at least, that holds all values.

    Integers of more than 16 bits become float64.
    """
    return image.astype(np.result_type(image.dtype, np.float32))


def as_dtype(image, dtype):
    """Bring floats back to the type of the input.

    Parameters
    ----------
    image : ndarray, float
    dtype : dtype
        Values are rounded to integers and clipped to their range. Instead of bool,
        which has no grey, the type of ``image`` is kept.

    Returns
    -------
    image : ndarray
    """
    if dtype.kind == "b":
        return image
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        image = np.clip(np.rint(image), limits.min, limits.max)
    return image.astype(dtype, copy=False)


def as_sigmas(sigma):
    """List the widths that one number or several say.

    Parameters
    ----------
    sigma : float or sequence of float

    Returns
    -------
    sigmas : list of float

    Raises
    ------
    ValueError
        If there is none, or one is not a finite number above 0.
    """
    sigmas = np.atleast_1d(sigma)
    numbers = sigmas.dtype.kind in "iuf" and sigmas.ndim == 1 and sigmas.size > 0
    if not numbers or not ((sigmas > 0) & np.isfinite(sigmas)).all():
        raise ValueError(
            f"sigma={sigma!r}: every sigma must be a finite number above 0, "
            "and there must be one at least"
        )
    return sigmas.tolist()


def largest_magnitude(images):
    """Largest absolute value, or 1 if all are 0.

    In units of it squares of values do not overflow.

    Parameters
    ----------
    images : list of ndarray

    Returns
    -------
    largest : float
    """
    return max(max(-float(i.min()), float(i.max())) for i in images) or 1.0
