"""Trainings whose model survives Ctrl-C and a kill in a file, to go on from there."""

import contextlib

import numpy as np
from sklearn.base import clone

from sksegment._pages import naming_images, naming_warnings
from sksegment._validation import check_images
from sksegment._warn import warn_user
from sksegment.io import load_model
from sksegment.segmenters._before import image_digests

__all__ = ["check_none_unfinished", "train_model", "unfinished_file"]

# What does not change what is learnt in an epoch.
_MAY_DIFFER = frozenset({"max_epochs", "n_init", "device", "verbose"})


def unfinished_file(target):
    """File beside that of a model which holds it before it is complete.

    Parameters
    ----------
    target : Path

    Returns
    -------
    partial : Path
    """
    return target.with_name(f"{target.name}.partial")


def check_none_unfinished(targets):
    """Refuse to lose a training that was interrupted.

    Parameters
    ----------
    targets : iterable of Path
        Files of models.

    Raises
    ------
    FileExistsError
        If there is one.
    """
    for partial in map(unfinished_file, targets):
        if partial.exists():
            raise FileExistsError(
                f"{partial} is of a training that was interrupted: go on with "
                "--resume, or begin anew with --overwrite"
            )


def train_model(estimator, images, target, *, every, resume=False, scribbles=None):
    """Fit a copy of an estimator, or go on with a training that was stopped.

    While it is trained, and when it is interrupted, the model is in `unfinished_file`.

    Parameters
    ----------
    estimator : SparseWNetSegmenter
    images : dict to ndarray
        By names for messages.
    target : Path
        File in which the complete model will be saved, by the caller.
    every : int
        Epochs from one checkpoint to the next.
    resume : bool, default=False
        Go on, if there is something to go on with; a training that is complete is not
        made again. Several trainings, ``n_init``, of which one is kept, begin anew.
    scribbles : dict to ndarray, optional
        By the same names; of others there are none.

    Returns
    -------
    model : SparseWNetSegmenter

    Raises
    ------
    ImageFileError
        If an image cannot be used.
    ValueError
        If the training to go on with had other parameters, images, or classes.
    """
    partial = unfinished_file(target)
    had_folder = partial.parent.exists()
    if resume and not partial.exists() and target.exists():
        return _finished(target, estimator, images, scribbles or {})
    goes_on = resume and partial.exists() and not _begins_anew(estimator, partial)
    model = _load(partial, estimator) if goes_on else clone(estimator)
    if goes_on:
        _check_images_of(model, images, scribbles or {}, partial)
    try:
        with naming_images(images), naming_warnings(images):
            _train(model, images, scribbles, estimator.max_epochs, partial, every)
    except KeyboardInterrupt as stop:
        if getattr(model, "interrupted_", False):
            stop.__notes__ = [
                f"{model.n_iter_} of {estimator.max_epochs} epochs are kept in "
                f"{partial}: go on with --resume"
            ]
        raise
    _remove(partial, with_folder=not had_folder)
    return model.set_params(max_epochs=estimator.max_epochs)


def _finished(target, estimator, images, scribbles):
    """Model of a training that was complete, with all its labels apart."""
    model = _load(target, estimator)
    for name in ("n_init", "max_epochs"):
        found, wanted = getattr(model, name), getattr(estimator, name)
        if found != wanted:
            raise ValueError(
                f"the training in {target} had {name}={found}, not {wanted}; give the "
                "same as then, or begin anew with --overwrite"
            )
    _check_images_of(model, images, scribbles, target)
    return model._unmerge()


def _begins_anew(estimator, partial):
    """Whether one net of several is all there is, which is not what was asked for."""
    if estimator.n_init == 1:
        return False
    warn_user(
        f"n_init={estimator.n_init} trainings are not gone on with from {partial}, "
        "which has one of them; they begin anew"
    )
    return True


def _train(model, images, scribbles, max_epochs, partial, every):
    left = max_epochs
    if hasattr(model, "net_"):
        left -= model.n_iter_
        if left <= 0:
            model.interrupted_ = False
            return
    maps = [*map((scribbles or {}).get, images)]
    model.set_params(max_epochs=left)
    model.partial_fit(
        [*images.values()],
        scribbles=None if all(map_ is None for map_ in maps) else maps,
        checkpoint=partial,
        checkpoint_every=every,
    )


def _remove(partial, *, with_folder):
    partial.unlink(missing_ok=True)
    if with_folder:
        with contextlib.suppress(OSError):
            partial.parent.rmdir()


def _load(path, estimator):
    model = load_model(path)
    found, wanted = model.get_params(), estimator.get_params()
    for name in wanted.keys() - _MAY_DIFFER:
        if not hasattr(wanted[name], "get_params") and not _same(found, wanted, name):
            raise ValueError(
                f"the training in {path} had {name}={found.get(name)!r}, not "
                f"{wanted[name]!r}; give the same as then, or begin anew with "
                "--overwrite"
            )
    return model.set_params(device=estimator.device, verbose=estimator.verbose)


def _check_images_of(model, images, scribbles, path):
    """Refuse to go on with other images, or with other classes of scribbles."""
    batch = check_images([*images.values()], field=model._field)
    found = image_digests(batch.images)
    if model._image_digests not in (found, [""]):
        raise ValueError(
            f"the training in {path} had other images than {next(iter(images))}, ...; "
            "give the same as then, or begin anew with --overwrite"
        )
    hinted = [int(scribbles[name].max()) + 1 for name in images if name in scribbles]
    if model._n_hinted_classes != max(hinted, default=0):
        raise ValueError(
            f"the training in {path} had scribbles of {model._n_hinted_classes} "
            f"class(es), not {max(hinted, default=0)}; give the same as then, or begin "
            "anew with --overwrite"
        )


def _same(found, wanted, name):
    return name in found and np.array_equal(found[name], wanted[name])
