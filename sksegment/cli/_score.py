"""The commands that use ground truth: score and tune."""

import os
from pathlib import Path

from sksegment.cli._options import (
    add_command,
    add_common,
    add_inputs,
    add_overwrite,
    add_training,
    add_void,
    make_estimator,
)

__all__ = ["add_commands"]

# Heading of a column, and the score it has.
_COLUMNS = {
    "V": "v_measure",
    "hom.": "homogeneity",
    "compl.": "completeness",
    "AMI": "adjusted_mutual_info",
    "RI": "rand_score",
    "FMI": "fowlkes_mallows",
    "PRI": "probabilistic_rand",
    "cover": "covering",
    "VoI": "variation_of_information",
}
_STEPS = ("cut", "sim_con", "con", "fine")


def add_commands(commands):
    """Add the commands to a parser."""
    _add_score(commands)
    _add_tune(commands)


def _add_score(commands):
    parser = add_command(
        commands,
        "score",
        _score,
        "Score label maps against ground truth.\n\n"
        "The numbers of the classes need not agree, only the areas. All scores but\n"
        "VoI, which is in bits, are better when they are larger.",
        "  sksegment score out/ --truth truth/\n"
        "  sksegment score out/photo_labels.png --truth photo_truth.png --json s.json",
    )
    parser.add_argument(
        "labels",
        nargs="+",
        metavar="LABELS",
        help="label maps as segment, predict and stack write them (overlays are "
        "passed over), or folders of them",
    )
    add_void(parser, "--labels-void", "of LABELS ")
    _add_truth(parser)
    parser.add_argument(
        "--annotators",
        choices=["best", "mean"],
        default="best",
        help="of several annotators of an image, the one who agrees best, or the mean "
        "over them (default: best)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the scores there too")
    add_overwrite(parser, "scores in FILE")


def _add_tune(commands):
    parser = add_command(
        commands,
        "tune",
        _tune,
        "Find the weights of the losses, and save the best model.\n\n"
        "By ground truth where there is any, else by how far labels agree with\n"
        "regions that were found without a net. Tries the weights in the three steps\n"
        "of the paper. Those that are 0 stay 0:\n"
        "give --beta-cut 1 to tune the normalised cut as well.",
        "  sksegment tune slices/ --truth truth/ -o model.safetensors",
    )
    add_inputs(parser)
    _add_truth(parser, required=False)
    parser.add_argument(
        "-o", "--out", required=True, metavar="MODEL", help="file for the best model"
    )
    add_overwrite(parser, "files")
    parser.add_argument(
        "--steps",
        nargs="+",
        choices=_STEPS,
        metavar="STEP",
        help=f"only these of {', '.join(_STEPS)}",
    )
    parser.add_argument(
        "--n-jobs", type=int, default=1, metavar="N", help="fits at once (default: 1)"
    )
    add_training(parser, all_images=True)
    add_common(parser)


def _add_truth(parser, required=True):
    parser.add_argument(
        "--truth",
        required=required,
        help="file with the ground truth, or folder with NAME.png, NAME_labels.tif, "
        "NAME.npz, ... for every NAME; several pages for one image are annotators",
    )
    add_void(parser, where="of the ground truth ")


def _score(args):
    from sksegment.cli._ground_truth import find_truth, pair_truth
    from sksegment.cli._label_file import maps_of
    from sksegment.cli._outputs import check_json, write_json
    from sksegment.metrics import segmentation_scores

    truth_paths = find_truth(_label_paths(args.labels), args.truth)
    if args.json:
        inputs = [path for pair in truth_paths.items() for path in pair]
        check_json(Path(args.json), inputs, overwrite=args.overwrite)
    rows = []
    for path, truth_path in truth_paths.items():
        maps = maps_of(path, args.labels_void, option="--labels-void")
        truths = pair_truth(maps, path, truth_path, void=args.void)
        for index, (labels, truth) in enumerate(zip(maps, truths, strict=True)):
            name = f"{path}, page {index}" if len(maps) > 1 else str(path)
            try:
                scores = segmentation_scores(truth, labels, annotators=args.annotators)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from error
            rows.append({"image": name, **scores})
    mean = {
        score: sum(row[score] for row in rows) / len(rows)
        for score in _COLUMNS.values()
    }
    print(_table([*rows, {"image": f"mean of {len(rows)}", **mean}]))
    if args.json:
        write_json(Path(args.json), {"images": rows, "mean": mean})
    return 0


def _label_paths(inputs):
    """Files that are named; of folders those that are not overlays."""
    from sksegment.cli._label_file import is_volume
    from sksegment.io import find_images

    named = {*map(os.path.realpath, inputs)}
    found = [
        path
        for entry in inputs
        for path in ([Path(entry)] if is_volume(entry) else find_images([entry]))
    ]
    paths = [
        path
        for real, path in {os.path.realpath(path): path for path in found}.items()
        if real in named or not path.stem.endswith("_overlay")
    ]
    if not paths:
        raise ValueError(f"there are no label maps in {', '.join(inputs)}")
    return paths


def _table(rows):
    width = max(len(row["image"]) for row in rows)
    lines = [" " * width + "".join(f"{heading:>8}" for heading in _COLUMNS)]
    for row in rows:
        cells = "".join(f"{row[score]:8.3f}" for score in _COLUMNS.values())
        lines.append(f"{row['image']:<{width}}{cells}")
    return "\n".join(lines)


def _tune(args):
    from sksegment._image_files import warn_of_types
    from sksegment._pages import naming_images
    from sksegment.cli._ground_truth import read_labelled
    from sksegment.cli._log import Log
    from sksegment.cli._outputs import check_free, check_model_file
    from sksegment.cli._segment import image_files
    from sksegment.model_selection import tune_betas

    target, paths = Path(args.out), image_files(args.inputs)
    check_model_file(target, paths)
    if not args.overwrite:
        check_free([target])
    warn_of_types(paths)
    images, truths = read_labelled(paths, args.truth, void=args.void)
    estimator = make_estimator(args).set_params(verbose=0)
    log = Log(args.quiet, verbose=args.verbose)
    shapes = [image.shape for image in images.values()]
    name = f"training on {len(images)} image(s)"
    log.tell_memory(name, estimator, shapes, training=True)
    log.say(f"tuning on {len(images)} image(s); this takes up to 15 fits")
    with naming_images(images):
        tuning = tune_betas(
            estimator,
            [*images.values()],
            truths or None,
            n_jobs=args.n_jobs,
            steps=args.steps,
        )
    score = "V" if truths else "agreement"
    for row in tuning.results_:
        betas = "  ".join(
            f"{name} {row[name]:<8g}" for name in ("beta_cut", "beta_sim", "beta_con")
        )
        log.say(f"{row['step']:<8} {betas}  {score} {row['score']:.3f}")
    target.parent.mkdir(parents=True, exist_ok=True)
    tuning.best_estimator_.save(target)
    chosen = " ".join(
        f"--{name.replace('_', '-')} {value:g}"
        for name, value in tuning.best_params_.items()
    )
    log.say(
        f"best: {chosen} ({score} {tuning.best_score_:.3f}); {log.seconds:.0f} s; "
        f"the model is {target}"
    )
    return 0
