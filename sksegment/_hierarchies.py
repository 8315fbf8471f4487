"""Connected regions instead of classes: a merge tree for every image."""

from sksegment._typing import Images
from sksegment._validation import Integral, Interval, StrOptions
from sksegment.hierarchy import RegionHierarchy

__all__ = ["N_REGIONS", "HierarchyMixin"]

#: What the parameter ``n_regions`` may be.
N_REGIONS = [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"}), None]


class HierarchyMixin:
    """Methods of a segmenter that can give regions of any granularity.

    They need the parameter ``n_regions`` and the methods ``_prepare_image`` and
    ``_tree``, which makes the `RegionHierarchy` of what the first one returns.
    """

    def hierarchy(self, X: Images) -> list[RegionHierarchy]:
        """Merge trees of the superpixels, from which regions are cut in milliseconds.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        hierarchies : list of RegionHierarchy
            One for each image; ``hierarchies[0].cut(n_regions=8)`` are eight regions.

        See Also
        --------
        sksegment.hierarchy.RegionHierarchy : What can be done with them.
        """
        batch, trees = self._each(X, self._tree, self._prepare_image)
        return [
            tree.enlarged(shape)
            for tree, shape in zip(trees, batch.shapes, strict=True)
        ]

    def _regions(self, tree):
        """Regions of the granularity that is set."""
        if self.n_regions == "auto":
            return tree.cut("auto")
        return tree.cut(n_regions=self.n_regions)
