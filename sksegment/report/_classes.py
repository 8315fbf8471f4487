"""Areas and intensities of the classes."""

from dataclasses import dataclass

import numpy as np

from sksegment._palette import class_name

__all__ = ["ClassRow", "class_table"]

# More channels are told by their mean.
_MAX_CHANNELS = 4


@dataclass(frozen=True)
class ClassRow:
    """One class in a table.

    Attributes
    ----------
    label : int
    name : str
    area : int
        In pixels.
    fraction : float
        Of all pixels that are not void.
    intensity : list of float
        Mean of each channel, in the units of the images; of all where there are more
        than four.
    """

    label: int
    name: str
    area: int
    fraction: float
    intensity: list


def class_table(images, maps, names=None):
    """Measure the classes of some images together.

    Parameters
    ----------
    images : list of ndarray of shape (H, W, C)
    maps : list of ndarray of shape (H, W), int
        Negative where void.
    names : dict of int to str, or sequence of str, optional

    Returns
    -------
    rows : list of ClassRow
        Of the classes there are, in the order of their numbers.
    """
    n_labels = max(int(labels.max(initial=-1)) for labels in maps) + 1
    n_channels = images[0].shape[-1]
    area, total = np.zeros(n_labels), np.zeros((n_labels, n_channels))
    for image, labels in zip(images, maps, strict=True):
        inside = labels >= 0
        ids = labels[inside]
        area += np.bincount(ids, minlength=n_labels)
        for channel in range(n_channels):
            values = image[..., channel][inside]
            total[:, channel] += np.bincount(ids, values, n_labels)
    if n_channels > _MAX_CHANNELS:
        total = total.mean(axis=1, keepdims=True)
    return [
        ClassRow(
            int(label),
            class_name(label, names),
            int(area[label]),
            float(area[label] / area.sum()),
            (total[label] / area[label]).tolist(),
        )
        for label in np.flatnonzero(area)
    ]
