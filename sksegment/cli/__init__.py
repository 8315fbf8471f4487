"""The command line: ``sksegment segment photo.jpg -o out``."""

from sksegment.cli._main import main, make_parser

__all__ = ["main", "make_parser"]
