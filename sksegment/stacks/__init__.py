"""Volumes, stacks and videos, slice by slice in flat memory."""

import importlib
from typing import TYPE_CHECKING

# To open a stack needs no scikit-learn, which takes a second to import.
_HOMES = {
    "SliceError": "sksegment.stacks._stack",
    "Stack": "sksegment.stacks._stack",
    "open_stack": "sksegment.stacks._open",
    "predict_stack": "sksegment.stacks._predict",
    "suggest_training_slices": "sksegment.stacks._suggest",
}

__all__ = [
    "SliceError",
    "Stack",
    "open_stack",
    "predict_stack",
    "suggest_training_slices",
]


if TYPE_CHECKING:
    from sksegment.stacks._open import open_stack
    from sksegment.stacks._predict import predict_stack
    from sksegment.stacks._stack import SliceError, Stack
    from sksegment.stacks._suggest import suggest_training_slices


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sksegment.stacks' has no attribute {name!r}")


def __dir__():
    return __all__
