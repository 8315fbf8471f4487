"""What napari reads of the plugin before it runs any of it."""

import ast
import importlib
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import sksegment

pytest.importorskip("napari", reason="napari is not installed; see make test-napari")

from npe2 import PluginManifest

pytestmark = pytest.mark.napari

PATH = Path(sksegment.__file__).parent / "napari" / "napari.yaml"


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_file(PATH)


def test_the_manifest_is_valid():
    npe2 = [sys.executable, "-m", "npe2", "validate", str(PATH), "--imports"]
    result = subprocess.run(npe2, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "valid" in result.stdout


def test_the_entry_point_leads_to_the_manifest(manifest):
    found = importlib.metadata.entry_points(group="napari.manifest", name="sksegment")
    assert [entry.value for entry in found] == ["sksegment.napari:napari.yaml"]
    installed = PluginManifest.from_distribution("sksegment")
    assert installed.contributions == manifest.contributions


def resolve(command):
    module, name = command.python_name.split(":")
    return getattr(importlib.import_module(module), name)


def test_every_command_is_used_and_every_name_resolves(manifest):
    contributions = manifest.contributions
    used = [*contributions.widgets, *contributions.sample_data]
    commands = {command.id: command for command in contributions.commands}
    assert {part.command for part in used} == commands.keys()
    assert all(callable(resolve(command)) for command in commands.values())


@pytest.mark.parametrize("key", ["rock", "steel"])
def test_samples_open_as_a_volume_and_its_truth(
    make_napari_viewer, npe2pm, manifest, key
):
    npe2pm.register(manifest)
    assert key in [sample.key for sample in manifest.contributions.sample_data]
    viewer = make_napari_viewer()
    viewer.open_sample("sksegment", key)
    volume, truth = viewer.layers[key], viewer.layers[f"{key} truth"]
    assert volume.data.dtype == np.uint16
    assert volume.data.shape == truth.data.shape
    assert volume.axis_labels == truth.axis_labels == ("z", "y", "x")
    assert not truth.visible


def imported_by(code):
    """Heavy modules that are imported by a program."""
    heavy = ["torch", "skorch", "sklearn", "dask", "qtpy"]
    code = f"import sys; {code}; print([n for n in {heavy} if n in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    return ast.literal_eval(result.stdout)


def test_the_manifest_is_found_without_heavy_imports():
    code = "from npe2 import PluginManifest as P; P.from_distribution('sksegment')"
    assert imported_by(code) == []


def test_opening_the_widget_does_not_wait_for_torch():
    found = imported_by("import sksegment.napari._widget")
    assert not {"torch", "skorch", "sklearn"}.intersection(found)


def test_the_widget_opens_from_the_menu_and_trains(
    make_napari_viewer, npe2pm, manifest, qtbot, quick, volume
):
    npe2pm.register(manifest)
    viewer = make_napari_viewer()
    viewer.add_image(volume, name="rock", axis_labels=("z", "y", "x"))
    _, widget = viewer.window.add_plugin_dock_widget(
        "sksegment", "Segment without labels"
    )
    viewer.dims.set_current_step(0, 4)
    assert widget.controls.slices.value == "slice z=4"
    for button in (widget.controls.train, widget.controls.label_all):
        button.native.click()
        qtbot.waitUntil(lambda: widget.actions.tasks.idle, timeout=60_000)
    expected = widget.actions.session.model.predict(volume)
    assert (viewer.layers["rock classes"].data == expected).all()
