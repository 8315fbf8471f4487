"""The command that shows what a model does: report."""

import os
from pathlib import Path

from sksegment.cli._options import (
    add_command,
    add_common,
    add_inputs,
    add_overwrite,
    positive,
    positive_or_auto,
)

__all__ = ["add_commands"]

_SUFFIXES = (".html", ".htm")


def add_commands(commands):
    """Add the command to a parser."""
    parser = add_command(
        commands,
        "report",
        _report,
        "Show what a model does with images, in one HTML file.\n\n"
        "Every image stands beside its classes, which are faded and switched on and\n"
        "off in the browser, and a map of how undecided they are; areas, intensities,\n"
        "losses, parameters and versions are in tables. The file loads nothing from\n"
        "elsewhere, and can be sent as it is.",
        "  sksegment report out/model.safetensors slices/ -o report.html",
    )
    parser.add_argument("model", metavar="MODEL", help="file that fit or segment wrote")
    add_inputs(parser)
    parser.add_argument(
        "-o", "--out", required=True, metavar="FILE", help="file to write, *.html"
    )
    add_overwrite(parser, "reports")
    parser.add_argument(
        "--images",
        type=positive,
        default=12,
        metavar="N",
        help="show N images, spread evenly over all (default: 12)",
    )
    parser.add_argument(
        "--classes",
        type=positive_or_auto,
        metavar="K",
        help="join those that look alike until K are left; auto: as many as looks "
        "suggest, which suits slices",
    )
    add_common(parser)


def _report(args):
    from sksegment._pages import naming_images, naming_warnings, training_images
    from sksegment.cli._log import Log
    from sksegment.cli._models import merge_classes
    from sksegment.cli._outputs import check_free
    from sksegment.cli._segment import image_files
    from sksegment.io import load_model
    from sksegment.report import write_report

    target, paths = Path(args.out), image_files(args.inputs, args.model)
    _check_target(target, paths)
    if not args.overwrite:
        check_free([target])
    model = load_model(args.model, device=args.device)
    merge_classes(model, args.classes, args.model)
    log = Log(args.quiet, verbose=args.verbose)
    images = training_images(paths, args.images, log, field=model._field)
    if not images:
        return 2
    shapes = [image.shape for image in images.values()]
    log.tell_memory("labelling an image", model, shapes)
    target.parent.mkdir(parents=True, exist_ok=True)
    with naming_images(images), naming_warnings(images):
        write_report(model, [*images.values()], target, titles=_titles(images))
    log.say(f"{len(images)} image(s) in {log.seconds:.1f} s; the report is {target}")
    return log.exit_code


def _check_target(target, paths):
    from sksegment._output_files import check_folder

    check_folder(target.parent, "-o")
    if target.is_dir() or target.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"-o {target}: name a file to write, e.g. -o report.html")
    if os.path.realpath(target) in {*map(os.path.realpath, paths)}:
        raise ValueError(f"the report would replace the input {target}; choose another")


def _titles(pages):
    """Names of the files alone, where they tell them apart."""
    names = [*map(str, pages)]
    short = [Path(name).name for name in names]
    return short if len(set(short)) == len(short) else names
