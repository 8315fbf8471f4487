"""What the surroundings of pixels look like: local contrast, and orientation."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import (
    gaussian_filter,
    generate_binary_structure,
    minimum_filter,
    sobel,
)

__all__ = ["MARGIN", "TEXTURES", "smooth", "texture_planes"]

# Chosen on stacks and on photographs, see docs/research.md.
# Width of the window in which contrast is local, and how far from the pixel it may lie;
# what contrast is compared with, of the range of intensities.
_CONTRAST_SIGMA = 4.0
_REACH = 9
_CONTRAST_UNIT = 0.01
# A square this wide, widened by a cross until it has that reach, is nearly a disc.
_SQUARE = 4
_CROSS = generate_binary_structure(2, 1)
# Widths of the derivatives and of the window over which orientation is averaged.
_GRADIENT_SIGMA = 0.7
_ORIENTATION_SIGMA = 6.0
# Squared slope of what has no orientation, of the range of intensities a pixel.
_NO_SLOPE = np.float32(5e-6)
_SOBEL_WEIGHT = np.float32(1 / 8)
_TRUNCATE = 3.0
# Of the window that lies where pixels matter.
_LEAST_SHARE = np.float32(1e-4)
# Pixels beyond the rim of a part on which its textures depend: of orientation, since
# that of contrast is less.
MARGIN = int(_TRUNCATE * _ORIENTATION_SIGMA + 0.5) + int(4 * _GRADIENT_SIGMA + 0.5) + 1


@dataclass(frozen=True)
class Texture:
    """How much a texture must differ to tell labels apart.

    Attributes
    ----------
    one_kind : float
        Separability (see `sksegment._two_sides`) that images of one kind have, too.
    least_deviation : float
        Smaller deviations are none.
    """

    one_kind: float
    least_deviation: float


#: By names, in the order of the columns of looks.
TEXTURES = {
    # Otsu's threshold divides anything; photographs and membranes by 1.3 to 2.
    "contrast": Texture(1.4, 0.1),
    # Photographs have 5 at most, nine of ten less than 3.
    "orientation_0": Texture(5.0, 0.05),
    "orientation_45": Texture(5.0, 0.05),
}


def texture_planes(scaled, inside, names):
    r"""Textures of pixels.

    "contrast" is that of the least busy window near a pixel, the logarithm of one plus
    the deviation within it, in hundredths of the range. A window that lies across the
    border of two flat areas has contrast, but there is another beside it that has none;
    in a texture there is not [1]_.

    "orientation_0" and "orientation_45" are those of the structure tensor J [2]_,

    .. math::

        \frac{J_{xx} - J_{yy}}{J_{xx} + J_{yy} + \epsilon}, \qquad
        \frac{2 J_{xy}}{J_{xx} + J_{yy} + \epsilon}, \qquad
        J = G_6 * \sum_c \nabla I_c \nabla I_c^T

    from -1 to 1: positive where lines are upright, and where they fall to the left; 0
    where no direction prevails.

    Parameters
    ----------
    scaled : ndarray of shape (H, W, C), float32
    inside : ndarray of shape (H, W), bool, or None
        Pixels that matter; all by default.
    names : sequence of str
        Of `TEXTURES`, in that order.

    Returns
    -------
    planes : list of ndarray of shape (H, W), float32

    References
    ----------
    .. [1] M. Kuwahara, K. Hachimura, S. Eiho, M. Kinoshita, "Processing of
       RI-angiocardiographic images", Digital Processing of Biomedical Images, 1976.
    .. [2] J. Bigün and G. H. Granlund, "Optimal orientation detection of linear
       symmetry", ICCV 1987.
    """
    if inside is not None and inside.all():
        inside = None
    planes = {}
    if "contrast" in names:
        planes["contrast"] = _local_contrast(scaled, inside)
    if {*names} - {"contrast"}:
        planes["orientation_0"], planes["orientation_45"] = _orientation(scaled, inside)
    return [planes[name] for name in names]


def _local_contrast(scaled, inside):
    deviation = _local_deviation(scaled, inside)
    if inside is not None:
        deviation[~inside] = np.inf
    least = _least_around(deviation)
    if inside is not None:
        least[~inside] = 0.0
    return np.log1p(least / np.float32(_CONTRAST_UNIT))


def _least_around(plane):
    """Minimum within an octagon of this reach: a square would leave its shape."""
    least = minimum_filter(plane, 2 * _SQUARE + 1, mode="nearest")
    for _ in range(_REACH - _SQUARE):
        least = minimum_filter(least, footprint=_CROSS, mode="nearest")
    return least


def _local_deviation(scaled, inside):
    """Standard deviation of the colours in the window around each pixel, (H, W)."""
    means = _means_within(inside, _CONTRAST_SIGMA)
    squares, squared_means = np.zeros((2, *scaled.shape[:2]), np.float32)
    for channel in np.moveaxis(scaled, -1, 0):
        squares += channel**2
        squared_means += means(channel) ** 2
    return np.sqrt(np.maximum(means(squares) - squared_means, 0.0))


def _orientation(scaled, inside):
    xx, yy, xy = np.zeros((3, *scaled.shape[:2]), np.float32)
    clear = _means_within(inside, _GRADIENT_SIGMA, truncate=4.0)
    for channel in np.moveaxis(scaled, -1, 0):
        plane = clear(channel)
        dy, dx = (_SOBEL_WEIGHT * sobel(plane, axis, mode="nearest") for axis in (0, 1))
        xx += dx * dx
        yy += dy * dy
        xy += dx * dy
    means = _means_within(inside, _ORIENTATION_SIGMA)
    xx, yy, xy = means(xx), means(yy), means(xy)
    energy = xx + yy + _NO_SLOPE
    return (xx - yy) / energy, 2 * xy / energy


def _means_within(inside, sigma, truncate=_TRUNCATE):
    """Make a function that averages planes over windows, of what is inside."""
    if inside is None:
        return lambda plane: smooth(plane, sigma, truncate)
    weight = np.float32(inside)
    share = np.maximum(smooth(weight, sigma, truncate), _LEAST_SHARE)
    return lambda plane: smooth(weight * plane, sigma, truncate) / share


def smooth(plane, sigma, truncate=4.0):
    """Blur a plane, (H, W), whose border goes on outside."""
    return gaussian_filter(plane, sigma, mode="nearest", truncate=truncate)
