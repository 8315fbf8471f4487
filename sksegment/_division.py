"""How one image is divided into superpixels."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_gradient_magnitude
from skimage.filters import gaussian, sobel
from skimage.measure import label as label_components
from skimage.segmentation import slic, watershed
from skimage.util import regular_grid

__all__ = [
    "FEWEST",
    "MAX_DOUBLINGS",
    "are_too_few",
    "basins_of",
    "compute_superpixels",
    "connected",
    "divide_by_seeds",
    "squeeze",
]

# Of the compactness.
MAX_DOUBLINGS = 8
# What is even has a single basin, but nothing can be compared with nothing.
FEWEST = 4
# Width of the gradient whose basins are counted: the finest that still has a slope.
_GRADIENT_SIGMA = 0.7


def compute_superpixels(
    image: np.ndarray,
    *,
    method: str | Callable[[np.ndarray], np.ndarray] = "slic",
    n_segments: int | Literal["auto"] = 3000,
    compactness: float = 10.0,
    sigma: float = 0.0,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Divide one image into superpixels.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
        CIELAB for colour, otherwise intensities in [0, 100]; what a callable gets.
    method : {"slic", "watershed"} or callable, default="slic"
    n_segments : int or "auto", default=3000
        Aim for the number of superpixels on the whole image, or within ``mask``.
    compactness : float, default=10.0
        Colour difference that weighs as much as the distance between two seeds.
    sigma : float, default=0.0
        Width of a Gaussian blur beforehand, in pixels.
    mask : ndarray of shape (H, W), bool, optional
        Field of view; -1 outside.

    Returns
    -------
    superpixels : ndarray of shape (H, W), int32
        Ids 0..n-1, each of one 4-connected piece.
    """
    if sigma > 0:
        image = gaussian(image, sigma=sigma, channel_axis=-1, preserve_range=True)
    if n_segments == "auto":
        basins = basins_of(image)
        n_segments = max(FEWEST, int(basins.max()))
        if method == "watershed" and basins.max() > 1:
            return connected(basins, mask)
    elif mask is not None:
        # Superpixels are cut by the mask afterwards: masked SLIC is far slower and
        # may give one id to two pieces (scikit-image #8295).
        n_segments = int(np.ceil(int(n_segments) * mask.size / mask.sum()))
    if callable(method):
        labels = _numbered(method(squeeze(image)), image.shape[:2])
        return connected(labels, mask)
    for _ in range(MAX_DOUBLINGS):
        labels = divide_by_seeds(image, method, n_segments, compactness)
        if not are_too_few(labels.max() + 1, method, n_segments, labels.size):
            break
        compactness *= 2
    return connected(labels, mask)


def squeeze(image):
    """Give callables a grey image as (H, W)."""
    return image[..., 0] if image.shape[-1] == 1 else image


def divide_by_seeds(image, method, n_segments, compactness):
    """Divide an image from seeds on a regular grid.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    method : {"slic", "watershed"}
    n_segments : int
        Seeds to aim for: their spacing is a whole number of pixels. Where there would
        be a single one instead of several, there are up to four.
    compactness : float

    Returns
    -------
    labels : ndarray of shape (H, W), int
    """
    if n_segments > 1 and _n_seeds(image.shape[:2], n_segments) < 2:
        n_segments = FEWEST
    return _METHODS[method](image, n_segments, compactness)


def _n_seeds(shape, n_segments):
    """Number of seeds on a regular grid, which in a square are never two."""
    return np.empty(shape, bool)[regular_grid(shape, n_segments)].size


def are_too_few(found, method, n_segments, n_pixels):
    """Whether superpixels have to be made more compact.

    In strong noise those of SLIC fall to pieces, which are then merged into a few
    giants; with more weight on their shape they hold together. One alone is never
    enough.
    """
    enough = max(0.5 * min(n_segments, n_pixels // 16), min(n_segments, 2))
    return method == "slic" and found < enough


def _slic(image, n_segments, compactness):
    # slic stretches every image to [0, 1] by its own extremes; undoing it in the
    # compactness keeps the trade-off between colour and shape the same for all.
    extent = float(image.max() - image.min())
    if extent == 0.0:
        extent = 1.0
    return slic(
        image,
        n_segments=n_segments,
        compactness=compactness / extent,
        convert2lab=False,
        enforce_connectivity=True,
        start_label=0,
        channel_axis=-1,
    )


def _compact_watershed(image, n_segments, compactness):
    gradient = np.sqrt(
        sum(sobel(image[..., c]) ** 2 for c in range(image.shape[-1]))
    ).astype(np.float64)
    spacing = np.sqrt(gradient.size / n_segments)
    return watershed(
        gradient,
        markers=min(n_segments, gradient.size),
        compactness=compactness / max(spacing, 1.0),
    )


def basins_of(image):
    """Basins of the gradient: large where nothing happens, small along structures."""
    squares = sum(
        gaussian_gradient_magnitude(channel.astype(np.float64), _GRADIENT_SIGMA) ** 2
        for channel in np.moveaxis(image, -1, 0)
    )
    return watershed(np.sqrt(squares))


_METHODS = {"slic": _slic, "watershed": _compact_watershed}


def connected(labels, mask=None):
    """Number the 4-connected pieces of equal label 0..n-1; -1 is void."""
    if mask is not None:
        labels = np.where(mask, labels, -1)
    pieces = label_components(labels, background=-1, connectivity=1)
    return (pieces - 1).astype(np.int32)


def _numbered(labels, shape):
    """Labels of a callable, checked and numbered 0..n-1; -1 is void."""
    labels = np.asarray(labels)
    if labels.shape != shape or labels.dtype.kind not in "iu":
        raise ValueError(
            f"the superpixel callable returned {labels.dtype} of shape "
            f"{labels.shape}; expected integer labels of shape {shape}"
        )
    numbers = np.unique(labels, return_inverse=True)[1].reshape(shape)
    void = labels < 0
    if void.all():
        raise ValueError("the superpixel callable returned no label >= 0")
    return np.where(void, -1, numbers)
