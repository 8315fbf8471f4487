"""The demonstration: two real images that come with scikit-image."""

import time
from pathlib import Path

import numpy as np

from sksegment._output_files import write_image, write_labels
from sksegment.plotting import headless_axes, overlay, plot_history
from sksegment.segmenters import SparseWNetSegmenter

__all__ = ["run_demo"]

# Both are within the package of scikit-image: nothing is downloaded.
_IMAGES = {"coffee": {}, "coins": {"max_labels": 8}}


def run_demo(out, **params):
    """Segment a colour and a grey image, with a model of its own each.

    Parameters
    ----------
    out : str or path-like
        Folder; the results are in a folder for each image: ``labels.png``,
        ``labels.tif``, ``overlay.png``, ``losses.png`` and ``model.safetensors``.
    **params
        Parameters of `SparseWNetSegmenter` that shall differ from the defaults, beside
        ``assignment="region"``.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    OSError
        If the folder cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> from sksegment.cli._demo import run_demo
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run_demo(folder, base_channels=4, max_epochs=1)
    coffee: 400 x 600 pixels, colour, ...
    coins: 303 x 384 pixels, grey, ...
    """
    for name, chosen in _IMAGES.items():
        # Made first, since either may fail and training takes a while.
        folder, axes = Path(out) / name, headless_axes()
        folder.mkdir(parents=True, exist_ok=True)
        _segment(name, folder, axes, {**chosen, **params})


def _segment(name, folder, axes, params):
    from skimage import data

    image = getattr(data, name)()
    start = time.perf_counter()
    # Both are photographs.
    model = SparseWNetSegmenter(assignment="region", random_state=0)
    model.set_params(**params)
    labels = model.fit_predict([image])[0]
    seconds = time.perf_counter() - start
    write_labels(folder / "labels.png", labels)
    write_labels(folder / "labels.tif", labels)
    write_image(folder / "overlay.png", overlay(image, labels))
    plot_history(model.history_, axes).figure.savefig(folder / "losses.png", dpi=120)
    model.save(folder / "model.safetensors")
    height, width = image.shape[:2]
    kind = "grey" if image.ndim == 2 else "colour"
    print(
        f"{name}: {height} x {width} pixels, {kind}, {len(np.unique(labels))} classes "
        f"(at most {model.max_labels}) in {seconds:.1f} s; labels, overlay, losses "
        f"and model are in {folder}",
        flush=True,
    )
