"""From an estimator's parameters to a trained net: the steps of ``fit``."""

from copy import copy
from typing import NamedTuple

import numpy as np
import torch
from sklearn.base import clone
from torch.nn.functional import interpolate

from sksegment._logits import logits_of, logits_of_window
from sksegment.nn import channel_softmax
from sksegment.patches import PatchSampler
from sksegment.training import (
    FewLabels,
    FiniteLoss,
    LabelCount,
    LastEpoch,
    Movement,
    ProgressBar,
    TrainingSet,
    choose_device,
    choose_dtype,
    copy_state,
    ending_gently,
    initialise_labels,
    limit_threads,
    make_net,
    name_labels,
    train,
    train_together,
)

__all__ = [
    "check_finite",
    "check_net",
    "check_objective",
    "enlarge",
    "final_loss",
    "follow_device",
    "net_size",
    "new_wnet",
    "soft_labels",
    "soft_labels_of_window",
    "train_wnet",
    "to_array",
    "train_wnets",
    "weights_of",
]

_BETAS = ("beta_rec", "beta_cut", "beta_sim", "beta_con")


def check_objective(estimator):
    """Refuse parameters that leave nothing to learn.

    Raises
    ------
    ValueError
        If every loss has weight 0.
    """
    betas = [getattr(estimator, name) for name in _BETAS]
    if estimator.reconstruction == "none":
        betas = betas[1:]
    if not any(betas):
        unused = " (beta_rec is unused with reconstruction='none')"
        raise ValueError(
            "all betas are zero: there is nothing to learn; set at least one of "
            + ", ".join(_BETAS)
            + (unused if estimator.reconstruction == "none" else "")
        )


def check_net(estimator):
    """Refuse a fitted estimator whose parameters are no longer those of its net.

    Raises
    ------
    ValueError
        If a parameter that shapes the net was changed after the fit.
    """
    module = estimator.net_.module_
    encoder = module.encoder
    found = {
        "max_labels": encoder.head.out_channels,
        "base_channels": encoder.head.in_channels,
        "depth": encoder.depth,
        "reconstruction": estimator.net_.reconstruct,
    }
    wanted = {
        "max_labels": estimator.max_labels,
        "base_channels": estimator.base_channels,
        "depth": estimator.depth,
        "reconstruction": estimator.reconstruction,
    }
    # What the grid was in the fit; models of before do not tell.
    found |= getattr(estimator, "grid_", {})
    wanted |= estimator._grid
    changed = [name for name in found if found[name] != wanted[name]]
    if changed:
        raise ValueError(
            f"{', '.join(changed)} changed since the fit, and the net does not fit it "
            "any more; fit again, or set it back"
        )


def follow_device(estimator):
    """Move the net of a fitted estimator to its device and precision of now.

    Raises
    ------
    ValueError
        If there is no such device here.
    """
    net, device = estimator.net_, choose_device(estimator.device)
    dtype = choose_dtype(estimator.precision, device)
    if (torch.device(net.device), net.dtype) != (device, dtype):
        moved = estimator._new_net(estimator.n_channels_in_, seed=0)
        estimator.net_ = copy_state(net, moved)


def weights_of(estimator):
    """Weights of the losses, as the objectives take them."""
    return {name: float(getattr(estimator, name)) for name in _BETAS}


def net_size(estimator, n_channels):
    """Size of the net of an estimator, as `WNet` takes it.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    n_channels : int
        Of the images.

    Returns
    -------
    size : dict
    """
    return {
        "n_channels": n_channels + (2 if estimator.position else 0),
        "max_labels": estimator.max_labels,
        "base_channels": estimator.base_channels,
        "depth": estimator.depth,
        "decode": estimator.reconstruction != "none",
    }


def new_wnet(estimator, n_channels, seed, objective):
    """Make an untrained net for an estimator.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    n_channels : int
    seed : int
    objective : callable
        Makes the loss from its weights.

    Returns
    -------
    net : SegmentationNet
    """
    device = choose_device(estimator.device)
    return make_net(
        size=net_size(estimator, n_channels),
        objective=objective,
        betas=weights_of(estimator),
        reconstruct=estimator.reconstruction,
        lr=estimator.lr,
        seed=seed,
        device=device,
        dtype=choose_dtype(estimator.precision, device),
    )


def train_wnet(estimator, net, images, seed, *, start, callbacks=()):
    """Train a net on prepared images.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    net : SegmentationNet
    images : list of GraphImage or PixelImage
    seed : int
        Seed of the patches, and of the start.
    start : bool
        Whether the net is new, and ``estimator.init`` applies.
    callbacks : sequence of Callback
        Called besides, when an epoch is complete.

    Notes
    -----
    When something else than the loss stops it, the net goes back to the end of the last
    complete epoch before that is raised.
    """
    training = _Training.of(estimator, images, seed)
    # A training that goes on sees other patches than those of its first epochs.
    training.dataset.skip(len(net.history))
    with limit_threads(max(net.n_values(image.pixels) for image in images)):
        if start and estimator.init == "kmeans":
            initialise_labels(net, images, seed)
        if start:
            name_labels(net, images)
        n_before, last = len(net.history), LastEpoch(net)
        try:
            with ending_gently():
                train(
                    net,
                    training.dataset,
                    max_epochs=estimator.max_epochs,
                    callbacks=[*training.callbacks, last, *callbacks],
                )
            net.settle_statistics(images)
        except FloatingPointError:
            raise
        except BaseException:
            last.restore(net)
            if len(net.history) > n_before:
                net.settle_statistics(images)
            raise
        training.finite_loss.check_weights(net)


