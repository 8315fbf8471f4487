"""From slices to label maps, one by one; a damaged slice gives an error, not an end."""

import re
from functools import partial

import numpy as np

from sksegment._look_ahead import look_ahead
from sksegment._validation import EmptyFieldError, check_images
from sksegment.stacks._units import UnitsWatch, predicts_image_by_image

__all__ = ["label_ahead", "label_each", "label_image", "read_slice"]

# A segmenter names the image it was given, which is always the first.
_IMAGE_ZERO_SAYS, _IMAGE_ZERO = re.compile(r"\bimage 0: "), re.compile(r"\bimage 0\b")


def label_ahead(model, cuts, numbers, watch=None):
    """Label slices, and prepare the next one while the net is busy.

    Parameters
    ----------
    model : estimator
    cuts : Cuts
    numbers : sequence of int
    watch : UnitsWatch, optional
        Of the run that these slices are a part of.

    Yields
    ------
    number : int
    labels : ndarray of shape (H, W), int32, or None
        Those of ``model.predict``, bit for bit; void where a function finds nothing
        of the slice in the field of view.
    error : str or None
        Why there are no labels.
    """
    prepare = _first_part_of_predict(model)
    watch = watch or UnitsWatch(model, cuts)

    def read_and_prepare(number):
        rest, complaint = None, None
        image, error = read_slice(cuts, number)
        if error is None:
            rest, error = _attempt(prepare, image)
        if error is None:
            complaint = watch.complaint(number, image)
        return number, rest, error, complaint

    for number, rest, error, complaint in look_ahead(
        read_and_prepare, [(number,) for number in numbers]
    ):
        # Not in the other thread, where the caller's line is not known.
        watch.tell(complaint)
        labels = None
        if error is None:
            labels, error = _attempt(rest)
        yield number, labels, error


def label_each(model, cuts, numbers, watch):
    """Label slices as `label_ahead` does, but call ``predict`` with all its checks."""
    for number in numbers:
        image, error = read_slice(cuts, number)
        labels = None
        if error is None:
            with watch.speaking_for_the_model():
                labels, error = label_image(model, image)
        if error is None:
            watch.tell(watch.complaint(number, image))
        yield number, labels, error


def label_image(model, image):
    """Label one image.

    Returns
    -------
    labels : ndarray of shape (H, W), int32, or None
    error : str or None
    """
    return _attempt(_predict, model, image)


def read_slice(cuts, number):
    """Read one slice.

    Returns
    -------
    image : ndarray or None
    error : str or None
    """
    view, index = cuts.locate(number)
    return _attempt(view.__getitem__, index)


def _first_part_of_predict(model):
    """Make a function from an image to the rest of its ``predict``."""
    if not predicts_image_by_image(model):
        return partial(partial, _predict, model)

    def prepare(image):
        field, n_channels = model._field, model.n_channels_in_
        try:
            batch = check_images([image], n_channels=n_channels, field=field)
        except EmptyFieldError:
            return partial(_void, image)
        parts = model._prepare_image(0, batch.images[0])
        return lambda: _as_labels(model._predict_image(*parts))

    return prepare


def _predict(model, image):
    try:
        return _as_labels(model.predict([image])[0])
    except EmptyFieldError:
        return _void(image)


def _void(image):
    return np.full(image.shape[:2], -1, np.int32)


def _as_labels(labels):
    return np.asarray(labels).astype(np.int32, copy=False)


def _attempt(function, *args):
    """Call a function and give what it returns, or what it says of bad input."""
    try:
        return function(*args), None
    except ValueError as error:
        return None, _IMAGE_ZERO.sub("it", _IMAGE_ZERO_SAYS.sub("", str(error)))
