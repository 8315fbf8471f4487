"""The command line, and what it said."""

import pytest

from sksegment.cli import main


@pytest.fixture
def run(capsys):
    """Run the command line; return its exit code and what it printed."""

    def run_(*args):
        code = main([*map(str, args)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_


@pytest.fixture
def fails(run):
    """Run the command line, which must end with one line of error; return that."""

    def fails_(*args):
        code, _, err = run(*args)
        assert code == 2
        (line,) = err.splitlines()
        assert line.startswith("sksegment: error: ")
        return line

    return fails_
