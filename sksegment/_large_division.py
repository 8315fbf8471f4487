"""Superpixels of an image too large to be divided at once, in bounded memory.

It is divided block by block, each with a margin, from the same seeds that the whole
image would have. What is far from the rim of a block comes out as in the whole image,
so the two sides of a border between blocks tell the same superpixels, and pieces on
both sides that each side takes for one superpixel are joined.
"""

from itertools import pairwise, product

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from skimage.filters import gaussian

from sksegment._division import (
    FEWEST,
    MAX_DOUBLINGS,
    are_too_few,
    basins_of,
    connected,
    divide_by_seeds,
)
from sksegment._parts import row_blocks

__all__ = ["LARGEST", "divide_large"]

#: Number of pixels that are divided at once; of so many there are ``n_segments``.
LARGEST = 2**25

_SIDE = 3072
# How far the rim of a block has an influence: some seeds, as long as that is bearable.
_MARGIN_SEEDS, _MARGIN = 6, 1024
# Basins follow the image alone.
_MARGIN_OF_BASINS = 64


def divide_large(parts, *, method, n_segments, compactness, sigma):
    """Do what `compute_superpixels` does for an image of more than `LARGEST` pixels.

    Parameters
    ----------
    parts : ScaledParts
    method : {"slic", "watershed"}
    n_segments : int or "auto"
        For every `LARGEST` pixels, so that superpixels do not become larger and larger.
    compactness, sigma : float
        See `compute_superpixels`.

    Returns
    -------
    superpixels : ndarray of shape (H, W), int32
    """
    if n_segments == "auto" and method == "watershed":
        blocks = _Blocks(parts, 1, _MARGIN_OF_BASINS, sigma)
        return blocks.divide(basins_of)[0]
    n_pixels = parts.image[..., 0].size
    inside = n_pixels if parts.mask is None else int(parts.mask.sum())
    if n_segments == "auto":
        n_inside = max(FEWEST, _count_basins(parts, sigma))
        spacing = max(1, round(np.sqrt(n_pixels / n_inside)))
    else:
        spacing = max(1, round(np.sqrt(min(inside, LARGEST) / n_segments)))
    margin = spacing * int(np.clip(_MARGIN // spacing, 1, _MARGIN_SEEDS))
    blocks = _Blocks(parts, spacing, margin, sigma)
    for _ in range(MAX_DOUBLINGS):
        superpixels, found = blocks.divide(
            lambda image, compactness=compactness: divide_by_seeds(
                image, method, image[..., 0].size // spacing**2, compactness
            )
        )
        if not are_too_few(found, method, inside // spacing**2, inside):
            break
        compactness *= 2
    return superpixels


def _count_basins(parts, sigma):
    """Number of basins of an image: every pixel is its share of one."""
    blocks = _Blocks(parts, 1, _MARGIN_OF_BASINS, sigma)
    total = 0.0
    for place in product(blocks.rows, blocks.columns):
        labels = _Labels(blocks, basins_of, place)
        inside = labels.labels >= 0
        sizes = np.bincount(labels.labels[inside])
        own = labels.own()
        total += (1.0 / sizes[own[own >= 0]]).sum()
    return round(total)


class _Blocks:
    """Blocks of an image, whose borders and margins are multiples of a spacing.

    Attributes
    ----------
    rows, columns : list of slice
    """

    def __init__(self, parts, spacing, margin, sigma):
        self.parts, self.margin, self.sigma = parts, margin, sigma
        self.rows, self.columns = (
            _cut(side, spacing) for side in parts.image.shape[:2]
        )

    def read(self, rows, columns):
        """Part of the image as superpixels are made of it."""
        image = np.float32(100.0) * self.parts.read(rows, columns)
        if self.sigma > 0:
            options = {"channel_axis": -1, "preserve_range": True}
            image = gaussian(image, sigma=self.sigma, **options)
        return image

    def divide(self, method):
        """Divide all blocks and join what belongs together.

        Parameters
        ----------
        method : callable
            From an image to labels.

        Returns
        -------
        superpixels : ndarray of shape (H, W), int32
        n_superpixels : int
        """
        superpixels = np.empty(self.parts.image.shape[:2], np.int32)
        n_pieces, pairs, above = 0, [], [None] * len(self.columns)
        for rows in self.rows:
            left = None
            for index, columns in enumerate(self.columns):
                place = rows, columns
                labels = _Labels(self, method, place)
                pieces = connected(labels.own())
                superpixels[place] = np.where(pieces < 0, -1, pieces + n_pieces)
                n_pieces += int(pieces.max()) + 1
                pairs += labels.joined(superpixels, above[index], axis=0)
                pairs += labels.joined(superpixels, left, axis=1)
                above[index], left = labels.seam(axis=0), labels.seam(axis=1)
        return _join(superpixels, n_pieces, pairs)


class _Labels:
    """Labels of a block and its margin."""

    def __init__(self, blocks, method, place):
        self.place = place
        self.wide = [
            slice(
                max(0, part.start - blocks.margin), min(side, part.stop + blocks.margin)
            )
            for part, side in zip(place, blocks.parts.image.shape[:2], strict=True)
        ]
        self.labels = method(blocks.read(*self.wide))
        if blocks.parts.mask is not None:
            mask = blocks.parts.mask[tuple(self.wide)]
            self.labels = np.where(mask, self.labels, -1)

    def own(self):
        """Labels of the block itself."""
        return self._at(*self.place)

    def seam(self, axis):
        """Labels of the last line of the block, and of the first of the next one."""
        end = self.place[axis].stop
        return self._lines(slice(end - 1, end + 1), axis)

    def joined(self, superpixels, before, axis):
        """Pieces on both sides of a seam that both sides take for one superpixel.

        Parameters
        ----------
        superpixels : ndarray of shape (H, W)
            Numbers of the pieces.
        before : ndarray of shape (2, n) or None
            What the block before says of the lines on both sides, see `seam`.
        axis : {0, 1}

        Returns
        -------
        pairs : list of ndarray of shape (2, n)
        """
        if before is None:
            return []
        begin = self.place[axis].start
        lines = slice(begin - 1, begin + 1)
        after = self._lines(lines, axis)
        place = list(self.place)
        place[axis] = lines
        pieces = superpixels[tuple(place)]
        pieces = pieces if axis == 0 else pieces.T
        return [pieces[:, _are_one(before, after)]]

    def _lines(self, lines, axis):
        place = list(self.place)
        place[axis] = lines
        found = self._at(*place)
        return (found if axis == 0 else found.T).copy()

    def _at(self, rows, columns):
        top, left = (part.start for part in self.wide)
        return self.labels[
            rows.start - top : rows.stop - top,
            columns.start - left : columns.stop - left,
        ]


def _cut(side, spacing):
    """Cut a side into parts of about the same length, at multiples of the spacing."""
    n_parts = -(-side // _SIDE)
    cuts = np.round(np.linspace(0, side, n_parts + 1) / spacing).astype(int) * spacing
    cuts = np.unique(np.r_[0, cuts[1:-1].clip(0, side), side])
    return [slice(int(a), int(b)) for a, b in pairwise(cuts)]


def _are_one(before, after):
    """Where two lines along a seam lie in one superpixel, by what both blocks say.

    Parameters
    ----------
    before, after : ndarray of shape (2, n)
        Labels of the two lines in the one block and in the other.

    Returns
    -------
    one : ndarray of shape (n,), bool
    """
    one = (before[0] == before[1]) & (after[0] == after[1])
    one &= (before[0] >= 0) & (after[0] >= 0)
    pairs, place, counts = np.unique(
        np.stack([before[0], after[0]])[:, one],
        axis=1,
        return_inverse=True,
        return_counts=True,
    )
    # Each with the one that it shares most with, or chains would run along the seam.
    mutual = np.ones(len(counts), bool)
    for names in pairs:
        numbers = np.unique(names, return_inverse=True)[1]
        most = np.zeros(len(counts), counts.dtype)
        np.maximum.at(most, numbers, counts)
        mutual &= counts == most[numbers]
    one[one] = mutual[place.ravel()]
    return one


def _join(superpixels, n_pieces, pairs):
    """Give pieces that were joined one number, in place; numbers stay without gaps."""
    pairs = np.concatenate([np.empty((2, 0), np.int64), *pairs], axis=1)
    links = sparse.coo_array((np.ones(pairs.shape[1]), pairs), (n_pieces, n_pieces))
    n_superpixels, numbers = connected_components(links, directed=False)
    # The last number is for void, -1.
    numbers = np.r_[numbers, -1].astype(np.int32)
    for rows in row_blocks(superpixels.shape):
        superpixels[rows] = numbers[superpixels[rows]]
    return superpixels, n_superpixels
