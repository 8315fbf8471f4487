"""A made tomogram with ground truth: rock or steel, seen by X-rays or neutrons."""

import operator
from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.utils import check_random_state

from sksegment.datasets._phantom import (
    CLAY,
    CRACK,
    MATRIX,
    make_structure,
    smooth_noise,
)

__all__ = ["make_tomogram"]

_MIN_SHAPE = (1, 32, 32)
_MIN_GRAIN = 6.0
# From one grey of "contrast" to the steps of an uint16 image.
_UINT16 = (8192.0, 40960.0)


@dataclass(frozen=True)
class _Material:
    """What a kind of sample is made of.

    ``greys`` are those of pore, matrix, clay, inclusion and crack by contrast; ``tone``
    is the spread of grey from grain to grain.
    """

    porosity: float
    clay: float
    inclusions: float
    tone: float
    greys: dict


_KINDS = {
    "rock": _Material(
        porosity=0.12,
        clay=0.05,
        inclusions=0.015,
        tone=0.025,
        greys={
            "xray": (0.15, 0.45, 0.47, 0.95, 0.15),
            "neutron": (0.65, 0.30, 0.85, 0.20, 0.05),
        },
    ),
    "steel": _Material(
        porosity=0.0,
        clay=0.0,
        inclusions=0.0,
        tone=0.01,
        greys={
            "xray": (0.20, 0.70, 0.55, 0.90, 0.20),
            "neutron": (0.20, 0.55, 0.80, 0.30, 0.20),
        },
    ),
}


