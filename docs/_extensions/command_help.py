"""The directive command-help: what ``--help`` says, for each command of the program."""

import argparse
import os

from docutils import nodes
from docutils.parsers.rst import Directive

from sksegment.cli import make_parser

_WIDTH = "88"


class CommandHelp(Directive):
    """A section for each command."""

    def run(self):
        """Return the sections."""
        os.environ["COLUMNS"], os.environ["NO_COLOR"] = _WIDTH, "1"
        return [_section(*command) for command in _commands(make_parser())]


def _commands(parser):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _section(name, parser):
    section = nodes.section(ids=[nodes.make_id(f"command-{name}")])
    section += nodes.title(text=f"sksegment {name}")
    texts = [parser.format_help()]
    texts += [command.format_help() for _, command in _commands(parser)]
    for text in texts:
        section += nodes.literal_block(text, text, language="text")
    return section


def setup(app):
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
