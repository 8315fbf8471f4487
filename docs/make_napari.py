"""Make the picture of docs/napari.md again: the sample "rock", trained and labelled.

xvfb-run -a -s "-screen 0 1280x1024x24" .venv-napari/bin/python docs/make_napari.py
"""

import time
from pathlib import Path

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication

from sksegment.napari._samples import rock
from sksegment.napari._widget import SegmentWidget

PICTURE = Path(__file__).parent / "images" / "napari.jpg"


def wait(until):
    """Let the window work until something is so."""
    while not until():
        QApplication.processEvents()
        time.sleep(0.01)


def main():
    """Click through the five steps."""
    viewer = napari.Viewer()
    viewer.window.resize(1200, 760)
    (volume, options, _), _ = rock()
    viewer.add_image(volume, **options)
    viewer.dims.set_current_step(0, 12)
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment without labels")
    controls, tasks = widget.controls, widget.actions.tasks
    controls.train.native.click()
    wait(lambda: tasks.idle)
    controls.classes.value = 4
    controls.label_all.native.click()
    # While it works, so that the progress is seen.
    wait(lambda: controls.progress.value >= 0.6 * controls.progress.max)
    picture = viewer.screenshot(canvas_only=False, flash=False)
    wait(lambda: tasks.idle)
    Image.fromarray(picture[..., :3]).save(PICTURE, quality=82, optimize=True)
    viewer.close()


if __name__ == "__main__":
    main()
