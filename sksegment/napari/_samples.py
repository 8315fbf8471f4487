"""Tomograms to try the plugin with, with their ground truth."""

from sksegment.datasets import make_tomogram

__all__ = ["rock", "steel"]

_SIZE = {"shape": (24, 320, 320), "grain_size": 36.0, "random_state": 0}


def rock():
    """Make a rock: pores, grains, clay, inclusions and a crack."""
    return _layers("rock", make_tomogram(**_SIZE))


def steel():
    """Make cracked steel."""
    return _layers("steel", make_tomogram(kind="steel", **_SIZE))


def _layers(kind, tomogram):
    volume, truth = tomogram
    axes = {"axis_labels": ("z", "y", "x")}
    hidden = {"name": f"{kind} truth", "visible": False, **axes}
    return [
        (volume, {"name": kind, **axes}, "image"),
        (truth, hidden, "labels"),
    ]
