"""Sharper edges."""

import numpy as np
from skimage.filters import unsharp_mask
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import Interval, Real
from sksegment.preprocessing._base import ImageTransformerMixin, as_dtype, as_float

__all__ = ["UnsharpMask"]


class UnsharpMask(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    """Sharpen images: what a Gaussian blur takes away is added once more.

    Parameters
    ----------
    radius : float, default=5.0
        Standard deviation in pixels of the blur.
    amount : float, default=1.0
        Weight of what is added; 0 leaves images as they are.

    Attributes
    ----------
    n_channels_in_ : int
        Number of channels seen in `fit`.

    Notes
    -----
    Images keep their type, so that a segmenter scales them as it would scale the
    originals. Integers are rounded and clipped to their range; bool becomes float32.
    An image without negative values gets none, so colour remains colour. The filter
    is `skimage.filters.unsharp_mask`, for each channel.

    `fit` learns nothing and is not needed.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.preprocessing import UnsharpMask
    >>> step = np.repeat([[50] * 10 + [100] * 10], 20, axis=0).astype(np.uint8)
    >>> [sharper] = UnsharpMask(radius=2.0).transform([step])
    >>> sharper[0, 7:13].tolist(), str(sharper.dtype)
    ([45, 39, 30, 120, 111, 105], 'uint8')
    """

    _parameter_constraints = {
        "radius": [Interval(Real, 0, None, closed="neither")],
        "amount": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, radius: float = 5.0, amount: float = 1.0) -> None:
        self.radius = radius
        self.amount = amount

    def _transform_image(self, index, image):
        sharp = unsharp_mask(
            as_float(image),
            radius=self.radius,
            amount=self.amount,
            preserve_range=True,
            # Not -1, of which scikit-image makes nonsense (its issue 7264).
            channel_axis=2,
        )
        if image.min() >= 0:
            sharp = np.maximum(sharp, 0)
        return as_dtype(sharp, image.dtype)
