"""Training in a real viewer: clicks in, a layer of labels out."""

import time

import numpy as np
import pytest

pytest.importorskip("napari", reason="napari is not installed; see make test-napari")

from qtpy.QtCore import QTimer

pytestmark = pytest.mark.napari


def test_training_on_the_slice_shown_labels_it(window, volume, make_segmenter):
    assert window.controls.slices.value == "slice z=3"
    window.click("train")
    expected = make_segmenter(max_epochs=2, batches_per_epoch=4).fit([volume[3]])
    n_learnt = len(np.unique(expected.labels_[0]))
    expected.merge_labels("auto")
    n_classes = len(np.unique(expected.labels_[0]))
    expected.merge_labels(n_classes)
    layer = window.labels()
    assert (layer.data[3] == expected.labels_[0]).all()
    assert (np.delete(layer.data, 3, axis=0) == 255).all()
    assert tuple(layer.scale) == (2, 0.5, 0.5)
    assert layer.axis_labels == ("z", "y", "x")
    assert window.controls.classes.value == n_classes
    assert window.controls.classes.max == n_learnt > n_classes


def test_training_shows_its_epochs_and_the_window_stays_alive(window):
    window.controls.settings.boxes["max_epochs"].value = 6
    said, ticks = [], []
    say = window.actions.tasks.say
    window.actions.tasks.say = lambda text: (said.append(text), say(text))
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(10)
    window.click("train", wait=False)
    assert not window.controls.train.enabled
    window.wait()
    timer.stop()
    epochs = [text for text in said if text.startswith("epoch")]
    assert [text.split(":")[0] for text in epochs] == [
        f"epoch {n} of 6" for n in range(1, 7)
    ]
    assert window.controls.progress.value == window.controls.progress.max == 6
    assert len(ticks) > 10
    assert np.diff(ticks).max() < 0.5 * (ticks[-1] - ticks[0])


def test_a_training_can_be_cancelled(window, threads):
    window.controls.settings.boxes["max_epochs"].value = 500
    before = threads()
    window.click("train", wait=False)
    window.wait(lambda: window.controls.status.value.startswith("epoch"))
    window.click("cancel")
    assert window.model is None
    assert [layer.name for layer in window.viewer.layers] == ["rock"]
    assert window.controls.status.value == "Training was not finished"
    assert window.controls.train.enabled
    window.wait(lambda: threads() <= before)


def test_closing_the_viewer_ends_the_training(window, threads):
    window.controls.settings.boxes["max_epochs"].value = 500
    before = threads()
    window.click("train", wait=False)
    window.wait(lambda: window.controls.status.value.startswith("epoch"))
    window.viewer.close()
    window.wait(lambda: threads() <= before)


def test_closing_the_plugin_alone_ends_the_training(window, threads):
    window.controls.settings.boxes["max_epochs"].value = 500
    before = threads()
    window.click("train", wait=False)
    window.wait(lambda: window.controls.status.value.startswith("epoch"))
    window.viewer.window.remove_dock_widget("all")
    window.wait(lambda: threads() <= before)
    window.viewer.dims.set_current_step(0, 1)


def test_marked_slices_train_together(window, volume, make_segmenter):
    for number in (1, 4, 5):
        window.viewer.dims.set_current_step(0, number)
        window.click("mark")
    assert window.controls.mark.text == "unmark slice"
    window.click("mark")
    assert window.controls.slices.value == "slice z=1; z=4"
    window.viewer.dims.set_current_step(0, 0)
    window.click("train")
    expected = make_segmenter(max_epochs=2, batches_per_epoch=4)
    expected = expected.fit([volume[1], volume[4]])
    expected = expected.merge_labels(window.controls.classes.value).labels_
    assert (window.labels().data[[1, 4]] == expected).all()
    assert (window.labels().data[[0, 2, 3, 5]] == 255).all()
    window.click("unmark")
    assert window.controls.slices.value == "slice z=0"


def test_of_many_marked_slices_a_few_are_listed(window):
    for number in (5, 0, 2, 1, 4):
        window.viewer.dims.set_current_step(0, number)
        window.click("mark")
    assert window.controls.slices.value == "slice z=5; z=0; z=2; 2 more"


def test_a_slice_is_suggested_marked_and_shown(make_window, volume):
    empty = np.zeros_like(volume)
    window = make_window(np.concatenate([empty, volume[:1], empty]))
    window.click("suggest")
    assert window.viewer.dims.current_step[0] == 6
    assert window.controls.slices.value == "slice axis 0=6"


def test_settings_of_the_window_are_those_of_the_training(window, quick):
    window.controls.settings.boxes["smoothness"].value = 0.7
    window.controls.settings.boxes["thin"].value = True
    window.click("train")
    assert quick[-1].smoothness == 0.7
    assert quick[-1].thin is True
    assert quick[-1].max_epochs == 2


def test_the_number_of_classes_is_kept_for_the_next_training(window):
    window.click("train")
    window.controls.classes.value = 2
    window.viewer.dims.set_current_step(0, 0)
    window.click("train")
    assert window.controls.classes.value == 2
    assert len(np.unique(window.labels().data[0])) == 2
    assert (window.labels().data[3] == 255).all()
    assert len(window.viewer.layers) == 2


def test_without_an_image_there_is_nothing_to_click(make_window, volume):
    window = make_window()
    for name in ("train", "label_slice", "label_all", "save"):
        assert not getattr(window.controls, name).enabled
    assert window.controls.load.enabled
    window.viewer.add_image(volume, name="rock")
    window.click("train")
    assert window.labels().data.shape == volume.shape
