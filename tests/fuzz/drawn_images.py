"""Images of any kind, as strategies of hypothesis, and how many cases a test has.

An image is drawn as a few numbers and then made with NumPy: that is fast, and what
fails shrinks to a small image of a simple pattern.
"""

import os
from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

__all__ = ["cases", "float_image_sets", "image_sets", "is_fuzzing", "label_maps"]

# In `make fuzz` every test has so many times as many cases as in `make test`.
MORE = 25
MIN_SIDE = 8

INTEGERS = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", ">u2", ">i4"]
FLOATS = ["f2", "f4", "f8", ">f4", "longdouble"]
PATTERNS = ["constant", "disc", "hot pixel", "noise", "ramp", "sparse", "two halves"]


def is_fuzzing():
    """Whether this is `make fuzz`."""
    return os.environ.get("SKSEGMENT_FUZZ", "") not in ("", "0")


def cases(n):
    """Let a test have n cases in `make test`, and `MORE` times as many when fuzzing."""
    return settings(max_examples=MORE * n if is_fuzzing() else n)


def sides():
    """Heights and widths: small ones mostly, odd ones too, up to 300 when fuzzing."""
    small = st.integers(MIN_SIDE, 40)
    return st.one_of(small, small, st.integers(41, 300)) if is_fuzzing() else small


def _pattern(name, shape, rng):
    """Values in [0, 1], of shape (H, W, C)."""
    height, width, n_channels = shape
    rows, columns = np.mgrid[:height, :width][..., np.newaxis]
    weights = 1.0 - np.arange(n_channels) / (2 * n_channels)
    if name == "constant":
        return np.broadcast_to(weights, shape)
    if name == "disc":
        inside = (rows - height / 2) ** 2 + (columns - width / 2) ** 2 < height**2 / 9
        return np.clip(weights * inside + rng.normal(0, 0.05, shape), 0, 1)
    if name == "hot pixel":
        image = np.zeros(shape)
        image[rng.integers(height), rng.integers(width)] = 1.0
        return image
    if name == "noise":
        return rng.random(shape)
    if name == "ramp":
        return weights * (rows + columns) / (height + width)
    if name == "sparse":
        return (rng.random(shape) < 0.01).astype(float)
    return weights * (columns < width / 2)


def _ranges(dtype):
    """Pairs of values that 0 and 1 of a pattern become."""
    if dtype.kind == "b":
        return [(0, 1)]
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        wide = [(info.min, info.max), (0, info.max), (info.max - 3, info.max)]
        return [(0, 1), (0, min(255, info.max)), *wide]
    # Beyond float64 nothing is an image, see tests/test_validation.py.
    info = np.finfo(min(dtype, np.dtype("f8")))
    largest, tiny = float(info.max), float(info.tiny)
    denormal = float(info.smallest_subnormal)
    return [
        *((0, 1), (-1, 1), (0, 255), (1000, 1000.5), (-3, -2)),
        *((0, largest), (-largest, largest), (largest / 2, largest)),
        *((0, 4 * tiny), (-tiny, tiny), (0, 9 * denormal), (denormal, 2 * denormal)),
        *((-1e-30, 1e-30), (0, min(1e30, largest))),
    ]


def _as_dtype(pattern, low, high, dtype):
    # In long double not even the largest float64 overflows on the way.
    exact = np.longdouble
    values = exact(low) * (1 - pattern) + exact(high) * pattern
    if dtype.kind in "iu":
        values = np.rint(values)
    # numpy 1 warns of the largest integer of 64 bits, which it casts rightly.
    with np.errstate(invalid="ignore" if dtype.kind in "iu" else "warn"):
        return np.clip(values, exact(low), exact(high)).astype(dtype)


@dataclass(frozen=True)
class ImageSet:
    """What a list of images is made of; a failure shows this, not the pixels.

    Attributes
    ----------
    dtype : str
    limits : (float, float)
        Values that 0 and 1 of a pattern become.
    shapes : tuple of (int, int, int)
    patterns : tuple of str
    seeds : tuple of int
    squeezed : bool
        Grey images have no axis of channels.
    """

    dtype: str
    limits: tuple
    shapes: tuple
    patterns: tuple
    seeds: tuple
    squeezed: bool

    def make(self, factor=1.0):
        """Make the images, all values times a factor."""
        dtype = np.dtype(self.dtype)
        images = []
        for shape, name, seed in zip(
            self.shapes, self.patterns, self.seeds, strict=True
        ):
            pattern = _pattern(name, shape, np.random.default_rng(seed))
            image = _as_dtype(pattern, *self.limits, dtype)
            if factor != 1.0:
                image = image * dtype.type(factor)
            images.append(image[..., 0] if self.squeezed else image)
        return images


@st.composite
def image_sets(draw, dtypes=INTEGERS + FLOATS, ranges=None, max_images=3, channels=8):
    """Sets of one to three images of one dtype, range and number of channels."""
    dtype = draw(st.sampled_from(dtypes))
    limits = draw(st.sampled_from(ranges or _ranges(np.dtype(dtype))))
    n_channels = draw(st.integers(1, channels))
    sizes = draw(st.lists(st.tuples(sides(), sides()), min_size=1, max_size=max_images))
    return ImageSet(
        dtype,
        limits,
        tuple((*size, n_channels) for size in sizes),
        tuple(draw(st.sampled_from(PATTERNS)) for _ in sizes),
        tuple(draw(st.integers(0, 99)) for _ in sizes),
        n_channels == 1 and draw(st.booleans()),
    )


def float_image_sets(**options):
    """Sets of images of floats that are far from the ends of the type."""
    ranges = [(0, 1), (-1, 1), (0, 255), (1000, 1000.5), (-3, -2), (0, 1e-3)]
    return image_sets(dtypes=["f4", "f8"], ranges=ranges, **options)


@st.composite
def label_maps(draw, n_maps=1, max_labels=40):
    """Label maps of one shape, of random places or of stripes, some void."""
    shape = draw(sides()), draw(sides())
    maps = []
    for _ in range(n_maps):
        n_labels = draw(st.integers(1, max_labels))
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        if draw(st.booleans()):
            labels = rng.integers(n_labels, size=shape)
        else:
            labels = np.broadcast_to(np.arange(shape[1]) * n_labels // shape[1], shape)
        void = rng.random(shape) < draw(st.sampled_from([0.0, 0.0, 0.2]))
        maps.append(np.where(void, -1, labels))
    return maps
