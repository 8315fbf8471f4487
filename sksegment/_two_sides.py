"""The two sides of Otsu's threshold, and how far apart they are."""

from dataclasses import dataclass

import numpy as np
from skimage.filters import threshold_otsu

__all__ = ["TwoSides"]


@dataclass(frozen=True)
class TwoSides:
    """The two sides of Otsu's threshold [1]_ of a texture.

    Attributes
    ----------
    low, high : float
        Means of both.
    deviation : float
        Standard deviation within them.
    separability : float
        Variance between over that within: 1.75 for a normal distribution, more for one
        of two peaks; 0 where all values are alike.

    References
    ----------
    .. [1] N. Otsu, "A threshold selection method from gray-level histograms", IEEE
       Transactions on Systems, Man, and Cybernetics 9(1), 1979.
    """

    low: float
    high: float
    deviation: float
    separability: float

    @classmethod
    def of(cls, values, least_deviation):
        """Divide values, (n,)."""
        values = np.asarray(values, float)
        if not len(values) or np.ptp(values) < least_deviation:
            mean = float(values.mean()) if len(values) else 0.0
            return cls(mean, mean, least_deviation, 0.0)
        is_high = values > threshold_otsu(values)
        sides = values[~is_high], values[is_high]
        within = sum(len(side) * side.var() for side in sides) / len(values)
        within = max(within, least_deviation**2)
        ratio = max(values.var() / within - 1.0, 0.0)
        return cls(*(float(side.mean()) for side in sides), float(within**0.5), ratio)
