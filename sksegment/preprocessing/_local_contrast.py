"""Uneven light and shading taken out."""

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import Interval, Real
from sksegment.preprocessing._base import (
    ImageTransformerMixin,
    as_float,
    largest_magnitude,
)

__all__ = ["NormalizeLocalContrast"]


class NormalizeLocalContrast(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    r"""Compare pixels with their surroundings: uneven light and shading go.

    .. math:: \frac{I - G * I}{s + \epsilon S}, \qquad
        s^2 = \frac{1}{C} \sum_c \left(G * I_c^2 - (G * I_c)^2\right)

    with a Gaussian window G, the deviation s within it, of all C channels together, and
    that of the training images, S [1]_. What is darker than its surroundings is so
    wherever it lies, in the light or in the shade.

    Parameters
    ----------
    sigma : float, default=32.0
        Standard deviation in pixels of the window. It should reach beyond the objects
        to what they lie on: of what is much wider than the window only the rim is left.
    floor : float, default=0.2
        :math:`\epsilon`, the part of the deviation of the training images that is added
        to that of the surroundings. Where these deviate less, as in empty areas, noise
        is not blown up. The larger, the less contrast is evened out; with values far
        above 1 nothing but the background is subtracted.

    Attributes
    ----------
    deviation_ : float
        S, that of all channels and all training images.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    Notes
    -----
    Images become float32, about from -3 to 3; integers of more than 16 bits and
    float64 become float64. Colours are no colours any more, but three channels.

    It is for images whose classes differ from what surrounds them: print on a page,
    coins, cells, or particles under uneven light. In others, such as large grains of
    different grey, it takes away what tells them apart.

    Without `fit`, `transform` takes the deviation of the images it is given.

    References
    ----------
    .. [1] K. Jarrett, K. Kavukcuoglu, M. Ranzato and Y. LeCun, "What is the best
       multi-stage architecture for object recognition?", ICCV 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.preprocessing import NormalizeLocalContrast
    >>> shade = np.linspace(50, 250, 120) * np.ones((40, 1))
    >>> stripes = np.arange(120) % 8 < 4
    >>> [even] = NormalizeLocalContrast(8).fit_transform([shade + 20 * stripes])
    >>> middle = even[:, 30:90]
    >>> bool(middle[:, stripes[30:90]].min() > middle[:, ~stripes[30:90]].max())
    True
    """

    _parameter_constraints = {
        "sigma": [Interval(Real, 0, None, closed="neither")],
        "floor": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, sigma: float = 32.0, *, floor: float = 0.2) -> None:
        self.sigma = sigma
        self.floor = floor

    def _learn(self, images):
        unit = largest_magnitude(images)
        n_pixels = sum(image[..., 0].size for image in images)
        mean = sum((image / unit).sum(axis=(0, 1)) for image in images) / n_pixels
        squares = sum(((i / unit - mean) ** 2).mean(axis=-1).sum() for i in images)
        self.deviation_ = unit * float(np.sqrt(squares / n_pixels))

    def _transform_image(self, index, image):
        # Near zero and of order one, so that squares neither overflow nor swallow
        # differences.
        values = as_float(image)
        values /= values.dtype.type(self.deviation_ or 1.0)
        values -= values.mean(axis=(0, 1), dtype=np.float64).astype(values.dtype)
        variance = np.zeros(values.shape[:2], values.dtype)
        for channel in np.moveaxis(values, -1, 0):
            mean = self._mean_around(channel)
            variance += self._mean_around(channel**2) - mean**2
            channel -= mean
        deviation = np.sqrt(np.maximum(variance / values.shape[-1], 0))
        return values / (deviation + values.dtype.type(self.floor))[..., np.newaxis]

    def _mean_around(self, plane):
        return gaussian_filter(plane, self.sigma, truncate=3.0)
