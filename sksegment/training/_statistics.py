"""Statistics of batch norm, of images that a training does not see again."""

import torch
from torch import nn

__all__ = ["batch_norms", "join_statistics", "statistics_of"]


def batch_norms(module):
    """List all batch norms of a module."""
    return [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]


def statistics_of(net):
    """Copy the running means and variances of a net.

    Parameters
    ----------
    net : SegmentationNet

    Returns
    -------
    statistics : list of (tensor, tensor)
        Mean and variance of every batch norm.
    """
    norms = batch_norms(net.module_)
    return [(norm.running_mean.clone(), norm.running_var.clone()) for norm in norms]


@torch.no_grad()
def join_statistics(net, before, weights):
    """Average those of a net with those of before, as if it had seen all images.

    Parameters
    ----------
    net : SegmentationNet
        Its statistics are those of new images.
    before : list of (tensor, tensor)
        See `statistics_of`.
    weights : tuple of float
        Of the images before and of the new ones.
    """
    part = weights[1] / sum(weights)
    for norm, (mean, variance) in zip(batch_norms(net.module_), before, strict=True):
        norm.running_mean.copy_(torch.lerp(mean, norm.running_mean, part))
        norm.running_var.copy_(torch.lerp(variance, norm.running_var, part))
