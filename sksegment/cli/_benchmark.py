"""The command that repeats the experiment of the paper: benchmark."""

import sys
from argparse import ArgumentTypeError
from pathlib import Path

from sksegment.cli._options import add_command, add_overwrite, assignment, literal

__all__ = ["add_commands"]


def add_commands(commands):
    """Add the command, which has commands of its own, to a parser."""
    parser = add_command(
        commands,
        "benchmark",
        lambda args: parser.print_help() or 0,
        "Repeat the experiment of the paper on BSDS300, or parts of it.",
        "  sksegment benchmark bsds --data BSDS300 --model Kmeans-Pixel --out runs\n"
        "  sksegment benchmark report runs",
    )
    parts = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_bsds(parts)
    _add_report(parts)


def _add_bsds(commands):
    parser = add_command(
        commands,
        "bsds",
        _bsds,
        "Fit models on images of BSDS300 and score them.\n\n"
        "Writes a line of JSON for each fit to OUT/MODEL.jsonl. Fits that are there\n"
        "already are not repeated, so a command that was stopped is simply given\n"
        "again.",
        "  sksegment benchmark bsds --data BSDS300 --model Sparse-SimCon-Patch \\\n"
        "      --images 0:10 --betas 1,0.1,0.01 --seeds 0,1,2 --out runs",
    )
    add = parser.add_argument
    add(
        "--model",
        dest="models",
        action="append",
        required=True,
        metavar="MODEL",
        help="a type of Table 1 or Felzenszwalb; may be repeated; 'all' is every one",
    )
    add(
        "--data",
        metavar="FOLDER",
        help="of the dataset, in any of its layouts (default: downloaded once)",
    )
    add(
        "--subset",
        choices=["train", "val", "test"],
        default="test",
        help="part of the dataset (default: test; the test images of BSDS300 are 'val' "
        "of BSDS500)",
    )
    add(
        "--images",
        type=_slice,
        default=slice(None),
        metavar="START:STOP[:STEP]",
        help="which of the images, in the order of their ids (default: all)",
    )
    _add_settings(parser)
    add("--out", required=True, help="folder for the results")
    add("--n-jobs", type=int, default=1, metavar="N", help="fits at once (default: 1)")
    add("--device", default="auto", help="auto, cpu or cuda (default: auto)")
    add(
        "--together",
        action="store_true",
        help="fit the betas and seeds of an image as one batch, which pays on CUDA",
    )
    add("-q", "--quiet", action="store_true", help="print nothing but errors")


def _add_settings(parser):
    add = parser.add_argument_group("settings").add_argument
    add(
        "--betas",
        type=_numbers,
        metavar="B,B",
        help="weights of the losses (default: the nine of the paper)",
    )
    add(
        "--grid",
        type=_grid_entry,
        action="append",
        metavar="NAME=V,V",
        help="vary other parameters instead; may be repeated",
    )
    add("--seeds", type=_integers, default=[0], metavar="S,S", help="default: 0")
    add(
        "--size",
        choices=["compact", "paper"],
        default="compact",
        help="network and schedule of the estimator or of the paper (default: compact)",
    )
    add(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="parameter that shall differ in all fits; may be repeated",
    )


def _add_report(commands):
    parser = add_command(
        commands,
        "report",
        _report,
        "Print the table of the paper beside results of bsds.",
        "  sksegment benchmark report runs/test --training runs/train --json t.json",
    )
    parser.add_argument(
        "runs", nargs="+", metavar="RUNS", help="folder that bsds wrote"
    )
    parser.add_argument(
        "--training",
        action="append",
        default=[],
        metavar="RUNS",
        help="results on other images, on which one setting for all is chosen; may be "
        "repeated",
    )
    parser.add_argument("--json", metavar="FILE", help="write the summary there")
    add_overwrite(parser, "summaries in FILE")


def _bsds(args):
    from sksegment._output_files import check_folder
    from sksegment.benchmarking import BENCHMARK_MODELS, plan_runs, run_all
    from sksegment.datasets import bsds_ids, fetch_bsds300

    check_folder(args.out, "--out")
    data = args.data or fetch_bsds300()
    models = [*BENCHMARK_MODELS] if "all" in args.models else args.models
    images = bsds_ids(data, args.subset)[args.images]
    if not images:
        raise ValueError("--images leaves no image")
    runs = plan_runs(
        list(dict.fromkeys(models)),
        images,
        subset=args.subset,
        betas=args.betas,
        grid=dict(args.grid) if args.grid else None,
        seeds=args.seeds,
        size=args.size,
        overrides=dict(args.set),
    )
    for progress in run_all(
        runs,
        data,
        args.out,
        n_jobs=args.n_jobs,
        device=args.device,
        together=args.together,
    ):
        _tell(progress, args.quiet)
    if progress.n_failed:
        raise ValueError(
            f"{progress.n_failed} of {progress.n_runs} fits failed; the same command "
            "tries them again"
        )
    return 0


def _tell(progress, quiet):
    row = progress.last
    if row is not None and "error" in row:
        print(f"sksegment: warning: {_name(row)}: {row['error']}", file=sys.stderr)
    elif not quiet:
        print(_line(progress), flush=True)


def _name(row):
    setting = " ".join(f"{name} {value}" for name, value in row["setting"].items())
    return f"{row['model']} {row['image']} {setting} seed {row['seed']}"


def _line(progress):
    counts = f"{progress.n_done} of {progress.n_runs}"
    row = progress.last
    if row is None:
        return f"{counts} fits are done already"
    best = max(scores["v_measure"] for scores in row["scores"])
    result = f"V {best:.3f}  {row['n_labels']} labels  {row['seconds']:.1f} s"
    return f"{counts}  {_name(row)}  {result}"


def _report(args):
    from sksegment.benchmarking import format_table, read_runs, summarise
    from sksegment.cli._outputs import check_json, write_json

    if args.json:
        folders = [*map(Path, args.runs + args.training)]
        inputs = folders + [path for one in folders for path in one.glob("*.jsonl")]
        check_json(Path(args.json), inputs, overwrite=args.overwrite)
    rows, training = (
        [row for folder in folders for row in read_runs(folder)]
        for folders in (args.runs, args.training)
    )
    summaries = summarise(rows, training)
    if args.json:
        write_json(Path(args.json), summaries)
    sys.stdout.write(format_table(summaries))
    return 0


def _slice(text):
    try:
        parts = [int(part) if part else None for part in text.split(":")]
        return (
            slice(*parts) if len(parts) > 1 else slice(parts[0], parts[0] + 1 or None)
        )
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{text!r} is not of the form START:STOP") from error


def _numbers(text):
    return _list_of(float, text)


def _integers(text):
    return _list_of(int, text)


def _list_of(kind, text):
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError as error:
        raise ArgumentTypeError(
            f"{text!r} is not a list of numbers like 1,2"
        ) from error


def _grid_entry(text):
    name, equals, values = text.partition("=")
    if not equals or not name or not values:
        raise ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE,VALUE")
    together = literal(f"[{values}]")
    if isinstance(together, list):
        return name, together
    return name, [literal(value) for value in values.split(",")]
