"""What there is to click on: widgets and their layout, and no decision."""

from math import log

from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    ProgressBar,
    PushButton,
    Slider,
    SpinBox,
    create_widget,
)

from sksegment.napari._learning import Settings

__all__ = ["Controls", "Granularity", "SettingsForm"]

_STEPS = 200


class Granularity:
    """A number of regions: a slider with even steps in its logarithm, and the number.

    Attributes
    ----------
    row : Container
    number : SpinBox
        The value; its ``changed`` is emitted once a change.
    """

    def __init__(self):
        self._slider = Slider(min=0, max=_STEPS, readout=False)
        self.number = SpinBox(min=1, max=2, value=1)
        widgets = [self._slider, self.number]
        self.row = Container(
            label="regions", layout="horizontal", widgets=widgets, labels=False
        )
        self._slider.changed.connect(self._slide)
        self.number.changed.connect(self._follow)

    def set_range(self, most, value):
        """Allow numbers up to ``most``, and choose one."""
        with self.number.changed.blocked():
            self.number.value = 1
            self.number.max = max(2, most)
            self.number.value = min(value, self.number.max)
        self._follow()

    def _slide(self, position):
        self.number.value = round(self.number.max ** (position / _STEPS))

    def _follow(self):
        position = log(self.number.value) / log(self.number.max)
        with self._slider.changed.blocked():
            self._slider.value = round(_STEPS * position)


class SettingsForm:
    """The settings of the training, hidden at first.

    Attributes
    ----------
    rows : list of Widget
    boxes : dict of str to Widget
        By their names in `Settings`.
    """

    def __init__(self):
        defaults = Settings()
        self.boxes = {
            "max_labels": SpinBox(
                label="labels to learn",
                min=2,
                max=200,
                tooltip="A rare material survives among many; classes are joined after",
            ),
            "max_epochs": SpinBox(label="epochs", min=1, max=500),
            "smoothness": FloatSpinBox(
                label="smoothness",
                min=0.0,
                max=100.0,
                step=0.1,
                tooltip="Raise it where the result is patchy",
            ),
            "thin": CheckBox(
                text="thin structures",
                tooltip="Fibres, membranes, cracks: superpixels that follow them, and "
                "full resolution; slower",
            ),
        }
        for name, widget in self.boxes.items():
            widget.value = getattr(defaults, name)
        self._box = _form(*self.boxes.values())
        self._box.visible = False
        more = CheckBox(text="settings of the training")
        more.changed.connect(lambda shown: setattr(self._box, "visible", shown))
        self.rows = [more, self._box]

    @property
    def value(self):
        """The settings that are chosen."""
        return Settings(**{name: box.value for name, box in self.boxes.items()})


class Controls:
    """All widgets of the plugin.

    Attributes
    ----------
    rows : list of Widget
        From top to bottom.
    """

    def __init__(self):
        self.image = create_widget(label="image", annotation="napari.layers.Image")
        self.slices = Label(label="train on", value="")
        self.mark = PushButton(
            text="mark slice",
            tooltip="Train on this slice, and on others that are marked",
        )
        self.unmark = PushButton(text="clear")
        self.suggest = PushButton(
            text="suggest",
            tooltip="Mark the slice that shows best what is in all of them",
        )
        self.settings = SettingsForm()
        self.train = PushButton(text="Train")
        self.kind = ComboBox(
            label="labels",
            choices=["classes", "regions"],
            tooltip="Classes are the same in all slices, regions are connected",
        )
        self.classes = Slider(label="classes", min=1, max=2)
        self.granularity = Granularity()
        self.label_slice = PushButton(text="Label this slice")
        self.label_all = PushButton(text="Label all slices")
        self.progress = ProgressBar(min=0, max=1, label="")
        self.cancel = PushButton(text="Cancel")
        self.status = Label(value="")
        self.load = PushButton(text="Load model …")
        self.save = PushButton(text="Save model …")
        self.marking = _beside(self.mark, self.unmark, self.suggest)
        self.working = _beside(self.progress, self.cancel)
        self.rows = [
            _form(self.image, self.slices),
            self.marking,
            *self.settings.rows,
            self.train,
            _form(self.kind, self.classes, self.granularity.row),
            _beside(self.label_slice, self.label_all),
            _beside(self.load, self.save),
            self.working,
            self.status,
        ]

    @property
    def actions(self):
        """Buttons that begin something, of which there is one at a time."""
        return [
            self.suggest,
            self.train,
            self.label_slice,
            self.label_all,
            self.load,
            self.save,
        ]


def _form(*widgets):
    form = Container(widgets=widgets)
    form.margins = (0, 0, 0, 0)
    return form


def _beside(*widgets):
    row = Container(layout="horizontal", widgets=widgets, labels=False)
    row.margins = (0, 0, 0, 0)
    return row
