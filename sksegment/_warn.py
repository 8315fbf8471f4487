"""Warnings that name the line of the user, however deep in the package they arise."""

import contextlib
import os
import sys
import warnings
from importlib.util import find_spec

__all__ = ["warn_user"]

# Found without an import, which takes seconds.
_SPECS = map(find_spec, ("sklearn", "skorch"))
_ORIGINS = (__file__, *(getattr(spec, "origin", __file__) for spec in _SPECS))
_NOT_THE_USER = (
    *(f"{os.path.dirname(origin)}{os.sep}" for origin in _ORIGINS),
    contextlib.__file__,
)


def warn_user(message, category=UserWarning):
    """Warn at the innermost line outside of this package, scikit-learn and skorch.

    Parameters
    ----------
    message : str
    category : type, default=UserWarning
    """
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_code.co_filename.startswith(_NOT_THE_USER):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
