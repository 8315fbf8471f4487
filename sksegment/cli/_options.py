"""What the commands have in common: help, options, and the estimator they make."""

import argparse
import ast
import difflib
import sys

__all__ = [
    "Parser",
    "add_checkpoints",
    "add_command",
    "add_common",
    "add_field",
    "add_granularity",
    "add_inputs",
    "add_mask",
    "add_outputs",
    "add_overwrite",
    "add_position",
    "add_quiet",
    "add_scribbles",
    "add_training",
    "add_void",
    "assignment",
    "literal",
    "make_estimator",
    "positive",
    "positive_or_auto",
]

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
    "assignment": "assignment",
    "n_init": "n_init",
    "regions": "n_regions",
    "seed": "random_state",
    "device": "device",
    "precision": "precision",
}


class Parser(argparse.ArgumentParser):
    """A parser whose errors are exceptions, so that all are told in one way.

    Values of options are never empty: an empty path would be the current folder.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register("type", None, _filled)

    def add_subparsers(self, **kwargs):
        """Leave it to the commands, which can name the option, to check values."""
        self.register("type", None, str)
        return super().add_subparsers(**kwargs)

    def parse_known_args(self, args=None, namespace=None):
        """Complain of what is not known here, rather than in the program's name."""
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown

    def error(self, message):
        """Raise a `ValueError` that says where the help is."""
        raise ValueError(f"{message}; see: {self.prog} --help")


def add_command(commands, name, run, description, example):
    """Add a command whose help ends with an example, and the function it runs."""
    parser = commands.add_parser(
        name,
        help=description.partition(".")[0],
        description=description,
        epilog=f"example:\n{example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_inputs(parser):
    """Add the images."""
    parser.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="image files (PNG, JPEG, TIFF with any number of pages, ...), or folders "
        "of them",
    )


def add_outputs(parser):
    """Add where the results go, and which."""
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
    add_overwrite(parser, "results")


def add_overwrite(parser, what):
    """Add that results which exist may be replaced."""
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help=f"replace {what} that are there already, which is refused otherwise",
    )


def add_training(parser, *, all_images=False):
    """Add the parameters of the estimator."""
    group = parser.add_argument_group("training")
    add = group.add_argument
    if not all_images:
        add(
            "--train-images",
            type=positive,
            default=8,
            metavar="N",
            help="train on N images, spread evenly over all (default: 8)",
        )
    add("--max-labels", type=int, metavar="K", help="at most K classes (default: 32)")
    add(
        "--n-segments",
        type=_number_or_auto,
        metavar="N",
        help="number of superpixels an image; auto: they follow structures, however "
        "thin (default: 3000, fewer where the image is small)",
    )
    _add_betas(add)
    add(
        "--epochs",
        type=positive,
        metavar="N",
        help="train for at most N epochs (default: 8)",
    )
    add(
        "--resolution",
        type=float,
        metavar="R",
        help="scale of the image within the network, at most 1; less is faster "
        "(default: 0.5)",
    )
    add(
        "--assignment",
        choices=["pixel", "region", "mean", "majority", "kmeans"],
        help="what has a label of its own: each pixel; each region that is found, "
        "which suits photographs; or each superpixel, in three ways (default: pixel)",
    )
    _add_computation(add)
    add(
        "--set",
        type=assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other parameter of SparseWNetSegmenter, e.g. "
        "superpixels__compactness=5; may be repeated",
    )


def _add_betas(add):
    losses = {
        "rec": "reconstruction: classes must tell colours apart (default: 1)",
        "cut": "normalised cut: borders between classes follow edges (default: 0)",
        "sim": "similarity: fewer and clearer classes (default: 0.1)",
        "con": "continuity: neighbours have the same class, for smoother areas "
        "(default: 0.1)",
    }
    for name, text in losses.items():
        add(f"--beta-{name}", type=float, metavar="W", help=f"weight of the {text}")


def _add_computation(add):
    add(
        "--n-init",
        type=int,
        metavar="N",
        help="train N times and keep the one that agrees best with the others "
        "(default: 1)",
    )
    add(
        "--seed",
        type=int,
        help="the same seed, the same result (default: 0)",
    )
    add(
        "--precision",
        choices=["auto", "float32", "bfloat16"],
        help="of the computation; bfloat16 is faster where the hardware has it",
    )


def add_checkpoints(parser, *, resume=True):
    """Add how a training survives an interruption."""
    group = parser.add_argument_group("interruptions")
    group.add_argument(
        "--checkpoint",
        type=positive,
        default=10,
        metavar="N",
        help="keep the model of the last epochs, every N epochs and on Ctrl-C, in a "
        "file that ends in .partial (default: 10)",
    )
    if resume:
        group.add_argument(
            "--resume",
            action="store_true",
            help="go on with a training that was interrupted, even by a kill",
        )


def add_field(parser):
    """Add where to look, and how many classes to tell apart."""
    group = parser.add_argument_group("classes and field of view")
    add_granularity(group)
    add_mask(group)
    group.add_argument(
        "--sample-region",
        metavar="FILE",
        help="image of the size of all others that is not 0 where patches for the "
        "training are drawn, the more the brighter",
    )


