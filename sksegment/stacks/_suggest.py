"""Which slices of a stack to train on, when nothing is labelled."""

import operator
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.spatial import cKDTree

from sksegment._validation import check_image
from sksegment.stacks._open import opened
from sksegment.superpixels import SuperpixelTransformer, is_of_each_image

__all__ = ["suggest_training_slices"]

_MAX_SIDE = 512
_SCALES = (1, 3)
_N_SAMPLES = 1024
_MAX_QUERIES = 20_000
_MAX_SWEEPS = 10
# A slice is empty if its contrast is less than this share of the upper quartile: most
# slices of a scan may lie beside the sample.
_EMPTY = 0.1


def suggest_training_slices(
    stack: Any,
    n: int = 1,
    *,
    axes: str | None = None,
    dataset: str | None = None,
    max_slices: int = 200,
    mask: np.ndarray
    | Literal["finite"]
    | Callable[[np.ndarray], np.ndarray]
    | None = None,
) -> list[int]:
    """Choose the slices that together show best what is in all of them.

    A pixel is described by its grey and that of its surroundings. The slices are chosen
    so that for every pixel of the stack there is one like it in one of them: a slice
    that lacks a rare material is passed over for one that has it.

    Parameters
    ----------
    stack : Stack, path-like, array-like or sequence of ndarray
        Whatever `open_stack` accepts. It is read once.
    n : int, default=1
        Number of slices.
    axes, dataset : str, optional
        As for `open_stack`.
    max_slices : int, default=200
        Of a longer stack only so many slices are looked at, evenly spread.
    mask : ndarray of shape (H, W), bool, "finite", or callable, optional
        Field of view of all slices, what of each is neither NaN nor infinite, or a
        function from a slice to its own: what is outside is not looked at, and may be
        NaN.

    Returns
    -------
    indices : list of int
        In ascending order; the same in every run.

    Raises
    ------
    ValueError
        If ``n`` is larger than the number of slices that can be trained on, or the mask
        is empty or of another shape than the slices.

    See Also
    --------
    open_stack : Open a file, a folder or an array as a stack.

    Notes
    -----
    Never chosen are slices that cannot be read, hold NaN or infinity, lie outside of
    the field of view, are constant, or have less than a tenth of the contrast of the
    others, as beside the sample. What is minimised is the mean squared distance of
    20,000 pixels of all slices to the nearest of 1024 pixels of a chosen one: by a
    greedy choice, and exchanges as long as they help. About 0.1 s a slice beside the
    time to read it.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.datasets import make_tomogram
    >>> from sksegment.stacks import suggest_training_slices
    >>> rock, _ = make_tomogram((6, 64, 64), random_state=0)
    >>> steel, _ = make_tomogram((3, 64, 64), kind="steel", random_state=0)
    >>> volume = np.concatenate([np.zeros_like(steel), rock, steel])
    >>> first, second = suggest_training_slices(volume, n=2)
    >>> 3 <= first < 9 <= second
    True
    """
    n = _check_count("n", n)
    max_slices = _check_count("max_slices", max_slices)
    with opened(stack, axes=axes, dataset=dataset) as stack:
        n_seen = min(len(stack), max_slices)
        seen = np.linspace(0, len(stack) - 1, n_seen).round().astype(int)
        field = SuperpixelTransformer(mask=_check_mask(mask, stack)).mask_of
        indices, samples = _sample_slices(stack, seen.tolist(), field)
    if len(indices) < n:
        raise ValueError(
            f"n={n}, but of the {n_seen} slices of {stack.source} that were looked at "
            f"{len(indices)} can be trained on; ask for no more, or raise max_slices"
        )
    chosen = _choose(_coverage(samples), n)
    return sorted(indices[position] for position in chosen)


def _check_count(name, value):
    try:
        count = operator.index(value)
    except TypeError:
        count = 0
    if count < 1 or isinstance(value, bool):
        raise ValueError(f"{name}={value!r}; expected a whole number of at least 1")
    return count


