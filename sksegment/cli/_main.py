"""The command line: ``sksegment segment photo.jpg -o out``."""

import argparse

from sksegment import __version__
from sksegment.cli import _benchmark, _labels, _report, _score, _segment, _stack
from sksegment.cli._messages import (
    any_name_printable,
    complain,
    one_line,
    one_line_warnings,
)
from sksegment.cli._options import Parser
from sksegment.cli._signals import sigterm_stops, tell_stop

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
        0; 1 if slices of a stack are damaged, each told in one line on stderr; 2 after
        a mistake of the user, told in one line too; 130 if stopped by Ctrl-C, 143 if
        by SIGTERM.

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
        is_quiet = getattr(args, "quiet", False)
        with any_name_printable(), one_line_warnings(is_quiet), sigterm_stops():
            return args.run(args)
    except KeyboardInterrupt as stop:
        return tell_stop(stop)
    except BrokenPipeError:
        from sksegment.cli._log import write_nowhere

        # Whoever read what is printed has seen enough.
        write_nowhere()
        return 0
    except (ValueError, TypeError, ArithmeticError, ImportError, OSError) as error:
        complain(one_line(error))
    except (MemoryError, RuntimeError) as error:
        # torch tells by a RuntimeError that memory is used up.
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        complain(f"out of memory; try a smaller --resolution ({one_line(error)})")
    return 2


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
        epilog="Start with:\n  sksegment demo\n"
        "  sksegment segment photo.jpg -o out --assignment region\n"
        "  sksegment segment slices/ -o out --classes auto\n"
        "Each command explains itself: sksegment segment --help",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"sksegment {__version__}"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in (_segment, _stack, _labels, _report, _score, _benchmark):
        module.add_commands(commands)
    parser.set_defaults(run=lambda args: parser.print_help() or 0)
    return parser
