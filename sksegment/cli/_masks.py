"""Masks and weights of pixels, from image files."""

from pathlib import Path

import numpy as np

from sksegment._image_files import ImageFileError, read_images

__all__ = ["check_plane", "is_finite", "read_mask", "read_weights", "set_mask"]


def is_finite(path):
    """Whether a mask is no file, but what of each image is finite."""
    return str(path) == "finite" and not Path(path).exists()


def set_mask(model, path, name):
    """Give a model another field of view.

    Parameters
    ----------
    model : SparseWNetSegmenter or DenseWNetSegmenter
    path : str, path-like or None
        None leaves it as it is.
    name : str
        Of the model, for messages.

    Raises
    ------
    ValueError
        If the model has no superpixels.
    """
    if path is None:
        return
    if not hasattr(model, "superpixels_"):
        raise ValueError(f"--mask needs superpixels, which {name} does without")
    model.superpixels_.set_params(mask=read_mask(path))


def read_mask(path):
    """Read a field of view.

    Parameters
    ----------
    path : str or path-like
        An image, of which any channel is not 0 inside; or "finite", which is no file.

    Returns
    -------
    mask : ndarray of shape (H, W), bool, or "finite"

    Raises
    ------
    ImageFileError
        If there is no such image, it has NaN, or nothing is inside.
    """
    if is_finite(path):
        return "finite"
    weights = read_weights(path)
    if np.isnan(weights).any():
        raise ImageFileError(
            f"{path} has NaN, which is neither inside nor outside; write 0 there"
        )
    mask = weights != 0
    if not mask.any():
        raise ImageFileError(
            f"{path} is 0 everywhere; a mask has other numbers where the sample is"
        )
    return mask


def read_weights(path):
    """Read a weight for every pixel.

    Parameters
    ----------
    path : str or path-like
        An image; channels are averaged.

    Returns
    -------
    weights : ndarray of shape (H, W), float64

    Raises
    ------
    ImageFileError
        If there is no such image, or it has several pages.
    """
    images = read_images(path)
    if len(images) != 1:
        raise ImageFileError(
            f"{path} holds {len(images)} images; a mask is one for all slices"
        )
    weights = images[0].astype(np.float64)
    return weights if weights.ndim == 2 else weights.mean(axis=-1)


def check_plane(name, plane, view):
    """Refuse a mask, or weights, of another size than the slices of a stack.

    Parameters
    ----------
    name : str
        Of the plane, for messages.
    plane : ndarray of shape (H, W)
    view : Stack

    Raises
    ------
    ValueError
    """
    if view.shape[1:3] != plane.shape:
        raise ValueError(
            f"{name} is {_size(plane.shape)}, but the slices of {view.source} are "
            f"{_size(view.shape[1:3])}"
        )


def _size(shape):
    return " x ".join(map(str, shape))