def train_wnets(estimators, nets, images, seeds):
    """Train several new nets on the same prepared images, in one program.

    Parameters
    ----------
    estimators : list of estimator
        They differ in betas and seeds only.
    nets : list of SegmentationNet
    images : list of GraphImage or PixelImage
        All of one shape.
    seeds : list of int
        As in `train_wnet`.
    """
    # Labels are kept on the images, hence each net has its own; tensors are shared.
    images = [[copy(image) for image in images] for _ in nets]
    trainings = [*map(_Training.of, estimators, images, seeds)]
    n_values = max(nets[0].n_values(image.pixels) for image in images[0])
    with limit_threads(len(nets) * n_values):
        for estimator, net, own, seed in zip(
            estimators, nets, images, seeds, strict=True
        ):
            if estimator.init == "kmeans":
                initialise_labels(net, own, seed)
        train_together(
            nets,
            [training.dataset for training in trainings],
            max_epochs=estimators[0].max_epochs,
            callbacks=[training.callbacks for training in trainings],
        )
        for net, own, training in zip(nets, images, trainings, strict=True):
            net.settle_statistics(own)
            training.finite_loss.check_weights(net)


class _Training(NamedTuple):
    """Batches of one training, and what is called on the way."""

    dataset: TrainingSet
    finite_loss: FiniteLoss
    others: list

    @property
    def callbacks(self):
        """All of them, in their order."""
        return [self.finite_loss, *self.others]

    @classmethod
    def of(cls, estimator, images, seed):
        """Make it for an estimator, prepared images and a seed."""
        for image in images:
            # Those of another restart.
            image.labels = None
        dataset = _batches(estimator, images, seed)
        others = [LabelCount(images), Movement()]
        if estimator.verbose:
            others.append(ProgressBar(estimator.max_epochs))
        if estimator.min_labels is not None:
            others.append(FewLabels(dataset, estimator.min_labels))
        return cls(dataset, FiniteLoss(), others)


def _batches(estimator, images, seed):
    sampler = None
    if estimator.reconstruction == "patch":
        sampler = clone(estimator.patches or PatchSampler()).fit(None)
    return TrainingSet(
        images,
        sampler,
        batches_per_epoch=estimator.batches_per_epoch,
        rng=np.random.default_rng(seed),
        # The default shapes adapt in silence, those of the user do not.
        warn=estimator.patches is not None,
    )


def final_loss(net):
    """Mean loss of the last epoch that was completed; NaN when there is none."""
    losses = [row["train_loss"] for row in net.history if "train_loss" in row]
    return float(losses[-1]) if losses else float("nan")


def soft_labels(net, grid):
    """Soft labels of one image, on the grid of the net.

    Parameters
    ----------
    net : SegmentationNet
    grid : tensor of shape (1, C, h, w)
        See `sksegment.training.to_grid`.

    Returns
    -------
    f : tensor of shape (1, K, h, w), float32

    Raises
    ------
    FloatingPointError
        If the net answers with NaN.
    """
    return check_finite(channel_softmax(logits_of(net, grid)))


def soft_labels_of_window(net, grid, rows, columns):
    """Soft labels of a window of the grid, up to rounding part of those of all of it.

    Parameters
    ----------
    net : SegmentationNet
    grid : LazyGrid
    rows, columns : slice

    Returns
    -------
    f : tensor of shape (1, K, number of rows, number of columns), float32
    """
    return check_finite(channel_softmax(logits_of_window(net, grid, rows, columns)))


def to_array(maps):
    """Maps of one image on the grid of the net as an array.

    Parameters
    ----------
    maps : tensor of shape (1, K, h, w)

    Returns
    -------
    maps : ndarray of shape (h, w, K)
    """
    return maps[0].permute(1, 2, 0).cpu().numpy()


def check_finite(answer):
    """Pass an answer of a net on; NaN would pass for the first label in silence.

    Raises
    ------
    FloatingPointError
        If a value is NaN or infinite.
    """
    if not torch.isfinite(answer).all():
        raise FloatingPointError(
            "the net does not answer in numbers: its weights are too large or damaged; "
            "fit again with a smaller lr, precision='float32', or smaller betas"
        )
    return answer


def enlarge(tensor, shape):
    """Bring maps from the grid of the net to the size of the image.

    Parameters
    ----------
    tensor : tensor of shape (1, K, h, w)
    shape : (int, int)

    Returns
    -------
    maps : ndarray of shape (H, W, K), float32
    """
    if tuple(tensor.shape[-2:]) != tuple(shape):
        tensor = interpolate(tensor, size=shape, mode="bilinear", align_corners=False)
    return np.ascontiguousarray(to_array(tensor.float()))
