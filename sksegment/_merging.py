"""Fewer labels than a model has learnt, without training again."""

import numpy as np

from sksegment._transitions import join_transitions
from sksegment._validation import is_whole_number
from sksegment.labelling import (
    group_labels,
    number_groups,
    seed_labels,
    suggest_n_groups,
)

__all__ = ["groups_of_labels", "names_of_groups", "summed"]


def groups_of_labels(state, n_labels, scale, n_apart, maps):
    """Group labels that look alike, see `FittedMixin.merge_labels`.

    Parameters
    ----------
    state : LabelState
    n_labels : int or "auto"
    scale : IntensityScale
        Groups are numbered from dark to bright.
    n_apart : int
        So many labels, the first ones, are joined with each other last.
    maps : sequence of ndarray of shape (H, W), int32
        Labels of the training images.

    Returns
    -------
    groups : ndarray of shape (K,), int32
    """
    points, fractions, is_auto = state.points, state.fractions, n_labels == "auto"
    if is_auto:
        n_labels = suggest_n_groups(points, fractions, state.apart, n_apart)
        n_labels = max(n_labels, int((fractions[:n_apart] > 0).sum()))
    n_used = len(state.used)
    if not is_whole_number(n_labels) or not 1 <= n_labels <= n_used:
        raise ValueError(
            f"n_labels={n_labels!r} must be 'auto' or a whole number from 1 to "
            f"{n_used}, the labels in use; for more of them, fit with a larger "
            "max_labels or smaller betas"
        )
    groups = group_labels(points, fractions, n_labels, n_apart)
    if is_auto:
        seeds = seed_labels(fractions, n_labels)
        groups = join_transitions(groups, points, seeds, maps, n_apart)
    brightness = scale.brightness(state.colors)
    return number_groups(groups, brightness, fractions, n_apart)


def names_of_groups(names, groups):
    """Names of groups: those that were joined, or its id where none has a name."""
    members = groups[: len(names)]
    return [
        " + ".join(np.array(names)[members == group].tolist()) or str(group)
        for group in range(groups.max() + 1)
    ]


def summed(shares, groups):
    """Shares of the labels, (..., K), after joining, if they were joined."""
    if groups is None:
        return shares
    members = np.eye(groups.max() + 1, dtype=shares.dtype)
    return shares @ members[groups]
