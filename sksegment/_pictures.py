"""Pictures as arrays: images made fit to be looked at, and tinted by their classes."""

import numpy as np

from sksegment._intensity import PERCENTILES
from sksegment._palette import label_colors

__all__ = ["borders", "display_limits", "displayable", "overlay"]

_VOID_BRIGHTNESS = 0.35


def overlay(
    image: np.ndarray,
    labels: np.ndarray,
    *,
    alpha: float = 0.45,
    limits: tuple[np.ndarray, np.ndarray] | None = None,
) -> np.ndarray:
    """Tint an image with the colours of its classes and draw their borders.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
        Of any dtype. Three channels are shown as colour, other numbers of channels as
        their mean.
    labels : ndarray of shape (H, W), int
        Negative where void: there the image is dimmed and not tinted.
    alpha : float, default=0.45
        Strength of the tint, in [0, 1].
    limits : (ndarray, ndarray), optional
        Intensities that are shown black and white, see `display_limits`; those of the
        image itself by default.

    Returns
    -------
    picture : ndarray of shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        If the shapes differ or alpha is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.plotting import overlay
    >>> picture = overlay(np.eye(16), np.eye(16, dtype=int))
    >>> picture.shape, str(picture.dtype)
    ((16, 16, 3), 'uint8')
    """
    image, labels = np.asarray(image), np.asarray(labels)
    if image.ndim not in (2, 3) or labels.shape != image.shape[:2]:
        raise ValueError(
            f"image of shape {image.shape} and labels of shape {labels.shape} do not "
            "belong together; expected (H, W) or (H, W, C), and (H, W)"
        )
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha={alpha} must be between 0 and 1")
    picture = displayable(image, limits)
    void = labels < 0
    colors = label_colors(int(labels.max(initial=0)) + 1)[np.maximum(labels, 0)]
    strength = np.where(void, 0.0, alpha)
    strength[borders(labels) & ~void] = min(1.0, 2.0 * alpha)
    strength = strength[..., np.newaxis].astype(np.float32)
    picture[void] *= _VOID_BRIGHTNESS
    # In place, for the sake of large images.
    picture *= 1.0 - strength
    picture += strength * colors
    return np.clip(picture.round(), 0, 255).astype(np.uint8)


def displayable(image, limits=None):
    """Make an image fit to be looked at.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    limits : (ndarray, ndarray), optional
        See `display_limits`; those of the image itself by default.

    Returns
    -------
    picture : ndarray of shape (H, W, 3), float32
        In 0..255; as it is if it was uint8, else stretched.
    """
    if image.ndim == 2:
        image = image[..., np.newaxis]
    n_channels = image.shape[-1]
    limits = display_limits([image]) if limits is None else limits
    shown = _finite(image)
    if limits is not None:
        low, high = limits
        shown = (shown - low) * (255.0 / np.where(high > low, high - low, 1.0))
    if n_channels != 3:
        shown = np.repeat(shown.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.clip(shown, 0.0, 255.0).astype(np.float32)


def display_limits(images):
    """Intensities that are shown black and white, the same in all of some images.

    Parameters
    ----------
    images : list of ndarray of shape (H, W) or (H, W, C)
        Of one number of channels.

    Returns
    -------
    limits : (ndarray, ndarray) or None
        The 0.1 and 99.9 percentiles, for each channel; of colour over all three, so
        that hues remain. NaN does not count. None if all images are uint8, which are
        shown as they are.
    """
    if all(image.dtype == np.uint8 for image in images):
        return None
    n_channels = images[0].shape[2] if images[0].ndim == 3 else 1
    values = np.concatenate([_known(i.reshape(-1, n_channels)) for i in images])
    if not len(values):
        return None
    axis = None if n_channels == 3 else 0
    return tuple(np.percentile(values, PERCENTILES, axis=axis))


def _known(pixels):
    """Pixels of which every channel is known; others lie outside the field of view."""
    return pixels[np.isfinite(pixels).all(axis=1)].astype(np.float32)


def _finite(image):
    if image.dtype == np.uint8:
        return image.astype(np.float32)
    return np.nan_to_num(image.astype(np.float32), posinf=0.0, neginf=0.0)


def borders(labels):
    """Tell which pixels lie left of or above one with another label.

    Parameters
    ----------
    labels : ndarray of shape (H, W), int

    Returns
    -------
    borders : ndarray of shape (H, W), bool
    """
    borders = np.zeros(labels.shape, bool)
    borders[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    borders[:-1] |= labels[:-1] != labels[1:]
    return borders
