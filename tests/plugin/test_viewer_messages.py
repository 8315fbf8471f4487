"""What a real viewer tells when something goes wrong."""

import numpy as np
import pytest

pytest.importorskip("napari", reason="napari is not installed; see make test-napari")

from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QFileDialog

from sksegment.io import load_model
from sksegment.napari import _actions

pytestmark = pytest.mark.napari


def test_a_damaged_file_is_told_in_our_words(window, tmp_path, monkeypatch, told):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"nothing of the kind")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    with pytest.raises(ValueError) as error:
        load_model(path)
    window.click("load")
    assert told == [("error", str(error.value))]
    assert window.model is None


def test_a_slice_that_cannot_train_is_told_in_our_words(make_window, volume, told):
    volume = volume.astype(np.float32)
    volume[3, 0, 0] = np.nan
    window = make_window(volume, axis_labels=("z", "y", "x"))
    window.viewer.dims.set_current_step(0, 3)
    window.click("train")
    [(severity, message)] = told
    assert severity == "error"
    assert message.startswith("slice z=3 of rock contains NaN or infinity; ")
    assert "replace them first, e.g. with numpy.nan_to_num" in message
    assert window.controls.train.enabled


def test_slices_that_cannot_be_labelled_are_told_and_stay_void(
    make_window, volume, told
):
    volume = volume.astype(np.float32)
    volume[[1, 4]] = np.nan
    window = make_window(volume, axis_labels=("z", "y", "x"))
    window.viewer.dims.set_current_step(0, 3)
    window.click("train")
    window.click("label_all")
    [(severity, message)] = told
    assert severity == "warning"
    assert message.startswith("slice z=4 of rock: it contains NaN or infinity")
    assert message.endswith("(2 slices have no labels)")
    void = (window.labels().data == 255).all(axis=(1, 2))
    assert np.flatnonzero(void).tolist() == [1, 4]


def test_a_model_of_other_channels_is_told(window, make_image, told):
    window.click("train")
    window.viewer.add_image(make_image((32, 40), 3), name="photo", rgb=True)
    window.controls.image.value = window.viewer.layers["photo"]
    window.click("label_slice")
    [(severity, message)] = told
    assert severity == "error"
    assert message.startswith("photo has 3 channel(s), but the model was fitted on 1")


def test_an_error_that_nobody_foresaw_is_shown_with_its_traceback(window, monkeypatch):
    def fail(settings):
        raise RuntimeError("the sky falls")

    monkeypatch.setattr(_actions, "make_model", fail)
    notes = []
    notification_manager.notification_ready.connect(notes.append)
    window.click("train")
    notification_manager.notification_ready.disconnect(notes.append)
    [note] = notes
    assert isinstance(note.exception, RuntimeError)
    assert window.controls.train.enabled
