"""Call what needs an optional package where none is installed, and tell what came.

``python missing_extras_worker.py FOLDER`` prints one JSON object: for each call the
kind of error and its text, or null if there was none.
"""

import contextlib
import io
import json
import sys
from importlib.machinery import PathFinder
from pathlib import Path

import numpy as np

__all__ = ["OPTIONAL", "Exit", "NoExtras", "call_all"]

OPTIONAL = (
    *("matplotlib", "jinja2", "pooch", "dask", "distributed", "zarr", "h5py", "av"),
    *("pandas", "napari", "magicgui", "qtpy", "pint"),
)


class NoExtras(PathFinder):
    """The finder of installed packages, to which the optional ones are unknown."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Find what `PathFinder` does, but for the optional packages."""
        if name.split(".")[0] in OPTIONAL:
            return None
        return super().find_spec(name, path, target)


class Exit(Exception):
    """A command ended with another exit code than 0."""


def call_all(folder):
    """Make each call that a user may make.

    Parameters
    ----------
    folder : Path
        Files are written here.

    Returns
    -------
    outcomes : dict
        For each call None, or the name of the error's class and its text.
    """
    _write_files(folder)
    return {name: _outcome(call) for name, call in _calls(folder).items()}


def _write_files(folder):
    from skimage.io import imsave

    image = np.zeros((40, 48), np.uint8)
    image[8:30, 10:30] = 200
    image += np.random.default_rng(0).integers(0, 20, image.shape, dtype=np.uint8)
    imsave(folder / "image.png", image, check_contrast=False)
    np.save(folder / "stack.npy", np.stack([image] * 3))
    # Whether a file is of a kind is seen by its first bytes.
    (folder / "scan.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    (folder / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(100))
    (folder / "scan.zarr").mkdir()
    (folder / "scan.zarr/zarr.json").write_text('{"zarr_format": 3}')


def _outcome(call):
    try:
        call()
    except Exception as error:
        return [type(error).__name__, str(error)]


def _calls(folder):
    from sksegment import SparseWNetSegmenter, SuperpixelTransformer
    from sksegment.io import load_model
    from sksegment.patches import PatchSampler

    model = SparseWNetSegmenter(
        max_labels=3,
        superpixels=SuperpixelTransformer(n_segments=20),
        patches=PatchSampler(shapes=((16, 16),), counts=(4,)),
        base_channels=4,
        depth=1,
        max_epochs=1,
        batches_per_epoch=1,
        random_state=0,
    )
    images = list(np.load(folder / "stack.npy"))[:1]
    model.fit(images)
    model.save(folder / "model.safetensors")
    assert load_model(folder / "model.safetensors").predict(images)[0].max() < 3
    return {
        **_plotting_calls(model, images),
        **_stack_calls(model, folder),
        **_other_calls(model, images, folder),
        **_commands(folder),
    }


def _plotting_calls(model, images):
    from sksegment import plotting

    labels, proba = model.predict(images)[0], model.predict_proba(images)[0]
    doubt = plotting.uncertainty(proba)
    tree = model.hierarchy(images)[0]
    plots = {
        "headless_axes": plotting.headless_axes,
        "plot_classes": lambda: plotting.plot_classes(images[0], labels),
        "plot_hierarchy": lambda: plotting.plot_hierarchy(images[0], tree),
        "plot_history": lambda: plotting.plot_history(model.history_),
        "plot_overlay": lambda: plotting.plot_overlay(images[0], labels),
        "plot_slices": lambda: plotting.plot_slices(images * 3, [labels] * 3),
        "plot_superpixels": lambda: plotting.plot_superpixels(images[0], labels),
        "plot_uncertainty": lambda: plotting.plot_uncertainty(doubt),
    }
    for name in ("SegmentationDisplay", "UncertaintyDisplay"):
        display = getattr(plotting, name)
        plots[name] = lambda make=display: make.from_estimator(model, images[0])
    # These need none.
    arrays = {
        "overlay": lambda: plotting.overlay(images[0], labels),
        "label_colors": lambda: plotting.label_colors(4),
        "uncertainty": lambda: plotting.uncertainty(proba),
    }
    return plots | arrays


def _stack_calls(model, folder):
    from sksegment.stacks import open_stack, predict_stack

    stack = str(folder / "stack.npy")
    return {
        "open_stack h5": lambda: open_stack(folder / "scan.h5"),
        "open_stack zarr": lambda: open_stack(folder / "scan.zarr"),
        "open_stack video": lambda: open_stack(folder / "film.mp4"),
        "open_stack npy": lambda: open_stack(stack),
        "predict_stack zarr": lambda: predict_stack(model, stack, folder / "a.zarr"),
        "predict_stack video": lambda: predict_stack(model, stack, folder / "a.mp4"),
        "predict_stack client": lambda: predict_stack(model, stack, client=object()),
        "predict_stack tif": lambda: predict_stack(
            model, stack, folder / "a.tif", progress=False
        ),
    }


def _other_calls(model, images, folder):
    import importlib

    from sksegment.datasets import fetch_bsds300, make_tomogram, sample_images
    from sksegment.postprocessing import postprocess, quantify
    from sksegment.report import write_report

    labels = np.stack(model.predict(images * 3))
    return {
        "write_report": lambda: write_report(model, images, folder / "a.html"),
        "fetch_bsds300": fetch_bsds300,
        "fetch_bsds300 home": lambda: fetch_bsds300(folder / "home"),
        "make_tomogram": lambda: make_tomogram((8, 32, 32), random_state=0),
        "sample_images": sample_images,
        "quantify": lambda: quantify(labels),
        "postprocess": lambda: postprocess(labels, min_size=4, spatial="3d"),
        "plugin": lambda: importlib.import_module("sksegment.napari._widget"),
    }


def _commands(folder):
    to = str(folder / "out")
    tiny = ["--epochs", "1", "--max-labels", "3", "--n-segments", "20"]
    tiny += ["--set", "base_channels=4", "--set", "depth=1", "--quiet"]
    shown = ["--preview", f"{to}9"]
    clean = ["--spatial", "3d", "--merge", "1:2"]
    image, stack, model = (
        str(folder / name) for name in ("image.png", "stack.npy", "model.safetensors")
    )
    jobs = {
        "segment": ["segment", image, "-o", f"{to}1", *tiny],
        "segment --preview": ["segment", image, "-o", f"{to}7", *tiny, *shown],
        "fit": ["fit", image, "-o", str(folder / "b.safetensors"), *tiny],
        "predict": ["predict", model, image, "-o", f"{to}2", "--quiet"],
        "stack": ["stack", stack, "-o", f"{to}.tif", "--model", model, "--quiet"],
        "stack h5": ["stack", str(folder / "scan.h5"), "-o", f"{to}3.tif"],
        "stack video": ["stack", str(folder / "film.mp4"), "-o", f"{to}3.tif"],
        "stack zarr": ["stack", stack, "-o", f"{to}.zarr", "--model", model],
        "stack --scheduler": [
            *("stack", stack, "-o", f"{to}4.tif", "--model", model),
            *("--scheduler", "tcp://localhost:1"),
        ],
        "clean": ["clean", f"{to}.tif", "-o", f"{to}5.tif", *clean],
        "quantify": ["quantify", f"{to}.tif", "-o", f"{to}6"],
        "report": ["report", model, image, "-o", f"{to}.html"],
        "demo": ["demo", "-o", f"{to}8"],
    }
    return {f"$ {name}": lambda job=job: _run(job) for name, job in jobs.items()}


def _run(job):
    from sksegment.cli import main

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        code = main(job)
    if code:
        raise Exit(f"{code}: {said.getvalue().strip()}")


if __name__ == "__main__":
    sys.meta_path[sys.meta_path.index(PathFinder)] = NoExtras
    print(json.dumps(call_all(Path(sys.argv[1]))))
