"""How a W-Net segmenter is fitted, sparse or dense."""

import numpy as np
import torch
from sklearn.utils import check_random_state

from sksegment._validation import (
    Integral,
    Interval,
    Real,
    StrOptions,
    check_images,
    fit_context,
)
from sksegment.fitting import (
    check_net,
    check_objective,
    final_loss,
    new_wnet,
    train_wnet,
    weights_of,
)
from sksegment.patches import PatchSampler
from sksegment.training import choose_device, history_table

__all__ = ["NET_CONSTRAINTS", "TrainingMixin"]

_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]
_POSITIVE_INT = [Interval(Integral, 1, None, closed="left")]

# What the parameters that all W-Net segmenters have in common may be.
NET_CONSTRAINTS = {
    "max_labels": [Interval(Integral, 2, None, closed="left")],
    "patches": [PatchSampler, None],
    "beta_rec": _NON_NEGATIVE,
    "beta_cut": _NON_NEGATIVE,
    "beta_sim": _NON_NEGATIVE,
    "beta_con": _NON_NEGATIVE,
    "reconstruction": [StrOptions({"patch", "image", "none"})],
    "init": [StrOptions({"kmeans", "random"})],
    "base_channels": _POSITIVE_INT,
    "depth": [Interval(Integral, 0, 8, closed="both")],
    "resolution": [Interval(Real, 0, 1, closed="right")],
    "position": _NON_NEGATIVE,
    "max_epochs": _POSITIVE_INT,
    "batches_per_epoch": _POSITIVE_INT,
    "lr": [Interval(Real, 0, None, closed="neither")],
    "n_init": _POSITIVE_INT,
    "device": [str, torch.device],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class TrainingMixin:
    """Methods that train a W-Net segmenter, and the attributes they set.

    What differs between sparse and dense is in the methods ``_objective``,
    ``_prepare``, ``_prepare_more``, ``_training_images``, ``_keep_preparation``,
    ``_label_prepared`` and ``_number_labels`` of the estimator.
    """

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Train on the images and label them.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images; one is enough. One array has shape (n, H, W) or
            (n, H, W, C).
        y : None
            Ignored.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        FloatingPointError
            If the loss becomes NaN; the estimator then has the last finite weights.
        """
        check_objective(self)
        batch = check_images(X)
        images = self._prepare(batch.images)
        on_device = self._training_images(images, choose_device(self.device))
        best = None
        for seed in self._draw_seeds(self.n_init):
            net = self._new_net(batch.n_channels, seed)
            try:
                self._train(net, on_device, seed, start=True)
            except FloatingPointError:
                self._keep(best or net, images, batch)
                raise
            if best is None or final_loss(net) < final_loss(best):
                best = net
        return self._keep(best, images, batch)

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y=None):
        """Go on training, for up to ``max_epochs`` more epochs.

        Intensities stay scaled as at first and labels keep their numbers. The losses
        have the weights that are set now, so betas may change on the way; what
        belongs to the net (``max_labels``, ``reconstruction``, ...) may not.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            The same images, or others with as many channels.
        y : None
            Ignored.

        Returns
        -------
        self : estimator
        """
        if not hasattr(self, "net_"):
            return self.fit(X)
        check_objective(self)
        check_net(self)
        batch = check_images(X, n_channels=self.n_channels_in_)
        images = self._prepare_more(batch.images)
        on_device = self._training_images(images, self.net_.device)
        try:
            self._train(self.net_, on_device, self._draw_seeds(1)[0], start=False)
        finally:
            self._keep(self.net_, images, batch, number=False)
        return self

    def _draw_seeds(self, n):
        rng = check_random_state(self.random_state)
        return rng.randint(np.iinfo(np.int32).max, size=n).tolist()

    def _new_net(self, n_channels, seed):
        return new_wnet(self, n_channels, seed, self._objective())

    def _train(self, net, images, seed, *, start):
        net.criterion_.set_weights(**weights_of(self))
        train_wnet(
            self,
            net,
            images,
            seed,
            start=start,
            min_labels=getattr(self, "min_labels", None),
        )

    def _keep(self, net, images, batch, number=True):
        """Set the fitted attributes: all of them, and none before."""
        self.net_ = net
        self.n_channels_in_ = batch.n_channels
        self.intensity_range_ = images.scale.intensity_range
        self.rgb_ = images.scale.rgb
        self.history_ = history_table(net)
        self.n_iter_ = len(self.history_)
        self.loss_ = final_loss(net)
        if number:
            self.label_groups_ = None
        self._keep_preparation(images)
        self._number_labels(images, anew=number)
        self._keep_labels(batch.pack(self._label_prepared(images)))
        return self
