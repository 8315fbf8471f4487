"""How a W-Net segmenter is fitted, sparse or dense."""

import contextlib
import copy
from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
import torch
from sklearn.utils import check_random_state

from sksegment._agreement import agreement_scores
from sksegment._intensity import warn_of_units
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
    follow_device,
    new_wnet,
    train_wnet,
    weights_of,
)
from sksegment.labelling import fractions_of
from sksegment.memory import warn_of_shortage
from sksegment.patches import PatchSampler
from sksegment.segmenters._advice import (
    cure_of_unheeded,
    have_contrast,
    warn_of_constant_images,
    warn_of_failure,
)
from sksegment.segmenters._before import image_digests, mean_state
from sksegment.segmenters._checkpoints import (
    Checkpoints,
    all_or_nothing,
    tell_what_is_kept,
)
from sksegment.segmenters._checks import check_soft_labels
from sksegment.segmenters._data import TrainingData
from sksegment.training import (
    choose_device,
    history_table,
    join_statistics,
    statistics_of,
    twin_of,
)

__all__ = ["NET_CONSTRAINTS", "TrainingMixin"]

_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]
_FROM_ONE = Interval(Integral, 1, None, closed="left")
_POSITIVE_INT = [_FROM_ONE]

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
    "n_regions": [_FROM_ONE, StrOptions({"auto"}), None],
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
    ``_prepare``, ``_prepare_more``, ``_training_images``, ``_learn_labels``,
    ``_label_prepared`` and ``_cut_prepared`` of the estimator, and in ``_label_state``,
    the attributes of the labels.
    """

    # Whether superpixels are clustered; the dense models have none as a parameter.
    _has_superpixels = False
    # A parameter of the dense models alone.
    min_labels = None

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
        UserWarning
            If a checkpoint on the way cannot be written, such as on a full disk.
        """
        check_objective(self)
        checkpoints = Checkpoints(checkpoint, checkpoint_every)
        checkpoints.open(self)
        batch = check_images(X, field=self._field_to_fit)
        warn_of_shortage(self, [image.shape for image in batch.images])
        hints = self._check_scribbles(scribbles, class_names, batch)
        data = self._prepare_data(batch, hints)
        nets, best = [], None
        for seed in self._draw_seeds(self.n_init):
            net = self._new_net(batch.n_channels, seed)
            with self._usable_if_stopped(best or net, data, checkpoints):
                unfinished = partial(self._unfinished_model, data, best)
                callbacks = checkpoints.callbacks(unfinished)
                self._train(net, data, seed, callbacks)
            nets.append(net)
            best = min(nets, key=final_loss)
        with self._usable_if_stopped(best, data, checkpoints), all_or_nothing(self):
            self._set_fitted(self._most_agreeing(nets, data), data)
        self._finish(data, checkpoints)
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
        ValueError, FloatingPointError
            As `fit`.
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
        # scikit-learn checks the parameters of the first call alone.
        self._validate_params()
        check_objective(self)
        check_net(self)
        follow_device(self)
        self._check_superpixels()
        checkpoints = Checkpoints(checkpoint, checkpoint_every)
        checkpoints.open(self)
        batch = check_images(X, n_channels=self.n_channels_in_, field=self._field)
        hints = self._check_scribbles(scribbles, None, batch)
        self._check_numbers(hints)
        data = self._prepare_data(batch, hints, self.net_)
        callbacks = checkpoints.callbacks(partial(self._unfinished_model, data, None))
        [seed] = self._draw_seeds(1)
        with self._usable_if_stopped(self.net_, data, checkpoints):
            self._train(self.net_, data, seed, callbacks)
            with all_or_nothing(self):
                self._set_fitted(self.net_, data)
        self._finish(data, checkpoints)
        return self

    def _prepare_data(self, batch, hints=NO_SCRIBBLES, net=None):
        """Make of checked images what a new net, or a fitted one, is trained on."""
        if net is None:
            images, device = self._prepare(batch.images), choose_device(self.device)
        else:
            images, device = self._prepare_more(batch.images), net.device
        warn_of_constant_images(images)
        warn_of_units(batch.images, images.scale.intensity_range, images.fields)
        on_device = self._training_images(images, device)
        hints.attach(on_device)
        statistics = None if net is None else statistics_of(net)
        return TrainingData(batch, images, on_device, hints, statistics)

    def _check_scribbles(self, scribbles, class_names, batch):
        if scribbles is not None:
            check_soft_labels(self)
        return check_scribbles(scribbles, class_names, batch, self.max_labels)

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

    def _train(self, net, data, seed, callbacks=()):
        net.criterion_.set_weights(**weights_of(self))
        for group in net.optimizer_.param_groups:
            group["lr"] = self.lr
        start = not data.goes_on
        train_wnet(self, net, data.on_device, seed, start=start, callbacks=callbacks)

    @contextlib.contextmanager
    def _usable_if_stopped(self, net, data, checkpoints):
        """Give the estimator a net, as far as it got, if what is within is stopped.

        A net that it has already was changed, and the attributes must go with it. A new
        one is of use only if the user stopped it: an error leaves all as it was.
        """
        n_epochs = len(net.history)
        try:
            yield
        except FloatingPointError:
            self._set_fitted(net, data)
            raise
        except BaseException as stop:
            has_learnt = len(net.history) > (n_epochs if data.goes_on else 0)
            if has_learnt and (data.goes_on or isinstance(stop, _FROM_OUTSIDE)):
                with all_or_nothing(self):
                    self._set_fitted(net, data)
                    self.interrupted_ = True
                checkpoints.write(self)
                tell_what_is_kept(stop, self.n_iter_)
            raise

    def _unfinished_model(self, data, best, net):
        """Model of a net that is not yet ready, or of the best one that is."""
        if best is None:
            best = twin_of(net)
            best.settle_statistics(data.on_device)
        model = self._model_of(best, data)
        model.interrupted_ = True
        return model

    def _most_agreeing(self, nets, data):
        """Net whose labels agree best with those of the others."""
        if len(nets) == 1:
            return nets[0]
        label_maps = [self._model_of(net, data).unmerged_labels_ for net in nets]
        scores = agreement_scores(label_maps, data.regions_without_a_net())
        return nets[scores.argmax()]

    def _model_of(self, net, data):
        """Copy of the estimator that is fitted by a net."""
        model = copy.copy(self)
        # Or else the training would go on with other random numbers.
        model.random_state = copy.deepcopy(self.random_state)
        return model._set_fitted(net, data)

    def _set_fitted(self, net, data):
        """Set the fitted attributes: all of them, and none before."""
        digests = image_digests(data.batch.images)
        # Where a training goes on, labels have their numbers already.
        anew = not data.goes_on or self._is_to_be_completed(digests)
        self._set_net(net, data)
        self._set_hints(data)
        if data.goes_on and not set(self._image_digests) <= set(digests):
            self._count_labels(data, digests)
        else:
            self._label_state = self._learn_labels(
                data.prepared, anew, self._n_hinted_classes
            )
            self._image_digests = digests
        regions = None
        if self.n_regions is not None:
            regions = data.batch.pack(self._cut_prepared(data.prepared))
        labels = data.batch.pack(self._label_prepared(data.prepared))
        self._set_labels(labels, regions)
        return self

    def _set_net(self, net, data):
        self.net_, self.grid_ = net, self._grid
        self.n_channels_in_ = data.batch.n_channels
        self.intensity_range_ = data.prepared.scale.intensity_range
        self.rgb_ = data.prepared.scale.rgb
        self.history_ = history_table(net)
        self.n_iter_ = len(self.history_)
        self.loss_ = final_loss(net)
        self.interrupted_ = False
        if self._has_superpixels:
            # Others may be fitted on the same preparation.
            self._keep_superpixels(copy.copy(data.prepared.transformer))

    def _set_hints(self, data):
        if not data.goes_on:
            self.label_groups_ = None
            self._unmerged_class_names, self._n_hinted_classes = data.hints.names, 0
        self._n_hinted_classes = max(self._n_hinted_classes, data.hints.n_classes)

    def _finish(self, data, checkpoints):
        """Save a complete model, and warn of what it has not learnt."""
        checkpoints.write(self)
        warn_of_failure(self, data.prepared)
        labels, names = self.unmerged_labels_, self._unmerged_class_names
        data.hints.warn_of_unheeded(labels, names, cure_of_unheeded(self))

    def _is_to_be_completed(self, digests):
        """Whether the labels are those of a training that was interrupted."""
        unchanged = self._image_digests == digests and self.label_groups_ is None
        return self.interrupted_ and unchanged

    def _count_labels(self, data, digests):
        """Learn what labels look like; what other images showed is not forgotten."""
        seen, before = self._image_digests, self._label_state
        # An empty slice shows nothing that statistics could be taken of.
        pairs = zip(digests, have_contrast(data.prepared), strict=True)
        new = [digest for digest, has_contrast in pairs if has_contrast]
        weights = len(seen), len(new)
        join_statistics(self.net_, data.statistics_before, weights)
        now = self._learn_labels(data.prepared, anew=False)
        self._label_state = mean_state(before, now, weights)
        # Pixels are labelled by looks, which only now are those of all images.
        parts = fractions_of(self._counted_labels(data.prepared), self.max_labels)
        both = before.fractions, parts
        self.label_fractions_ = np.average(both, axis=0, weights=weights)
        self._image_digests = list(dict.fromkeys(seen + new))

    def _counted_labels(self, images):
        """Label maps whose areas are ``label_fractions_``."""
        return self._label_prepared(images)
