"""Types of what goes in and out, for signatures."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

__all__ = [
    "ClassNames",
    "ColorSpace",
    "Images",
    "LabelMaps",
    "Measure",
    "PathLike",
    "Truths",
]

PathLike: TypeAlias = str | os.PathLike[str]
#: Images (H, W) or (H, W, C) of any sizes, or one array of n of them.
Images: TypeAlias = Sequence[np.ndarray] | np.ndarray
#: Label maps (H, W); one array if the images came as one.
LabelMaps: TypeAlias = list[np.ndarray] | np.ndarray
#: Ground truths (H, W), or (A, H, W) of A annotators.
Truths: TypeAlias = Sequence[Any] | np.ndarray
#: Names of classes by their labels, or in the order of the labels.
ClassNames: TypeAlias = Mapping[int, str] | Sequence[str]
#: Colours in which the baselines compare.
ColorSpace: TypeAlias = Literal["auto", "lab", "rgb", "native"]
#: How undecided the shares of the labels are.
Measure: TypeAlias = Literal["margin", "entropy"]
