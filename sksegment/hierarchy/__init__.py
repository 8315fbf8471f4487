"""Regions at every granularity: a merge tree of the superpixels of one image."""

from sksegment.hierarchy._build import region_hierarchy
from sksegment.hierarchy._tree import RegionHierarchy

__all__ = ["RegionHierarchy", "region_hierarchy"]
