"""The size of a voxel, said of a stack whose file states none or a wrong one."""

import math
from dataclasses import replace

from sksegment.stacks import Stack
from sksegment.stacks._voxels import voxel_size

__all__ = ["with_size"]


def with_size(stack, spacing, unit):
    """Give a stack the size of its voxels.

    Parameters
    ----------
    stack : Stack
    spacing : list of float or None
        Along z, y and x, of frames along y and x; one number where they are equal. None
        keeps what the file states.
    unit : str or None

    Returns
    -------
    stack : Stack
        Of the same source.

    Raises
    ------
    ValueError
        If it is no size, or without a unit of length.
    """
    if spacing is None:
        if unit is not None:
            raise ValueError(f"--unit {unit} needs --spacing")
        return stack
    letters = [letter for letter in stack.axes if letter in "ZYX"]
    steps = spacing * len(letters) if len(spacing) == 1 else spacing
    if len(steps) != len(letters) or not all(0 < step < math.inf for step in steps):
        raise ValueError(
            f"--spacing {' '.join(f'{step:g}' for step in spacing)} is no size of "
            f"{stack.source}; give positive numbers along "
            f"{', '.join(letters).lower()}, or one for all"
        )
    sizes, known = voxel_size(
        {letter: (step, unit) for letter, step in zip(letters, steps, strict=True)}
    )
    if not sizes:
        given = "needs --unit" if unit is None else f"has the unit {unit!r}"
        raise ValueError(f"--spacing {given}; choose um, nm, mm, cm, m, pm, Å or inch")
    part = f"{stack._source.part} {steps} {known}".strip()
    source = replace(stack._source, spacing=sizes, unit=known, part=part)
    return Stack(source, stack._letters)
