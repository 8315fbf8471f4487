"""Pictures of a segmentation: overlays, legends, losses, regions, uncertainty."""

from sksegment._palette import label_colors
from sksegment._pictures import overlay
from sksegment._uncertainty import uncertainty
from sksegment.plotting._axes import headless_axes
from sksegment.plotting._classes import plot_classes
from sksegment.plotting._displays import SegmentationDisplay, UncertaintyDisplay
from sksegment.plotting._hierarchy import plot_hierarchy
from sksegment.plotting._history import plot_history
from sksegment.plotting._overlay import plot_overlay
from sksegment.plotting._slices import plot_slices
from sksegment.plotting._superpixels import plot_superpixels
from sksegment.plotting._uncertainty import plot_uncertainty

__all__ = [
    "SegmentationDisplay",
    "UncertaintyDisplay",
    "headless_axes",
    "label_colors",
    "overlay",
    "plot_classes",
    "plot_hierarchy",
    "plot_history",
    "plot_overlay",
    "plot_slices",
    "plot_superpixels",
    "plot_uncertainty",
    "uncertainty",
]
