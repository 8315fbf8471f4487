"""The merge tree of the superpixels of one image, and its cuts."""

from typing import Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from sksegment._borders import borders_by_axis
from sksegment._rescaled import enlarge_map
from sksegment._validation import Real, is_whole_number
from sksegment.labelling import paint

__all__ = ["RegionHierarchy"]

# ``cut("auto")`` undoes merges above a multiple of a power of the mean of the highest
# ones: an image of little contrast is cut lower, but not in proportion. Chosen on
# photographs, see docs/research.md.
_AUTO_FACTOR = 11.4
_AUTO_EXPONENT = 0.4
_N_HIGHEST = 10


class RegionHierarchy:
    """Regions of one image at every granularity, from superpixels to the whole.

    Made by ``hierarchy`` of a fitted segmenter, or by `region_hierarchy`.

    Parameters
    ----------
    superpixels : ndarray of shape (H, W), int
        Ids 0..n-1; negative where void.
    pairs : ndarray of shape (m, 2), int
        What merge t joins: superpixels, or, from n on, unions of earlier merges.
    heights : ndarray of shape (m,)
        How unlike the two are, ascending.

    Attributes
    ----------
    superpixels : ndarray of shape (H, W), int32
    pairs, heights : ndarray
        As passed.

    See Also
    --------
    sksegment.plotting.plot_hierarchy : Cuts side by side.

    Notes
    -----
    Every region is connected. A cut takes time in proportion to the number of pixels,
    milliseconds for a photograph; nothing is trained or merged again. Pieces of a
    field of view between which there is no path never become one.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment import SparseWNetSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
    >>> tree = model.fit([photo]).hierarchy([photo])[0]
    >>> int(tree.cut(n_regions=8).max()) + 1
    8
    >>> tree.boundaries().shape
    (128, 128)
    """

    def __init__(
        self, superpixels: np.ndarray, pairs: np.ndarray, heights: np.ndarray
    ) -> None:
        self.superpixels = superpixels
        self.pairs = pairs
        self.heights = heights

    def __repr__(self):
        height, width = self.superpixels.shape
        return f"RegionHierarchy({self.n_superpixels} superpixels, {height}x{width})"

    @property
    def n_superpixels(self) -> int:
        """Number of leaves, and the most regions that a cut can have."""
        return int(self.superpixels.max()) + 1

    @property
    def n_pieces(self) -> int:
        """Number of pieces without a common border: the fewest regions of a cut."""
        return self.n_superpixels - len(self.heights)

    def enlarged(self, shape: tuple[int, int]) -> "RegionHierarchy":
        """Return the same tree over an image of another size.

        Parameters
        ----------
        shape : (int, int)
            Height and width, not smaller.

        Returns
        -------
        hierarchy : RegionHierarchy
        """
        superpixels = enlarge_map(self.superpixels, shape)
        return RegionHierarchy(superpixels, self.pairs, self.heights)

    def cut(
        self,
        how: Literal["auto"] | None = None,
        *,
        n_regions: int | None = None,
        threshold: float | None = None,
    ) -> np.ndarray:
        """Divide the image into connected regions.

        Parameters
        ----------
        how : {"auto"}, optional
            "auto" cuts at a height at which people tend to divide photographs, somewhat
            lower where all merges are low.
        n_regions : int, optional
            Number of regions, from `n_pieces` to `n_superpixels`.
        threshold : float, optional
            Undo all merges above this height.

        Returns
        -------
        regions : ndarray of shape (H, W), int32
            Ids 0..k-1 by the first pixel, row by row; -1 where void. Cuts are nested:
            each region of a coarse one is a union of those of a finer one.

        Raises
        ------
        ValueError
            If not exactly one of the three is given, or it is out of range.
        """
        given = [value for value in (how, n_regions, threshold) if value is not None]
        if len(given) != 1 or how not in (None, "auto"):
            raise ValueError(
                "give exactly one of cut('auto'), cut(n_regions=k) and "
                f"cut(threshold=t); got how={how!r}, n_regions={n_regions!r}, "
                f"threshold={threshold!r}"
            )
        if n_regions is not None:
            n_merges = self.n_superpixels - self._check_n_regions(n_regions)
        else:
            n_merges = self._n_merges_below(self._usual_height() if how else threshold)
        return paint(self.superpixels, self._groups(n_merges), -1)

    def boundaries(self) -> np.ndarray:
        """Ultrametric contour map: how strong the border is on which a pixel lies.

        Returns
        -------
        contours : ndarray of shape (H, W), float64
            Of pixels that have a right or lower neighbour in another superpixel, the
            height at which the two become one region; 0 elsewhere, and infinite
            between pieces that never do. ``contours > t`` are the borders of
            ``cut(threshold=t)``.
        """
        contours = np.zeros(self.superpixels.shape)
        for borders in borders_by_axis(self.superpixels):
            heights = self._joining_heights(*borders.sides(self.superpixels))
            part, where = borders.firsts(contours), borders.where
            part[where] = np.maximum(part[where], heights)
        return contours

    def to_linkage(self) -> np.ndarray:
        """Return the tree as SciPy's linkage matrix.

        Returns
        -------
        linkage : ndarray of shape (n - 1, 4), float64
            For `scipy.cluster.hierarchy`: the two parts of every merge, its height,
            and its number of superpixels. Pieces that never meet are joined at an
            infinite height.
        """
        n = self.n_superpixels
        counts = np.ones(2 * n - 1)
        linkage = np.empty((n - 1, 4))
        roots = np.setdiff1d(np.arange(n + len(self.pairs)), self.pairs)
        last = n + len(self.pairs)
        between = [
            (roots[0] if t == 0 else last + t - 1, root)
            for t, root in enumerate(roots[1:])
        ]
        pairs = np.concatenate([self.pairs, np.reshape(between, (-1, 2))])
        linkage[:, :2] = np.sort(pairs, axis=1)
        linkage[:, 2] = np.r_[self.heights, np.full(len(between), np.inf)]
        for t, (i, j) in enumerate(pairs.astype(np.int64)):
            counts[n + t] = linkage[t, 3] = counts[i] + counts[j]
        return linkage

    def _check_n_regions(self, n_regions):
        low, high = self.n_pieces, self.n_superpixels
        if not is_whole_number(n_regions) or not low <= n_regions <= high:
            pieces = "" if low == 1 else f"; the field of view is in {low} pieces"
            raise ValueError(
                f"n_regions={n_regions!r} must be a whole number from {low} to {high}, "
                f"the superpixels of this image{pieces}; for more regions raise "
                "superpixels__n_segments"
            )
        return int(n_regions)

    def _usual_height(self):
        if not len(self.heights):
            return 0.0
        return _AUTO_FACTOR * self.heights[-_N_HIGHEST:].mean() ** _AUTO_EXPONENT

    def _n_merges_below(self, threshold):
        if not isinstance(threshold, Real) or np.isnan(threshold):
            raise ValueError(f"threshold={threshold!r} must be a number")
        return int(np.searchsorted(self.heights, threshold, side="right"))

    def _groups(self, n_merges):
        """Region of every superpixel after so many merges, by the first pixel."""
        n = self.n_superpixels
        pairs = self.pairs[:n_merges]
        unions = n + np.arange(n_merges)
        links = np.ones(2 * n_merges), (np.r_[pairs[:, 0], pairs[:, 1]], [*unions] * 2)
        forest = coo_array(links, shape=(n + n_merges,) * 2)
        groups = connected_components(forest, directed=False)[1][:n]
        return _number_by_first_pixel(groups, self.superpixels)

    def _joining_heights(self, first, second):
        """Height of the lowest union of pairs of superpixels."""
        n = self.n_superpixels
        low, high = np.minimum(first, second), np.maximum(first, second)
        keys, pair = np.unique(low.astype(np.int64) * n + high, return_inverse=True)
        return lowest_unions(self.pairs, self.heights, n, keys // n, keys % n)[pair]


def lowest_unions(pairs, heights, n, first, second):
    """Heights at which superpixels become one region, by climbing the tree.

    Parameters
    ----------
    pairs, heights : ndarray of shape (m, 2) and (m,)
    n : int
        Number of superpixels.
    first, second : ndarray of shape (e,), int

    Returns
    -------
    joining : ndarray of shape (e,)
        Infinite for those that never do.
    """
    parent = np.arange(n + len(pairs))
    parent[pairs] = n + np.arange(len(pairs))[:, np.newaxis]
    first, second = first.copy(), second.copy()
    # The lower of the two cannot be an ancestor of the other, so it may climb.
    climbing = np.arange(len(first))
    while len(climbing):
        a, b = first[climbing], second[climbing]
        low, high = np.minimum(a, b), np.maximum(a, b)
        up = parent[low]
        first[climbing], second[climbing] = up, high
        climbing = climbing[(up != high) & (up != low)]
    found = first == second
    joining = np.full(len(first), np.inf)
    merge = np.maximum(first[found] - n, 0)
    joining[found] = np.where(first[found] < n, 0.0, heights[merge])
    return joining


def _number_by_first_pixel(groups, superpixels):
    """Number groups of superpixels by where they appear first, row by row."""
    seen = superpixels[superpixels >= 0]
    first = np.full(int(groups.max()) + 1, len(seen))
    np.minimum.at(first, groups[seen], np.arange(len(seen)))
    order = np.argsort(first, kind="stable")
    return np.argsort(order).astype(np.int32)[groups]
