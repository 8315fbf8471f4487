"""Small volumes, and the files they are kept in."""

import sys

import numpy as np
import pytest


@pytest.fixture
def volume():
    """Return five slices of 32 x 40, signed and with negative values."""
    return np.random.default_rng(0).integers(-3000, 3000, (5, 32, 40), dtype=np.int16)


@pytest.fixture
def colour_volume():
    """Return five slices of 32 x 40 in three channels."""
    return np.random.default_rng(0).integers(0, 255, (5, 32, 40, 3), dtype=np.uint8)


@pytest.fixture
def hide(monkeypatch):
    """Make a package as if it were not installed."""
    return lambda name: monkeypatch.setitem(sys.modules, name, None)
