"""What the plugin knows: the model, the marked slices, the labels of every image."""

import weakref
from dataclasses import dataclass

from sksegment.napari._label_arrays import ClassLabels, RegionLabels
from sksegment.napari._layers import (
    forget_strokes,
    picture_of,
    show_labels,
    shown_cut_of,
)
from sksegment.napari._picture import plane_of

__all__ = ["Session"]


@dataclass(eq=False)
class _Shown:
    """Labels of one kind of an image, the model they are of, and their layer."""

    model: object
    labels: ClassLabels | RegionLabels
    layer: object


class Session:
    """A model and what it has labelled in a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    on_new_data : callable
        Called without arguments when an image with labels or marks has got other
        pixels, and these have been forgotten.

    Attributes
    ----------
    model : SparseWNetSegmenter or DenseWNetSegmenter, or None
    """

    def __init__(self, viewer, on_new_data):
        self.model = None
        self._viewer, self._on_new_data = viewer, on_new_data
        # They go when the image is removed from the viewer.
        self._marks = weakref.WeakKeyDictionary()
        self._shown = weakref.WeakKeyDictionary()
        # What they are of.
        self._data = weakref.WeakKeyDictionary()

    def close(self):
        """Notice no more what becomes of the images."""
        for image in self._data:
            image.events.data.disconnect(self._forget)

    def cut(self, image):
        """Slice of an image layer that is looked at; see `shown_cut`."""
        return shown_cut_of(self._viewer, image, picture_of(image).shape)

    def marks(self, image):
        """Marked slices of an image layer, in the order in which they were marked."""
        return [*self._marks.get(image, ())]

    def toggle_mark(self, image, cut):
        """Mark a slice, or do so no longer."""
        self._follow(image)
        marks = self._marks.setdefault(image, {})
        if marks.pop(cut, None) is None:
            marks[cut] = True

    def unmark(self, image):
        """Mark no slice of an image layer."""
        self._marks.pop(image, None)

    def training_cuts(self, image):
        """Slices to train on: those marked, else the one that is looked at."""
        return self.marks(image) or [self.cut(image)]

    @property
    def has_regions(self):
        """Whether the model has a hierarchy of regions."""
        return hasattr(self.model, "hierarchy")

    def show_training(self, image, cuts):
        """Show the labels of the slices of an image that the model was trained on."""
        for cut, labels in zip(cuts, self.model.unmerged_labels_, strict=True):
            self.write(image, "classes", cut, labels)

    def write(self, image, kind, cut, labels):
        """Write the labels of a slice, and show them.

        Parameters
        ----------
        image : napari.layers.Image
        kind : {"classes", "regions"}
        cut : tuple of int or None
        labels : ndarray of shape (H, W), int32
            Classes before joining.
        """
        shown = self._shown_as(image, kind)
        shown.labels.write(cut, labels)
        forget_strokes(shown.layer)
        self._refresh(image, shown, cut)

    def join(self, n_classes, image):
        """Join the classes of the model, and show it on the slice looked at.

        Parameters
        ----------
        n_classes : int
        image : napari.layers.Image or None

        Returns
        -------
        rest : iterator
            To be consumed so that the other slices, and other images, follow.
        """
        self.model.merge_labels(n_classes)
        current = None if image is None else self._shown.get(image, {}).get("classes")
        parts = [of_image.get("classes") for of_image in self._shown.values()]
        parts = [part for part in parts if part and part.model is self.model]
        for part in parts:
            part.labels.set_groups(self.model.label_groups_)
            forget_strokes(part.layer)
        if current in parts:
            current.labels.rejoin(self.cut(image))
            current.layer.refresh()
        return _join_all(parts)

    def show_only(self, image, kind):
        """Hide the labels of an image that are of another kind."""
        for other, shown in self._shown.get(image, {}).items():
            # A layer loses its tool even where it is as visible as before.
            if shown.layer.visible != (other == kind):
                shown.layer.visible = other == kind

    def _shown_as(self, image, kind):
        self._follow(image)
        of_image = self._shown.setdefault(image, {})
        shown = of_image.get(kind)
        if shown is None or shown.model is not self.model:
            layer = None if shown is None else shown.layer
            return self._show_blank(image, kind, layer)
        if shown.layer not in self._viewer.layers:
            shown.layer = show_labels(self._viewer, image, shown.labels.shown, kind)
        return shown

    def _follow(self, image):
        """Notice from now on when the image gets other pixels."""
        if image not in self._data:
            self._data[image] = image.data
            image.events.data.connect(self._forget)

    def _forget(self, event):
        image = event.source
        # Who changes pixels in place sets the same array again to show them.
        if image.data is self._data[image]:
            return
        self._data[image] = image.data
        self.unmark(image)
        for kind, shown in self._shown.pop(image, {}).items():
            if shown.layer in self._viewer.layers:
                self._show_blank(image, kind, shown.layer)
        self._on_new_data()

    def _show_blank(self, image, kind, layer):
        labels = self._blank(image, kind)
        layer = show_labels(self._viewer, image, labels.shown, kind, layer)
        forget_strokes(layer)
        shown = self._shown.setdefault(image, {})[kind] = _Shown(
            self.model, labels, layer
        )
        return shown

    def _blank(self, image, kind):
        shape = picture_of(image).shape
        if kind == "regions":
            return RegionLabels(shape)
        labels = ClassLabels(shape, len(self.model.label_fractions_))
        labels.set_groups(self.model.label_groups_)
        return labels

    def _refresh(self, image, shown, cut):
        is_seen = self._viewer.dims.ndisplay == 3 or cut == self.cut(image)
        if is_seen or plane_of(cut) != plane_of(self.cut(image)):
            shown.layer.refresh()


def _join_all(parts):
    for part in parts:
        yield from part.labels.rejoin_all()
        forget_strokes(part.layer)
        part.layer.refresh()
