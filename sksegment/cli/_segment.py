"""The commands that label images: demo, segment, fit, predict."""

import os
from pathlib import Path
from shlex import quote

from sksegment.cli._options import (
    add_checkpoints,
    add_command,
    add_common,
    add_field,
    add_granularity,
    add_inputs,
    add_mask,
    add_outputs,
    add_overwrite,
    add_scribbles,
    add_training,
    make_estimator,
)

__all__ = ["add_commands", "image_files"]

_SCRIBBLES = (
    "image of class numbers on a few strokes, of the only input or of the one with its "
    "name (NAME_scribbles.png for NAME.jpg), or a folder of such images; inputs with "
    "strokes are always trained on"
)


def add_commands(commands):
    """Add the commands to a parser."""
    _add_demo(commands)
    _add_segment(commands)
    _add_fit(commands)
    _add_predict(commands)


def _add_demo(commands):
    parser = add_command(
        commands,
        "demo",
        _demo,
        "Segment two images that come with scikit-image.",
        "  sksegment demo -o demo",
    )
    parser.add_argument(
        "-o", "--out", default="demo", help="folder for the results (default: demo)"
    )


def _add_segment(commands):
    parser = add_command(
        commands,
        "segment",
        _with_previews(_segment),
        "Learn classes from images and label them.\n\n"
        "Trains one model on some of the images and labels all with it, so that a\n"
        "class has the same number in every image. Writes, for an image NAME, the\n"
        "class of every pixel as NAME_labels.png and a picture to look at as\n"
        "NAME_overlay.png, and the trained model as model.safetensors.",
        "  sksegment segment photo.jpg -o out --assignment region\n"
        "  sksegment segment slices/ -o out --classes auto --format tif\n"
        "  sksegment segment beach.jpg forest.jpg -o out --each",
    )
    add_inputs(parser)
    add_outputs(parser)
    parser.add_argument(
        "--each",
        action="store_true",
        help="train a model for each file, saved as NAME_model.safetensors: for "
        "photographs that have nothing in common",
    )
    add_training(parser)
    add_field(parser)
    add_scribbles(parser, _SCRIBBLES)
    add_checkpoints(parser)
    _add_preview(parser)
    add_common(parser)


def _add_fit(commands):
    parser = add_command(
        commands,
        "fit",
        _with_previews(_fit),
        "Learn classes from images and save the model.",
        "  sksegment fit slices/ -o model.safetensors --train-images 4",
    )
    add_inputs(parser)
    parser.add_argument(
        "-o", "--out", required=True, metavar="MODEL", help="file for the model"
    )
    add_overwrite(parser, "files")
    add_training(parser)
    add_field(parser)
    add_scribbles(parser, _SCRIBBLES)
    add_checkpoints(parser)
    _add_preview(parser)
    add_common(parser)


def _add_predict(commands):
    parser = add_command(
        commands,
        "predict",
        _predict,
        "Label images with a saved model.\n\n"
        "A class has the same number in all images. --classes and --regions choose\n"
        "how finely to divide, without training again.",
        "  sksegment predict model.safetensors slices/ -o out --format tif\n"
        "  sksegment predict model.safetensors photo.jpg -o coarse --classes 4",
    )
    parser.add_argument("model", metavar="MODEL", help="file that fit or segment wrote")
    add_inputs(parser)
    add_outputs(parser)
    add_granularity(parser)
    add_mask(parser)
    add_common(parser)


def _add_preview(parser):
    parser.add_argument(
        "--preview",
        metavar="FOLDER",
        help="write a picture of the labels there after every epoch",
    )


def _with_previews(run):
    """Let a command write previews while it trains, where they are wanted."""

    def run_with_previews(args):
        if args.preview is None:
            return run(args)
        from sksegment.training import Preview

        with Preview(args.preview):
            return run(args)

    return run_with_previews


def _demo(args):
    from sksegment.cli._demo import run_demo

    run_demo(args.out)
    return 0


def _segment(args):
    from sksegment.cli._log import Log
    from sksegment.cli._models import label_file
    from sksegment.cli._scribbles import scribbles_of_images

    paths, outputs = _plan(args)
    if not (args.overwrite or args.resume):
        _check_free(paths, outputs, each=args.each)
    estimator = make_estimator(args)
    scribbles = scribbles_of_images(args, paths)
    log = Log(args.quiet, verbose=args.verbose)
    if args.each:
        for path in paths:
            _segment_alone(estimator, path, outputs, scribbles, args, log)
        models = "a model for each file"
    else:
        target = outputs.folder / "model.safetensors"
        model, known = _train(paths, args, estimator, target, scribbles, log)
        if model is None:
            return 2
        models = f"trained on {len(model.labels_)} in {log.seconds:.1f} s"
        outputs.folder.mkdir(parents=True, exist_ok=True)
        model.save(target)
        for path in paths:
            label_file(model, path, outputs, log, known)
    _sum_up(log, outputs, models)
    return log.exit_code


def _check_free(paths, outputs, *, each):
    from sksegment.cli._outputs import check_free
    from sksegment.cli._unfinished import check_none_unfinished

    models = [outputs.folder / "model.safetensors"]
    if each:
        models = [outputs.place(path, "model.safetensors") for path in paths]
    check_none_unfinished(models)
    check_free([*outputs.labels_of_all(), *models], resumable=True)


