"""The size of a voxel, as different files state it, in one unit."""

import math

from sksegment._lengths import METRES

__all__ = ["voxel_size"]

_SPELLINGS = {
    "Å": ("Å", "angstrom", "angstroms", "ångström", "ångströms"),
    "inch": ("inch", "inches", "in"),
    "um": ("um", "µm", "μm", "\\u00b5m", "micron", "microns"),
}
_PREFIXES = {"pm": "pico", "nm": "nano", "um": "micro", "mm": "milli", "cm": "centi"}
_UNITS = {
    **{unit.lower(): unit for unit in METRES},
    **{name.lower(): unit for unit, names in _SPELLINGS.items() for name in names},
    **{
        f"{prefix}{metre}": unit
        for unit, prefix in {**_PREFIXES, "m": ""}.items()
        for metre in ("meter", "metre", "meters", "metres")
    },
}


def voxel_size(sizes):
    """Bring the sides of a voxel to one unit.

    Parameters
    ----------
    sizes : dict of str to (float, str)
        Length and unit along Z, Y and X, where known.

    Returns
    -------
    spacing : dict of str to float
        Without what is no length of a physical unit; in the unit of X where they
        differ.
    unit : str or None
        E.g. "um", "nm", "Å".
    """
    sizes = {
        letter: (_length(size), _UNITS.get(str(unit).strip().lower()))
        for letter, (size, unit) in sizes.items()
    }
    sizes = {
        letter: (length, unit)
        for letter, (length, unit) in sizes.items()
        if unit and math.isfinite(length) and length > 0
    }
    if "X" not in sizes:
        return {}, None
    common = sizes["X"][1]
    spacing = {
        letter: length if unit == common else length * METRES[unit] / METRES[common]
        for letter, (length, unit) in sizes.items()
    }
    return spacing, common


def _length(size):
    """Number that a file states, or NaN: what is wrong with it costs no data."""
    try:
        return float(size)
    except (TypeError, ValueError):
        return math.nan
