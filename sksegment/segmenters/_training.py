"""How a W-Net segmenter is fitted, sparse or dense."""

import contextlib
import copy
from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
import torch
from sklearn.utils import check_random_state

from sksegment._agreement import agreement_scores, regions_without_a_net
from sksegment._hierarchies import N_REGIONS
from sksegment._scribbles import NO_SCRIBBLES, check_scribbles
from sksegment._typing import Images, PathLike
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
from sksegment.memory import warn_of_shortage
from sksegment.patches import PatchSampler
from sksegment.segmenters._advice import warn_of_failure
from sksegment.segmenters._before import image_digests, keep_labels_of_before
from sksegment.segmenters._checkpoints import (
    Checkpoints,
    all_or_nothing,
    tell_what_is_kept,
)
from sksegment.training import (
    choose_device,
    history_table,
    join_statistics,
    statistics_of,
    twin_of,
)

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
    "n_regions": N_REGIONS,
    "max_epochs": _POSITIVE_INT,
    "batches_per_epoch": _POSITIVE_INT,
    "lr": [Interval(Real, 0, None, closed="neither")],
    "n_init": _POSITIVE_INT,
    "device": [str, torch.device],
    "precision": [StrOptions({"auto", "float32", "bfloat16"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}

# Ctrl-C, and SIGTERM while a net is trained.
_FROM_OUTSIDE = (KeyboardInterrupt, SystemExit)


class TrainingMixin:
    """Methods that train a W-Net segmenter, and the attributes they set.

    What differs between sparse and dense is in the methods ``_objective``,
    ``_prepare``, ``_prepare_more``, ``_training_images``, ``_keep_preparation``,
    ``_label_prepared``, ``_cut_prepared`` and ``_number_labels`` of the estimator.
    """

    @fit_context(prefer_skip_nested_validation=False)
    def fit(
        self,
        X: Images,
        y: object = None,
        *,
        scribbles: Sequence[np.ndarray | None] | None = None,
        class_names: Sequence[str] | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: int = 10,
    ) -> Self:
        """Train on the images and label them.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images; one is enough. One array has shape (n, H, W) or
            (n, H, W, C).
        y : None
            Ignored.
        scribbles : sequence of ndarray of shape (H, W), int, optional
            Hints: the class 0, 1, ... of some pixels of each image, -1 where it is not
            known; None for an image without. A few strokes are enough. Labels of these
            numbers become those classes; labels beyond them are what else there is, so
            set ``max_labels`` to the number of classes if there is nothing else.
        class_names : sequence of str, optional
            Names of the classes of the scribbles, for ``class_names_``.
        checkpoint : str or path-like, optional
            File for a model of the last epochs, which survives a kill of the program:
            `sksegment.io.load_model` reads it, and `partial_fit` goes on. In the end it
            holds the complete model.
        checkpoint_every : int, default=10
            Epochs from one checkpoint to the next.

        Returns
        -------
        self : estimator

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        FloatingPointError
            If the loss becomes NaN; the estimator then has the last finite weights.
        KeyboardInterrupt
            On Ctrl-C, so that no search takes the estimator for a complete one. Once
            an epoch was complete, it can be used all the same: it is what a fit of
            ``n_iter_`` epochs gives, ``interrupted_`` is True, and `partial_fit` with
            the epochs that are left comes to what it would have, up to rounding.
            SIGTERM does the same with `SystemExit`, unless the program has a handler
            of its own.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            If all pixels got one label though they differ, or the weights hardly left
            their start; it says what to try.
        RuntimeWarning
            Before the work, if there seems to be too little memory for it.
        """
        check_objective(self)
        checkpoints = Checkpoints(checkpoint, checkpoint_every)
        batch = check_images(X, field=self._field_before)
        warn_of_shortage(self, [image.shape for image in batch.images])
        hints = self._check_scribbles(scribbles, class_names, batch)
        images = self._prepare(batch.images)
        on_device = self._training_images(images, choose_device(self.device))
        hints.attach(on_device)
        checkpoints.open(self)
        keep = partial(type(self)._keep, images=images, batch=batch, hints=hints)
        nets, best = [], None
        for seed in self._draw_seeds(self.n_init):
            net = self._new_net(batch.n_channels, seed)
            with self._keeping(best or net, keep, checkpoints):
                model_of = partial(self._unfinished, best, keep, on_device)
                callbacks = checkpoints.callbacks(model_of)
                self._train(net, on_device, seed, start=True, callbacks=callbacks)
            nets.append(net)
            best = min(nets, key=final_loss)
        with self._keeping(best, keep, checkpoints), all_or_nothing(self):
            keep(self, self._most_agreeing(nets, keep, images, batch))
        checkpoints.write(self)
        warn_of_failure(self, images)
        self._warn_of_unheeded(hints)
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(
        self,
        X: Images,
        y: object = None,
        *,
        scribbles: Sequence[np.ndarray | None] | None = None,
        checkpoint: PathLike | None = None,
        checkpoint_every: int = 10,
    ) -> Self:
        """Go on training, for up to ``max_epochs`` more epochs.

        Intensities stay scaled as at first and labels keep their numbers. The losses
        have the weights that are set now, so betas may change on the way; what
        belongs to the net (``max_labels``, ``reconstruction``, ...) may not.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            The same images, or others with as many channels. Where images of before
            are not among these, all of before still count, each as much as one of
            these, in what labels look like and in the statistics of batch norm; an
            image that is given again counts once more.
        y : None
            Ignored.
        scribbles, checkpoint, checkpoint_every
            As in `fit`; numbers of scribbles are those that labels have already.

        Returns
        -------
        self : estimator

        Raises
        ------
        KeyboardInterrupt
            As `fit`; without a complete epoch the estimator is as it was.
        """
        if not hasattr(self, "net_"):
            return self.fit(
                X,
                scribbles=scribbles,
                checkpoint=checkpoint,
                checkpoint_every=checkpoint_every,
            )
        check_objective(self)
        check_net(self)
        checkpoints = Checkpoints(checkpoint, checkpoint_every)
        batch = check_images(X, n_channels=self.n_channels_in_, field=self._field)
        hints = self._check_scribbles(scribbles, None, batch)
        self._check_numbers(hints)
        images = self._prepare_more(batch.images)
        on_device = self._training_images(images, self.net_.device)
        hints.attach(on_device)
        checkpoints.open(self)
        keep = partial(
            type(self)._keep,
            images=images,
            batch=batch,
            hints=hints,
            before=statistics_of(self.net_),
        )
        callbacks = checkpoints.callbacks(
            partial(self._unfinished, None, keep, on_device)
        )
        [seed] = self._draw_seeds(1)
        with self._keeping(self.net_, keep, checkpoints):
            self._train(self.net_, on_device, seed, start=False, callbacks=callbacks)
            with all_or_nothing(self):
                keep(self, self.net_)
        checkpoints.write(self)
        warn_of_failure(self, images)
        self._warn_of_unheeded(hints)
        return self

    @property
    def _field_before(self):
        """Function to the fields of view of images that are about to be fitted."""
        return getattr(getattr(self, "superpixels", None), "mask_of", None)

    def _check_scribbles(self, scribbles, class_names, batch):
        if scribbles is not None and getattr(self, "assignment", None) == "kmeans":
            raise ValueError(
                "scribbles name soft labels, but assignment='kmeans' labels by "
                "clusters of them; set another assignment"
            )
        return check_scribbles(scribbles, class_names, batch, self.max_labels)

    def _warn_of_unheeded(self, hints):
        cure = ""
        if getattr(self, "assignment", None) == "pixel":
            cure = "; or set assignment='mean', which gives superpixels one label"
        names = self.unmerged_class_names_
        hints.warn_of_unheeded(self.unmerged_labels_, names, cure)

    def _check_numbers(self, hints):
        """Refuse scribbles where classes have other numbers than labels had before."""
        numbers = np.arange(hints.n_classes)
        groups = self.label_groups_
        if groups is not None and not np.array_equal(groups[: len(numbers)], numbers):
            raise ValueError(
                "labels were joined by merge_labels, so that scribbles would name "
                "others than one sees; give scribbles to fit, or before joining"
            )

    def _draw_seeds(self, n):
        rng = check_random_state(self.random_state)
        return rng.randint(np.iinfo(np.int32).max, size=n).tolist()

    def _new_net(self, n_channels, seed):
        return new_wnet(self, n_channels, seed, self._objective())

    def _train(self, net, images, seed, *, start, callbacks=()):
        net.criterion_.set_weights(**weights_of(self))
        for group in net.optimizer_.param_groups:
            group["lr"] = self.lr
        train_wnet(
            self,
            net,
            images,
            seed,
            start=start,
            min_labels=getattr(self, "min_labels", None),
            callbacks=callbacks,
        )

    @contextlib.contextmanager
    def _keeping(self, net, keep, checkpoints):
        """Keep a net, as far as it got, when a training does not come to its end."""
        n_before = len(net.history)
        try:
            yield
        except FloatingPointError:
            keep(self, net)
            raise
        except BaseException as stop:
            goes_on = net is getattr(self, "net_", None)
            nothing_new = len(net.history) == n_before and (goes_on or n_before == 0)
            if nothing_new or not (goes_on or isinstance(stop, _FROM_OUTSIDE)):
                raise
            with all_or_nothing(self):
                keep(self, net)
                self.interrupted_ = True
            checkpoints.write(self)
            tell_what_is_kept(stop, self.n_iter_)
            raise

    def _most_agreeing(self, nets, keep, images, batch):
        """Net whose labels agree best with those of the others."""
        if len(nets) == 1:
            return nets[0]
        label_maps = []
        for net in nets:
            model = copy.copy(self)
            model.random_state = copy.deepcopy(self.random_state)
            keep(model, net)
            label_maps.append(model.unmerged_labels_)
        regions = batch.pack(
            regions_without_a_net(images.scaled, images.fields, rgb=images.scale.rgb)
        )
        return nets[agreement_scores(label_maps, regions).argmax()]

    def _unfinished(self, best, keep, images, net):
        """Model of a net that is not yet ready, or of the best one that is."""
        model = copy.copy(self)
        # Or else the training would go on with other random numbers.
        model.random_state = copy.deepcopy(self.random_state)
        if best is None:
            best = twin_of(net)
            best.settle_statistics(images)
        keep(model, best)
        model.interrupted_ = True
        return model

    def _keep(self, net, images, batch, hints=NO_SCRIBBLES, before=None):
        """Set the fitted attributes: all of them, and none before.

        Labels are numbered anew but where training went on, from a net whose
        statistics were those of ``before``; there too if it had been interrupted.
        """
        new = image_digests(batch.images)
        anew = before is None or self._is_to_be_completed(new)
        self.net_, self.grid_ = net, self._grid
        self.n_channels_in_ = batch.n_channels
        self.intensity_range_ = images.scale.intensity_range
        self.rgb_ = images.scale.rgb
        self.history_ = history_table(net)
        self.n_iter_ = len(self.history_)
        self.loss_ = final_loss(net)
        self.interrupted_ = False
        if before is None:
            self.label_groups_ = None
            self.unmerged_class_names_, self.n_hinted_classes_ = hints.names, 0
        self.n_hinted_classes_ = max(self.n_hinted_classes_, hints.n_classes)
        self._keep_preparation(images)
        if before is None or set(self.image_digests_) <= set(new):
            self._number_labels(images, anew, self.n_hinted_classes_)
            self.image_digests_ = new
        else:
            self._count_labels(images, new, before)
        regions = None
        if self.n_regions is not None:
            regions = batch.pack(self._cut_prepared(images))
        self._keep_labels(batch.pack(self._label_prepared(images)), regions)
        return self

    def _is_to_be_completed(self, new):
        """Whether the labels are those of a training that was interrupted."""
        unchanged = self.image_digests_ == new and self.label_groups_ is None
        return self.interrupted_ and unchanged

    def _count_labels(self, images, new, before):
        """Learn what labels look like; what other images showed is not forgotten."""
        seen, attributes = self.image_digests_, vars(self).copy()
        # An empty slice shows nothing that statistics could be taken of.
        pairs = zip(new, images.scaled, strict=True)
        new = [digest for digest, image in pairs if _has_contrast(image)]
        weights = len(seen), len(new)
        join_statistics(self.net_, before, weights)
        self._number_labels(images, anew=False)
        keep_labels_of_before(self, attributes, weights)
        self.image_digests_ = list(dict.fromkeys(seen + new))


def _has_contrast(image):
    """Whether any channel of an image, (H, W, C), has more than one value."""
    return bool(np.ptp(image, axis=(0, 1)).any())
