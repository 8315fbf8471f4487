"""Extreme intensities cut off."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import Interval, Real
from sksegment.preprocessing._base import ImageTransformerMixin, as_dtype

__all__ = ["ClipPercentiles"]

_MAX_SAMPLES = 4_000_000


class ClipPercentiles(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    """Cut off extreme intensities, those of hot pixels or metal.

    Where they are cut is learnt from all training images at once, so that a material
    has the same value in every slice.

    Parameters
    ----------
    low : float, default=0.1
        Percentile of the smallest value that is kept; smaller ones are raised to it.
    high : float, default=99.9
        Percentile of the largest value that is kept.

    Attributes
    ----------
    intensity_range_ : ndarray of shape (2, n_channels)
        The smallest and the largest value of each channel.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    Notes
    -----
    Images keep their type: a stack of 16 bits stays one, and takes no more memory.
    For integers the percentiles are rounded. Of very many pixels a sample is taken,
    always the same.

    The segmenters do without: they scale by percentiles anyhow, and bound what lies
    far outside. It is of use before a filter that would spread hot pixels.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.preprocessing import ClipPercentiles
    >>> slice_ = np.random.default_rng(0).normal(500, 50, (64, 64)).astype(np.uint16)
    >>> slice_[10, 10] = 65535
    >>> clip = ClipPercentiles().fit([slice_])
    >>> clipped = clip.transform([slice_])[0]
    >>> str(clipped.dtype), bool(clipped.max() < 1000)
    ('uint16', True)
    """

    _parameter_constraints = {
        "low": [Interval(Real, 0, 100, closed="both")],
        "high": [Interval(Real, 0, 100, closed="both")],
    }

    def __init__(self, low: float = 0.1, high: float = 99.9) -> None:
        self.low = low
        self.high = high

    def _learn(self, images):
        if self.low >= self.high:
            raise ValueError(
                f"low={self.low} must be less than high={self.high}: they are the "
                "percentiles between which intensities are kept"
            )
        samples = np.concatenate(_sample(images)).astype(np.float64)
        self.intensity_range_ = np.percentile(samples, (self.low, self.high), axis=0)

    def _transform_image(self, index, image):
        low, high = (
            as_dtype(bound, image.dtype).astype(image.dtype, copy=False)
            for bound in self.intensity_range_
        )
        return np.clip(image, low, high)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags


def _sample(images):
    """Pixels of each image, (n, C), of as large a share of every one."""
    rng = np.random.default_rng(0)
    pixels = [image.reshape(-1, image.shape[-1]) for image in images]
    share = _MAX_SAMPLES / sum(map(len, pixels))
    if share >= 1:
        return pixels
    return [
        part[rng.integers(len(part), size=int(np.ceil(share * len(part))))]
        for part in pixels
    ]
