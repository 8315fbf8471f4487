"""Errors and warnings: one line each on stderr, in the words of the command line."""

import contextlib
import io
import re
import sys
import warnings

__all__ = ["any_name_printable", "complain", "one_line", "one_line_warnings"]

# What the library calls a parameter, and what is typed for it here.
_WORDS = (
    (r"""\b(axes|dataset|spatial)=["'](\w*)["']""", r"--\1 \2"),
    (r'open_stack\(\.\.\., (at=\{"\w": \d+\})\)', r"\1"),
    (r'\bat=\{"(\w)": (\d+)\}', r"--at \1=\2"),
    (r"\b(axes|dataset|along)=", r"--\1"),
    (r"\b(resume|overwrite)=True", r"--\1"),
    (r"\bn=(\d+), but of", r"--train-slices \1, but of"),
    (r", or raise max_slices", ""),
    (
        r"wrap it in a list and use predict",
        "use sksegment segment or predict, on a TIFF that has the channels in its "
        "pixels (contig) or names them (OME)",
    ),
)

# Characters of a line.
_LONGEST = 1000


def complain(text, kind="error"):
    """Print a line on stderr, above a progress bar if there is one."""
    line = f"sksegment: {kind}: {_printable(text)}"
    tqdm = sys.modules.get("tqdm")
    if tqdm is None:
        print(line, file=sys.stderr)
    else:
        tqdm.tqdm.write(line, file=sys.stderr)


def _printable(text):
    """No more than one reads, and nothing that a terminal would obey.

    Files and their names come from strangers.
    """
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]} ..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def one_line(error):
    """What an error or a warning says, with its notes.

    Parameters
    ----------
    error : BaseException

    Returns
    -------
    text : str

    Examples
    --------
    >>> from sksegment.cli._messages import one_line
    >>> one_line(ValueError('its axes are ambiguous; pass axes="ZYX"'))
    'its axes are ambiguous; pass --axes ZYX'
    """
    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror
        if error.filename:
            text = f"{error.filename}: {text.lower()}"
    text = "; ".join([text or type(error).__name__, *getattr(error, "__notes__", ())])
    text = " ".join(text.split())
    for called, typed in _WORDS:
        text = re.sub(called, typed, text)
    return text


@contextlib.contextmanager
def one_line_warnings(quiet):
    """Print warnings as lines, or not at all."""
    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
        warnings.showwarning = _show_warning
        yield


def _show_warning(message, category, *args, **kwargs):
    # What libraries say to each other is nothing to those who type a command.
    if not issubclass(category, DeprecationWarning):
        complain(one_line(message), "warning")


@contextlib.contextmanager
def any_name_printable():
    """Let stdout show as escapes, as stderr does, what its encoding has not.

    Names of files may have any character, and some are no text at all.
    """
    stream = sys.stdout
    is_strict = isinstance(stream, io.TextIOWrapper) and stream.errors == "strict"
    if is_strict:
        stream.reconfigure(errors="backslashreplace")
    try:
        yield
    finally:
        if is_strict:
            stream.reconfigure(errors="strict")
