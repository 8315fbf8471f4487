"""The command line: ``sksegment segment photo.jpg -o out``."""

import argparse
import ast
import contextlib
import difflib
import sys
import warnings
from pathlib import Path

from sksegment import __version__

__all__ = ["main", "make_parser"]

# Option of the command line, and the parameter of the estimator that it sets.
_PARAMETERS = {
    "max_labels": "max_labels",
    "n_segments": "superpixels__n_segments",
    "beta_rec": "beta_rec",
    "beta_cut": "beta_cut",
    "beta_sim": "beta_sim",
    "beta_con": "beta_con",
    "epochs": "max_epochs",
    "resolution": "resolution",
    "n_init": "n_init",
    "seed": "random_state",
    "device": "device",
    "precision": "precision",
}


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    exit_code : int
        0; 2 after a mistake of the user, told in one line on stderr; 130 if stopped
        by Ctrl-C.

    Examples
    --------
    >>> import tempfile
    >>> from sksegment.cli import main
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     main(["segment", f"{folder}/missing.png", "-o", folder, "--quiet"])
    2
    """
    try:
        args = make_parser().parse_args(argv)
        with _one_line_warnings(getattr(args, "quiet", False)):
            return args.run(args)
    except KeyboardInterrupt:
        print("sksegment: stopped by Ctrl-C", file=sys.stderr)
        return 130
    except (ValueError, TypeError, ArithmeticError, ImportError, OSError) as error:
        _complain(error)
    except (MemoryError, RuntimeError) as error:
        # torch tells by a RuntimeError that memory is used up.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        _complain(f"out of memory; try a smaller --resolution ({_one_line(error)})")
    return 2


def _complain(error):
    print(f"sksegment: error: {_one_line(error)}", file=sys.stderr)


def _one_line(error):
    text = str(error)
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror.lower()}"
    return " ".join(text.split()) or type(error).__name__


@contextlib.contextmanager
def _one_line_warnings(quiet):
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
        warnings.showwarning = _show_warning
        yield


def _show_warning(message, *args, **kwargs):
    print(f"sksegment: warning: {' '.join(str(message).split())}", file=sys.stderr)


def make_parser():
    """Make the parser of the command line.

    Returns
    -------
    parser : argparse.ArgumentParser
        The parsed arguments have the function of the command as ``run``.

    Examples
    --------
    >>> from sksegment.cli import make_parser
    >>> make_parser().parse_args(["segment", "a.png", "-o", "out"]).train_images
    8
    """
    parser = _Parser(
        prog="sksegment",
        description="Divide images into classes of similar look, without labels and "
        "without pretrained weights.",
        epilog="Start with:\n  sksegment demo\n  sksegment segment photo.jpg -o out\n"
        "Each command explains itself: sksegment segment --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"sksegment {__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_segment(commands)
    _add_fit(commands)
    _add_predict(commands)
    parser.set_defaults(run=lambda args: parser.print_help() or 0)
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise ValueError(f"{message}; see: {self.prog} --help")


def _add_command(commands, name, run, description, example):
    parser = commands.add_parser(
        name,
        help=description.partition(".")[0],
        description=description,
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_demo(commands):
    parser = _add_command(
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
    parser = _add_command(
        commands,
        "segment",
        _segment,
        "Learn classes from images and label them.\n\n"
        "Trains one model on some of the images and labels all with it, so that a\n"
        "class has the same number in every image. Writes, for an image NAME, the\n"
        "class of every pixel as NAME_labels.png and a picture to look at as\n"
        "NAME_overlay.png, and the trained model as model.safetensors.",
        "  sksegment segment photo.jpg -o out\n"
        "  sksegment segment slices/ -o out --max-labels 8 --format tif\n"
        "  sksegment segment beach.jpg forest.jpg -o out --each",
    )
    _add_inputs(parser)
    _add_outputs(parser)
    parser.add_argument(
        "--each",
        action="store_true",
        help="train a model for each file, saved as NAME_model.safetensors: for "
        "photographs that have nothing in common",
    )
    _add_training(parser)
    _add_common(parser)


def _add_fit(commands):
    parser = _add_command(
        commands,
        "fit",
        _fit,
        "Learn classes from images and save the model.",
        "  sksegment fit slices/ -o model.safetensors --train-images 4",
    )
    _add_inputs(parser)
    parser.add_argument(
        "-o", "--out", required=True, metavar="MODEL", help="file for the model"
    )
    _add_training(parser)
    _add_common(parser)


def _add_predict(commands):
    parser = _add_command(
        commands,
        "predict",
        _predict,
        "Label images with a saved model.",
        "  sksegment predict model.safetensors slices/ -o out --format tif",
    )
    parser.add_argument("model", metavar="MODEL", help="file that fit or segment wrote")
    _add_inputs(parser)
    _add_outputs(parser)
    _add_common(parser)


def _add_inputs(parser):
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="image files (PNG, JPEG, TIFF with any number of pages, ...), or folders "
        "of them",
    )


def _add_outputs(parser):
    parser.add_argument(
        "-o", "--out", required=True, help="folder for the results; made if missing"
    )
    parser.add_argument(
        "--format",
        choices=["png", "tif"],
        default="png",
        help="of the label maps; files of many pages always give TIFF (default: png)",
    )
    parser.add_argument(
        "--no-overlay",
        action="store_true",
        help="write no overlays, only labels; of many pages the middle one is drawn",
    )


def _add_training(parser):
    group = parser.add_argument_group("training")
    add = group.add_argument
    add(
        "--train-images",
        type=_positive,
        default=8,
        metavar="N",
        help="train on N images, spread evenly over all (default: 8)",
    )
    add("--max-labels", type=int, metavar="K", help="at most K classes")
    add("--n-segments", type=int, metavar="N", help="number of superpixels an image")
    losses = {
        "rec": "reconstruction: classes must tell colours apart",
        "cut": "normalised cut: borders between classes follow edges",
        "sim": "similarity: fewer and clearer classes",
        "con": "continuity: neighbours have the same class, for smoother areas",
    }
    for name, text in losses.items():
        add(f"--beta-{name}", type=float, metavar="W", help=f"weight of the {text}")
    add("--epochs", type=int, metavar="N", help="train for at most N epochs")
    add(
        "--resolution",
        type=float,
        metavar="R",
        help="scale of the image within the network, at most 1; less is faster",
    )
    add("--n-init", type=int, metavar="N", help="train N times and keep the best")
    add(
        "--seed",
        type=int,
        default=0,
        help="the same seed, the same result (default: 0)",
    )
    add(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        help="of the computation; bfloat16 is faster where the hardware has it",
    )
    add(
        "--set",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of SparseWNetSegmenter, e.g. "
        "superpixels__compactness=5; may be repeated",
    )


def _add_common(parser):
    parser.add_argument(
        "--device", help="where to compute: auto, cpu or cuda (auto is CUDA if there)"
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing but errors"
    )


def _positive(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _assignment(text):
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _demo(args):
    from sksegment._demo import run_demo

    run_demo(args.out)
    return 0


def _segment(args):
    from sksegment import _jobs

    paths, outputs = _plan(args)
    estimator = _estimator(args)
    journal = _jobs.Journal(args.quiet)
    if args.each:
        for path in paths:
            _segment_alone(estimator, path, outputs, args, journal)
        models = "a model for each file"
    else:
        model = _train(paths, args, estimator, journal)
        if model is None:
            return 2
        models = f"trained on {len(model.labels_)} in {journal.seconds:.1f} s"
        outputs.folder.mkdir(parents=True, exist_ok=True)
        model.save(outputs.folder / "model.safetensors")
        for path in paths:
            _jobs.label_file(model, path, outputs, journal)
    _sum_up(journal, outputs, models)
    return journal.exit_code


def _train(paths, args, estimator, journal):
    from sksegment import _jobs

    images = _jobs.training_images(paths, args.train_images, journal)
    return _jobs.fit_model(estimator, images) if images else None


def _segment_alone(estimator, path, outputs, args, journal):
    from sksegment import _jobs

    with journal.guard(path):
        model = _train([path], args, estimator, journal)
        if model is not None:
            _jobs.label_file(model, path, outputs, journal)
        if path not in journal.failed:
            model.save(outputs.place(path, "model.safetensors"))


def _fit(args):
    from sksegment import _jobs
    from sksegment.io import find_images

    target, paths = Path(args.out), find_images(args.inputs)
    _jobs.check_model_file(target, paths)
    journal = _jobs.Journal(args.quiet)
    model = _train(paths, args, _estimator(args), journal)
    if model is None:
        return 2
    target.parent.mkdir(parents=True, exist_ok=True)
    model.save(target)
    journal.say(
        f"trained on {len(model.labels_)} image(s) for {model.n_iter_} epoch(s) in "
        f"{journal.seconds:.1f} s; the model is {target}"
    )
    return journal.exit_code


def _predict(args):
    from sksegment import _jobs
    from sksegment.io import load_model

    paths, outputs = _plan(args)
    model = load_model(args.model, device=args.device)
    journal = _jobs.Journal(args.quiet)
    for path in paths:
        _jobs.label_file(model, path, outputs, journal)
    _sum_up(journal, outputs, f"model {args.model}")
    return journal.exit_code


def _plan(args):
    from sksegment._jobs import Outputs
    from sksegment.io import find_images

    paths = find_images(args.inputs)
    for entry in map(Path, args.inputs):
        if entry.is_dir() and entry.resolve() == Path(args.out).resolve():
            raise ValueError(
                f"{entry} is an input: the next run would take these results for "
                "images; choose another folder with -o"
            )
    outputs = Outputs.plan(
        args.out, paths, suffix=f".{args.format}", with_overlay=not args.no_overlay
    )
    return paths, outputs


def _sum_up(journal, outputs, models):
    if journal.n_images:
        journal.say(
            f"labelled {journal.n_images} image(s) in {journal.seconds:.1f} s "
            f"({models}); the results are in {outputs.folder}"
        )


def _estimator(args):
    from sksegment import SparseWNetSegmenter

    # A bar in a log file is noise, and errors are to stand alone there.
    shown = not args.quiet and sys.stderr.isatty()
    params = {
        parameter: getattr(args, option)
        for option, parameter in _PARAMETERS.items()
        if getattr(args, option) is not None
    }
    estimator = SparseWNetSegmenter(verbose=int(shown))
    known = estimator.get_params()
    for name, value in args.set:
        _check_name(name, known)
        params[name] = value
    return estimator.set_params(**params)


def _check_name(name, known):
    nested = [other for other in known if other.startswith(f"{name}__")]
    if nested:
        hint = f"set its parameters one by one, e.g. {nested[0]}"
        raise ValueError(f"--set {name}: this is no single value; {hint}")
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
        raise ValueError(f"--set {name}: there is no such parameter; {hint}")
