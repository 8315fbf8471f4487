"""Checks of what shall be merged, and of the rules of every class."""

from collections.abc import Mapping
from itertools import pairwise
from numbers import Integral, Real

import numpy as np

__all__ = ["check_class", "check_merge", "check_rules", "check_size", "find_classes"]

_RULES = ("opening", "closing", "fill_holes", "min_size")


def find_classes(maps):
    """Classes of some maps of int64 labels, in ascending order, without void."""
    classes = {class_ for map_ in maps for class_ in np.unique(map_).tolist()}
    return sorted(class_ for class_ in classes if class_ >= 0)


def check_merge(merge, classes, void, largest):
    """Check what shall be merged; returns a dict of class to its new class."""
    new = {} if merge is None else _as_mapping(merge)
    for source, target in new.items():
        check_class(source, classes, "merge")
        if not isinstance(target, Integral) or not 0 <= target <= largest:
            raise ValueError(
                f"merge turns {source} into {target!r}; classes are whole numbers from "
                f"0 to {largest}, the largest the labels' dtype holds"
            )
        if target == void:
            raise ValueError(f"merge turns {source} into {target}, which is void")
        if target in new:
            raise ValueError(
                f"merge turns {source} into {target} and {target} into "
                f"{new[target]}; name the last class for both"
            )
    return new


def _as_mapping(merge):
    if isinstance(merge, Mapping):
        pairs = merge.items()
    else:
        groups = [merge] if isinstance(merge, (str, Integral)) else list(merge)
        if any(np.ndim(g) != 1 or isinstance(g, (set, Mapping)) for g in groups):
            raise ValueError(
                f"merge must be a dict such as {{5: 2, 6: 2}} or groups such as "
                f"[[2, 5, 6]], got {merge!r}"
            )
        members = sorted(member for group in groups for member in group)
        for one, other in pairwise(members):
            if one == other:
                raise ValueError(f"merge has class {one} twice; name it once")
        pairs = [(member, group[0]) for group in groups for member in group]
    return {source: target for source, target in pairs if source != target}


def check_rules(rules, classes, *, fill_holes, min_size):
    """Rules of all classes: those that have their own first, then the others."""
    rules = {} if rules is None else rules
    if not isinstance(rules, Mapping) or not all(
        isinstance(rule, Mapping) for rule in rules.values()
    ):
        raise ValueError(
            f"rules must be a dict of dicts such as {{1: {{'min_size': 200}}}}, got "
            f"{rules!r}"
        )
    common = {
        "opening": 0,
        "closing": 0,
        "fill_holes": check_size(fill_holes, "fill_holes"),
        "min_size": check_size(min_size, "min_size"),
    }
    plan = {}
    for class_, rule in rules.items():
        check_class(class_, classes, "rules")
        plan[int(class_)] = common | _check_rule(rule, class_)
    return plan | {class_: common for class_ in classes if class_ not in plan}


def _check_rule(rule, class_):
    for name, value in rule.items():
        where = f"{name!r} of class {class_} in rules"
        if name not in _RULES:
            raise ValueError(f"{where} is unknown; there are {', '.join(_RULES)}")
        if name in ("fill_holes", "min_size"):
            check_size(value, where)
        elif not isinstance(value, Real) or not 0 <= value < np.inf:
            raise ValueError(f"{where} must be a radius of at least 0, got {value!r}")
    return dict(rule)


def check_size(size, name):
    """Check a number of pixels or voxels."""
    if not isinstance(size, Integral) or size < 0:
        raise ValueError(f"{name} must be a whole number from 0, got {size!r}")
    return size


def check_class(class_, classes, name):
    """Refuse a class that the labels do not have."""
    if class_ not in classes:
        raise ValueError(
            f"{name} has class {class_!r}, but the labels have "
            f"{', '.join(map(str, classes)) or 'nothing but void'}"
        )
