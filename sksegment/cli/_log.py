"""What a command tells of its work, and of the files that it gives up."""

import contextlib
import os
import sys
import time
from dataclasses import dataclass, field

from sksegment._image_files import ImageFileError
from sksegment.cli._messages import complain, one_line
from sksegment.memory import estimate

__all__ = ["Log", "write_nowhere"]


def write_nowhere():
    """Let what is printed from now on go nowhere, as after a broken pipe."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@dataclass
class Log:
    """What was done, what went wrong, and where to say so.

    Attributes
    ----------
    quiet : bool
        Print nothing but errors.
    failed : set of Path
        Files that were given up; each was told in one line on stderr.
    n_images : int
        Images that were labelled.
    verbose : bool
        Print details too.
    """

    quiet: bool = False
    failed: set = field(default_factory=set)
    n_images: int = 0
    verbose: bool = False

    def __post_init__(self):
        self._start = time.perf_counter()

    @property
    def seconds(self):
        """Seconds since the beginning."""
        return time.perf_counter() - self._start

    @property
    def exit_code(self):
        """0 if every file could be used, else 2."""
        return 2 if self.failed else 0

    def say(self, text):
        """Print a line, unless quiet."""
        if self.quiet:
            return
        try:
            print(text, flush=True)
        except OSError:
            # Whoever read it has gone, such as "head", or its disk is full; the work
            # goes on.
            self.quiet = True
            write_nowhere()

    def tell_memory(self, name, estimator, shapes, *, training=False):
        """Print how much memory something will take, if details are wanted."""
        if self.verbose:
            self.say(f"{name}: {estimate(estimator, shapes, training=training)}")

    @contextlib.contextmanager
    def guard(self, path):
        """Give up the file, not the command, if it cannot be used."""
        try:
            yield
        except ImageFileError as error:
            self.failed.add(path)
            complain(one_line(error))
