"""Volumes, stacks and videos, slice by slice in flat memory."""

import importlib

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


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'sksegment.stacks' has no attribute {name!r}")


def __dir__():
    return __all__
