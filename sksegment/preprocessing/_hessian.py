"""Second derivatives of a blurred image."""

from collections.abc import Sequence

import numpy as np
from skimage.feature import hessian_matrix, hessian_matrix_eigvals
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import Interval, Real
from sksegment.preprocessing._base import ImageTransformerMixin, as_sigmas

__all__ = ["GaussianHessian"]


class GaussianHessian(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    """Curvature of the blurred image as channels: shows thin bright or dark things.

    The crack in steel of [1]_ is found in the Hessian of a blurred slice.

    Parameters
    ----------
    sigma : float or sequence of float, default=2.0
        Standard deviation in pixels of the Gaussian blur, about half the width of what
        is looked for. Several give channels at several scales.
    include_image : bool, default=False
        Whether the image itself goes before the other channels.
    eigenvalues : bool, default=False
        Whether the two principal curvatures, the larger one first, take the place of
        the three entries. A crack then looks alike whichever way it runs.

    Attributes
    ----------
    n_channels_in_ : int
        Number of channels seen in `fit`.

    Notes
    -----
    For each sigma, and within it for each channel of the image, there are the
    channels H_rr, H_rc, H_cc: the second derivatives along rows, mixed, and along
    columns, per square pixel, as float32. Beyond its border the image goes on with
    its outermost values.

    Derivatives are central differences of the blurred image
    (`skimage.feature.hessian_matrix` with ``use_gaussian_derivatives=False``). They
    are exact for quadratic images at every sigma; sampled derivatives of a Gaussian
    are off by a factor at a sigma below 1.

    `fit` learns nothing and is not needed.

    References
    ----------
    .. [1] Leng, Atwood, Kockelmann, Chekrygina and Thiyagalingam, "Unsupervised
       few-shot image segmentation with dense feature learning and sparse clustering",
       VISAPP 2024, doi:10.5220/0012380700003660.

    Examples
    --------
    >>> from skimage.data import brick
    >>> from sksegment.preprocessing import GaussianHessian
    >>> channels = GaussianHessian(sigma=2.0).transform([brick()[::4, ::4]])
    >>> channels[0].shape, str(channels[0].dtype)
    ((128, 128, 3), 'float32')
    >>> both = GaussianHessian(sigma=(1.0, 3.0), include_image=True)
    >>> both.fit_transform([brick()[::4, ::4]])[0].shape
    (128, 128, 7)
    """

    _parameter_constraints = {
        "sigma": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "include_image": ["boolean"],
        "eigenvalues": ["boolean"],
    }

    def __init__(
        self,
        sigma: float | Sequence[float] = 2.0,
        *,
        include_image: bool = False,
        eigenvalues: bool = False,
    ) -> None:
        self.sigma = sigma
        self.include_image = include_image
        self.eigenvalues = eigenvalues

    def _learn(self, images):
        as_sigmas(self.sigma)

    def _transform_image(self, index, image):
        channels = np.moveaxis(image, -1, 0)
        maps = [*channels] if self.include_image else []
        for sigma in as_sigmas(self.sigma):
            for channel in channels:
                maps.extend(_curvatures(channel, sigma, self.eigenvalues))
        return np.stack([map_.astype(np.float32) for map_ in maps], axis=-1)


def _curvatures(channel, sigma, eigenvalues):
    # In float64: differences of large values of a 32-bit image would be lost.
    entries = hessian_matrix(
        channel.astype(np.float64),
        sigma=sigma,
        mode="nearest",
        order="rc",
        use_gaussian_derivatives=False,
    )
    return hessian_matrix_eigvals(entries) if eigenvalues else entries
