"""The one door for images and label maps, and the home of private scikit-learn.

Its class of scorers alone lives elsewhere, in `model_selection._sklearn_scorer`.

Every public function takes images through `check_images` and ground truth through
`check_label_maps`; what they return needs no further checks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TypeGuard, TypeVar

import numpy as np
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions

from sksegment._rescaled import RescaledImage, enlarge_map, original_shape
from sksegment._warn import warn_user

__all__ = [
    "MIN_SIDE",
    "EmptyFieldError",
    "ImageBatch",
    "Integral",
    "Interval",
    "Real",
    "StrOptions",
    "check_image",
    "check_images",
    "check_label_maps",
    "check_labels",
    "fit_context",
    "is_whole_number",
]

MIN_SIDE = 8
# An image of fewer rows than this, and of more channels, has them in the wrong place.
_FEW_ROWS = 16
# Of images of Pillow: palettes, and three channels that would be taken for RGB.
_OTHER_COLORS = ("P", "PA", "HSV", "YCbCr")
_LARGEST = np.finfo(np.float64).max
_Method = TypeVar("_Method", bound=Callable[..., object])


class EmptyFieldError(ValueError):
    """A function found nothing of an image in the field of view."""


def fit_context(*, prefer_skip_nested_validation: bool) -> Callable[[_Method], _Method]:
    """Check the parameters before a method runs, which keeps its type."""
    skip = prefer_skip_nested_validation
    return _fit_context(prefer_skip_nested_validation=skip)


@dataclass(frozen=True)
class ImageBatch:
    """Checked images and what is needed to answer in the caller's own form.

    Attributes
    ----------
    images : list of ndarray of shape (H, W, C)
        Views of the caller's arrays, never copies of numeric input.
    stacked : bool
        True when the input was one array, so that the answer is one array too.
    shapes : list of (int, int)
        Heights and widths of the answers: those of the images, or those they had
        before `sksegment.preprocessing.Rescale`.
    dims : list of int
        Numbers of axes of the images as they came: 2 for (H, W).
    """

    images: list
    stacked: bool
    shapes: list
    dims: list

    @property
    def n_channels(self):
        """Number of channels, the same in every image."""
        return self.images[0].shape[-1]

    def pack(self, maps):
        """Return ``maps`` of full size, as one array if the images came as one."""
        maps = [*map(enlarge_map, maps, self.shapes)]
        return np.stack(maps) if self.stacked else maps

    def repack(self, images):
        """Return images made of these in the form of these, with the same memory.

        They are given as (H, W, C); one channel becomes (H, W) if it was that before.
        """
        images = [*map(_with_axes, images, self.dims)]
        if self.stacked:
            return _remember(np.stack(images), self.shapes[0], images[0])
        return [*map(_remember, images, self.shapes, images)]


def _with_axes(image, dim):
    return image[..., 0] if dim == 2 and image.shape[-1] == 1 else image


def _remember(array, shape, image):
    return array if image.shape[:2] == shape else RescaledImage(array, shape)


def check_images(X, *, n_channels=None, field=None):
    """Check a sequence of images.

    Parameters
    ----------
    X : sequence of ndarray of shape (H, W) or (H, W, C), or ndarray
        Images; one array has the shape (n, H, W) or (n, H, W, C).
    n_channels : int, optional
        Number of channels the images must have.
    field : callable, optional
        From an image of shape (H, W, C) and its index to the field of view, (H, W)
        bool, outside of which values may be NaN; or to None where there is none.

    Returns
    -------
    batch : ImageBatch

    Raises
    ------
    ValueError
        If X is ambiguous, empty, or one of its images cannot be used; the message
        names the index of that image.
    TypeError
        If X is no sequence of arrays.
    """
    parts = _split(X)
    images = [check_image(part, index, field) for index, part in enumerate(parts)]
    channels = [image.shape[-1] for image in images]
    expected = channels[0] if n_channels is None else n_channels
    for index, found in enumerate(channels):
        if found != expected:
            owner = "image 0 has" if n_channels is None else "the model was fitted on"
            raise ValueError(
                f"image {index} has {found} channel(s), but {owner} {expected}; "
                "bring all images to the same number of channels"
            )
    stacked = _is_one_array(X)
    # The memory of a stack is with the stack: its parts are slices.
    owners = [X] * len(parts) if stacked else parts
    shapes = [
        original_shape(owner) or image.shape[:2]
        for owner, image in zip(owners, images, strict=True)
    ]
    return ImageBatch(images, stacked, shapes, [*map(np.ndim, parts)])


def check_image(image, index=0, field=None):
    """Check one image and view it as ``(H, W, C)``; ``index`` is for the message.

    ``field`` is that of `check_images`.
    """
    name = f"image {index}"
    if isinstance(image, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array; pass its data, and the mask as "
            "superpixels=SuperpixelTransformer(mask=~image.mask)"
        )
    if getattr(image, "mode", None) in _OTHER_COLORS:
        # NumPy would take their numbers as they are.
        raise ValueError(
            f"{name} has the mode {image.mode} of Pillow, whose numbers are no colours "
            "in RGB; pass [image.convert('RGB')]"
        )
    image = _as_numeric(image, name, "read_images")
    if image.ndim not in (2, 3):
        raise ValueError(
            f"{name} has shape {image.shape}; expected (H, W) or (H, W, C). If this "
            "is a single image given as nested lists, make it an array and wrap it "
            "in a list: [image]"
        )
    if image.size == 0:
        raise ValueError(f"{name} is empty: its shape is {image.shape}")
    if min(image.shape[:2]) < MIN_SIDE:
        hint = ""
        if image.ndim == 3 and image.shape[0] <= 4:
            hint = "; channels go last, see numpy.moveaxis(image, 0, -1)"
        raise ValueError(
            f"{name} has shape {image.shape}; both sides must be at least "
            f"{MIN_SIDE} pixels{hint}"
        )
    if image.ndim == 3 and image.shape[0] <= _FEW_ROWS < image.shape[-1]:
        warn_user(
            f"{name} has shape {image.shape} and is read as {image.shape[0]} rows of "
            f"{image.shape[1]} pixels with {image.shape[2]} channels; channels go "
            "last, see numpy.moveaxis(image, 0, -1)"
        )
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        _check_field(image if image.ndim == 3 else image[..., np.newaxis], index, field)
    if image.dtype.itemsize > 8 and max(image.max(), -image.min()) > _LARGEST:
        raise ValueError(
            f"{name} has values beyond {_LARGEST:.3g}, the largest of float64; divide "
            "it by a constant"
        )
    return image if image.ndim == 3 else image[..., np.newaxis]


def _check_field(image, index, field):
    """Refuse an image with NaN or infinity, but where it lies outside of the field."""
    inside = None if field is None else field(image, index)
    if inside is None:
        raise ValueError(
            f"image {index} contains NaN or infinity; leave them out by a mask, such "
            'as "finite" (superpixels__mask before the fit, superpixels_.mask after '
            "it, --mask), or replace them first, e.g. with numpy.nan_to_num; steps "
            "before the segmenter know no mask"
        )
    if not np.isfinite(image[inside]).all():
        raise ValueError(
            f"image {index} contains NaN or infinity within its mask; make the mask "
            "smaller, or replace them first, e.g. with numpy.nan_to_num"
        )


def is_whole_number(value: object) -> TypeGuard[int]:
    """Whether a value is a whole number of Python or NumPy; a truth value is none."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_label_maps(y, shapes):
    """Check ground truth against the shapes of the images it belongs to.

    Parameters
    ----------
    y : sequence of ndarray of shape (H, W) or (A, H, W)
        Integer label maps, of one or of A annotators; negative labels are void.
    shapes : sequence of (int, int)
        Height and width of every image.

    Returns
    -------
    maps : list of ndarray of shape (A, H, W)
    """
    if len(y) != len(shapes):
        raise ValueError(f"y has {len(y)} ground truths for {len(shapes)} images")
    return [
        _check_label_map(truth, shape, index)
        for index, (truth, shape) in enumerate(zip(y, shapes, strict=True))
    ]


