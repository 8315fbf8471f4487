"""How much memory an image takes, and how much there is."""

import math
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from sksegment._warn import warn_user

__all__ = [
    "MemoryEstimate",
    "available",
    "bytes_of_cell",
    "estimate",
    "warn_of_shortage",
]


def __dir__():
    return __all__


_FLOAT, _INT, _DOUBLE = 4, 4, 8
# Bytes a pixel, measured: see docs/reliability.md.
_SLIC, _SLIC_OF_CHANNEL = 34, 8
_RGB_TO_LAB = 68
_POOLING = 16
# Feature maps of the first level, and soft labels, that are there at once.
_MAPS, _SOFT = 6, 3
_MAPS_IN_TRAINING, _SOFT_IN_TRAINING = 22, 4
# Those of the dense models at full size.
_SOFT_ENLARGED, _SOFT_ENLARGED_IN_TRAINING = 1.25, 4.5
# Soft labels of pixels, and while they are transposed.
_COPIES_OF_EVIDENCE = 2
# Weights, gradients, moments, and the copies to go back to.
_COPIES_OF_WEIGHTS = 9
# Weights of the affinity of a pixel.
_NEIGHBOURS = 34
_CGROUP = Path("/sys/fs/cgroup")
_Shapes: TypeAlias = tuple[int, ...] | Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes that a fit or a prediction takes beside the images themselves.

    Attributes
    ----------
    images : int
        Images on the scale of the net.
    superpixels : int
        While they are made.
    net : int
        Feature maps and soft labels, on the device of the net.
    answers : int
        Label maps.
    total : int
        At the worst moment, on this machine.
    available : int or None
        What is free now; None where that is not known.
    """

    images: int
    superpixels: int
    net: int
    answers: int
    total: int
    available: int | None

    @property
    def fits(self) -> bool:
        """Whether there is enough."""
        return self.available is None or self.total <= self.available

    def __str__(self):
        parts = ", ".join(
            f"{name} {_readable(getattr(self, name))}"
            for name in ("images", "superpixels", "net", "answers")
        )
        free = ""
        if self.available is not None:
            free = f"; {_readable(self.available)} are free"
        return f"about {_readable(self.total)} of memory ({parts}){free}"


def estimate(
    estimator: Any, shapes: _Shapes, *, training: bool = False
) -> MemoryEstimate:
    """Estimate the memory of a fit or of a prediction before it is begun.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
        Fitted or not.
    shapes : (int, int), (int, int, int) or list of them
        Of the images, (H, W) or (H, W, C). The predicted ones come one after the other,
        and the largest counts; for a fit all are in memory together.
    training : bool, default=False
        Whether it is for `fit`.

    Returns
    -------
    estimate : MemoryEstimate
        ``print`` shows it. A prediction that does not fit is done part by part.

    Examples
    --------
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.memory import estimate
    >>> model = SparseWNetSegmenter()
    >>> small, large = (estimate(model, (n, n)).total for n in (500, 5000))
    >>> large > 50 * small
    True
    """
    if isinstance(shapes[0], Integral):
        shapes = [shapes]
    each = [_of_image(estimator, shape, training) for shape in shapes]
    worst = _Bytes.together(each) if training else max(each, key=lambda one: one.total)
    sizes = {name: int(size) for name, size in worst._asdict().items()}
    return MemoryEstimate(**sizes, total=int(worst.total), available=available())


def warn_of_shortage(estimator: Any, shapes: _Shapes) -> None:
    """Warn before a fit for which there seems to be too little memory.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    shapes : list of (int, int, int)
        Of the training images.
    """
    expected = estimate(estimator, shapes, training=True)
    if not expected.fits:
        warn_user(
            f"training will take {expected}; train on a part of the images (predict "
            "labels all of them part by part), or set a smaller resolution",
            RuntimeWarning,
        )


class _Bytes(NamedTuple):
    """What images take, see `MemoryEstimate`."""

    images: float
    superpixels: float
    net: float
    answers: float

    @classmethod
    def together(cls, each):
        """Of images of which all are kept, but one at a time is worked on."""
        images, superpixels, net, answers = zip(*each, strict=True)
        return cls(sum(images), max(superpixels), max(net), sum(answers))

    @property
    def total(self):
        """At the worst moment: superpixels are made before the net is at work."""
        return self.images + self.answers + max(self.superpixels, self.net)


def _of_image(estimator, shape, training):
    height, width, n_channels = (*shape, 1)[:3]
    n_pixels = height * width
    n_cells = n_pixels * estimator.resolution**2
    images = (n_pixels + n_cells) * n_channels * _FLOAT
    # Scaling an image takes as much for a moment as its superpixels do later.
    superpixels = n_pixels * (_RGB_TO_LAB if n_channels == 3 else 2 * _DOUBLE)
    net = n_cells * bytes_of_cell(estimator, training)
    if estimator._has_superpixels:
        # Training keeps the pooling by rows and by columns.
        copies = 3 if training else 1
        images += n_pixels * _INT + copies * n_cells * _POOLING
        slic = n_pixels * (_SLIC + _SLIC_OF_CHANNEL * n_channels)
        superpixels = max(superpixels, slic)
        if estimator.assignment in ("pixel", "region"):
            evidence = n_pixels * _FLOAT * (_n_used(estimator) + n_channels + 1)
            if training:
                images += evidence
            else:
                soft = n_cells * _FLOAT * estimator.max_labels
                net = max(net, soft + _COPIES_OF_EVIDENCE * evidence)
    else:
        copies = _SOFT_ENLARGED_IN_TRAINING if training else _SOFT_ENLARGED
        if training and estimator.beta_cut > 0:
            net += n_cells * _NEIGHBOURS * _FLOAT
        net = max(net, n_pixels * estimator.max_labels * _FLOAT * copies)
    if training:
        net += _COPIES_OF_WEIGHTS * _FLOAT * _n_weights(estimator, n_channels)
    return _Bytes(images, superpixels, net, n_pixels * _INT)


def _n_used(estimator):
    """Labels that pixels may get: at most all."""
    fractions = getattr(estimator, "label_fractions_", None)
    return estimator.max_labels if fractions is None else int((fractions > 0).sum())


def _n_weights(estimator, n_channels):
    import torch

    from sksegment.fitting import net_size
    from sksegment.nn import WNet

    with torch.device("meta"):
        net = WNet(**net_size(estimator, n_channels))
    return sum(weight.numel() for weight in net.parameters())


def bytes_of_cell(estimator: Any, training: bool = False) -> float:
    """Bytes that the net of an estimator takes for one cell of its grid.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    training : bool, default=False
        Whether it is for `fit`.

    Returns
    -------
    n_bytes : float
    """
    from sksegment.training import choose_device, choose_dtype

    dtype = choose_dtype(estimator.precision, choose_device(estimator.device))
    maps = dtype.itemsize * estimator.base_channels
    soft = _FLOAT * estimator.max_labels
    if training:
        return _MAPS_IN_TRAINING * maps + _SOFT_IN_TRAINING * soft
    return max(_MAPS * maps, _SOFT * soft)


def available() -> int | None:
    """Bytes of memory that this process may still take.

    Returns
    -------
    n_bytes : int or None
        The least of what the machine has free, what a container allows, and what the
        process is limited to; None where none of them can be known.
    """
    bounds = [*_of_machine(), *_of_container(), *_of_process()]
    return max(0, min(bounds)) if bounds else None


def _of_machine():
    try:
        text = Path("/proc/meminfo").read_text()
        return [1024 * int(re.search(r"MemAvailable:\s+(\d+)", text)[1])]
    except (OSError, TypeError):
        pass
    psutil = sys.modules.get("psutil")
    if psutil is not None:
        return [psutil.virtual_memory().available]
    if hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        return [os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    return []


def _of_container():
    """What the control group leaves, in both of the versions of Linux."""
    for limit, used, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        (
            "memory/memory.limit_in_bytes",
            "memory/memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ):
        try:
            most = int((_CGROUP / limit).read_text())
            now = int((_CGROUP / used).read_text())
            text = (_CGROUP / limit).with_name("memory.stat").read_text()
            # Files that were read are forgotten when there is need.
            files = re.search(rf"^{cache} (\d+)$", text, re.MULTILINE)
            return [most - now + (int(files[1]) if files else 0)]
        except (OSError, ValueError):
            # "max" is no limit.
            continue
    return []


def _of_process():
    """What ``ulimit`` leaves."""
    try:
        import resource

        status = Path("/proc/self/status").read_text()
    except (ImportError, OSError):
        return []
    bounds = []
    for name, kind in (("VmSize", "RLIMIT_AS"), ("VmData", "RLIMIT_DATA")):
        most = resource.getrlimit(getattr(resource, kind))[0]
        if most != resource.RLIM_INFINITY:
            bounds.append(most - 1024 * int(re.search(rf"{name}:\s+(\d+)", status)[1]))
    return bounds


def _readable(n_bytes):
    """Write a number of bytes with three digits.

    Examples
    --------
    >>> from sksegment.memory import _readable
    >>> _readable(4_000_000_000), _readable(12_340), _readable(7)
    ('4 GB', '12.3 kB', '7 bytes')
    """
    power = int(math.log(max(n_bytes, 1), 1000))
    unit = ("bytes", "kB", "MB", "GB", "TB")[min(power, 4)]
    return f"{n_bytes / 1000 ** min(power, 4):.3g} {unit}"
