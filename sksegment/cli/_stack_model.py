"""Where the model of a stack comes from: a file, a run to go on with, or training."""

from pathlib import Path

import numpy as np

from sksegment.cli._masks import check_plane, set_mask
from sksegment.cli._models import merge_classes, merge_learnt
from sksegment.cli._options import make_estimator
from sksegment.cli._outputs import check_model_file
from sksegment.cli._scribbles import scribbled_slices
from sksegment.cli._stack_options import check_resumed_options
from sksegment.cli._unfinished import (
    check_none_unfinished,
    train_model,
    unfinished_file,
)
from sksegment.io import load_model
from sksegment.stacks import suggest_training_slices
from sksegment.stacks._checks import check_model, check_vote

__all__ = ["get_model", "goes_on_training"]


def get_model(args, cuts, place, log, options):
    """Load the model, or train and save it.

    Parameters
    ----------
    args : argparse.Namespace
        Arguments of the command stack.
    cuts : Cuts
        What is to be labelled.
    place : Place
        Where the labels go.
    log : Log
    options : dict of str to str
        See `model_options`.

    Returns
    -------
    model : SparseWNetSegmenter or DenseWNetSegmenter

    Raises
    ------
    ValueError
        If the model, a mask or the slices cannot be used, or a run to go on with has
        a model that was made by other options.
    """
    goes_on = args.resume and not args.overwrite and place.journal.exists()
    if goes_on:
        check_resumed_options(options, place.journal)
    target = _model_file(args, cuts, place)
    if _may_be_complete(args, cuts, place):
        model = _model_of_complete(args, cuts, place, target, log)
    elif args.model:
        model = _load(args.model, args, cuts)
        if target is not None:
            _save(model, target)
    elif goes_on and target.is_file():
        model = _load(target, args, cuts)
        log.say(f"going on with the model {target}")
    else:
        model, indices = _train(args, cuts, target, log)
        merge_learnt(model, args.classes, _named(indices, cuts), target)
        _save(model, target)
        log.say(
            f"trained on slice {', '.join(map(str, indices))} in {log.seconds:.1f} s; "
            f"the model is {target}"
        )
        # As it will be read when the run has to go on.
        model = load_model(target, device=args.device)
    return model


def _may_be_complete(args, cuts, place):
    """Whether there is an output, perhaps of this run, and nothing to go on with."""
    if not args.resume or args.overwrite or place.journal.exists():
        return False
    return not goes_on_training(args, cuts, place) and place.identity() is not None


def _model_of_complete(args, cuts, place, target, log):
    """Model of a run whose output is there; nothing is trained or saved."""
    if args.model:
        return _load(args.model, args, cuts)
    if not target.is_file():
        raise FileExistsError(
            f"{place.path} exists, but not its model {target}, so it may be of another "
            "run; choose another output, or replace it with --overwrite"
        )
    model, indices = _train(args, cuts, target, log)
    merge_classes(model, args.classes, _named(indices, cuts))
    return model


def _named(indices, cuts):
    return ", ".join(f"slice {i} of {cuts.views[0].source}" for i in indices)


def goes_on_training(args, cuts, place):
    """Whether what was interrupted is a training, so that nothing is labelled yet."""
    if args.model or not args.resume or args.overwrite:
        return False
    return unfinished_file(_model_file(args, cuts, place)).exists()


def _model_file(args, cuts, place):
    """File the model is saved in; None if it need not be."""
    if args.save_model:
        target = Path(args.save_model)
    elif args.model:
        return None
    elif place.journal.parent == place.path:
        target = Path(args.out) / "model.safetensors"
    else:
        target = Path(args.out).with_name(f"{place.path.name}.model.safetensors")
    check_model_file(target, [place.path, *map(Path, cuts.stack._source.paths)])
    if not (args.resume or args.overwrite):
        check_none_unfinished([target])
    if target.exists() and not (args.resume or args.overwrite):
        raise FileExistsError(
            f"{target} exists; label with this model by --model, choose another place "
            "with --save-model, or replace it with --overwrite"
        )
    return target


def _load(path, args, cuts):
    model = load_model(path, device=args.device)
    check_model(model, cuts.stack)
    set_mask(model, args.mask, path)
    if args.regions is not None:
        model.set_params(n_regions=args.regions)
    mask = getattr(getattr(model, "superpixels_", None), "mask", None)
    _check_views(args.mask or f"the mask of {path}", mask, model, cuts)
    merge_classes(model, args.classes, path)
    return model


def _check_views(name, mask, model, cuts):
    check_vote(model, cuts, name)
    if isinstance(mask, np.ndarray):
        check_plane(name, mask, cuts.views[0])


def _train(args, cuts, target, log):
    """Train a model, or take that of a complete training, and name its slices."""
    estimator = make_estimator(args)
    params, view = estimator.get_params(), cuts.views[0]
    _check_views(args.mask, params["superpixels__mask"], estimator, cuts)
    if args.sample_region:
        check_plane(args.sample_region, params["patches__region"], view)
    strokes = scribbled_slices(args, view)
    mask = params["superpixels__mask"]
    indices = _training_slices(args, view, strokes, mask)
    names = {i: f"slice {i} of {view.source}" for i in indices}
    images = {name: _slice(view, i) for i, name in names.items()}
    scribbles = {names[i]: map_ for i, map_ in strokes.items()}
    shapes = [image.shape for image in images.values()]
    name = f"training on {len(images)} slice(s)"
    log.tell_memory(name, estimator, shapes, training=True)
    resume = args.resume and not args.overwrite
    model = train_model(
        estimator,
        images,
        target,
        scribbles=scribbles,
        every=args.checkpoint,
        resume=resume,
    )
    return model, indices


def _training_slices(args, view, strokes, mask):
    """Numbers of the slices to train on: those that have strokes, or are named."""
    if args.train_at or (strokes and args.train_slices is None):
        return sorted({*(args.train_at or []), *strokes})
    suggested = [0]
    if len(view) > 1:
        suggested = suggest_training_slices(view, args.train_slices or 1, mask=mask)
    return [*dict.fromkeys([*strokes, *suggested])]


def _slice(view, index):
    try:
        return view[index]
    except IndexError as error:
        raise ValueError(f"--train-at {index}: {error}") from error


def _save(model, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    model.save(target)