def add_position(group):
    """Add which position to take of an axis, as pairs of a letter and a number."""
    group.add_argument(
        "--at",
        type=_position,
        action="append",
        default=[],
        metavar="AXIS=N",
        help="position to take of an axis, counted from 0: T=3 is one time of volumes "
        "in time, C=0 one channel; may be repeated",
    )


def _position(text):
    letter, _, index = text.partition("=")
    try:
        return letter.strip().upper(), int(index)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not of the form AXIS=N, e.g. T=3"
        ) from error


def add_mask(group):
    """Add the field of view."""
    group.add_argument(
        "--mask",
        metavar="FILE",
        help="image of the size of all others that is not 0 in the field of view, or "
        "finite: what of each image is not NaN; outside labels are void",
    )


def add_granularity(parser):
    """Add how finely to divide: so many classes, or so many regions."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--classes",
        type=positive_or_auto,
        metavar="K",
        help="join those that look alike until K are left; auto: as many as looks "
        "suggest, which suits slices",
    )
    either.add_argument(
        "--regions",
        type=positive_or_auto,
        metavar="N",
        help="instead of classes so many connected regions in each image; auto: as "
        "many as people tend to see",
    )


def add_common(parser):
    """Add the device, and quietness."""
    parser.add_argument(
        "--device", help="where to compute: auto, cpu or cuda (auto is CUDA if there)"
    )
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="tell how much memory it will take, before it is begun",
    )
    add_quiet(parser)


def add_quiet(parser):
    """Add quietness."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="print nothing but errors"
    )


def add_scribbles(parser, text):
    """Add the files, what they are to a command, and what is unknown in them."""
    group = parser.add_argument_group("hints")
    group.add_argument("--scribbles", metavar="FILE", help=text)
    _add_void_value(
        group,
        "--unknown",
        "value of pixels without a stroke; with 0, as drawing programs have it, the "
        "strokes 1, 2, ... become classes 0, 1, ... (default: the largest of the data "
        "type, 255 or 65535)",
    )


def add_void(parser, option="--void", where=""):
    """Add which value of a label map, or only of those named, is no class."""
    _add_void_value(
        parser,
        option,
        f"value {where}that is no class, or 'none'; negative ones never are (default: "
        "the largest of the unsigned data type, 255 or 65535, as it is written here)",
    )


def _add_void_value(parser, option, text):
    parser.add_argument(
        option, type=_void_value, default="max", metavar="VALUE", help=text
    )


def _filled(text):
    """Take a text as it is, but not an empty one."""
    if not text:
        raise argparse.ArgumentTypeError(
            "it is empty (a variable that is not set?); give a value"
        )
    return text


def positive(text):
    """Read a number from 1 on."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def assignment(text):
    """Read ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, literal(value)


def positive_or_auto(text):
    """Read a whole number above 0, or "auto"."""
    return text if text == "auto" else positive(text)


def _number_or_auto(text):
    """Read a whole number, or "auto"."""
    return text if text == "auto" else int(text)


def literal(text):
    """Read a number, a tuple, None, ... or else take the text as it is."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _void_value(text):
    """Read a label that is void: "max", None, or a number."""
    if text.lower() in ("max", "none"):
        return "max" if text.lower() == "max" else None
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a number nor 'max' nor 'none'"
        ) from error


def make_estimator(args):
    """Make the estimator that the options describe."""
    from sksegment import SparseWNetSegmenter

    # A bar in a log file is noise, and errors are to stand alone there.
    shown = not args.quiet and sys.stderr.isatty()
    params = {"random_state": 0} | {
        parameter: getattr(args, option)
        for option, parameter in _PARAMETERS.items()
        if getattr(args, option, None) is not None
    }
    if args.n_segments == "auto":
        params["superpixels__method"] = "watershed"
    params |= _fields(args)
    estimator = SparseWNetSegmenter(verbose=int(shown))
    known = estimator.get_params()
    for name, value in args.set:
        _check_name(name, known)
        params[name] = value
    estimator.set_params(**params)
    wanted, most = getattr(args, "classes", None), estimator.max_labels
    if wanted not in (None, "auto") and wanted > most:
        raise ValueError(
            f"--classes {wanted} is more than the {most} classes that there can be; "
            "choose a larger --max-labels"
        )
    return estimator


def _fields(args):
    """Mask and weights of pixels, where the command has such options."""
    from sksegment.cli._masks import read_mask, read_weights

    fields = {}
    if getattr(args, "sample_region", None):
        fields["patches__region"] = read_weights(args.sample_region)
    if getattr(args, "mask", None):
        fields["superpixels__mask"] = read_mask(args.mask)
    return fields


def _check_name(name, known):
    nested = [other for other in known if other.startswith(f"{name}__")]
    if nested:
        hint = f"set its parameters one by one, e.g. {nested[0]}"
        raise ValueError(f"--set {name}: this is no single value; {hint}")
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(known)
        raise ValueError(f"--set {name}: there is no such parameter; {hint}")
