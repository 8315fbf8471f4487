"""Parameters that a W-Net segmenter refuses, and why."""

from sksegment._preparation import default_superpixels
from sksegment._validation import Integral

__all__ = [
    "check_assignment",
    "check_clusters",
    "check_n_default_regions",
    "check_n_regions",
    "check_soft_labels",
]


def check_n_regions(n_regions, graphs):
    """Refuse, before the training, a number of regions that no cut can have."""
    if not isinstance(n_regions, Integral):
        return
    for index, graph in enumerate(graphs):
        if n_regions > graph.n_regions:
            raise ValueError(
                f"n_regions={n_regions}, but image {index} has {graph.n_regions} "
                "superpixels; set fewer regions, or more superpixels__n_segments"
            )
        if n_regions < graph.n_pieces:
            raise ValueError(
                f"n_regions={n_regions}, but the field of view of image {index} is in "
                f"{graph.n_pieces} pieces; set as many regions"
            )


def check_n_default_regions(n_regions, scaled):
    """Do what `check_n_regions` does, of images that get the default superpixels."""
    if not isinstance(n_regions, Integral):
        return
    for index, image in enumerate(scaled):
        n_superpixels = int(default_superpixels(image).max()) + 1
        if n_regions > n_superpixels:
            raise ValueError(
                f"n_regions={n_regions}, but image {index} has {n_superpixels} "
                "superpixels, from which regions are made; set fewer regions"
            )


def check_soft_labels(estimator):
    """Refuse scribbles where the classes are not the soft labels, but clusters."""
    if getattr(estimator, "assignment", None) == "kmeans":
        raise ValueError(
            "scribbles name soft labels, but assignment='kmeans' labels by clusters of "
            "them; set another assignment"
        )


def check_assignment(estimator):
    """Refuse to go on where labels would get other numbers."""
    check_clusters(estimator.assignment, estimator.cluster_centers_)
    if estimator.cluster_centers_ is None and estimator.assignment == "kmeans":
        raise ValueError(
            "assignment='kmeans' was set after the fit, and clusters would number "
            "the labels anew; set it back, or fit again"
        )


def check_clusters(assignment, centers):
    """Refuse soft labels for classes where the classes are clusters, with centres."""
    if centers is not None and assignment != "kmeans":
        raise ValueError(
            f"assignment={assignment!r} was set after a fit with 'kmeans', whose "
            "labels are clusters; set it back, or fit again"
        )