def _check_mask(mask, stack):
    if mask is None or is_of_each_image(mask):
        return mask
    mask = np.asarray(mask)
    if mask.dtype.kind == "f" and np.isnan(mask).any():
        raise ValueError(
            "the mask has NaN, which is neither inside nor outside; replace it first, "
            "e.g. with numpy.nan_to_num"
        )
    mask = mask.astype(bool)
    if mask.shape != stack.shape[1:3] or not mask.any():
        raise ValueError(
            f"the mask has shape {mask.shape} and {mask.sum()} pixels inside; slices "
            f"of {stack.source} have shape {stack.shape[1:3]}"
        )
    return mask


def _sample_slices(stack, seen, field):
    """Describe some pixels of every slice that can be trained on.

    Returns
    -------
    indices : list of int
        Of those slices.
    samples : ndarray of shape (len(indices), n_pixels, n_features)
        Every feature has the standard deviation 1 in the stack.
    """
    indices, samples, contrasts = [], [], []
    reason = "they are constant"
    for index in seen:
        try:
            image = check_image(stack[index], index, field)
            image = _within(image, field(image, index))
        except ValueError as error:  # a SliceError too
            reason = str(error)
            continue
        sample, contrast = _describe(image)
        if contrast > 0:
            indices.append(index)
            samples.append(sample)
            contrasts.append(contrast)
    if not indices:
        raise ValueError(f"no slice of {stack.source} can be trained on: {reason}")
    kept = np.flatnonzero(contrasts >= _EMPTY * np.quantile(contrasts, 0.75))
    samples = np.stack(samples)[kept]
    spread = samples.std(axis=(0, 1))
    return [indices[i] for i in kept], samples / np.where(spread > 0, spread, 1.0)


def _within(image, mask):
    """Image that outside of a mask has the median of the inside."""
    if mask is None:
        return image
    return np.where(mask[..., np.newaxis], image, np.median(image[mask], axis=0))


def _describe(image):
    """Grey of some pixels and of their surroundings, and the contrast of the slice.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)

    Returns
    -------
    sample : ndarray of shape (n_pixels, 2 C)
    contrast : float
        Standard deviation of means over 9 x 9 pixels, in which noise is small;
        0 if the slice is constant.
    """
    image = _shrink(image)
    scales = [gaussian_filter(image, (sigma, sigma, 0)) for sigma in _SCALES]
    features = np.concatenate(scales, axis=-1).reshape(-1, 2 * image.shape[-1])
    contrast = uniform_filter(image, (9, 9, 1)).std(axis=(0, 1)).max()
    # Always the same pixels: equal slices are described alike.
    drawn = np.random.default_rng(0).permutation(len(features))[:_N_SAMPLES]
    return features[drawn], contrast if np.ptp(image, axis=(0, 1)).any() else 0.0


def _shrink(image):
    """Average blocks of pixels, so that no side is longer than 512."""
    height, width, n_channels = image.shape
    step = -(-max(height, width) // _MAX_SIDE)
    rows, columns = max(1, height // step), max(1, width // step)
    blocks = image[: rows * step, : columns * step]
    blocks = blocks.reshape(rows, -1, columns, step, n_channels)
    return blocks.mean(axis=(1, 3), dtype=np.float64)


def _coverage(samples):
    """Squared distances of pixels of all slices to the nearest one of each slice.

    Parameters
    ----------
    samples : ndarray of shape (n_slices, n_pixels, n_features)

    Returns
    -------
    distances : ndarray of shape (n_slices, n_queries), float32
    """
    n_each = max(1, _MAX_QUERIES // len(samples))
    queries = samples[:, :n_each].reshape(-1, samples.shape[-1])
    # Many pixels may be equal, of which balanced trees are slow.
    trees = (cKDTree(sample, balanced_tree=False) for sample in samples)
    return np.stack([tree.query(queries)[0].astype(np.float32) ** 2 for tree in trees])


def _choose(distances, n):
    """Choose rows whose smallest entries have the least mean."""
    chosen = []
    for _ in range(n):
        chosen.append(_best_addition(distances, chosen))
    for _ in range(_MAX_SWEEPS):
        before = set(chosen)
        # Each in turn is given up for what goes best with the others.
        for _ in range(n):
            chosen.pop(0)
            chosen.append(_best_addition(distances, chosen))
        if set(chosen) == before:
            break
    return chosen


def _best_addition(distances, chosen):
    nearest = distances[chosen].min(axis=0, initial=np.inf)
    means = np.minimum(distances, nearest).mean(axis=1, dtype=np.float64)
    means[chosen] = np.inf
    return int(means.argmin())
