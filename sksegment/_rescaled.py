"""Images that were shrunk, and answers brought back to the size they had before."""

import numpy as np
from skimage.transform import resize

__all__ = ["RescaledImage", "enlarge_map", "original_shape"]


class RescaledImage(np.ndarray):
    """One image, or several of one size, with the memory of their size before.

    An array like any other. Slices, copies and results of arithmetic are not the same
    image any more, so they have no such memory; a pickle has, and a deep copy.

    Parameters
    ----------
    array : ndarray of shape (h, w), (h, w, C), (n, h, w) or (n, h, w, C)
    original_shape : (int, int)
        Height and width before, at which labels are wanted.

    Attributes
    ----------
    original_shape : (int, int) or None
    """

    original_shape = None

    def __new__(cls, array, original_shape):
        self = np.asarray(array).view(cls)
        self.original_shape = original_shape
        return self

    def __deepcopy__(self, memo):
        array = np.asarray(self).__deepcopy__(memo)
        return RescaledImage(array, self.original_shape)

    def __reduce__(self):
        return RescaledImage, (np.asarray(self), self.original_shape)


def original_shape(image):
    """Height and width before an image was rescaled; None if it never was."""
    return image.original_shape if isinstance(image, RescaledImage) else None


def enlarge_map(map_, shape):
    """Bring what is known of every pixel to another size.

    Parameters
    ----------
    map_ : ndarray of shape (h, w) or (h, w, K)
    shape : (int, int)
        Height and width, not smaller.

    Returns
    -------
    enlarged : ndarray of shape (H, W) or (H, W, K)
        Integers are labels and come from the nearest pixel, floats are interpolated
        linearly. Pixels whose values are all 0 or all infinite lie outside a mask; they
        are not mixed with others.
    """
    if map_.shape[:2] == tuple(shape):
        return map_
    if map_.dtype.kind != "f":
        return _nearest(map_, shape)
    values = map_.reshape(*map_.shape[:2], -1)
    void = (values == 0).all(axis=-1) | np.isinf(values).all(axis=-1)
    enlarged = _linear(np.where(void[..., np.newaxis], 0, values), shape)
    if void.any():
        outside = _nearest(void, shape)
        # The nearest pixel has a fourth of the weight at least, so none is 0 inside.
        weight = _linear((~void).astype(values.dtype), shape)
        enlarged[~outside] /= weight[~outside, np.newaxis]
        enlarged[outside] = _nearest(values, shape)[outside]
    return enlarged.reshape(*shape, *map_.shape[2:])


def _nearest(map_, shape):
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new)
        for old, new in zip(map_.shape[:2], shape, strict=True)
    )
    return map_[rows[:, np.newaxis], columns]


def _linear(map_, shape):
    return resize(
        map_, shape, order=1, mode="edge", anti_aliasing=False, preserve_range=True
    )