def _train(paths, args, estimator, target, scribbles, log):
    """Model, and labels of its training images by page; None where there are none."""
    from sksegment._pages import training_images
    from sksegment.cli._models import labels_of_training, merge_learnt
    from sksegment.cli._unfinished import train_model

    wanted, field = {*scribbles}, estimator._field_to_fit
    images = training_images(paths, args.train_images, log, wanted, field)
    if not images:
        return None, {}
    shapes = [image.shape for image in images.values()]
    name = f"training on {len(images)} image(s)"
    log.tell_memory(name, estimator, shapes, training=True)
    model = train_model(
        estimator,
        images,
        target,
        scribbles=scribbles,
        every=args.checkpoint,
        resume=args.resume and not args.overwrite,
    )
    name = str(paths[0]) if len(paths) == 1 else f"{len(images)} images"
    merge_learnt(model, args.classes, name, target)
    return model, labels_of_training(model, images)


def _segment_alone(estimator, path, outputs, scribbles, args, log):
    from sksegment.cli._models import label_file

    target = outputs.place(path, "model.safetensors")
    with log.guard(path):
        model, known = _train([path], args, estimator, target, scribbles, log)
        if model is not None:
            label_file(model, path, outputs, log, known)
        if path not in log.failed:
            model.save(target)


def _fit(args):
    from sksegment.cli._log import Log
    from sksegment.cli._outputs import check_free, check_model_file
    from sksegment.cli._scribbles import scribbles_of_images
    from sksegment.cli._unfinished import check_none_unfinished

    target, paths = Path(args.out), image_files(args.inputs)
    check_model_file(target, paths)
    if not (args.overwrite or args.resume):
        check_none_unfinished([target])
        check_free([target], resumable=True)
    estimator, scribbles = make_estimator(args), scribbles_of_images(args, paths)
    log = Log(args.quiet, verbose=args.verbose)
    model, _ = _train(paths, args, estimator, target, scribbles, log)
    if model is None:
        return 2
    target.parent.mkdir(parents=True, exist_ok=True)
    model.save(target)
    log.say(
        f"trained on {len(model.labels_)} image(s) for {model.n_iter_} epoch(s) in "
        f"{log.seconds:.1f} s; the model is {target}"
    )
    return log.exit_code


def _predict(args):
    from sksegment.cli._log import Log
    from sksegment.cli._masks import set_mask
    from sksegment.cli._models import label_file, merge_classes
    from sksegment.cli._outputs import check_free
    from sksegment.io import load_model

    paths, outputs = _plan(args)
    if not args.overwrite:
        check_free(outputs.labels_of_all())
    model = load_model(args.model, device=args.device)
    set_mask(model, args.mask, args.model)
    merge_classes(model, args.classes, args.model)
    if args.regions is not None:
        model.set_params(n_regions=args.regions)
    log = Log(args.quiet, verbose=args.verbose)
    for path in paths:
        label_file(model, path, outputs, log)
    _sum_up(log, outputs, f"model {args.model}")
    return log.exit_code


def image_files(inputs, model=None):
    """List image files; stacks have a command of their own, with the same model.

    Label maps and overlays beside their images are passed over, unless they are named.
    """
    from sksegment.io import find_images
    from sksegment.stacks._open import VOLUME_SUFFIXES
    from sksegment.stacks._video_source import VIDEO_SUFFIXES

    # An animated GIF is taken for images.
    stacks = VOLUME_SUFFIXES | VIDEO_SUFFIXES - {".gif"}
    for entry in inputs:
        if Path(entry).suffix.lower() in stacks and Path(entry).exists():
            raise ValueError(
                f"{entry} is a stack; label it with: sksegment stack {quote(entry)} "
                f"-o OUT{_model_option(model)}"
            )
    return _without_results(find_images(inputs), {Path(entry) for entry in inputs})


def _model_option(model):
    return "" if model is None else f" --model {quote(model)}"


def _without_results(paths, named):
    from sksegment._warn import warn_user

    names = {path.with_suffix("") for path in paths}
    results = [
        path
        for path in paths
        for ending in ("_labels", "_overlay")
        if path not in named
        and path.stem.endswith(ending)
        and path.with_name(path.stem.removesuffix(ending)) in names
    ]
    if results:
        warn_user(
            f"{len(results)} file(s) such as {results[0]} are taken for results that "
            "lie beside their images, and passed over; name them if they are images"
        )
    passed_over = {*results}
    return [path for path in paths if path not in passed_over]


def _plan(args):
    from sksegment.cli._outputs import Outputs
    from sksegment.stacks._writers import WRITTEN_SUFFIXES

    model, out = getattr(args, "model", None), Path(args.out)
    paths = image_files(args.inputs, model)
    if out.suffix.lower() in WRITTEN_SUFFIXES and not out.exists():
        raise ValueError(
            f"-o {out}: results are files in a folder; to label a stack in one file: "
            f"sksegment stack {quote(args.inputs[0])} -o {quote(args.out)}"
            f"{_model_option(model)}"
        )
    for entry in map(Path, args.inputs):
        if entry.is_dir() and os.path.realpath(entry) == os.path.realpath(args.out):
            raise ValueError(
                f"{entry} is an input: the next run would take these results for "
                "images; choose another folder with -o"
            )
    outputs = Outputs.plan(
        args.out,
        paths,
        suffix=f".{args.format}",
        with_overlay=not args.no_overlay,
        overwrite=args.overwrite,
    )
    return paths, outputs


def _sum_up(log, outputs, models):
    if log.n_images:
        log.say(
            f"labelled {log.n_images} image(s) in {log.seconds:.1f} s "
            f"({models}); the results are in {outputs.folder}"
        )
