"""Options on which the model of a stack depends, and what a run keeps of them."""

from pathlib import Path

import joblib

from sksegment.cli._masks import is_finite, read_weights
from sksegment.cli._scribbles import open_pages
from sksegment.stacks._journal import read_header

__all__ = ["check_model_options", "check_resumed_options", "model_options"]

# What says how to train, and has no meaning where nothing is trained.
_OF_TRAINING = (
    *("train_slices", "train_at", "sample_region", "scribbles", "max_labels"),
    "n_segments",
    *("beta_rec", "beta_cut", "beta_sim", "beta_con", "epochs", "resolution"),
    *("n_init", "precision", "seed", "set"),
)
# What changes a model that is trained already, too.
_OF_ANY_MODEL = ("classes", "regions", "mask")
_FILES = ("mask", "sample_region", "scribbles")


def check_model_options(args):
    """Refuse options that say how to train beside a model that is trained already.

    Parameters
    ----------
    args : argparse.Namespace
        Arguments of the command stack.

    Raises
    ------
    ValueError
    """
    given = [name for name in _OF_TRAINING if getattr(args, name) not in (None, [])]
    if args.model and given:
        raise ValueError(
            f"{_option(given[0])} is for training, but --model {args.model} is trained "
            "already; leave one of them out"
        )


def model_options(args):
    """Spell out the options on which the model depends, as far as they are given.

    Parameters
    ----------
    args : argparse.Namespace

    Returns
    -------
    options : dict of str to str
        Values by options; of a file, a digest of what is in it.

    Raises
    ------
    ImageFileError
        If a file cannot be read.
    """
    options = {
        _option(name): _spelled(name, args)
        for name in (*_OF_TRAINING, *_OF_ANY_MODEL)
        if name != "set" and getattr(args, name) is not None
    }
    return options | {f"--set {name}": str(value) for name, value in args.set}


def check_resumed_options(options, path):
    """Refuse to go on with a run whose model was made by other options.

    Those that are not given now stay as they were.

    Parameters
    ----------
    options : dict of str to str
        See `model_options`.
    path : pathlib.Path
        Journal of the run.

    Raises
    ------
    ValueError
    """
    before = read_header(path).get("options")
    # There are none where the run was begun by a program.
    for option, value in options.items() if before is not None else ():
        if before.get(option) != value:
            raise ValueError(
                f"{path} belongs to a run with another model: "
                f"{_difference(option, value, before.get(option))}; give the same as "
                "then or leave it out, or begin anew with --overwrite"
            )


def _option(name):
    return f"--{name.replace('_', '-')}"


def _spelled(name, args):
    value = getattr(args, name)
    if name == "scribbles":
        with open_pages(Path(value)) as pages:
            return joblib.hash([args.unknown, *map(joblib.hash, pages)])
    if name in _FILES and not is_finite(value):
        return joblib.hash(read_weights(value))
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _difference(option, value, before):
    if before is None:
        return f"it was begun without {option}"
    if option in map(_option, _FILES):
        return f"it was begun with another {option}"
    equals = "=" if option.startswith("--set ") else " "
    return f"it was begun with {option}{equals}{before}, not {value}"
