"""Which axis of a volume is which: stated by the user or the file, never guessed."""

import operator
from collections import Counter
from collections.abc import Mapping

__all__ = ["arrange_axes", "name_axes", "one_slicing_axis", "positions", "settle_axes"]

# Nobody has more channels than this without saying so, nor a side as short.
_MOST_CHANNELS = 4
# Of a file there is no array yet that could be indexed.
_READ_FIRST = (
    "read its array first (tifffile.imread, numpy.load, zarr.open, h5py.File), and "
)
# Axes of which one position is a stack.
_MAY_BE_FIXED = "ZTC"


def settle_axes(name, shape, *, axes=None, stated=None, is_file=False):
    """Give every axis of an array its letter.

    Parameters
    ----------
    name : str
        Of the source, for messages.
    shape : tuple of int
    axes : str, optional
        What the user says, over Z, T, Y, X and C; S stands for C.
    stated : str, optional
        What the file says, where the user says nothing.
    is_file : bool, default=False
        Whether the user named a file, for messages.

    Returns
    -------
    letters : str
        One letter an axis, with exactly one of Z and T; ``_`` for axes of one
        position which do not count.

    Raises
    ------
    ValueError
        If the axes do not fit the shape, can be read in more than one way, or have
        no or several axes to slice along.
    TypeError
        If ``axes`` is no string.
    """
    letters = name_axes(name, shape, axes=axes, stated=stated, is_file=is_file)
    return one_slicing_axis(name, shape, letters)


def name_axes(name, shape, *, axes=None, stated=None, is_file=False):
    """Do what `settle_axes` does, with any number of axes to slice along."""
    if 0 in shape:
        raise ValueError(f"{name} is empty: its shape is {shape}")
    if axes is not None:
        letters = _given_axes(name, shape, axes)
    elif stated is not None:
        letters = _drop(_stated_axes(name, shape, stated), shape, "C")
    else:
        letters = _usual_axes(name, shape, is_file)
    return letters


def positions(name, shape, letters, at):
    """Find the axes of which one position is wanted.

    Parameters
    ----------
    name, shape
        See `settle_axes`.
    letters : str
        From `name_axes`.
    at : dict of str to int
        Positions by the letters of their axes, negative ones from the end.

    Returns
    -------
    positions : dict of int to int
        By the places of the axes, none negative.

    Raises
    ------
    ValueError
        If there is no such axis, or no such position.
    TypeError
        If a position is no integer, or ``at`` is no dictionary.
    """
    if not isinstance(at, Mapping):
        raise TypeError(f'at must be a dictionary such as {{"T": 0}}, got {at!r}')
    found = {}
    for letter, index in at.items():
        place = _place(name, letters, letter)
        try:
            index = operator.index(index)
        except TypeError:
            raise TypeError(f"at={at!r} names {index!r}, not an integer") from None
        if not -shape[place] <= index < shape[place]:
            raise ValueError(
                f"{name} has {shape[place]} positions on {letter}, so there is none at "
                f"{index}; they are counted from 0"
            )
        found[place] = index % shape[place]
    return found


def _place(name, letters, letter):
    wanted = str(letter).upper().replace("S", "C")
    if wanted not in letters or wanted not in {*_MAY_BE_FIXED}:
        fixed = [found for found in letters if found in _MAY_BE_FIXED]
        raise ValueError(
            f"{name} with the axes {letters} has no axis {letter!r} of which one "
            f"position could be taken; choose among {', '.join(fixed) or 'none'}"
        )
    return letters.index(wanted)


def arrange_axes(letters, cut=None):
    """Order axes slice-first and channels-last.

    Parameters
    ----------
    letters : str
        From `settle_axes`.
    cut : str, optional
        The axis to slice along; Z or T by default.

    Returns
    -------
    axes : str
    """
    kept = [letter for letter in "ZTYX" if letter in letters]
    cut = cut or kept[0]
    kept.remove(cut)
    return "".join([cut, *kept, *("C" * ("C" in letters))])


