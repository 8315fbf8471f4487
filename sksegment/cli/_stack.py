"""The command that labels a volume, a stack or a video as a whole: stack."""

import argparse
import contextlib
import sys
import warnings

from sksegment.cli._messages import complain, one_line
from sksegment.cli._options import (
    add_checkpoints,
    add_command,
    add_common,
    add_field,
    add_position,
    add_scribbles,
    add_training,
    positive,
)

__all__ = ["add_commands"]

_SCRIBBLES = (
    "stack of the same size, or of as many slices, whose numbers are classes on a few "
    "strokes: the slices that have some, along the first of --along, are trained on; "
    "or one slice for each of --train-at"
)

_CONNECT_SECONDS = 10


def add_commands(commands):
    """Add the command to a parser."""
    parser = add_command(
        commands,
        "stack",
        _stack,
        "Label a volume, a stack of slices or a video.\n\n"
        "Trains on a few slices, or takes a model with --model, and labels all slices\n"
        "one by one: large stacks take no more memory than small ones. The trained\n"
        "model is kept beside the result. A slice that cannot be read becomes void\n"
        "and is named in the end; the exit code is then 1. What was interrupted, even\n"
        "by a kill, goes on when the same command is given again with --resume.",
        "  sksegment stack scan.tif -o labels.tif --train-slices 3 --classes auto\n"
        "  sksegment stack scan.nxs --dataset entry/data -o labels.zarr --along zyx\n"
        "  sksegment stack next.tif -o next.zarr --model labels.tif.model.safetensors\n"
        "  sksegment stack film.mp4 -o overlay.mp4 --train-at 0,250",
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="TIFF, OME-TIFF, HDF5, NeXus, zarr, .npy or video file, or folder of "
        "slices; several image files are slices too",
    )
    parser.add_argument(
        "-o",
        "--out",
        required=True,
        help="labels as .tif, .zarr or .npy; a video or .gif is an overlay; a folder "
        "gets an image a slice",
    )
    _add_reading(parser)
    _add_model(parser)
    _add_run(parser)
    add_training(parser, all_images=True)
    add_field(parser)
    add_scribbles(parser, _SCRIBBLES)
    add_checkpoints(parser, resume=False)
    add_common(parser)


def _add_reading(parser):
    group = parser.add_argument_group("the stack")
    add = group.add_argument
    add(
        "--axes", help="letters of its axes where the file does not say, e.g. ZYX, ZCYX"
    )
    add("--dataset", metavar="PATH", help="array in an HDF5 or zarr file of several")
    add_position(group)
    add(
        "--along",
        type=_directions,
        metavar="AXIS",
        help="axis to slice along: z, y, x or t; zyx labels along all three, and every "
        "voxel gets the label that most of them give (default: z or t)",
    )
    add(
        "--spacing",
        type=float,
        nargs="+",
        metavar="S",
        help="size of a voxel along z, y and x, of a frame's pixel along y and x, one "
        "number if they are equal, which the labels then state (default: as the file "
        "does)",
    )
    add("--unit", help="of the spacing, e.g. um")


def _add_model(parser):
    group = parser.add_argument_group("the model")
    group.add_argument(
        "--model", metavar="MODEL", help="take this one instead of training"
    )
    group.add_argument(
        "--save-model",
        metavar="FILE",
        help="where the trained model is kept (default: OUT.model.safetensors, or "
        "model.safetensors in a folder)",
    )
    slices = group.add_mutually_exclusive_group()
    slices.add_argument(
        "--train-slices",
        type=positive,
        metavar="N",
        help="train on the N slices that together show most of the stack (default: 1)",
    )
    slices.add_argument(
        "--train-at",
        type=_indices,
        metavar="I,I",
        help="train on these slices, counted from 0",
    )


def _add_run(parser):
    add = parser.add_argument_group("the run").add_argument
    add("--resume", action="store_true", help="go on with a run that was interrupted")
    add(
        "--overwrite",
        action="store_true",
        help="replace OUT and its model, or begin anew",
    )
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="label on the workers of this dask scheduler, e.g. tcp://host:8786",
    )


def _directions(text):
    letters = text.replace(",", "").lower()
    if not letters or {*letters} - {*"zyxt"} or len({*letters}) < len(letters):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not one of z, y, x, t, or several of them like zyx"
        )
    return letters if len(letters) == 1 else tuple(letters)


def _indices(text):
    try:
        return [*dict.fromkeys(int(part) for part in text.split(","))]
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of slices like 120,400"
        ) from error


def _stack(args):
    from sksegment.cli._log import Log
    from sksegment.cli._stack_model import get_model, goes_on_training
    from sksegment.cli._stack_options import check_model_options, model_options
    from sksegment.cli._voxel_size import with_size
    from sksegment.stacks._cuts import Cuts
    from sksegment.stacks._open import open_stack
    from sksegment.stacks._run import run_stack
    from sksegment.stacks._writers import Place

    check_model_options(args)
    options = model_options(args)
    source = args.source[0] if len(args.source) == 1 else args.source
    at = dict(args.at) or None
    with open_stack(source, axes=args.axes, dataset=args.dataset, at=at) as found:
        stack = with_size(found, args.spacing, args.unit)
        cuts = Cuts.of(stack, args.along)
        place = Place(args.out, stack)
        # An output that is there was to be replaced when the training began.
        overwrite = args.overwrite or goes_on_training(args, cuts, place)
        place.check_free(resume=args.resume, overwrite=overwrite)
        log = Log(args.quiet, verbose=args.verbose)
        with _connected(args.scheduler) as client, _untold_failures():
            model = get_model(args, cuts, place, log, options)
            shapes = [view.shape[1:] for view in cuts.views]
            log.tell_memory("labelling a slice", model, shapes)
            run = run_stack(
                model,
                stack,
                args.out,
                along=args.along,
                resume=args.resume,
                overwrite=overwrite,
                client=client,
                progress=not args.quiet and sys.stderr.isatty(),
                options=options,
            )
    if run.was_complete:
        log.say(f"nothing is left to do: {args.out} is complete")
        return 0
    for _, reason in run.failed:
        complain(one_line(f"{reason} (its labels are void)"))
    log.say(
        f"labelled {run.n_done} of {len(cuts)} slices in {run.seconds:.1f} s; the "
        f"result is {args.out}"
    )
    return 1 if run.failed else 0


@contextlib.contextmanager
def _connected(address):
    """Connect to a scheduler, if one is named."""
    if address is None:
        yield None
        return
    try:
        from dask.distributed import Client
    except ImportError as error:
        raise ImportError(
            "--scheduler needs dask.distributed, which is not installed: pip install "
            '"sksegment[stacks]"'
        ) from error
    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"--scheduler {address}: {one_line(error)}; give the address that 'dask "
            "scheduler' prints, such as tcp://host:8786"
        ) from error
    with client:
        if not client.nthreads():
            warnings.warn(f"{address} has no workers yet; waiting", stacklevel=2)
        yield client


@contextlib.contextmanager
def _untold_failures():
    """Leave slices that fail to the end, where they are errors, also when quiet."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"(?s).*\(its labels are void\)")
        yield
