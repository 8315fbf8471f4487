"""Models that are saved and loaded in a real viewer."""

import numpy as np
import pytest

pytest.importorskip("napari", reason="napari is not installed; see make test-napari")

from qtpy.QtWidgets import QFileDialog

from sksegment.io import load_model

pytestmark = pytest.mark.napari


def test_a_model_goes_to_a_file_and_back(
    make_window, window, volume, tmp_path, monkeypatch, told
):
    path = tmp_path / "model.safetensors"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(path.with_suffix("")), "")
    )
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.click("train")
    window.controls.classes.value = 2
    window.click("save")
    assert told[-1][1] == f"The model is {path}"
    assert (load_model(path).predict(volume) == window.model.predict(volume)).all()

    other = make_window(volume)
    other.click("load")
    assert other.controls.classes.value == 2
    assert other.controls.classes.max == window.controls.classes.max
    other.click("label_all")
    assert (other.labels().data == window.model.predict(volume)).all()


def test_a_model_may_come_before_the_image(
    make_window, make_segmenter, volume, tmp_path, monkeypatch
):
    path = tmp_path / "model.safetensors"
    make_segmenter().fit([volume[0]]).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window = make_window()
    window.click("load")
    window.controls.classes.value = 2
    window.controls.kind.value = "regions"
    window.controls.kind.value = "classes"
    window.viewer.add_image(volume, name="rock")
    window.click("label_all")
    assert (window.labels().data == window.model.predict(volume)).all()
    assert set(np.unique(window.labels().data)) == {0, 1}


def test_a_dialog_that_is_dismissed_does_nothing(window, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    window.click("load")
    window.click("train")
    window.click("save")


def test_a_model_without_hierarchy_has_no_regions(
    make_window, make_dense, volume, tmp_path, monkeypatch
):
    path = tmp_path / "dense.safetensors"
    model = make_dense().fit([volume[0]])
    model.save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window = make_window(volume)
    window.click("load")
    shown = window.shows(window.controls.kind)
    assert shown == hasattr(model, "hierarchy")
    assert not window.shows(window.controls.granularity.row)
    window.click("label_all")
    assert (window.labels().data == window.model.predict(volume)).all()


def test_a_model_that_gives_regions_gives_classes_here_too(
    make_window, make_segmenter, volume, tmp_path, monkeypatch
):
    path = tmp_path / "regions.safetensors"
    model = make_segmenter().fit([volume[0]])
    classes = model.merge_labels(2).predict(volume)
    model.set_params(n_regions=4).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window = make_window(volume)
    window.click("load")
    window.click("label_all")
    assert (window.labels().data == classes).all()
