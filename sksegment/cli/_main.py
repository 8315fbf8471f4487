"""The command line: ``sksegment segment photo.jpg -o out``."""

import argparse
import contextlib
import sys
import warnings

from sksegment import __version__
from sksegment.cli import _benchmark, _score, _segment
from sksegment.cli._options import Parser

__all__ = ["main", "make_parser"]


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
    parser = Parser(
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
    for module in (_segment, _score, _benchmark):
        module.add_commands(commands)
    parser.set_defaults(run=lambda args: parser.print_help() or 0)
    return parser
