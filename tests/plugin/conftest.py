"""Tests of the plugin for napari; those marked ``napari`` need it, and a display."""

import importlib.util
import os
import sys
import threading

import numpy as np
import pytest

_MINUTE = 60_000


def _obstacle():
    if importlib.util.find_spec("napari") is None:
        return "napari is not installed; see make test-napari"
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        return "napari needs OpenGL, and so a display; see make test-napari"
    return None


def pytest_collection_modifyitems(items):
    """Skip what cannot be run here: Qt ends the program where there is no display."""
    obstacle = _obstacle()
    for item in items:
        if obstacle and item.get_closest_marker("napari"):
            item.add_marker(pytest.mark.skip(reason=obstacle))


class Window:
    """A viewer with the plugin, and hands to click with."""

    def __init__(self, viewer, qtbot):
        from sksegment.napari._widget import SegmentWidget

        self.viewer, self._qtbot = viewer, qtbot
        self.widget = SegmentWidget(viewer)
        viewer.window.add_dock_widget(self.widget)
        self.controls, self.actions = self.widget.controls, self.widget.actions
        self.controls.settings.boxes["max_epochs"].value = 2

    def click(self, name, wait=True):
        button = getattr(self.controls, name)
        assert button.native.isEnabled(), name
        button.native.click()
        if wait:
            self.wait()

    def wait(self, until=None):
        until = until or (lambda: self.actions.tasks.idle)
        self._qtbot.waitUntil(until, timeout=_MINUTE)

    def shows(self, widget):
        return widget.native.isVisibleTo(self.widget.native)

    def labels(self, kind="classes"):
        return self.viewer.layers[f"rock {kind}"]

    @property
    def model(self):
        return self.actions.session.model


@pytest.fixture
def volume(make_image):
    """Return six slices of 32 x 40."""
    return np.stack([make_image((32, 40), seed=seed) for seed in range(6)])


@pytest.fixture
def quick(monkeypatch, make_segmenter):
    """Train tiny models, for as many epochs as are set; the settings are kept."""
    from sksegment.napari import _actions

    made = []

    def make(settings):
        made.append(settings)
        return make_segmenter(max_epochs=settings.max_epochs, batches_per_epoch=4)

    monkeypatch.setattr(_actions, "make_model", make)
    return made


@pytest.fixture
def told():
    """Severities and messages of the notifications."""
    from napari.utils.notifications import notification_manager

    messages = []

    def note(notification):
        messages.append((str(notification.severity), str(notification.message)))

    notification_manager.notification_ready.connect(note)
    yield messages
    notification_manager.notification_ready.disconnect(note)


@pytest.fixture
def threads():
    """Give a function that tells which threads run."""

    def running():
        # One of Qt in which Python once was stays listed as a dummy.
        return {
            thread
            for thread in threading.enumerate()
            if not isinstance(thread, threading._DummyThread)
        }

    return running


@pytest.fixture
def make_window(make_napari_viewer, qtbot, quick):
    """Open a viewer with the plugin, and show an image."""

    def make(image=None, **options):
        viewer = make_napari_viewer()
        if image is not None:
            viewer.add_image(image, **{"name": "rock", **options})
        return Window(viewer, qtbot)

    return make


@pytest.fixture
def window(make_window, volume):
    """Look at slice 3 of the volume."""
    window = make_window(volume, scale=(2, 0.5, 0.5), axis_labels=("z", "y", "x"))
    window.viewer.dims.set_current_step(0, 3)
    return window
