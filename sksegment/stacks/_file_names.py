"""What the names of files tell against taking each for the slice after the last."""

import re
from collections import Counter
from itertools import pairwise

from sksegment._warn import warn_user

__all__ = ["warn_of_names"]

_CHANNEL = re.compile(r"(?:^|[^a-z])(?:c|ch|chan|channel|w)[-_]?$")
_TIME = re.compile(r"(?:^|[^a-z])(?:t|tp|time|frame)[-_]?$")
_SLICE = re.compile(r"(?:^|[^a-z])(?:z|slice|plane)[-_]?$")
# Numbers with more gaps than this are no count of slices.
_COUNTED = 0.75


def warn_of_names(name, paths):
    """Warn where names count channels or times beside slices, or leave a number out.

    Parameters
    ----------
    name : str
        Of the folder, for messages.
    paths : sequence of pathlib.Path
        In the order of the slices.
    """
    parts = [re.split(r"(\d+)", path.stem.casefold()) for path in paths]
    if len({tuple(part[::2]) for part in parts}) > 1:
        return
    texts = parts[0][::2]
    columns = [[int(part[i]) for part in parts] for i in range(1, len(parts[0]), 2)]
    counted = [
        (text, column)
        for text, column in zip(texts, columns, strict=False)
        if len({*column}) > 1
    ]
    if len(counted) == 1:
        _warn_of_gap(name, paths, counted[0][1])
    elif counted:
        _warn_of_axes(name, [text for text, _ in counted])


def _warn_of_gap(name, paths, numbers):
    steps = [after - before for before, after in pairwise(numbers)]
    usual, count = Counter(steps).most_common(1)[0]
    if usual < 1 or count == len(steps) or count < _COUNTED * len(steps):
        return
    gap = next(i for i, step in enumerate(steps) if step != usual)
    warn_user(
        f"the slices in {name} are counted in steps of {usual}, but {paths[gap].name} "
        f"is followed by {paths[gap + 1].name}: they are taken for neighbours; is one "
        "missing, or there twice?"
    )


def _warn_of_axes(name, texts):
    if any(map(_CHANNEL.search, texts)):
        warn_user(
            f"the names of the files in {name} count channels, but each is taken for "
            "a slice; put the channels of a slice into one file, as (Y, X, C)"
        )
    elif any(map(_TIME.search, texts)) and any(map(_SLICE.search, texts)):
        warn_user(
            f"the names of the files in {name} count times and slices, but all are "
            "taken for one stack; put each time into a folder of its own"
        )
