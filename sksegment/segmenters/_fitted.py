"""What a fitted W-Net segmenter does, sparse or dense."""

from typing import Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sksegment._intensity import IntensityScale
from sksegment._large_images import must_be_parted, paint_over
from sksegment._merging import groups_of_labels, names_of_groups
from sksegment._parts import ScaledParts
from sksegment._persistence import save_segmenter
from sksegment._soft_labels import assemble, grid_of, soft_labels_of
from sksegment._typing import Images, LabelMaps, PathLike
from sksegment.fitting import check_finite, check_net, enlarge, follow_device
from sksegment.hierarchy import RegionHierarchy
from sksegment.labelling import paint

__all__ = ["FittedMixin"]


class FittedMixin:
    """Methods of a fitted segmenter with a W-Net, beside those of `SegmenterMixin`.

    They need the attributes that `TrainingMixin.fit` sets, and of the estimator
    ``_label_state``, and ``_predict_image``, ``_predict_proba_image`` and ``_tree`` of
    what its ``_prepare_image`` makes of an image.
    """

    def predict_proba(self, X: Images) -> LabelMaps:
        """Soft labels; `predict` is their argmax, unless ``n_regions`` is set.

        Those of the sparse models are constant on every superpixel, or on every region
        with ``assignment="region"``, unless ``assignment="pixel"``; those of the dense
        ones are what `transform` returns.
        After `merge_labels` they are sums over the labels that were joined, while
        `predict` joins the labels themselves: where it is undecided, it may differ from
        the argmax.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        proba : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel, to 0 outside a mask.
        """
        return self._map(X, self._predict_proba_image, self._prepare_image)

    def transform(self, X: Images) -> LabelMaps:
        """Dense features: the soft labels of the net, pixel by pixel.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        features : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel; superpixels play no part.
        """
        return self._map(X, self._transform_image)

    def reconstruct(self, X: Images) -> LabelMaps:
        """Reconstruct images from their soft labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        images : list of ndarray of shape (H, W, C), float32
            In the units of the input; float64 where these are beyond float32.

        Raises
        ------
        ValueError
            If the model was fitted with ``reconstruction="none"``.
        """
        check_is_fitted(self)
        if self.net_.module_.decoder is None:
            raise ValueError(
                "the model has no decoder: it was fitted with reconstruction='none'"
            )
        return self._map(X, self._reconstruct_image)

    def hierarchy(self, X: Images) -> list[RegionHierarchy]:
        """Merge trees of the superpixels, from which regions are cut in milliseconds.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        hierarchies : list of RegionHierarchy
            One for each image; ``hierarchies[0].cut(n_regions=8)`` are eight regions.

        See Also
        --------
        sksegment.hierarchy.RegionHierarchy : What can be done with them.
        """
        batch, trees = self._each(X, self._tree, self._prepare_image)
        return [
            tree.enlarged(shape)
            for tree, shape in zip(trees, batch.shapes, strict=True)
        ]

    @property
    def class_names_(self) -> list[str] | None:
        """Names of the classes of the scribbles, in the order of the ids.

        After `merge_labels` those of all groups: names that were joined are separated
        by " + ", and a group in which none has a name is called by its id.
        """
        names = self._unmerged_class_names
        if names is None or self.label_groups_ is None:
            return names
        return names_of_groups(names, self.label_groups_)

    def merge_labels(self, n_labels: int | str) -> Self:
        """Join labels until ``n_labels`` are left, in no time.

        A W-Net rarely ends with the number of classes that one has in mind, and a rare
        material survives only among many labels. So train with many, and join those
        that look alike: average linkage of their mean colours, in which each label
        counts by the root of what it covers. Classes of scribbles are joined with each
        other last. Calling it again starts from all labels.

        Parameters
        ----------
        n_labels : int or "auto"
            Number of classes wanted; "auto" joins all that lie closer together than
            0.48 of what the main merge joins, the one that takes most of the variance
            between labels away, and, with ``assignment="pixel"`` and no textures that
            count, than five standard deviations within labels, in the mean of the
            channels, beyond which a distance adds no variance; but leaves as many as
            scribbles have classes. Then a group that is a rim between two others, in
            looks and in place, such as a blurred border, is divided between them.

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
        state, n_apart = self._label_state, self._n_hinted_classes
        maps, scale = self.unmerged_labels_, self._scale
        return self._join(groups_of_labels(state, n_labels, scale, n_apart, maps))

    def save(self, path: PathLike) -> None:
        """Save the model to one file that holds no code; see `sksegment.io`.

        Parameters
        ----------
        path : str or path-like
            By convention with the suffix ``.safetensors``.

        See Also
        --------
        sksegment.io.load_model : Read it back.
        """
        check_is_fitted(self)
        save_segmenter(self, path)

    def _each(self, X, function, prepare=None):
        check_is_fitted(self)
        self._validate_params()
        check_net(self)
        follow_device(self)
        return super()._each(X, function, prepare)

    def _transform_image(self, index, image):
        shape = image.shape[:2]
        f = soft_labels_of(self, self._seen(index, image))
        return assemble(f.parts(shape), shape)

    def _reconstruct_image(self, index, image):
        grid = grid_of(self._normalize(index, image), **self._grid)
        pixels = check_finite(self.net_.reconstruction_step(grid))
        pixels = pixels[:, : self.n_channels_in_]
        return self._scale.undo(enlarge(pixels, image.shape[:2]))

    def _regions(self, tree):
        """Regions of the granularity that is set."""
        if self.n_regions == "auto":
            return tree.cut("auto")
        return tree.cut(n_regions=self.n_regions)

    @property
    def _n_learnt(self):
        """How many labels are in use: the most that can be left after joining."""
        return len(self._label_state.used)

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
            maps = [paint(map_, self.label_groups_, -1) for map_ in labels]
            labels = maps if isinstance(labels, list) else np.stack(maps)
        self.labels_ = labels

    def _joined(self, labels):
        """Labels (H, W) after joining, in their place; -1 stays."""
        groups = self.label_groups_
        return labels if groups is None else paint_over(labels, groups)

    def _seen(self, index, image):
        """What the net sees of an image, part by part where it is too large."""
        is_parted = must_be_parted(self, image.shape)
        make = self._scaled_parts if is_parted else self._normalize
        return grid_of(make(index, image), **self._grid)

    def _scaled_parts(self, index, image):
        return ScaledParts(image, self._scale, self._field_of(index, image))

    def _normalize(self, index, image):
        """Image on the scale of the net; outside of a mask the mean of the inside."""
        return self._scaled_parts(index, image).read(slice(None), slice(None))

    @property
    def _scale(self):
        return IntensityScale(self.intensity_range_, self.rgb_)

    @property
    def _grid(self):
        return {"resolution": self.resolution, "position": self.position}
