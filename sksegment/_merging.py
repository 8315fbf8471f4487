"""Fewer labels than a model has learnt, without training again."""

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import cdist, pdist

from sksegment._transitions import join_transitions
from sksegment._validation import is_whole_number
from sksegment.labelling import brightness_order

__all__ = [
    "group_labels",
    "groups_of_labels",
    "names_of_groups",
    "number_groups",
    "suggest_n_groups",
    "summed",
]

# Of a distance that is larger than all others.
_FAR = 1e6
# A label of a smaller part of the training images is too small to be a class.
_MIN_FRACTION = 5e-4
# Of the height of the main merge, where the linkage is cut; see docs/research.md.
_PART_OF_HEIGHT = 0.48
# A label counts by the root of what it covers, the largest so often.
_COPIES = 20


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
        seeds = _seed_labels(fractions, n_labels)
        groups = join_transitions(groups, points, seeds, maps, n_apart)
    brightness = scale.brightness(state.colors)
    return number_groups(groups, brightness, fractions, n_apart)


def suggest_n_groups(points, fractions, apart=np.inf, n_apart=0):
    """Number of groups that are left when what is joined next lies too far apart.

    That is what lies further apart than 0.48 of what the main merge joins, the one that
    takes most of the variance between the labels away: a rare label that is very far
    from all others is joined last, and does not make them alike. Or of which the mean
    looks lie further apart than ``apart``; beyond it a distance adds no variance, so
    that what is rare and very bright does not hide what there is besides.

    Parameters
    ----------
    points, fractions
        See `group_labels`.
    apart : float, default=inf
        Distance of two classes that no one takes for one.
    n_apart : int, default=0
        See `group_labels`. Those that are kept apart count each, however alike.

    Returns
    -------
    n_groups : int
    """
    seeds = _seed_labels(fractions)
    if len(seeds) < 2:
        return 1
    copies = _copies(fractions[seeds])
    tree = linkage(points[seeds][copies], "average")
    weights = (fractions[seeds] / np.bincount(copies))[copies]
    distances, explained = _merges(tree, points[seeds][copies], weights, apart)
    is_far = tree[:, 2] > _PART_OF_HEIGHT * tree[explained.argmax(), 2]
    is_far |= distances > apart
    n_groups = len(copies) - int(is_far.argmax()) if is_far.any() else 1
    hinted = seeds[seeds < n_apart]
    if not len(hinted):
        return n_groups
    groups = group_labels(points, fractions, n_groups)[hinted]
    return n_groups + len(groups) - len(np.unique(groups))


def _merges(tree, points, weights, apart):
    """Distances of the weighted means of what is joined, and the variance this takes.

    Both step by step of a linkage; the variances sum up to that of the points, but for
    distances beyond ``apart``, which count as that.
    """
    areas, sums = [*weights], [*(weights[:, np.newaxis] * points)]
    distances, explained = [], []
    for first, second in tree[:, :2].astype(int):
        means = sums[first] / areas[first], sums[second] / areas[second]
        distances.append(np.linalg.norm(means[0] - means[1]))
        areas.append(areas[first] + areas[second])
        sums.append(sums[first] + sums[second])
        reduced_area = areas[first] * areas[second] / areas[-1]
        explained.append(reduced_area * min(distances[-1], apart) ** 2)
    return np.array(distances), np.array(explained)


def _seed_labels(fractions, n_groups=0):
    """Labels that are no specks, or the largest ones if these are not enough.

    Parameters
    ----------
    fractions : ndarray of shape (K,)
        Part of the training images that every label covers.
    n_groups : int, default=0
        Least number of labels.

    Returns
    -------
    seeds : ndarray of shape (n,), int
        The largest first.
    """
    n_seeds = max(n_groups, int((fractions >= _MIN_FRACTION).sum()))
    return np.argsort(-fractions, kind="stable")[:n_seeds]


def group_labels(points, fractions, n_groups, n_apart=0):
    """Group labels that look alike by average linkage.

    Each counts by the root of what it covers. Distances do not depend on that, so rare
    labels that lie apart stay apart; but a rim of a few pixels does not move a class.

    Parameters
    ----------
    points : ndarray of shape (K, D)
        Mean colours of the labels, or other looks.
    fractions : ndarray of shape (K,)
        Part of the images that they cover, 0 for those not in use.
    n_groups : int
        At most the number of labels in use.
    n_apart : int, default=0
        So many labels, the first ones, are joined with each other last.

    Returns
    -------
    groups : ndarray of shape (K,), int
        Group 0..n_groups-1 of every label. Specks and labels not in use join the group
        of the label that is nearest.
    """
    seeds = _seed_labels(fractions, n_groups)
    found = np.zeros(len(seeds), np.int64)
    if n_groups > 1:
        copies = _copies(fractions[seeds])
        distances = _distances(points[seeds], seeds < n_apart, copies)
        # Of the copies of each label the first.
        firsts = np.searchsorted(copies, np.arange(len(seeds)))
        found = cut_tree(linkage(distances, "average"), n_groups)[firsts, 0]
    groups = found[cdist(points, points[seeds]).argmin(axis=1)]
    groups[seeds] = found
    return groups


def _copies(areas):
    """Index of each label, as often as it counts: a linkage knows no weights."""
    roots = np.sqrt(areas / areas.max())
    return np.repeat(
        np.arange(len(areas)), np.rint(_COPIES * roots).clip(1).astype(int)
    )


def _distances(points, apart, copies):
    """Distances of pairs of copies, large between labels that are kept apart."""
    distances = pdist(points[copies])
    first, second = copies[np.array(np.triu_indices(len(copies), 1))]
    # So large that the mean over two groups is, too.
    far = _FAR * max(distances.max(initial=0.0), np.finfo(float).tiny)
    is_far = apart[first] & apart[second] & (first != second)
    return np.where(is_far, far, distances)


def number_groups(groups, brightness, fractions, n_fixed=0):
    """Number groups of labels from dark to bright.

    Parameters
    ----------
    groups : ndarray of shape (K,), int
        See `group_labels`.
    brightness, fractions : ndarray of shape (K,)
        Of the labels.
    n_fixed : int, default=0
        Groups of the first so many labels come before all others, in their order.

    Returns
    -------
    groups : ndarray of shape (K,), int32
    """
    order = brightness_order(groups, brightness, fractions, groups.max() + 1).tolist()
    order = [*dict.fromkeys([*groups[:n_fixed].tolist(), *order])]
    return np.argsort(order).astype(np.int32)[groups]


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