def _check_label_map(truth, shape, index):
    name = f"ground truth {index}"
    truth = check_labels(truth, name)
    given = truth.shape
    truth = truth[np.newaxis] if truth.ndim == 2 else truth
    if truth.ndim != 3 or truth.shape[0] == 0:
        raise ValueError(
            f"{name} has shape {given}; expected (H, W), or (A, H, W) for "
            "A >= 1 annotators"
        )
    if truth.shape[1:] != tuple(shape):
        raise ValueError(
            f"{name} has shape {given}, but its image has {tuple(shape)}; expected "
            "(H, W), or (A, H, W) of A annotators"
        )
    return truth


def check_labels(labels, name):
    """Return labels as a plain array of whole numbers; ``name`` is for the message."""
    if isinstance(labels, np.ma.MaskedArray):
        raise ValueError(
            f"{name} is a masked array; mark what is masked as void, "
            "labels.astype(int).filled(-1)"
        )
    labels = _as_numeric(labels, name, "read_labels")
    if labels.dtype.kind == "f" and not _are_whole(labels):
        raise ValueError(f"{name} has labels that are no whole numbers")
    return labels


def _are_whole(values):
    return (np.isfinite(values) & (values == np.floor(values))).all()


def _is_one_array(X):
    return isinstance(X, np.ndarray) and X.ndim > 1


