"""What the surroundings of pixels look like, however bright they are."""

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import correlate1d, gaussian_filter
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import Integral, Interval, Real
from sksegment.preprocessing._base import (
    ImageTransformerMixin,
    as_sigmas,
    largest_magnitude,
)

__all__ = ["TextureEnergy"]

# Differences that are exact for quadratic images: of derivatives of a Gaussian, cut
# off, something is left where the image is constant, and scikit-image's Hessian
# matrix takes the next pixel but one, which is coarser than the finest scale.
_FIRST, _SECOND = (-0.5, 0.0, 0.5), (1.0, -2.0, 1.0)
# Squares of second derivatives have the same mean over three directions as over all.
_ALL_ROUND = 3
# Energy of what has no texture, in that of the training images.
_FLOOR = 1e-3
_TRUNCATE = 3.0


class TextureEnergy(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    r"""Scales and directions of the texture around each pixel as channels.

    .. math::

        \sqrt{\frac{E_{s\theta}}{\sum_{s\theta} E_{s\theta} + \epsilon A^2}}, \qquad
        E_{s\theta} = G_w * \sum_c \left(s^2 \, \partial_\theta^2 \, G_s * I_c\right)^2

    with E the energy of the second derivative at scale s along direction
    :math:`\theta`, averaged within a Gaussian window G_w [1]_ [2]_. As it is divided by
    the energy at all scales and in all directions, neither brightness nor contrast
    counts: what is left is how fine the texture is, and which way it runs. Differences
    of roots of parts are those of Hellinger's distance.

    Parameters
    ----------
    sigma : float or sequence of float, default=(0.5, 1.0, 2.0)
        Scales s in pixels, standard deviations of the Gaussian blur. Lines about twice
        as wide are seen best. Coarser ones where noise hides what is fine.
    window : float, default=12.0
        Standard deviation w in pixels of the window. It should hold several periods of
        a texture; borders between textures are found about this well.
    n_directions : int, default=4
        Number of directions, evenly spaced: the first for upright lines, and so on
        clockwise. 1 averages over all directions, and a texture is the same however it
        lies.

    Attributes
    ----------
    amplitude_ : float
        A, the root of the mean energy at all scales and in all directions, of all
        training images, in their intensities.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    Notes
    -----
    For each sigma, and within it for each direction, there is a channel from 0 to 1,
    float32. :math:`\epsilon` is a thousandth: areas of no texture are 0, not noise.
    Beyond its border the image goes on with its outermost values.

    It is for images whose classes differ in texture alone. Where they differ in colour
    or contrast too, the segmenter by itself sees more, and its borders are sharper.

    Without `fit`, `transform` takes the energy of the images it is given.

    References
    ----------
    .. [1] K. I. Laws, "Rapid texture identification", Proc. SPIE 238, 1980.
    .. [2] J. Malik and P. Perona, "Preattentive texture discrimination with early
       vision mechanisms", J. Opt. Soc. Am. A 7(5), 1990.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.preprocessing import TextureEnergy
    >>> rows, columns = np.mgrid[:80, :160]
    >>> lines = np.where(columns < 80, np.sin(columns), np.sin(rows))
    >>> [parts] = TextureEnergy(sigma=1.0, window=4.0).fit_transform([lines])
    >>> parts.shape
    (80, 160, 4)
    >>> [parts[40, column].round(1).astype(str).tolist() for column in (40, 120)]
    [['0.8', '0.4', '0.0', '0.4'], ['0.0', '0.4', '0.8', '0.4']]
    """

    _parameter_constraints = {
        "sigma": [Interval(Real, 0, None, closed="neither"), "array-like"],
        "window": [Interval(Real, 0, None, closed="neither")],
        "n_directions": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        sigma: float | Sequence[float] = (0.5, 1.0, 2.0),
        *,
        window: float = 12.0,
        n_directions: int = 4,
    ) -> None:
        self.sigma = sigma
        self.window = window
        self.n_directions = n_directions

    def _learn(self, images):
        unit = largest_magnitude(images)
        sums = [self._amplitudes(image, unit)[1].sum() for image in images]
        n_pixels = sum(image[..., 0].size for image in images)
        self.amplitude_ = unit * float(np.sqrt(sum(sums) / n_pixels))

    def _transform_image(self, index, image):
        amplitudes, whole = self._amplitudes(image, self.amplitude_ or 1.0)
        amplitudes /= np.sqrt(whole + _FLOOR)[..., np.newaxis].astype(np.float32)
        return amplitudes

    def _amplitudes(self, image, unit):
        """Roots of the energies, (H, W, n), and the sum of the energies, (H, W)."""
        planes, whole = [], np.zeros(image.shape[:2])
        for sigma in as_sigmas(self.sigma):
            for energy in self._energies(image, sigma, unit):
                energy = gaussian_filter(
                    energy, self.window, mode="nearest", truncate=_TRUNCATE
                )
                planes.append(np.sqrt(energy).astype(np.float32))
                whole += energy
        return np.stack(planes, axis=-1), whole

    def _energies(self, image, sigma, unit):
        """Squared second derivatives in each direction, (n, H, W), of all channels."""
        n_angles = self.n_directions if self.n_directions > 1 else _ALL_ROUND
        angles = np.pi * np.arange(n_angles) / n_angles
        energies = np.zeros((n_angles, *image.shape[:2]))
        for channel in np.moveaxis(image, -1, 0):
            plane = channel.astype(float) / unit
            plane -= plane.mean()
            rows, both, columns = _second_derivatives(plane, sigma)
            for energy, angle in zip(energies, angles, strict=True):
                c, s = np.cos(angle), np.sin(angle)
                energy += (c * c * columns + 2 * c * s * both + s * s * rows) ** 2
        return energies if self.n_directions > 1 else energies.mean(axis=0)[np.newaxis]


def _second_derivatives(plane, sigma):
    """Along rows, along both and along columns, of a plane that is blurred first."""
    blurred = sigma**2 * gaussian_filter(
        plane, sigma, mode="nearest", truncate=_TRUNCATE
    )
    rows, columns = (_difference(blurred, _SECOND, axis) for axis in (0, 1))
    return rows, _difference(_difference(blurred, _FIRST, 0), _FIRST, 1), columns


def _difference(plane, weights, axis):
    return correlate1d(plane, weights, axis, mode="nearest")
