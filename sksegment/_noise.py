"""How strong the noise of images is.

`skimage.restoration.estimate_sigma` would need PyWavelets, and knows no mask.
"""

import numpy as np
from scipy.ndimage import correlate1d, minimum_filter

__all__ = ["noise_to_deviation"]

# Second differences along both axes, which neither slopes nor straight edges along an
# axis have, and the gain of white noise by it.
_SECOND_DIFFERENCE = (1.0, -2.0, 1.0)
_GAIN = 6.0
# Median absolute value of a normal distribution, in standard deviations.
_MEDIAN = 0.6745
_MOST_SAMPLES = 4_000_000


def noise_to_deviation(images, insides):
    r"""Standard deviation of the noise, as a part of that of the images.

    .. math:: \sigma_n = \frac{\mathrm{median} |D_y D_x I|}{6 \cdot 0.6745}

    with second differences D [1]_; the median leaves edges out, as few pixels have any.

    Parameters
    ----------
    images : list of ndarray of shape (H, W, C)
        The mean of the channels counts.
    insides : list of ndarray of shape (H, W), bool
        Pixels that matter.

    Returns
    -------
    ratio : float
        0 where nothing can be measured.

    References
    ----------
    .. [1] J. Immerkær, "Fast noise variance estimation", Computer Vision and Image
       Understanding 64(2), 1996.
    """
    step = 1 + sum(inside.size for inside in insides) // _MOST_SAMPLES
    samples = [_samples(*pair, step) for pair in zip(images, insides, strict=True)]
    values, differences = map(np.concatenate, zip(*samples, strict=True))
    deviation = float(values.std(dtype=np.float64)) if len(values) else 0.0
    if not len(differences) or deviation == 0.0:
        return 0.0
    return float(np.median(differences)) / (_GAIN * _MEDIAN * deviation)


def _samples(image, inside, step):
    """Every so many-th value, and absolute second difference, of what is inside."""
    plane = image.mean(axis=-1)
    values = plane[inside][::step]
    for axis in range(2):
        plane = correlate1d(plane, _SECOND_DIFFERENCE, axis)
    whole = minimum_filter(inside, 3, mode="constant", cval=False)
    return values, np.abs(plane[whole][::step])
