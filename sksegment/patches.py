"""Patches: random crops, flipped and rotated, from which reconstruction is learnt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator

from sksegment._validation import Integral, fit_context
from sksegment._warn import warn_user

__all__ = ["PatchDraw", "PatchSampler"]


def __dir__():
    return __all__


_MIN_SIDE = 4


@dataclass(frozen=True)
class PatchDraw:
    """Where one batch of patches of one shape comes from.

    Attributes
    ----------
    images : ndarray of shape (n,), int64
        Index of the image of every patch.
    rows, columns : ndarray of shape (n, h, w), int64
        Source pixel of every pixel of every patch, flips and rotations included.
    """

    images: np.ndarray
    rows: np.ndarray
    columns: np.ndarray

    def gather(self, images: Sequence[Any]) -> list[Any]:
        """Cut the patches.

        Parameters
        ----------
        images : list of ndarray or tensor of shape (H, W, C)

        Returns
        -------
        patches : list of ndarray or tensor of shape (m, h, w, C)
            One entry for every image drawn from, in the order of the images.
        """
        return [
            images[i][self.rows[self.images == i], self.columns[self.images == i]]
            for i in np.unique(self.images)
        ]


class PatchSampler(BaseEstimator):
    """Draw random patches of one or several shapes.

    Parameters
    ----------
    shapes : sequence of (int, int), default=((64, 64),)
        Height and width of the patches, in pixels of the image. Patches of one shape
        go through the network together.
    counts : sequence of int, default=(96,)
        Number of patches of every shape in an epoch, from all images together.
    flip : bool, default=True
        Mirror patches at random, up-down and left-right.
    rotate : bool, default=True
        Rotate patches at random by multiples of 90 degrees.
    region : ndarray of shape (H, W), tuple of slice, or list of those, optional
        Where the centres of patches are drawn: a mask or non-negative weights for
        the pixels, or a rectangle as slices; one for all images or a list of one per
        training image. None, by default and in a list, is everywhere alike.

    Notes
    -----
    Images contribute equally, whatever their size. A patch larger than the smallest
    image is clipped to it.

    The paper has 32 patches of 96x96, 72 of 64x64 and 128 of 48x48, as has
    ``make_segmenter(size="paper")``. By default 44 % of their pixels are
    drawn, in half of the time, see ``docs/defaults.md``.

    Examples
    --------
    >>> import numpy as np
    >>> from sksegment.patches import PatchSampler
    >>> sampler = PatchSampler(shapes=[(16, 16)], counts=[5])
    >>> draw, = sampler.draw([(64, 64)], np.random.default_rng(0))
    >>> patches, = draw.gather([np.zeros((64, 64, 3))])
    >>> patches.shape
    (5, 16, 16, 3)
    """

    _parameter_constraints = {
        "shapes": ["array-like"],
        "counts": ["array-like"],
        "flip": ["boolean"],
        "rotate": ["boolean"],
        "region": ["array-like", tuple, list, None],
    }

    def __init__(
        self,
        shapes: Sequence[tuple[int, int]] = ((64, 64),),
        counts: Sequence[int] = (96,),
        *,
        flip: bool = True,
        rotate: bool = True,
        region: Any = None,
    ) -> None:
        self.shapes = shapes
        self.counts = counts
        self.flip = flip
        self.rotate = rotate
        self.region = region

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: object, y: object = None) -> Self:
        """Check the parameters; there is nothing to learn.

        Parameters
        ----------
        X : object
        y : None
            Both ignored.

        Returns
        -------
        self : PatchSampler
        """
        self.checked_shapes()
        return self

    def checked_shapes(self) -> tuple[list[Any], list[int]]:
        """Shapes and counts, checked.

        Returns
        -------
        shapes : list of (int, int)
        counts : list of int

        Raises
        ------
        ValueError
            If a shape or a count makes no sense, or their numbers differ.
        """
        shapes = [tuple(shape) if np.ndim(shape) else (shape,) for shape in self.shapes]
        for shape in shapes:
            if len(shape) != 2 or not all(
                isinstance(side, Integral) and side >= _MIN_SIDE for side in shape
            ):
                raise ValueError(
                    f"patch shape {shape} is not a pair of integers >= {_MIN_SIDE}; "
                    "patch shapes look like [(96, 96), (64, 64)]"
                )
        counts = list(self.counts)
        if len(shapes) != len(counts) or not shapes:
            raise ValueError(
                f"patches need one count for every shape, got {len(shapes)} shape(s) "
                f"and {len(counts)} count(s)"
            )
        for count in counts:
            if not isinstance(count, Integral) or count < 1:
                raise ValueError(f"patch count {count!r} is not a positive integer")
        return shapes, [int(count) for count in counts]

    def draw(
        self,
        image_shapes: Sequence[tuple[int, int]],
        rng: np.random.Generator,
        *,
        n_batches: int = 1,
        grid_shapes: Sequence[tuple[int, int]] | None = None,
        within: Sequence[np.ndarray | None] | None = None,
        warn: bool = True,
    ) -> list[Any]:
        """Draw new patches for one epoch.

        Parameters
        ----------
        image_shapes : list of (int, int)
            Height and width of every image.
        rng : numpy.random.Generator
        n_batches : int, default=1
            Number of batches to divide the patches of every shape into.
        grid_shapes : list of (int, int), optional
            Height and width of the resized images to cut from, where they are not
            the images themselves; patches shrink with them.
        within : list of ndarray of shape (H, W), bool, or None, optional
            Field of view of every image, where there is one: centres of patches lie
            inside, and ``region`` weighs the pixels there.
        warn : bool, default=True
            Whether to warn of patches larger than an image.

        Returns
        -------
        draws : list of PatchDraw, or list of lists of PatchDraw
            All shapes of the first batch, all shapes of the second, ...; just the
            first list when ``n_batches=1``. Every batch has at least one patch of
            every shape, even where that is more than ``counts``.
        """
        shapes, counts = self.checked_shapes()
        places = _Places(self.region, image_shapes, grid_shapes or image_shapes, within)
        batches: list[list[PatchDraw]] = [[] for _ in range(n_batches)]
        for shape, count in zip(shapes, counts, strict=True):
            shape = places.fit_shape(shape, warn)
            count = max(count, n_batches)
            for batch, part in zip(batches, _split(count, n_batches), strict=True):
                batch.append(self._draw(part, shape, places, rng))
        return batches if n_batches > 1 else batches[0]

    def _draw(self, count, shape, places, rng):
        images = places.choose_images(count, rng)
        turn, flips = self._symmetries(places.sizes[images], shape, rng)
        window = np.where(turn[:, np.newaxis], shape[::-1], shape)
        start = places.choose_starts(images, window, rng)
        along, across = (
            np.where(flips[:, axis, np.newaxis], np.arange(side)[::-1], np.arange(side))
            for axis, side in enumerate(shape)
        )
        along, across = along[:, :, np.newaxis], across[:, np.newaxis, :]
        turn = turn[:, np.newaxis, np.newaxis]
        rows = start[:, 0, np.newaxis, np.newaxis] + np.where(turn, across, along)
        columns = start[:, 1, np.newaxis, np.newaxis] + np.where(turn, along, across)
        return PatchDraw(images, rows, columns)

    def _symmetries(self, sizes, shape, rng):
        """Draw one of the symmetries of the square: a transposition and two flips."""
        quarters = rng.integers(4 if self.rotate else 1, size=len(sizes))
        # A quarter turn needs a turned window, which must fit into the image too.
        fits = (sizes >= shape[::-1]).all(axis=1)
        quarters = np.where(fits, quarters, quarters // 2 * 2)
        flips = np.stack([(quarters == 1) | (quarters == 2), quarters >= 2], axis=1)
        if self.flip:
            flips ^= rng.random((len(sizes), 2)) < 0.5
        return quarters % 2 == 1, flips


class _Places:
    """Where patches may lie: images alike, pixels alike or by weight."""

    def __init__(self, region, image_shapes, grid_shapes, within=None):
        self.sizes = np.array(grid_shapes)
        self.scale = self.sizes / np.array(image_shapes)
        self.weights = _region_weights(region, image_shapes, within)

    def fit_shape(self, shape, warn):
        """Shape of the patches on the grid, clipped to the smallest image."""
        limit = self.sizes.min(axis=0)
        scale = self.scale.mean(axis=0)
        wanted = np.maximum(_MIN_SIDE, np.rint(np.array(shape) * scale).astype(int))
        clipped = np.minimum(wanted, limit)
        if warn and (clipped < wanted).any():
            size = tuple(np.rint(limit / scale).astype(int).tolist())
            warn_user(
                f"patches of {shape} are larger than the smallest image, {size}, and "
                "are clipped to it; set smaller patches__shapes"
            )
        return tuple(clipped.tolist())

    def choose_images(self, count, rng):
        """Images in random order, each as often as the others within one."""
        offset = rng.integers(len(self.sizes))
        return rng.permutation((np.arange(count) + offset) % len(self.sizes))

    def choose_starts(self, images, window, rng):
        """First row and column of every window."""
        room = self.sizes[images] - window
        if self.weights is None:
            return (rng.random(room.shape) * (room + 1)).astype(np.int64)
        start = np.empty(room.shape, np.int64)
        for i in np.unique(images):
            chosen = images == i
            cumulative, shape = self.weights[i]
            drawn = rng.random(chosen.sum()) * cumulative[-1]
            pixel = np.searchsorted(cumulative, drawn, side="right")
            centre = np.stack(np.unravel_index(pixel, shape), axis=1) + 0.5
            start[chosen] = centre * self.scale[i] - window[chosen] / 2
        return np.clip(start, 0, room)


def _split(count, n_parts):
    """Divide a count into parts that differ by one at most."""
    return [count * (k + 1) // n_parts - count * k // n_parts for k in range(n_parts)]


def _region_weights(region, image_shapes, within):
    """Cumulative weights of the pixels of every image and their shape, or None."""
    within = within or [None] * len(image_shapes)
    if region is None and all(inside is None for inside in within):
        return None
    regions = region if isinstance(region, list) else [region] * len(image_shapes)
    if len(regions) != len(image_shapes):
        raise ValueError(
            f"the patch region is a list of {len(regions)} for {len(image_shapes)} "
            "training images"
        )
    return [
        _cumulative_weights(*parts, index)
        for index, parts in enumerate(zip(regions, image_shapes, within, strict=True))
    ]


def _cumulative_weights(region, shape, inside, index):
    if region is None:
        weights = np.ones(shape)
    elif isinstance(region, tuple) and all(isinstance(part, slice) for part in region):
        weights = np.zeros(shape)
        weights[region] = 1.0
    else:
        weights = np.asarray(region, dtype=np.float64)
    if weights.shape != tuple(shape):
        raise ValueError(
            f"the patch region of image {index} has shape {weights.shape}, but the "
            f"image has {tuple(shape)}"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(
            f"the patch region of image {index} needs finite weights >= 0, some of "
            "them positive"
        )
    if inside is not None:
        weights = weights * inside
        if not weights.any():
            raise ValueError(
                f"the patch region of image {index} lies outside the mask of the "
                "superpixels; no patch can be drawn"
            )
    return np.cumsum(weights.ravel()), weights.shape