def make_tomogram(
    shape: tuple[int, int, int] = (64, 256, 256),
    *,
    kind: Literal["rock", "steel"] = "rock",
    contrast: Literal["xray", "neutron"] = "xray",
    grain_size: float = 24.0,
    porosity: float | None = None,
    clay: float | None = None,
    inclusions: float | None = None,
    cracks: int = 1,
    noise: float = 0.15,
    blur: float = 0.7,
    rings: float = 0.06,
    drift: float = 0.05,
    field_of_view: bool = False,
    dtype: Literal["uint16", "float32"] = "uint16",
    random_state: int | np.random.RandomState | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Make a tomogram of a rock or of cracked steel, and its ground truth.

    A rock is packed grains that touch, pores between them, clay that fills some of the
    pores with nearly the grey of the grains but a rougher texture, dense inclusions and
    thin cracks. Steel is one phase with hardly a texture, and cracks.

    Parameters
    ----------
    shape : tuple of (int, int, int), default=(64, 256, 256)
        Number of slices, height and width in voxels; at least (1, 32, 32).
    kind : {"rock", "steel"}, default="rock"
        Material of the sample.
    contrast : {"xray", "neutron"}, default="xray"
        What the greys mean. With X-rays what is dense is bright: from pores over grains
        and clay to inclusions. With neutrons what holds hydrogen is bright: clay and
        the water in the pores; metallic inclusions are faint, cracks are dry and dark.
    grain_size : float, default=24.0
        Mean diameter of the grains in voxels, at least 6.
    porosity, clay, inclusions : float, optional
        Fractions of the volume before it cracks. By default 0.12, 0.05 and 0.015 in a
        rock, and 0 in steel.
    cracks : int, default=1
        Number of cracks: warped planes, 1 to 3 voxels wide, that may end inside.
    noise : float, default=0.15
        Standard deviation of the noise in the matrix, where the difference of the greys
        of matrix and crack is 1; in brighter materials it is stronger.
    blur : float, default=0.7
        Standard deviation of the point spread in voxels: partial volumes.
    rings : float, default=0.06
        Standard deviation of the ring artefacts, in the unit of ``noise``. They lie
        around the centre of the slices and change slowly from slice to slice.
    drift : float, default=0.05
        Change of the brightness from the first slice to the last, as a fraction.
    field_of_view : bool, default=False
        Whether only the inscribed circle of a slice was seen. Outside the volume is 0
        and the label -1, void, which no score counts.
    dtype : {"uint16", "float32"}, default="uint16"
        Type of the volume. Floats are greys, with 0.15 for air and 0.45 for the grains
        of a rock under X-rays; uint16 is 8192 + 40960 times that.
    random_state : int, RandomState instance or None, default=None
        Seed. What is made of the sample does not depend on how it is seen: with one
        seed, ``contrast``, ``noise``, ``blur``, ``rings``, ``drift`` and ``dtype``
        leave the labels alone.

    Returns
    -------
    volume : ndarray of shape (z, y, x), uint16 or float32
    labels : ndarray of shape (z, y, x), int32
        0 pore, 1 matrix (grains, or steel), 2 clay, 3 inclusion, 4 crack; -1 outside
        the field of view. Cracks and pores look the same under X-rays:
        ``np.where(labels == 4, 0, labels)`` makes them one class.

    Raises
    ------
    ValueError
        If a parameter is out of its range; the message names it.

    Notes
    -----
    Grains are the cells of a Voronoi tessellation with ellipsoidal distances; pores are
    where the next grain is farthest away, so that their fraction is exact. About 0.4 us
    and 40 bytes a voxel; grains of 6 voxels take three times as long.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.datasets import make_tomogram
    >>> volume, labels = make_tomogram((8, 64, 64), random_state=0)
    >>> volume.shape, volume.dtype, np.unique(labels)
    ((8, 64, 64), dtype('uint16'), array([0, 1, 2, 3, 4], dtype=int32))
    >>> bool(volume[labels == 3].mean() > volume[labels == 1].mean())
    True
    """
    sample = _check_sample(kind, contrast, porosity, clay, inclusions)
    shape = _check_shape(shape)
    _check_at_least("grain_size", grain_size, _MIN_GRAIN)
    _check_at_least("cracks", cracks, 0, Integral)
    for name, value in (("noise", noise), ("blur", blur), ("rings", rings)):
        _check_at_least(name, value, 0)
    _check_at_least("drift", drift, -0.9)
    dtype = getattr(dtype, "__name__", dtype)  # numpy.uint16 will do as well
    _check_choice("dtype", dtype, ("uint16", "float32"))

    rng = _generator(random_state)
    structure, appearance = rng.spawn(2)
    labels, tones = make_structure(shape, sample, grain_size, cracks, structure)
    greys = np.asarray(sample.greys[contrast], np.float32)
    unit = abs(greys[MATRIX] - greys[CRACK])
    volume = _paint(labels, tones, greys, sample.tone, appearance)
    volume = gaussian_filter(volume, blur, truncate=3.0)
    _add_noise(volume, noise * unit, greys[MATRIX], appearance)
    radius = _radius(shape[1:])
    _add_rings(volume, radius, rings * unit, appearance)
    _add_drift(volume, drift, appearance)
    if field_of_view:
        outside = radius > 0.5 * min(shape[1:])
        labels[:, outside] = -1
    volume = _as_type(volume, dtype)
    if field_of_view:
        volume[:, outside] = 0
    return volume, labels


def _paint(labels, tones, greys, tone, rng):
    """Give each class its grey, each grain its own, and clay its rough texture."""
    shape = labels.shape
    volume = greys[labels]
    spread = np.where(labels == MATRIX, np.float32(tone), np.float32(0))
    volume += spread * tones
    volume += 0.2 * spread * smooth_noise(shape, 2.5, rng)
    clay = labels == CLAY
    if clay.any():
        texture = smooth_noise(shape, 1.5, rng)[clay]
        volume[clay] *= 1 + 0.25 * texture
    return volume


def _add_noise(volume, deviation, grey, rng):
    """Add noise to the slices whose variance is half constant, half by brightness."""
    for plane in volume:
        scale = deviation * np.sqrt(0.5 + 0.5 * np.maximum(plane, 0) / grey)
        plane += scale * rng.standard_normal(plane.shape, dtype=np.float32)


def _radius(shape):
    """Distance of the pixels of a slice to its centre."""
    rows, columns = (np.arange(n) - 0.5 * (n - 1) for n in shape)
    return np.hypot(rows[:, np.newaxis], columns)


def _add_rings(volume, radius, deviation, rng):
    """Add rings: elements of the detector that count wrongly, a few of them much so."""
    n_rings = int(radius.max()) + 2
    gains = rng.standard_normal(n_rings) ** 3 / np.sqrt(15.0)
    changes = 0.3 * smooth_noise((len(volume), n_rings, 1), 20.0, rng)[..., 0]
    profiles = deviation * gains * (1 + changes)
    inner = radius.astype(int)
    share = radius - inner
    for plane, profile in zip(volume, profiles, strict=True):
        plane += (1 - share) * profile[inner] + share * profile[inner + 1]


def _add_drift(volume, drift, rng):
    """Change the brightness of the slices, by and large evenly."""
    n = len(volume)
    way = np.linspace(0, 1, n)
    bends = 0.05 * np.sin(np.pi * way) * smooth_noise((n, 1, 1), n / 4.0, rng).ravel()
    volume *= (1 + drift * (way + bends)).astype(np.float32)[:, np.newaxis, np.newaxis]


def _as_type(volume, dtype):
    if dtype == "float32":
        return volume
    offset, step = _UINT16
    volume *= step
    volume += offset
    return np.clip(np.rint(volume, out=volume), 0, 65535, out=volume).astype(np.uint16)


def _generator(random_state):
    if random_state is None:
        return np.random.default_rng()
    return np.random.default_rng(check_random_state(random_state).randint(2**31))


def _check_sample(kind, contrast, porosity, clay, inclusions):
    """Return the material of a kind with the fractions that were asked for."""
    _check_choice("kind", kind, _KINDS)
    _check_choice("contrast", contrast, _KINDS[kind].greys)
    asked = {"porosity": porosity, "clay": clay, "inclusions": inclusions}
    asked = {name: value for name, value in asked.items() if value is not None}
    for name, value in asked.items():
        _check_at_least(name, value, 0)
    sample = replace(_KINDS[kind], **asked)
    total = sample.porosity + sample.clay + sample.inclusions
    if total > 0.9:
        raise ValueError(
            f"porosity, clay and inclusions are {total:.3g} of the volume together; "
            "leave at least 0.1 for the matrix"
        )
    return sample


def _check_shape(shape):
    wanted = "expected (slices, height, width), at least (1, 32, 32)"
    try:
        sizes = tuple(operator.index(n) for n in shape)
    except TypeError as error:
        raise ValueError(f"shape={shape!r}; {wanted}") from error
    if len(sizes) != 3 or (np.asarray(sizes) < _MIN_SHAPE).any():
        raise ValueError(f"shape={shape!r}; {wanted}")
    return sizes


def _check_choice(name, value, known):
    if value not in tuple(known):
        choices = ", ".join(map(repr, known))
        raise ValueError(f"{name}={value!r} is unknown; choose from {choices}")


def _check_at_least(name, value, low, type_=Real):
    number = "a whole number" if type_ is Integral else "a number"
    is_number = isinstance(value, type_) and not isinstance(value, bool)
    if not is_number or not low <= value < np.inf:
        raise ValueError(f"{name}={value!r}; expected {number} of at least {low:g}")
