"""Volumes, stacks and videos, slice by slice in flat memory."""

from sksegment.stacks._open import open_stack
from sksegment.stacks._predict import predict_stack
from sksegment.stacks._stack import SliceError, Stack
from sksegment.stacks._suggest import suggest_training_slices

__all__ = [
    "SliceError",
    "Stack",
    "open_stack",
    "predict_stack",
    "suggest_training_slices",
]