def _given_axes(name, shape, axes):
    if not isinstance(axes, str):
        raise TypeError(f'axes must be a string such as "ZYX", got {axes!r}')
    letters = axes.upper().replace("S", "C")
    if unknown := [letter for letter in letters if letter not in "ZTYXC"]:
        raise ValueError(
            f"axes={axes!r} has the letter {unknown[0]!r}; use Z or T for the slices, "
            "Y and X for their sides, C for channels"
        )
    letter, count = Counter(letters or " ").most_common(1)[0]
    if count > 1:
        raise ValueError(f"axes={axes!r} names {letter} {count} times; name it once")
    if len(letters) != len(shape):
        raise ValueError(
            f"axes={axes!r} names {len(letters)} axes, but {name} has {len(shape)}: "
            f"its shape is {shape}"
        )
    for letter in "YX":
        if letter not in letters:
            raise ValueError(f"axes={axes!r} does not name {letter}, a side of a slice")
    return letters


def _stated_axes(name, shape, stated):
    try:
        return _given_axes(name, shape, stated)
    except ValueError:
        raise ValueError(
            f"{name} of shape {shape} calls its axes {stated}, which does not tell "
            'slices from channels; pass axes=, e.g. axes="ZCYX"'
        ) from None


def one_slicing_axis(name, shape, letters):
    """Strike out axes of one position until one is left to slice along.

    Parameters
    ----------
    name, shape
        See `settle_axes`.
    letters : str
        From `name_axes`.

    Returns
    -------
    letters : str

    Raises
    ------
    ValueError
        If there is none, or there are two.
    """
    if "Z" in letters and "T" in letters:
        letters = _drop(letters, shape, "T")
    if "Z" in letters and "T" in letters:
        letters = _drop(letters, shape, "Z")
    slicing = [letter for letter in letters if letter in "ZT"]
    if not slicing:
        raise ValueError(
            f'axes="{letters}" of {name} name no axis to slice along (Z or T): it is '
            "one image; wrap it in a list and use predict"
        )
    if len(slicing) == 2:
        first, second = (shape[letters.index(letter)] for letter in slicing)
        raise ValueError(
            f"{name} with the axes {letters} has {first} positions on {slicing[0]} and "
            f"{second} on {slicing[1]}, but a stack is sliced along one axis; choose "
            "one position of the other, e.g. "
            f'open_stack(..., at={{"{slicing[0]}": 0}})'
        )
    return letters


def _drop(letters, shape, letter):
    """Strike out an axis which has one position only."""
    if letter in letters and shape[letters.index(letter)] == 1:
        return letters.replace(letter, "_")
    return letters


def _usual_axes(name, shape, is_file):
    """Read (n, H, W) and (n, H, W, C) where there is no other way to read them.

    Three axes are slices, unless the last has 3 or 4 positions as colours do. Four
    axes are slices with channels if the last has at most 4 and the sides have more.
    """
    if len(shape) == 2:
        raise ValueError(
            f"{name} has shape {shape}: it is one image; wrap it in a list and use "
            "predict"
        )
    if len(shape) == 3 and shape[-1] not in (3, 4):
        return "ZYX"
    if len(shape) == 4 and shape[-1] <= _MOST_CHANNELS < min(shape[1:3]):
        return "ZYXC"
    raise ValueError(f"{name} has shape {shape}, {_readings(shape, is_file)}")


def _readings(shape, is_file):
    if len(shape) == 3:
        a, b, c = shape
        return (
            f"which is either {a} x {b} pixels in {c} channels (one image: wrap it in "
            f'a list and use predict) or {a} slices of {b} x {c} (axes="ZYX"); pass '
            "axes="
        )
    if len(shape) == 4:
        a, b, c, d = shape
        return (
            f'which is either {a} slices of {b} x {c} in {d} channels (axes="ZYXC") '
            f'or {b} slices of {c} x {d} in {a} channels (axes="CZYX") or at {a} times '
            '(axes="TZYX" with at={"T": 0}); pass axes='
        )
    return (
        "but a stack has 3 or 4 axes, slices of (H, W) or (H, W, C); "
        f"{_READ_FIRST * is_file}choose one position of the others, e.g. volume[0], or "
        'name all axes with axes= and choose one of T, Z or C with at={"T": 0}'
    )
