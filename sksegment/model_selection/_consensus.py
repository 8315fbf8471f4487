"""One segmentation from several, of which each may number its labels as it likes."""

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import cut_tree, fcluster, linkage
from scipy.spatial.distance import cdist, pdist

from sksegment._validation import check_labels, is_whole_number

__all__ = ["consensus_labels"]

# More combinations of labels than these are clustered through the most frequent ones.
_MAX_SEEDS = 2000


def consensus_labels(
    label_maps: Sequence[Sequence[np.ndarray]], *, n_labels: int | None = None
) -> list[np.ndarray]:
    """Join several segmentations of the same images by co-association.

    Pixels that have the same label in more than half of the segmentations belong
    together (evidence accumulation [1]_): average linkage of the combinations of
    labels that occur, by the share of segmentations in which they differ.

    Parameters
    ----------
    label_maps : sequence of sequence of ndarray of shape (H, W), int
        For each segmentation the label maps of all images; ids of one segmentation
        mean the same in all of them, negative where void.
    n_labels : int, optional
        Number of labels wanted, or as many as there are combinations, if these are
        fewer. By default what belongs together.

    Returns
    -------
    labels : list of ndarray of shape (H, W), int32
        The most frequent label is 0; -1 where the first segmentation is void. Ids of
        the segmentations play no part.

    Raises
    ------
    ValueError
        If there is no segmentation, one has a map that is none, they do not belong to
        the same images, or ``n_labels`` is no number from 1 on.

    References
    ----------
    .. [1] Fred and Jain, "Combining multiple clusterings using evidence
       accumulation", IEEE TPAMI 27(6), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.model_selection import consensus_labels
    >>> first = [np.array([[0, 0, 1, 1]])]
    >>> second = [np.array([[5, 5, 2, 2]])]
    >>> third = [np.array([[0, 1, 1, 1]])]
    >>> consensus_labels([first, second, third])[0]
    array([[0, 0, 1, 1]], dtype=int32)
    """
    label_maps = _check(label_maps, n_labels)
    shapes = [map_.shape for map_ in label_maps[0]]
    columns = [*map(_as_column, label_maps)]
    inside = columns[0] >= 0
    combinations, first, places, counts = np.unique(
        np.stack(columns, axis=1)[inside],
        axis=0,
        return_index=True,
        return_inverse=True,
        return_counts=True,
    )
    # By where they are found first, not by ids: these shall not decide between equals.
    by_place = np.argsort(first)
    groups = np.empty(len(first), np.int64)
    groups[by_place] = _group(combinations[by_place], counts[by_place], n_labels)
    groups = groups[places.ravel()]
    order = np.argsort(-np.bincount(groups), kind="stable")
    flat = np.full(len(columns[0]), -1, np.int32)
    flat[inside] = np.argsort(order)[groups]
    ends = np.cumsum([rows * columns for rows, columns in shapes])
    return [*map(np.reshape, np.split(flat, ends[:-1]), shapes)]


def _check(label_maps, n_labels):
    if n_labels is not None and not (is_whole_number(n_labels) and n_labels >= 1):
        raise ValueError(f"n_labels={n_labels!r} must be None or a whole number from 1")
    if len(label_maps) == 0:
        raise ValueError("there is no segmentation to join")
    checked = [*map(_check_maps, label_maps, range(len(label_maps)))]
    shapes = [[map_.shape for map_ in maps] for maps in checked]
    for index, found in enumerate(shapes):
        if found != shapes[0]:
            raise ValueError(
                f"segmentation {index} has maps of the shapes {found}, the first of "
                f"{shapes[0]}; all must be of the same images"
            )
    return checked


def _check_maps(maps, segmentation):
    """Check the label maps of one segmentation."""
    if len(maps) == 0:
        raise ValueError(f"segmentation {segmentation} has no images")
    checked = []
    for index, map_ in enumerate(maps):
        name = f"segmentation {segmentation}, image {index}"
        checked.append(check_labels(map_, name))
        if checked[-1].ndim != 2:
            raise ValueError(
                f"{name} has shape {checked[-1].shape}; expected (H, W). A "
                "segmentation is a list of label maps, one for each image"
            )
    return checked


def _as_column(maps):
    """Labels of all pixels, numbered from 0; -1 where void."""
    labels = np.concatenate([map_.ravel() for map_ in maps])
    ids = np.unique(labels, return_inverse=True)[1].ravel()
    return np.where(labels >= 0, ids, -1)


def _group(combinations, counts, n_labels):
    """Group combinations of labels; rare ones join the nearest of the frequent."""
    seeds = np.argsort(-counts, kind="stable")[:_MAX_SEEDS]
    if len(seeds) <= 1:
        return np.zeros(len(combinations), np.int64)
    tree = linkage(pdist(combinations[seeds], "hamming"), "average")
    if n_labels is None:
        # More than half agree, not just half.
        found = fcluster(tree, np.nextafter(0.5, 0.0), "distance")
    else:
        found = cut_tree(tree, min(n_labels, len(seeds)))[:, 0]
    groups = np.empty(len(combinations), np.int64)
    for start in range(0, len(combinations), _MAX_SEEDS):
        part = slice(start, start + _MAX_SEEDS)
        distances = cdist(combinations[part], combinations[seeds], "hamming")
        groups[part] = found[distances.argmin(axis=1)]
    return np.unique(groups, return_inverse=True)[1]
