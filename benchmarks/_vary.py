"""Other values of the package's constants, to see what each is worth."""

import ast
import importlib


def vary(settings):
    """Set constants, each given as ``module.NAME=value`` below `sksegment`."""
    for setting in settings:
        name, value = setting.split("=")
        module, constant = name.rsplit(".", 1)
        module = importlib.import_module(f"sksegment.{module}")
        getattr(module, constant)
        setattr(module, constant, ast.literal_eval(value))
