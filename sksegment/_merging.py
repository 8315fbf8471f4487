"""Fewer labels than a model has learnt, without training again."""

from typing import Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._transitions import join_transitions
from sksegment._validation import is_whole_number
from sksegment.fitting import check_net
from sksegment.labelling import (
    group_labels,
    natural_number,
    number_groups,
    paint,
    seed_labels,
)

__all__ = ["MergingMixin"]


class MergingMixin:
    """Joins the labels of a fitted segmenter until so many are left.

    It needs the attributes ``label_colors_``, ``label_fractions_``, ``label_groups_``
    (None at first), ``_n_hinted_classes`` and ``_unmerged_class_names``, and calls
    `_set_labels` when it is fitted; the estimator passes labels that it predicts
    through `_joined`, and shares through `_summed`.
    """

    @property
    def class_names_(self) -> list[str] | None:
        """Names of the classes of the scribbles, in the order of the ids.

        After `merge_labels` those of all groups: names that were joined are separated
        by " + ", and a group in which none has a name is called by its id.
        """
        names = self._unmerged_class_names
        if names is None or self.label_groups_ is None:
            return names
        groups = self.label_groups_[: len(names)]
        return [
            " + ".join(np.array(names)[groups == group].tolist()) or str(group)
            for group in range(self.label_groups_.max() + 1)
        ]

    def merge_labels(self, n_labels: int | str) -> Self:
        """Join labels until ``n_labels`` are left, in no time.

        A W-Net rarely ends with the number of classes that one has in mind, and a rare
        material survives only among many labels. So train with many, and join those
        that look alike: average linkage of their mean colours, in which each label
        counts once, however rare it is. Classes of scribbles are joined with each other
        last. Calling it again starts from all labels.

        Parameters
        ----------
        n_labels : int or "auto"
            Number of classes wanted; "auto" joins all that lie closer together than
            half of what the main merge joins, the one that takes most of the variance
            between labels away, and, with ``assignment="pixel"`` and no textures that
            count, than five standard deviations within labels, in the mean of the
            channels; but leaves as many as scribbles have classes. Then a group that is
            a rim between two others, in looks and in place, such as a blurred border,
            is divided between them.

        Returns
        -------
        self : estimator
            From now on labels are 0..n_labels-1, the same in every image: those of
            scribbles in their order, then all others from dark to bright. Each is a
            union of what were labels before. `transform` still gives all soft labels.

        Raises
        ------
        ValueError
            If ``n_labels`` is below 1 or above the number of labels in use.

        Examples
        --------
        >>> import numpy as np
        >>> from skimage.data import coins
        >>> from sksegment import SparseWNetSegmenter
        >>> model = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
        >>> model = model.fit([coins()[::4, ::4]]).merge_labels(2)
        >>> np.unique(model.labels_[0]).tolist()
        [0, 1]
        """
        check_is_fitted(self)
        check_net(self)
        points, is_auto = self._points(), n_labels == "auto"
        fractions, n_apart = self.label_fractions_, self._n_hinted_classes
        if is_auto:
            apart = self._distance_of_classes()
            n_labels = natural_number(points, fractions, apart, n_apart)
            n_labels = max(n_labels, int((fractions[:n_apart] > 0).sum()))
        if not is_whole_number(n_labels) or not 1 <= n_labels <= self._n_learnt:
            raise ValueError(
                f"n_labels={n_labels!r} must be 'auto' or a whole number from 1 to "
                f"{self._n_learnt}, the labels in use; for more of them, fit with a "
                "larger max_labels or smaller betas"
            )
        brightness = self._scale.brightness(self.label_colors_)
        groups = group_labels(points, fractions, n_labels, n_apart)
        if is_auto:
            seeds, maps = seed_labels(fractions, n_labels), self.unmerged_labels_
            groups = join_transitions(groups, points, seeds, maps, n_apart)
        return self._join(number_groups(groups, brightness, fractions, n_apart))

    @property
    def _n_learnt(self):
        """How many labels are in use: the most that can be left after joining."""
        return int((self.label_fractions_ > 0).sum())

    def _points(self):
        """Points of the labels, (K, D), that lie close where labels look alike."""
        return self.label_colors_

    def _distance_of_classes(self):
        """Distance of points of two classes that no one takes for one."""
        return np.inf

    def _unmerge(self):
        """Undo `merge_labels`."""
        return self._join(None)

    def _join(self, groups):
        """Join labels to groups, if there are any; where labels were cut, they stay."""
        self.label_groups_ = groups
        is_cut = self._labels_are_cut and self.n_regions is not None
        self._set_labels(self.unmerged_labels_, self.labels_ if is_cut else None)
        return self

    def _set_labels(self, labels, regions=None):
        """Set ``labels_``: labels of the training images after joining, or regions."""
        self.unmerged_labels_ = labels
        self._labels_are_cut = regions is not None
        if regions is not None:
            self.labels_ = regions
            return
        if self.label_groups_ is not None:
            maps = [*map(self._joined, labels)]
            labels = maps if isinstance(labels, list) else np.stack(maps)
        self.labels_ = labels

    def _joined(self, labels):
        """Labels (H, W) after joining; -1 stays."""
        if self.label_groups_ is None:
            return labels
        return paint(labels, self.label_groups_, -1)

    def _summed(self, shares):
        """Shares of the labels, (..., K), after joining."""
        if self.label_groups_ is None:
            return shares
        members = np.eye(self.label_groups_.max() + 1, dtype=shares.dtype)
        return shares @ members[self.label_groups_]
