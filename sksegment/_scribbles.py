"""Scribbles: pixels whose class the user knows, and what carries them."""

from dataclasses import dataclass

import numpy as np
import torch

from sksegment._validation import check_label_maps
from sksegment._warn import warn_user
from sksegment.losses import UNKNOWN

__all__ = ["NO_SCRIBBLES", "Scribbles", "check_scribbles"]

# Part of the marked pixels of a class that should have its label.
_LEAST_HEEDED = 0.5


@dataclass(frozen=True, eq=False)
class Scribbles:
    """Checked scribbles of the training images.

    Attributes
    ----------
    maps : list of ndarray of shape (h, w), int64
        Of the sizes of the images that are trained on; -1 where unknown.
    n_classes : int
        One more than the largest class.
    names : list of str or None
        Names of the classes.
    """

    maps: list
    n_classes: int
    names: list | None

    def attach(self, images):
        """Give training images the classes of their superpixels or pixels.

        Parameters
        ----------
        images : list of GraphImage or PixelImage

        Warns
        -----
        UserWarning
            If all scribbles of a class are outside the masks.
        """
        if not self.maps:
            return
        lost = np.unique(np.concatenate([np.ravel(map_) for map_ in self.maps]))
        for image, map_ in zip(images, self.maps, strict=True):
            pixels = np.nonzero(map_ != UNKNOWN)
            places, n_places = image.places(*pixels)
            lost = np.setdiff1d(lost, map_[pixels][places >= 0])
            classes = _majority(places, n_places, map_[pixels], self.n_classes)
            if (classes != UNKNOWN).any():
                image.scribbles = torch.from_numpy(classes).to(image.pixels.device)
        _warn_of_lost(lost[lost != UNKNOWN])

    def warn_of_unheeded(self, labels, names, cure):
        """Warn of classes whose scribbles have mostly got other labels.

        Parameters
        ----------
        labels : sequence of ndarray of shape (H, W), int
            Of all training images, not smaller than the scribbles.
        names : list of str or None
            Names of the classes.
        cure : str
            What else may help.

        Warns
        -----
        UserWarning
            If less than half of what is marked as a class is labelled so.
        """
        if not self.maps:
            return
        table = np.zeros((self.n_classes, 2), np.int64)
        for map_, found in zip(self.maps, labels, strict=True):
            found = _shrunk(found, map_.shape)
            marked = (map_ != UNKNOWN) & (found >= 0)
            table += _counts(map_[marked], found[marked], self.n_classes)
        for index, (right, total) in enumerate(table.tolist()):
            if right < _LEAST_HEEDED * total:
                has_name = names is not None and index < len(names)
                name = repr(names[index]) if has_name else index
                warn_user(
                    f"of what is marked as class {name} {right / total:.0%} got that "
                    f"label: mark more of it, or train longer (max_epochs){cure}"
                )


#: What there is without scribbles.
NO_SCRIBBLES = Scribbles([], 0, None)


def check_scribbles(scribbles, names, batch, max_labels):
    """Check scribbles against the images they belong to.

    Parameters
    ----------
    scribbles : sequence of ndarray of shape (H, W), or None
        Entries may be None, for images without.
    names : sequence of str or None
    batch : ImageBatch
    max_labels : int

    Returns
    -------
    scribbles : Scribbles

    Raises
    ------
    ValueError
        If shapes, classes or names do not fit; the message names the image.
    """
    if scribbles is None:
        if names is not None:
            raise ValueError("class_names are given without scribbles")
        return NO_SCRIBBLES
    if len(scribbles) != len(batch.images):
        raise ValueError(
            f"there are {len(scribbles)} scribble maps for {len(batch.images)} images; "
            "pass one for each, None for images without scribbles"
        )
    maps = [
        _check_map(map_, shape, index)
        for index, (map_, shape) in enumerate(zip(scribbles, batch.shapes, strict=True))
    ]
    n_classes = 1 + max(int(map_.max()) for map_ in maps)
    if n_classes == 0:
        raise ValueError("the scribbles have no class at all: every pixel is -1")
    if n_classes > max_labels:
        raise ValueError(
            f"a scribble has the class {n_classes - 1}, but max_labels={max_labels}; "
            "classes are 0, 1, ..., and -1 is unknown: renumber them, or raise "
            "max_labels"
        )
    sizes = [image.shape[:2] for image in batch.images]
    return Scribbles(
        [*map(_shrunk, maps, sizes)], n_classes, _check_names(names, n_classes)
    )


def _counts(classes, labels, n_classes):
    """Marked pixels of each class with its label, and all of them, (n_classes, 2)."""
    right = np.bincount(classes[classes == labels], minlength=n_classes)
    return np.stack([right, np.bincount(classes, minlength=n_classes)], axis=1)


def _warn_of_lost(classes):
    """Warn of classes of which nothing is inside."""
    if len(classes):
        names = ", ".join(map(str, classes))
        warn_user(
            f"all scribbles of class {names} lie outside the mask, so nothing is known "
            "of it; draw some inside, or leave the class out"
        )


def _check_map(map_, shape, index):
    if map_ is None:
        return np.full(shape, UNKNOWN)
    if np.asarray(map_).dtype.kind == "b":
        raise ValueError(
            f"scribble map {index} is of booleans, which know no unknown pixels; "
            "expected the classes 0, 1, ... and -1 where unknown, e.g. "
            "numpy.where(stroke, 0, -1)"
        )
    try:
        checked = check_label_maps([map_], [shape])[0]
    except (TypeError, ValueError) as error:
        message = str(error).replace("ground truth 0", f"scribble map {index}")
        message = message.replace("read_labels", "read_scribbles")
        message = message.replace(", or (A, H, W) of A annotators", "")
        raise ValueError(message) from error
    if len(checked) > 1:
        raise ValueError(
            f"scribble map {index} has shape {checked.shape}; expected (H, W)"
        )
    return np.maximum(checked[0].astype(np.int64), UNKNOWN)


def _check_names(names, n_classes):
    if names is None:
        return None
    names = [str(name) for name in names]
    if len(names) != n_classes:
        raise ValueError(
            f"there are {len(names)} class_names for {n_classes} classes of scribbles"
        )
    return names


def _shrunk(map_, size):
    """Scribbles on a smaller grid, thin ones too."""
    if map_.shape == tuple(size):
        return map_
    rows, columns = np.nonzero(map_ != UNKNOWN)
    shrunk = np.full(size, UNKNOWN)
    classes = map_[rows, columns]
    rows = rows * size[0] // map_.shape[0]
    columns = columns * size[1] // map_.shape[1]
    shrunk[rows, columns] = classes
    return shrunk


def _majority(places, n_places, classes, n_classes):
    """Most frequent class of the scribbles in every place, -1 where there is none."""
    counts = np.zeros((n_places, n_classes), np.int64)
    inside = places >= 0
    np.add.at(counts, (places[inside], classes[inside]), 1)
    return np.where(counts.any(axis=1), counts.argmax(axis=1), UNKNOWN)
