"""The columns of the tables: names with units, and what the sums amount to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

__all__ = [
    "FLAT",
    "SOLID",
    "Scale",
    "are_objects",
    "class_columns",
    "join_columns",
    "name_classes",
    "object_columns",
]


@dataclass(frozen=True)
class Words:
    """What things are called in two or three dimensions."""

    axes: str
    element: str
    content: str
    boundary: str
    unit_ball: float


FLAT = Words("yx", "pixel", "area", "perimeter", math.pi)
SOLID = Words("zyx", "voxel", "volume", "surface_area", math.pi * 4 / 3)


@dataclass(frozen=True)
class Scale:
    """The size of a voxel, its unit, and names of columns with the unit."""

    spacing: tuple
    unit: str
    words: Words

    @classmethod
    def of(cls, spacing, unit, words):
        """Check what the user says, and spell it out.

        Parameters
        ----------
        spacing : float, sequence of float or None
        unit : str or None
            See `quantify`.
        words : Words
            `FLAT` or `SOLID`.
        """
        dimension = len(words.axes)
        if unit is not None and (not isinstance(unit, str) or not unit.strip()):
            raise ValueError(f"unit must be a name such as 'um', got {unit!r}")
        if spacing is None:
            if unit is not None:
                raise ValueError(
                    f"unit is {unit!r} but spacing is None; give the size of a "
                    f"{words.element} in {unit} as spacing"
                )
            return cls((1.0,) * dimension, words.element, words)
        if unit == words.element:
            raise ValueError(f"unit {unit!r} is no length; leave spacing and unit out")
        steps = (spacing,) * dimension if np.ndim(spacing) == 0 else tuple(spacing)
        order = ", ".join(words.axes)
        if len(steps) != dimension:
            raise ValueError(
                f"spacing has {len(steps)} numbers; give the size of a "
                f"{words.element} along ({order})"
            )
        try:
            steps = tuple(map(float, steps))
        except (TypeError, ValueError):
            steps = (math.nan,)
        if not all(0 < step < math.inf for step in steps):
            raise ValueError(
                f"spacing {spacing!r} must be positive numbers along ({order})"
            )
        return cls(steps, "unit" if unit is None else unit.strip(), words)

    @property
    def element_content(self):
        return math.prod(self.spacing)

    @property
    def axes(self):
        return list(zip(self.words.axes, self.spacing, strict=True))

    @property
    def content_name(self):
        return f"{self.words.content}_{self.unit}{len(self.spacing)}"

    @property
    def boundary_name(self):
        power = "2" if len(self.spacing) == 3 else ""
        return f"{self.words.boundary}_{self.unit}{power}"


def name_classes(class_names, found):
    """Names by class, in ascending order, of all that are named or were found."""
    if class_names is None:
        class_names = {}
    elif not isinstance(class_names, Mapping):
        if isinstance(class_names, str):
            raise ValueError("class_names is one text; give a list or a dict of names")
        class_names = dict(enumerate(class_names))
    # The keys of a JSON object are texts.
    class_names = {int(class_): name for class_, name in class_names.items()}
    classes = sorted({*class_names, *np.unique(found).tolist()})
    return {class_: str(class_names.get(class_, class_)) for class_ in classes}


def class_columns(table, names, scale):
    classes = np.array(list(names), np.int64)
    row = np.searchsorted(classes, table["class"])
    n_voxels = np.bincount(row, table["n_voxels"], minlength=len(classes))
    return {
        "class": classes,
        "name": list(names.values()),
        f"n_{scale.words.element}s": n_voxels.astype(np.int64),
        "fraction": n_voxels / max(n_voxels.sum(), 1),
        scale.content_name: n_voxels * scale.element_content,
        "n_objects": np.bincount(row[are_objects(table)], minlength=len(classes)),
    }


def are_objects(table):
    """Which rows are objects: all, where none are given."""
    return (
        table["object"] > 0 if "object" in table else np.ones(len(table["class"]), bool)
    )


def object_columns(table, names, scale, shape):
    is_object = are_objects(table)
    table = {name: values[is_object] for name, values in table.items()}
    n_voxels = table["n_voxels"]
    content = n_voxels * scale.element_content
    dimension = len(scale.spacing)
    radius = (content / scale.words.unit_ball) ** (1 / dimension)
    columns = {
        "object": table.get("object", np.arange(1, len(n_voxels) + 1)),
        "class": table["class"],
        "name": [names[class_] for class_ in table["class"].tolist()],
        f"n_{scale.words.element}s": n_voxels.astype(np.int64),
        scale.content_name: content,
        scale.boundary_name: sum(
            table[f"faces_{axis}"] * (scale.element_content / step)
            for axis, step in scale.axes
        ),
        f"equivalent_diameter_{scale.unit}": 2 * radius,
    }
    centroid = {axis: table[f"sum_{axis}"] / n_voxels for axis, _ in scale.axes}
    for axis, _ in scale.axes:
        columns[f"centroid_{axis}_{scale.words.element}"] = centroid[axis]
    # Without a spacing these are the same columns once more.
    for axis, step in scale.axes:
        columns[f"centroid_{axis}_{scale.unit}"] = centroid[axis] * step
    touches = np.zeros(len(n_voxels), bool)
    for (axis, _), size in zip(scale.axes, shape[-dimension:], strict=True):
        start, stop = table[f"start_{axis}"], table[f"stop_{axis}"]
        columns |= {f"start_{axis}": start, f"stop_{axis}": stop}
        touches |= (start == 0) | (stop == size)
    columns["touches_border"] = touches
    if "intensity" in table:
        columns["mean_intensity"] = table["intensity"] / n_voxels
    return columns


def join_columns(tables):
    """Columns of the tables of several maps, and the number of the map."""
    lengths = [len(table["class"]) for table in tables]
    columns = {"map": np.repeat(np.arange(len(tables)), lengths)}
    for name in tables[0]:
        columns[name] = np.concatenate([table[name] for table in tables])
    return columns
