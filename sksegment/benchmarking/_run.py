"""Carry out the fits of an experiment, and go on where it stopped."""

import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from skimage.measure import label as label_components

from sksegment.benchmarking._runs_file import RunsFile
from sksegment.datasets import load_bsds
from sksegment.metrics import segmentation_scores, v_measure

__all__ = ["Progress", "run_all"]

_PACKAGES = ("sksegment", "torch", "scikit-learn", "scikit-image", "numpy")
_DIGITS = 5


@dataclass
class Progress:
    """How far an experiment is.

    Attributes
    ----------
    n_runs : int
        Fits in all.
    n_done : int
        Fits that are on the disk, those of earlier programs included.
    last : dict or None
        Row of the fit that was done last.
    """

    n_runs: int
    n_done: int
    last: dict | None = None


def run_all(runs, data, out, *, n_jobs=1, device="auto"):
    """Carry out fits, and write a line for each when it is done.

    Parameters
    ----------
    runs : list of Run
        Those that ``out`` has already are left out.
    data : str or path-like
        Folder of BSDS, in any of the layouts of `sksegment.datasets.load_bsds`.
    out : str or path-like
        Folder for ``<model>.jsonl``.
    n_jobs : int, default=1
        Number of processes, which share the cores.
    device : str, default="auto"

    Yields
    ------
    progress : Progress
        At the beginning, and after every fit.

    Raises
    ------
    FileNotFoundError, ValueError
        If an image is missing or cannot be read, or ``out`` has lines that are no
        results.
    """
    files = {run.model: RunsFile(Path(out, f"{run.model}.jsonl")) for run in runs}
    missing = [run for run in runs if run.key not in files[run.model].done]
    progress = Progress(len(runs), len(runs) - len(missing))
    yield progress
    fit = partial(_fit_and_score, data=data, device=device)
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for row in parallel(joblib.delayed(fit)(run) for run in missing):
        files[row["model"]].append(row)
        progress = Progress(progress.n_runs, progress.n_done + 1, row)
        yield progress


def _fit_and_score(run, *, data, device):
    """Fit one image; return the row that is written."""
    image, truth = _load(data, run.subset, run.image)
    estimator = run.make(device=device)
    start = time.perf_counter()
    labels = estimator.fit_predict([image])[0]
    seconds = time.perf_counter() - start
    return {
        **run.as_dict(),
        "scores": [_scores(annotator, labels) for annotator in truth],
        "v_pieces": [_v_of_pieces(annotator, labels) for annotator in truth],
        "n_labels": len(np.unique(labels)),
        "seconds": round(seconds, 2),
        **_training(estimator),
        "versions": {name: version(name) for name in _PACKAGES},
    }


def _load(data, subset, image):
    found = load_bsds(data, subset, image_ids=[image])
    return found.images[0], found.targets[0]


def _scores(truth, labels):
    scores = segmentation_scores(truth, labels)
    # Of one annotator it is the Rand index.
    del scores["probabilistic_rand"]
    return {name: round(value, _DIGITS) for name, value in scores.items()}


def _v_of_pieces(truth, labels):
    pieces = label_components(labels + 1, connectivity=1)
    return round(v_measure(truth, pieces), _DIGITS)


def _training(estimator):
    """How the training of a W-Net ended."""
    if not hasattr(estimator, "net_"):
        return {}
    last = {name: value for name, value in estimator.history_[-1].items()}
    return {
        "device": estimator.net_.device,
        "epochs": estimator.n_iter_,
        "loss": round(estimator.loss_, 6),
        "terms": {
            name: round(last[name], 6)
            for name in ("rec", "cut", "sim", "con")
            if name in last
        },
    }