def _split(X):
    """Split X into its images, refusing every form that could be read two ways."""
    if hasattr(X, "todense"):
        raise TypeError("X is a sparse matrix; pass a list of images, [X.toarray()]")
    if isinstance(X, (str, bytes)) or not hasattr(X, "__len__") or _has_no_axes(X):
        raise TypeError(
            f"X must be a sequence of images, got {type(X).__name__}; read files "
            "first, e.g. with sksegment.io.read_images"
        )
    if isinstance(X, dict):
        raise TypeError(
            "X must be a sequence of images, got dict; use list(X.values())"
        )
    shape = np.shape(X) if isinstance(X, np.ndarray) else None
    if shape is not None and (len(shape) == 2 or _looks_like_colour(shape)):
        raise ValueError(
            f"X is one array of shape {shape}, which looks like a single image; wrap "
            "it in a list: [X]"
        )
    if shape is not None and len(shape) > 4:
        raise ValueError(
            f"X is one array of shape {shape}; expected (n, H, W) or (n, H, W, C)"
        )
    if len(X) == 0:
        raise ValueError("X is empty: at least one image is needed")
    return list(X)


def _has_no_axes(X):
    return getattr(X, "shape", None) == ()


def _looks_like_colour(shape):
    return len(shape) == 3 and shape[-1] in (3, 4)


def _as_numeric(array, name, reader):
    """Return a plain numeric array, or say why there is none, and what reads files."""
    if hasattr(array, "todense"):
        raise ValueError(f"{name} is sparse; convert it with .toarray()")
    try:
        array = np.asarray(array)
        if array.dtype.kind == "O":
            array = np.array(array.tolist())
    # A tensor of torch that needs a gradient raises RuntimeError.
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(
            f"{name} is no array of numbers ({error}); read image files first, e.g. "
            f"with sksegment.io.{reader}"
        ) from error
    if array.dtype.kind == "c":
        raise ValueError(f"{name} is complex; pass its magnitude, numpy.abs(image)")
    if array.dtype.kind not in "buif":
        raise ValueError(
            f"{name} has dtype {array.dtype}; expected numbers. Read image files "
            f"first, e.g. with sksegment.io.{reader}"
        )
    return array
