"""The widget that napari docks."""

try:
    from magicgui.widgets import Container

    from sksegment.napari._actions import Actions
    from sksegment.napari._controls import Controls
except ImportError as error:
    raise ImportError(
        f"the plugin needs {error.name}, which is not installed: "
        'pip install "sksegment[napari]"'
    ) from error

__all__ = ["SegmentWidget"]


class SegmentWidget(Container):
    """Train on slices of an image, label the others, and choose how finely.

    Parameters
    ----------
    napari_viewer : napari.Viewer

    Attributes
    ----------
    controls : Controls
    actions : Actions
    """

    def __init__(self, napari_viewer):
        self.controls = Controls()
        super().__init__(widgets=self.controls.rows, labels=False)
        self.actions = Actions(napari_viewer, self.controls, self.native)

    def reset_choices(self, *args):
        """List the images there are now; one with a new name stays the chosen one."""
        image = self.controls.image
        chosen = image.value
        with image.changed.blocked():
            super().reset_choices(*args)
            if chosen in image.choices:
                image.value = chosen
        if image.value is not chosen:
            image.changed.emit(image.value)
