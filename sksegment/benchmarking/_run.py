"""Carry out the fits of an experiment, and go on where it stopped."""

import contextlib
import itertools
import time
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
from skimage.measure import label as label_components

from sksegment.benchmarking._plan import W_NETS
from sksegment.benchmarking._runs_file import RunsFile
from sksegment.datasets import load_bsds
from sksegment.metrics import segmentation_scores, v_measure
from sksegment.model_selection import fit_together

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
        Row of the fit that was done last; with ``error``, and without scores, if it
        failed.
    n_failed : int
        Fits that failed; they have no line, and are tried again next time.
    """

    n_runs: int
    n_done: int
    last: dict | None = None
    n_failed: int = 0


def run_all(runs, data, out, *, n_jobs=1, device="auto", together=False):
    """Carry out fits, and write a line for each when it is done.

    A fit that fails does not keep the others from being done.

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
    together : bool, default=False
        Fit those runs of an image that differ in seeds and betas alone as one batch,
        see `sksegment.model_selection.fit_together`: for CUDA. Each is then said to
        take an equal part of the time.

    Yields
    ------
    progress : Progress
        At the beginning, and after every fit.

    Raises
    ------
    ValueError
        If ``out`` has lines that are no results.
    OSError
        If ``out`` cannot be written to, or another program is writing to it.

    Examples
    --------
    >>> from sksegment.benchmarking import plan_runs, run_all
    >>> runs = plan_runs(["Kmeans-Pixel"], ["3096", "8023"])
    >>> for progress in run_all(runs, "BSDS300", "runs"):  # doctest: +SKIP
    ...     print(progress.n_done, "of", progress.n_runs)
    """
    files = {run.model: RunsFile(Path(out, f"{run.model}.jsonl")) for run in runs}
    with contextlib.ExitStack() as stack:
        for file in files.values():
            stack.enter_context(file.writing())
        missing = [run for run in runs if run.key not in files[run.model].done]
        progress = Progress(len(runs), len(runs) - len(missing))
        yield progress
        fit = partial(_try_to_fit, data=data, device=device)
        parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        groups = _groups(missing) if together else [[run] for run in missing]
        fits = parallel(joblib.delayed(fit)(group) for group in groups)
        for row in itertools.chain.from_iterable(fits):
            failed = "error" in row
            if not failed:
                files[row["model"]].append(row)
            progress = Progress(
                progress.n_runs,
                progress.n_done + (not failed),
                row,
                progress.n_failed + failed,
            )
            yield progress


def _groups(runs):
    """Runs that `fit_together` can fit at once."""
    groups = {}
    for run in runs:
        fixed = {k: v for k, v in run.setting.items() if not k.startswith("beta_")}
        key = replace(run, setting=fixed, seed=0).key
        alone = run.model not in W_NETS
        groups.setdefault(run.key if alone else key, []).append(run)
    return list(groups.values())


def _try_to_fit(runs, *, data, device):
    """Return the rows that are written, or some with what went wrong."""
    try:
        return _fit_and_score(runs, data=data, device=device)
    # Hours of other fits must not be lost to one, whatever it raises.
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        return [{**run.as_dict(), "error": text} for run in runs]


def _fit_and_score(runs, *, data, device):
    """Fit runs on one image, all at once if there are several."""
    image, truth = _load(data, runs[0].subset, runs[0].image)
    estimators = [run.make(device=device) for run in runs]
    start = time.perf_counter()
    if len(runs) > 1:
        fitted = fit_together(estimators, [image])
    else:
        fitted = [estimators[0].fit([image])]
    seconds = (time.perf_counter() - start) / len(runs)
    return [
        _row(run, estimator, truth, seconds)
        for run, estimator in zip(runs, fitted, strict=True)
    ]


def _row(run, estimator, truth, seconds):
    labels = estimator.labels_[0]
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
    last = estimator.history_[-1]
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
