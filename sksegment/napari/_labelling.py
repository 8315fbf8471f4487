"""Labels of all slices of a picture, one after the other."""

import copy
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Regions",
    "SliceLabels",
    "cut_regions",
    "grow_regions",
    "label_slices",
    "most_regions",
    "n_classes",
    "n_learnt",
    "suggest_cut",
    "unmerged",
    "usual_classes",
    "usual_regions",
]

# As many regions as a label layer of uint16 holds beside void.
_MOST_REGIONS = 65_535


@dataclass(frozen=True)
class SliceLabels:
    """Labels of one slice.

    Attributes
    ----------
    cut : tuple of int or None
    labels : ndarray of shape (H, W), int32, or None
    error : str or None
        Why there are none.
    """

    cut: tuple
    labels: np.ndarray | None
    error: str | None


def label_slices(model, picture, cut, *, only=False):
    """Label a slice, and all others of its orientation.

    Parameters
    ----------
    model : estimator
        Whatever has ``predict``; see `unmerged` and `Regions`.
    picture : Picture
    cut : tuple of int or None
        The slice to begin with.
    only : bool, default=False
        Whether to end with it, too.

    Yields
    ------
    labelled : SliceLabels

    Raises
    ------
    ValueError
        If the model was fitted on other channels.
    """
    from sksegment.stacks._checks import check_model
    from sksegment.stacks._cuts import Cuts
    from sksegment.stacks._label_slices import label_ahead

    for stack, order, cuts in picture.stacks(cut):
        check_model(model, stack)
        numbers = order[:1] if only else order
        for number, labels, error in label_ahead(model, Cuts.of(stack, None), numbers):
            place = cuts(number)
            if error is not None:
                error = f"{picture.describe(place)}: {error}"
            yield SliceLabels(place, labels, error)
        if only:
            return


def unmerged(model):
    """Give the model as it was before `merge_labels`; the two share the net."""
    twin = copy.copy(model)
    twin.n_regions = None
    return twin._unmerge()


def n_learnt(model):
    """How many classes a model has learnt: the most that `merge_labels` gives."""
    return model._n_learnt


def n_classes(model):
    """How many classes a model gives, after `merge_labels`."""
    groups = model.label_groups_
    return n_learnt(model) if groups is None else int(groups.max()) + 1


def usual_classes(model):
    """How many classes there are where nobody has chosen a number: as looks suggest."""
    return n_classes(copy.copy(model).merge_labels("auto"))


class Regions:
    """A model whose labels are connected regions, numbered anew in every slice.

    Parameters
    ----------
    model : estimator
        With a method ``hierarchy``.
    n_regions : int
        In every slice.
    """

    def __init__(self, model, n_regions):
        self._model, self._n_regions = model, n_regions
        self.n_channels_in_ = model.n_channels_in_

    def predict(self, X):
        """Give the regions of images."""
        return [
            cut_regions(hierarchy, self._n_regions)
            for hierarchy in self._model.hierarchy(X)
        ]


def most_regions(hierarchy):
    """How many regions there can be: as many as superpixels, if these are not many."""
    return min(hierarchy.n_superpixels, _MOST_REGIONS)


def usual_regions(hierarchy):
    """How many regions there are where nobody has chosen a number."""
    return int(hierarchy.cut("auto").max()) + 1


def cut_regions(hierarchy, n_regions):
    """Cut as many regions as there can be, at most ``n_regions``.

    Parameters
    ----------
    hierarchy : RegionHierarchy
    n_regions : int

    Returns
    -------
    regions : ndarray of shape (H, W), int32
    """
    most = most_regions(hierarchy)
    return hierarchy.cut(n_regions=max(min(n_regions, most), hierarchy.n_pieces))


def grow_regions(model, picture, cut):
    """Make the hierarchy of regions of one slice.

    Yields
    ------
    nothing
        It is a generator only for the sake of the workers.

    Returns
    -------
    hierarchy : RegionHierarchy
    """
    from sksegment._pages import naming_images

    yield from ()
    with naming_images([picture.describe(cut)]):
        [hierarchy] = model.hierarchy([picture.read(cut)])
    return hierarchy


def suggest_cut(picture, cut):
    """Find the slice that shows best what is in all slices of this orientation.

    Yields
    ------
    nothing
        As in `grow_regions`.

    Returns
    -------
    cut : tuple of int or None
    """
    from sksegment.stacks import suggest_training_slices

    yield from ()
    stack, _, cuts = next(picture.stacks(cut))
    [number] = suggest_training_slices(stack, 1, mask="finite")
    return cuts(number)
