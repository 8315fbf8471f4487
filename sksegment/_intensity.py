"""Bring intensities to [0, 1] with statistics of the training images only.

A range taken per image would give one and the same material different values in
different slices of a tomogram; hence the range belongs to the model.
"""

from dataclasses import dataclass

import numpy as np
from skimage.color import lab2rgb, rgb2lab

from sksegment._warn import warn_user

__all__ = [
    "PERCENTILES",
    "IntensityScale",
    "from_perceptual",
    "intensity_range",
    "is_rgb",
    "perceptual",
    "scale_intensity",
    "units_complaint",
    "warn_of_units",
]

PERCENTILES = (0.1, 99.9)
# Values outside the training range keep some of their contrast, but a hot pixel
# cannot swamp the network.
_HEADROOM = 0.5
_MAX_SAMPLES = 4_000_000
# Values that fill less of the training range are in other units: a byte is 1/257 of a
# number of 16 bits, and what was divided by 255 fills 1/255.
_NARROW = 1.0 / 200.0
# Of an image that is looked at for its middle.
_SAMPLED_ROWS = 256
# Half of it, so that there is room for what a net adds to the range.
_LARGEST_FLOAT32 = 0.5 * float(np.finfo(np.float32).max)


def intensity_range(images):
    """Range of intensities of a set of images.

    Parameters
    ----------
    images : list of ndarray of shape (H, W, C)

    Returns
    -------
    intensity_range : ndarray of shape (2, C)
        Row 0 maps to 0 and row 1 to 1: (0, 255) where all images are uint8, else the
        0.1 and 99.9 percentiles of each channel over all images; its extremes where
        nearly all its values are the same.
    """
    n_channels = images[0].shape[-1]
    if all(image.dtype == np.uint8 for image in images):
        return np.array([[0.0] * n_channels, [255.0] * n_channels])
    step = max(1, sum(image[..., 0].size for image in images) // _MAX_SAMPLES)
    samples = np.concatenate(
        [image.reshape(-1, n_channels)[::step].astype(np.float64) for image in images]
    )
    # Halved before any difference is taken: high - low must not overflow float64.
    limits = 2.0 * np.percentile(0.5 * samples, PERCENTILES, axis=0)
    # Or else what little stands out would be scaled by its unit, not by the range.
    flat = limits[0] == limits[1]
    limits[:, flat] = _extremes(images)[:, flat]
    return limits


def _extremes(images):
    """Smallest and largest value of each channel, (2, C)."""
    axes = (0, 1)
    low = np.min([image.min(axis=axes) for image in images], axis=0)
    high = np.max([image.max(axis=axes) for image in images], axis=0)
    return np.stack([low, high]).astype(np.float64)


def scale_intensity(image, intensity_range):
    """Map an image to [0, 1] by a range of training intensities.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    intensity_range : ndarray of shape (2, C)

    Returns
    -------
    scaled : ndarray of shape (H, W, C), float32
        0 and 1 are the ends of the range; values outside are kept up to half a range
        beyond. A channel that was constant in training maps its value to 0, and
        differs from it in units of this value.
    """
    low, high = 0.5 * np.asarray(intensity_range, np.float64)
    span = np.where(high > low, high - low, np.where(low == 0.0, 0.5, np.abs(low)))
    # One float64 channel at a time keeps the peak low for large images.
    scaled = np.empty(image.shape, np.float32)
    for channel in range(image.shape[-1]):
        values = 0.5 * image[..., channel].astype(np.float64) - low[channel]
        # A value that lies that far outside is cut off just below.
        with np.errstate(over="ignore"):
            values /= span[channel]
        scaled[..., channel] = np.clip(values, -_HEADROOM, 1.0 + _HEADROOM)
    return scaled


def warn_of_units(images, intensity_range, fields):
    """Warn of images whose values are not in the units of the training images.

    Parameters
    ----------
    images : sequence of ndarray of shape (H, W, C)
        They may be the training images, of which some have other units than most.
    intensity_range : ndarray of shape (2, C)
        Range of the training images.
    fields : iterable of ndarray of shape (H, W), bool, or None
        Field of view of every image.
    """
    for index, (image, field) in enumerate(zip(images, fields, strict=True)):
        complaint = units_complaint(image, intensity_range, f"image {index}", field)
        if complaint is not None:
            warn_user(complaint)


def units_complaint(image, intensity_range, name, field=None):
    """Tell that values of an image are not in the units of the training images.

    Where they all lie within a small part of the range of these, or half of them beyond
    what is kept, or are bytes where these were not. An image of one value says nothing.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    intensity_range : ndarray of shape (2, C)
        Range of the training images.
    name : str
        Of the image, for the message.
    field : ndarray of shape (H, W), bool, optional
        Field of view, not empty; what is outside says nothing.

    Returns
    -------
    complaint : str or None
    """
    values = _extremes_within(image, field)
    known = float(np.min(intensity_range)), float(np.max(intensity_range))
    fits_anyway = image.dtype == np.uint8 and known == (0.0, 255.0)
    if fits_anyway or values[0] == values[1] or known[0] == known[1]:
        return None
    too_small = image.dtype == np.uint8 and known[1] > 2 * 255
    if not (too_small or _is_narrow(values, known) or _is_beyond(image, field, known)):
        return None
    cure = "give it in the same units, or fit on images in these"
    if known == (0.0, 255.0) and 0.0 < values[1] <= 1.0:
        cure = "the model was fitted on uint8 images; multiply it by 255"
    return (
        f"values of {name} hardly fit the range of the training images, "
        f"{known[0]:.3g} to {known[1]:.3g}: {cure}"
    )


def _extremes_within(image, field):
    if field is None:
        return float(image.min()), float(image.max())
    # Not of the pixels inside: a copy of those of a large image is large.
    inside = field[..., np.newaxis]
    start = image[np.unravel_index(field.argmax(), field.shape)].flat[0]
    low = image.min(where=inside, initial=start)
    return float(low), float(image.max(where=inside, initial=start))


def _is_narrow(values, known):
    # Halves, or the difference of the largest numbers is infinite.
    spans = [0.5 * high - 0.5 * low for low, high in (values, known)]
    return spans[0] < _NARROW * spans[1]


def _is_beyond(image, field, known):
    """Whether half of the pixels are cut off."""
    low, high = known
    margin = _HEADROOM * (high - low)
    values = _sample(image, field).astype(np.float64).ravel()
    # A median may be a mean of two, which may be too large for a float.
    middle = float(np.partition(values, len(values) // 2)[len(values) // 2])
    return not low - margin <= middle <= high + margin


def _sample(image, field):
    step = 1 + min(image.shape[:2]) // _SAMPLED_ROWS
    sample = image[::step, ::step]
    if field is None:
        return sample
    sample = sample[field[::step, ::step]]
    # A field may be so thin that it is missed; it has few pixels then.
    return sample if sample.size else image[field]


def is_rgb(images):
    """Whether the images are colour: three channels and no negative value."""
    return images[0].shape[-1] == 3 and all(image.min() >= 0 for image in images)


def perceptual(image: np.ndarray, *, rgb: bool) -> np.ndarray:
    """Bring a scaled image to a scale on which equal distances look alike.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        Intensities in [0, 1].
    rgb : bool
        Whether the three channels are red, green and blue.

    Returns
    -------
    image : ndarray of shape (H, W, C), float32
        CIELAB for colour, otherwise intensities in [0, 100] like its lightness.
    """
    if rgb:
        return rgb2lab(np.clip(image, 0.0, 1.0)).astype(np.float32)
    return np.float32(100.0) * image


def from_perceptual(image, intensity_range, *, rgb):
    """Undo `perceptual` and `scale_intensity`.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        On the scale of `perceptual`.
    intensity_range : ndarray of shape (2, C)
    rgb : bool

    Returns
    -------
    image : ndarray of shape (H, W, C), float32
        In the units of the original; float64 where these are beyond float32.
    """
    if rgb:
        lightness = np.clip(image[..., 0], 0.0, 100.0)
        # Beyond this there is no colour at all (Z < 0 in CIEXYZ).
        most_yellow = 200.0 * (lightness + 16.0) / 116.0 - 1e-3
        yellow = np.minimum(image[..., 2], most_yellow)
        image = lab2rgb(np.stack([lightness, image[..., 1], yellow], axis=-1))
    else:
        image = image / 100.0
    low, high = 0.5 * np.asarray(intensity_range, np.float64)
    beyond = np.abs(intensity_range).max() > _LARGEST_FLOAT32
    dtype = np.float64 if beyond else np.float32
    limit = 0.5 * float(np.finfo(dtype).max)
    # Halved, for the difference; what a net adds to it is cut off.
    with np.errstate(over="ignore"):
        half = image * (high - low) + low
    return (2.0 * np.clip(half, -limit, limit)).astype(dtype)


@dataclass(frozen=True, eq=False)
class IntensityScale:
    """Scale of the training images, on which superpixels and nets work.

    Attributes
    ----------
    intensity_range : ndarray of shape (2, C)
        Intensities that are scaled to 0 and 1.
    rgb : bool
        Whether the channels are red, green and blue.
    """

    intensity_range: np.ndarray
    rgb: bool

    @classmethod
    def of(cls, images):
        """Scale of a list of images of shape (H, W, C)."""
        return cls(intensity_range(images), is_rgb(images))

    def apply(self, image):
        """Normalise an image.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)

        Returns
        -------
        normalized : ndarray of shape (H, W, C), float32
            A hundredth of CIELAB for colour, otherwise intensities in [0, 1].
        """
        scaled = scale_intensity(image, self.intensity_range)
        return perceptual(scaled, rgb=self.rgb) / np.float32(100.0)

    def undo(self, normalized):
        """Bring a normalised image, (H, W, C), back to the units of the original."""
        pixels = np.float32(100.0) * normalized
        return from_perceptual(pixels, self.intensity_range, rgb=self.rgb)

    def brightness(self, normalized):
        """Lightness of colours, the mean of the channels of anything else.

        Parameters
        ----------
        normalized : ndarray of shape (..., C)

        Returns
        -------
        brightness : ndarray of shape (...)
        """
        return normalized[..., 0] if self.rgb else normalized.mean(axis=-1)
