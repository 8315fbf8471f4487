"""What happens at a click: connects the controls with the session and the tasks."""

from napari.utils.notifications import show_info, show_warning
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from sksegment.napari._labelling import (
    Regions,
    cut_regions,
    grow_regions,
    label_slices,
    most_regions,
    n_classes,
    n_learnt,
    suggest_cut,
    unmerged,
    usual_classes,
    usual_regions,
)
from sksegment.napari._layers import look_at, picture_of
from sksegment.napari._learning import load, make_model, train
from sksegment.napari._session import Session
from sksegment.napari._tasks import Tasks, WhenTakenOut
from sksegment.napari._workers import show_failure

__all__ = ["Actions"]

# Marked slices that are listed.
_FEW = 3
_FILES = "sksegment models (*.safetensors)"


class Actions:
    """Train on slices of an image, label the others, and choose how finely.

    Parameters
    ----------
    viewer : napari.Viewer
    controls : Controls
    window : QWidget
        To which dialogs belong.

    Attributes
    ----------
    session : Session
    tasks : Tasks
    """

    def __init__(self, viewer, controls, window):
        self._viewer, self._controls, self._window = viewer, controls, window
        self.session = Session(viewer, self._start_anew)
        self.tasks = Tasks(controls, self._update)
        self._hierarchy = None
        self._n_classes_wanted = None
        self._joining = iter(())
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._join_more)
        self._connect()
        self._update()

    def _connect(self):
        controls = self._controls
        for button, action in (
            (controls.mark, self._mark),
            (controls.unmark, self._unmark),
            (controls.suggest, self._suggest),
            (controls.train, self._train),
            (controls.label_slice, self._label_slice),
            (controls.label_all, self._label_all),
            (controls.load, self._load),
            (controls.save, self._save),
            (controls.cancel, self.tasks.cancel),
        ):
            button.changed.connect(action)
        controls.image.changed.connect(self._change_image)
        controls.kind.changed.connect(self._change_kind)
        controls.classes.changed.connect(self._choose_classes)
        controls.granularity.number.changed.connect(self._cut_regions)
        self._viewer.dims.events.point.connect(self._update)
        self._viewer.dims.events.order.connect(self._update)
        self._viewer.layers.events.removed.connect(self._update)
        WhenTakenOut(self._window, self.tasks.cancel)
        self._window.destroyed.connect(self._close)

    def _close(self):
        self._viewer.dims.events.point.disconnect(self._update)
        self._viewer.dims.events.order.disconnect(self._update)
        self._viewer.layers.events.removed.disconnect(self._update)
        self.session.close()
        self.tasks.close()

    # What can be clicked now, and what is said.

    def _update(self):
        """Show the state of affairs in all controls."""
        controls, image = self._controls, self._image
        idle, session = self.tasks.idle, self.session
        is_trained = session.model is not None
        for button in controls.actions:
            button.enabled = idle and image is not None
        controls.load.enabled = idle
        controls.save.enabled = idle and is_trained
        for button in (controls.label_slice, controls.label_all):
            button.enabled = button.enabled and is_trained
        controls.working.visible = not idle
        controls.kind.enabled = idle
        controls.kind.visible = is_trained and session.has_regions
        controls.classes.visible = is_trained and self._kind == "classes"
        controls.granularity.row.visible = is_trained and self._kind == "regions"
        has_slices = image is not None and image.ndim > 2
        for widget in (controls.slices, controls.marking, controls.label_all):
            widget.visible = has_slices
        if has_slices:
            self._update_slices(image)

    def _start_anew(self):
        """Show nothing of what an image was before it got other pixels."""
        self._hierarchy = None
        self._update()
        self._show_regions()

    def _watch(self, image):
        """Make a function that tells whether an image is there, with the same pixels.

        What a task finds may come too late.
        """
        data = image.data
        return lambda: image in self._viewer.layers and image.data is data

    def _update_slices(self, image):
        picture, marks = picture_of(image), self.session.marks(image)
        cut = self.session.cut(image)
        places = [*map(picture.place, marks or [cut])]
        if len(places) > _FEW:
            places[_FEW:] = [f"{len(places) - _FEW} more"]
        self._controls.slices.value = f"slice {'; '.join(places)}"
        self._controls.mark.text = "unmark slice" if cut in marks else "mark slice"
        self._controls.unmark.enabled = bool(marks)

    @property
    def _image(self):
        image = self._controls.image.value
        # The list of images is a moment behind when all layers are removed.
        return image if image in self._viewer.layers else None

    @property
    def _kind(self):
        has_regions = self.session.model is not None and self.session.has_regions
        return self._controls.kind.value if has_regions else "classes"

    # Training.

    def _mark(self):
        self.session.toggle_mark(self._image, self.session.cut(self._image))
        self._update()

    def _unmark(self):
        self.session.unmark(self._image)
        self._update()

    def _suggest(self):
        image, picture = self._image, picture_of(self._image)
        cut, is_the_same = self.session.cut(image), self._watch(image)

        def mark(cut):
            if not is_the_same():
                return
            look_at(self._viewer, image, cut)
            if cut not in self.session.marks(image):
                self.session.toggle_mark(image, cut)

        self.tasks.run(
            lambda stop: suggest_cut(picture, cut), "Looking at slices", on_result=mark
        )

    def _train(self):
        image, picture = self._image, picture_of(self._image)
        cuts, is_the_same = self.session.training_cuts(image), self._watch(image)
        settings = self._controls.settings.value

        def tell(epoch):
            self.tasks.say(
                f"epoch {epoch.number} of {epoch.n_epochs}: {epoch.n_labels} labels, "
                f"loss {epoch.loss:.4f}"
            )

        def keep(model):
            if model is not None:
                self._accept(model, self._n_classes_wanted or usual_classes(model))
                if is_the_same():
                    self.session.show_training(image, cuts)
                    self.session.show_only(image, self._kind)
                self._show_regions()

        self.tasks.run(
            lambda stop: train(make_model(settings), picture, cuts, stop),
            "Training",
            total=settings.max_epochs,
            on_event=tell,
            on_result=keep,
        )

    def _accept(self, model, wanted):
        """Take a model, and set the sliders to what it can give."""
        most = n_learnt(model)
        n_left = min(wanted, most)
        model.merge_labels(n_left)
        self._hierarchy, self.session.model = None, model
        slider = self._controls.classes
        with slider.changed.blocked():
            slider.max = max(2, most)
            slider.value = n_left
        slider.enabled = most > 1
        self.tasks.say(f"{most} classes were learnt")

    # Labels.

    def _label_slice(self):
        self._label(only=True)

    def _label_all(self):
        self._label(only=False)

    def _label(self, *, only):
        image, kind, model = self._image, self._kind, self.session.model
        picture, cut, failed = picture_of(image), self.session.cut(image), []
        is_the_same = self._watch(image)
        if kind == "classes":
            model = unmerged(model)
        else:
            model = Regions(model, self._controls.granularity.number.value)

        def show(done):
            if not is_the_same():
                self.tasks.cancel()
            elif done.error is None:
                self.session.write(image, kind, done.cut, done.labels)
            else:
                failed.append(done.error)

        self.tasks.run(
            lambda stop: label_slices(model, picture, cut, only=only),
            "Labelling",
            total=1 if only else picture.count(cut),
            on_event=show,
            on_result=lambda _: _tell_failed(failed),
        )

    def _choose_classes(self, n_classes):
        self._n_classes_wanted = n_classes
        self._joining = self.session.join(n_classes, self._image)
        self._timer.start(0)

    def _join_more(self):
        """Join some more voxels: large volumes must not keep the window waiting."""
        if next(self._joining, None) is None:
            self._timer.stop()

    # Regions.

    def _change_image(self):
        self._update()
        if self._kind == "regions":
            self._change_kind()

    def _change_kind(self):
        self._update()
        if self._image is not None:
            self.session.show_only(self._image, self._kind)
        self._show_regions()

    def _show_regions(self):
        """Show the regions of the slice that is looked at, if regions are wanted."""
        if self._kind != "regions" or self._image is None or not self.tasks.idle:
            return
        image, model = self._image, self.session.model
        picture, cut = picture_of(image), self.session.cut(image)
        is_the_same = self._watch(image)

        def keep(hierarchy):
            if not is_the_same():
                self._show_regions()
                return
            self._hierarchy = image, cut, hierarchy
            number = self._controls.granularity.number
            wanted = number.value if number.value > 1 else usual_regions(hierarchy)
            self._controls.granularity.set_range(most_regions(hierarchy), wanted)
            self._cut_regions(number.value)

        self.tasks.run(
            lambda stop: grow_regions(model, picture, cut),
            "Growing regions",
            on_result=keep,
        )

    def _cut_regions(self, n_regions):
        image = self._image
        if image is None:
            return
        of_image, cut, hierarchy = self._hierarchy or (None, None, None)
        if of_image is not image or cut != self.session.cut(image):
            self._show_regions()
            return
        labels = cut_regions(hierarchy, n_regions)
        self.session.write(image, "regions", cut, labels)

    # Files.

    def _load(self):
        path, _ = QFileDialog.getOpenFileName(self._window, "Load model", "", _FILES)

        def keep(model):
            self._accept(model, n_classes(model))
            self._show_regions()

        if path:
            self.tasks.run(lambda stop: load(path), "Loading", on_result=keep)

    def _save(self):
        path, _ = QFileDialog.getSaveFileName(self._window, "Save model", "", _FILES)
        if not path:
            return
        path = path if path.endswith(".safetensors") else f"{path}.safetensors"
        try:
            self.session.model.save(path)
        except OSError as error:
            show_failure(error)
        else:
            show_info(f"The model is {path}")


def _tell_failed(failed):
    if failed:
        rest = f" ({len(failed)} slices have no labels)" if len(failed) > 1 else ""
        show_warning(f"{failed[0]}{rest}")
