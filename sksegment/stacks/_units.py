"""Tell of slices that are in other units than those of the training, once a run."""

import contextlib
import warnings

from sksegment._intensity import units_complaint
from sksegment._mixins import SegmenterMixin
from sksegment._validation import EmptyFieldError
from sksegment._warn import warn_user

__all__ = ["UnitsWatch", "predicts_image_by_image"]


def predicts_image_by_image(model):
    """Whether ``predict`` is that of the segmenters here, and not of a pipeline."""
    return getattr(model.predict, "__func__", None) is SegmenterMixin.predict


class UnitsWatch:
    """Warns of the first slice of a run whose values hardly fit those of the training.

    Parameters
    ----------
    model : estimator
        Others than the segmenters here warn by themselves.
    cuts : Cuts
        They name the slice.
    """

    def __init__(self, model, cuts):
        self._model, self._cuts = model, cuts
        self._told = not predicts_image_by_image(model)

    def complaint(self, number, image):
        """Text about a slice, (H, W) or (H, W, C), or None; from any thread."""
        if self._told:
            return None
        image = image.reshape(*image.shape[:2], -1)
        try:
            field = self._model._field_of(0, image)
        except EmptyFieldError:
            return None
        name = self._cuts.name(number)
        return units_complaint(image, self._model.intensity_range_, name, field)

    def tell(self, complaint):
        """Warn, unless there is nothing to say or it was said of another slice."""
        if complaint is not None and not self._told:
            self._told = True
            warn_user(f"{complaint} (told of the first such slice only)")

    @contextlib.contextmanager
    def speaking_for_the_model(self):
        """Let ``predict`` not warn as well, which knows no names of slices."""
        with warnings.catch_warnings():
            if predicts_image_by_image(self._model):
                warnings.filterwarnings("ignore", "values of image 0 hardly fit")
            yield
