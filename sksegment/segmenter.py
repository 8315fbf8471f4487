"""The sparse W-Net as a scikit-learn estimator."""

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sksegment._intensity import scale_intensity
from sksegment._persistence import save_segmenter
from sksegment._preparation import PreparedImages
from sksegment._validation import (
    Integral,
    Interval,
    Real,
    StrOptions,
    check_images,
    check_label_maps,
    fit_context,
)
from sksegment.fitting import (
    check_objective,
    enlarge,
    final_loss,
    new_wnet,
    soft_labels,
    train_wnet,
)
from sksegment.labelling import brightness_order, fit_centers, paint, region_shares
from sksegment.metrics import v_measure
from sksegment.patches import PatchSampler
from sksegment.regions import pooling_matrix
from sksegment.superpixels import SuperpixelTransformer
from sksegment.training import history_table, to_grid

__all__ = ["SparseWNetSegmenter"]

_NESTED = {"superpixels": SuperpixelTransformer, "patches": PatchSampler}
_NON_NEGATIVE = [Interval(Real, 0, None, closed="left")]
_POSITIVE_INT = [Interval(Integral, 1, None, closed="left")]


class SparseWNetSegmenter(ClusterMixin, BaseEstimator):
    """Unsupervised segmentation by a W-Net clustered on a graph of superpixels."""

    _parameter_constraints = {
        "max_labels": [Interval(Integral, 2, None, closed="left")],
        "superpixels": [SuperpixelTransformer, None],
        "patches": [PatchSampler, None],
        "beta_rec": _NON_NEGATIVE,
        "beta_cut": _NON_NEGATIVE,
        "beta_sim": _NON_NEGATIVE,
        "beta_con": _NON_NEGATIVE,
        "tau": [Real],
        "reconstruction": [StrOptions({"patch", "image", "none"})],
        "assignment": [StrOptions({"mean", "majority", "kmeans"})],
        "base_channels": _POSITIVE_INT,
        "depth": [Interval(Integral, 0, 8, closed="both")],
        "resolution": [Interval(Real, 0, 1, closed="right")],
        "max_epochs": _POSITIVE_INT,
        "batches_per_epoch": _POSITIVE_INT,
        "lr": [Interval(Real, 0, None, closed="neither")],
        "tol": _NON_NEGATIVE,
        "n_init": _POSITIVE_INT,
        "device": [str, torch.device],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        max_labels=32,
        *,
        superpixels=None,
        patches=None,
        beta_rec=1.0,
        beta_cut=0.0,
        beta_sim=0.1,
        beta_con=0.1,
        tau=0.0,
        reconstruction="patch",
        assignment="mean",
        base_channels=16,
        depth=3,
        resolution=0.5,
        max_epochs=12,
        batches_per_epoch=8,
        lr=1e-3,
        tol=0.002,
        n_init=1,
        device="auto",
        precision="auto",
        random_state=None,
        verbose=0,
    ):
        self.max_labels = max_labels
        self.superpixels = superpixels
        self.patches = patches
        self.beta_rec = beta_rec
        self.beta_cut = beta_cut
        self.beta_sim = beta_sim
        self.beta_con = beta_con
        self.tau = tau
        self.reconstruction = reconstruction
        self.assignment = assignment
        self.base_channels = base_channels
        self.depth = depth
        self.resolution = resolution
        self.max_epochs = max_epochs
        self.batches_per_epoch = batches_per_epoch
        self.lr = lr
        self.tol = tol
        self.n_init = n_init
        self.device = device
        self.precision = precision
        self.random_state = random_state
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
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
        self : SparseWNetSegmenter

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        FloatingPointError
            If the loss becomes NaN; the estimator then has the last finite weights.
        """
        check_objective(self)
        batch = check_images(X)
        images = PreparedImages.build(batch.images, self.superpixels)
        best = None
        for seed in self._draw_seeds(self.n_init):
            net = new_wnet(self, batch.n_channels, seed)
            try:
                train_wnet(self, net, images, seed)
            except FloatingPointError:
                self._keep(best or net, images, batch)
                raise
            if best is None or final_loss(net) < final_loss(best):
                best = net
        return self._keep(best, images, batch)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Go on training, for up to ``max_epochs`` more epochs.

        Intensities stay scaled as at first, and labels keep their numbers.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            The same images, or others with as many channels.
        y : None
            Ignored.

        Returns
        -------
        self : SparseWNetSegmenter
        """
        if not hasattr(self, "net_"):
            return self.fit(X)
        check_objective(self)
        batch = check_images(X, n_channels=self.n_channels_in_)
        images = PreparedImages.extend(batch.images, self.superpixels_)
        try:
            train_wnet(self, self.net_, images, self._draw_seeds(1)[0])
        finally:
            self._keep(self.net_, images, batch, number=False)
        return self

    def _draw_seeds(self, n):
        rng = check_random_state(self.random_state)
        return rng.randint(np.iinfo(np.int32).max, size=n).tolist()

    def _keep(self, net, images, batch, number=True):
        """Set the fitted attributes: all of them, and none before."""
        self.net_ = net
        self.n_channels_in_ = batch.n_channels
        self.intensity_range_ = images.transformer.intensity_range_
        self.superpixels_ = images.transformer
        self.history_ = history_table(net)
        self.n_iter_ = len(self.history_)
        self.loss_ = final_loss(net)
        if number:
            self._number_labels(images)
        self.labels_ = batch.pack(
            [
                self._label(superpixels, self._shares(scaled, superpixels))
                for scaled, superpixels in zip(
                    images.scaled, images.superpixels, strict=True
                )
            ]
        )
        return self

    def _number_labels(self, images):
        """Number the labels by brightness, so that repeated runs agree."""
        pairs = list(zip(images.scaled, images.superpixels, strict=True))
        self.cluster_centers_ = None
        if self.assignment == "kmeans":
            means = [self._shares(*pair, assignment="mean") for pair in pairs]
            self.cluster_centers_ = fit_centers(
                np.concatenate(means), self.max_labels, self._draw_seeds(1)[0]
            )
        labels = [self._shares(*pair).argmax(axis=1) for pair in pairs]
        order = brightness_order(labels, images.graphs, self.max_labels)
        if self.assignment == "kmeans":
            self.cluster_centers_ = self.cluster_centers_[order]
        else:
            self.net_.permute_labels(order)

    def predict(self, X):
        """Label images with the classes of the model.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        labels : list of ndarray of shape (H, W), int32
            Class ids 0..K-1, the same in every call; -1 outside a mask. One
            (n, H, W) array when X is one array.
        """
        return self._map(X, self._predict_image)

    def predict_proba(self, X):
        """Soft labels, constant on every superpixel; `predict` is their argmax.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        proba : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel, to 0 outside a mask.
        """
        return self._map(X, self._predict_proba_image)

    def transform(self, X):
        """Dense features: the soft labels of the net, pixel by pixel.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        features : list of ndarray of shape (H, W, K), float32
            Sums to 1 at every pixel; superpixels play no part.
        """
        return self._map(X, self._transform_image)

    def reconstruct(self, X):
        """Reconstruct images from their soft labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        images : list of ndarray of shape (H, W, C), float32
            In the units of the input.

        Raises
        ------
        ValueError
            If the model was fitted with ``reconstruction="none"``.
        """
        check_is_fitted(self)
        if self.net_.module_.decoder is None:
            raise ValueError(
                "the model has no decoder: it was fitted with reconstruction='none'"
            )
        return self._map(X, self._reconstruct_image)

    def score(self, X, y):
        """Mean V-measure of the predicted labels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
        y : sequence of ndarray of shape (H, W) or (A, H, W)
            Ground truth of one or of A annotators; negative labels are not scored.

        Returns
        -------
        score : float
            In [0, 1]. Where there are several annotators, the one that agrees best
            counts, as in the paper.
        """
        labels = self.predict(X)
        truths = check_label_maps(y, [map_.shape for map_ in labels])
        return float(np.mean([*map(v_measure, truths, labels)]))

    def save(self, path):
        """Save the model to one file that holds no code; see `sksegment.io`.

        Parameters
        ----------
        path : str or path-like
            By convention with the suffix ``.safetensors``.

        See Also
        --------
        sksegment.io.load_model : Read it back.
        """
        check_is_fitted(self)
        save_segmenter(self, path)

    def get_params(self, deep=True):
        """Get the parameters; those of superpixels and patches also when None.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = super().get_params(deep=deep)
        if deep:
            for name, default in _NESTED.items():
                if params[name] is None:
                    nested = default().get_params()
                    params.update({f"{name}__{key}": v for key, v in nested.items()})
        return params

    def set_params(self, **params):
        """Set parameters, also of superpixels and patches that are still None.

        Parameters
        ----------
        **params : dict

        Returns
        -------
        self : SparseWNetSegmenter
        """
        for name, default in _NESTED.items():
            nested = any(key.startswith(f"{name}__") for key in params)
            if nested and name not in params and getattr(self, name) is None:
                setattr(self, name, default())
        return super().set_params(**params)

    def _map(self, X, function):
        check_is_fitted(self)
        batch = check_images(X, n_channels=self.n_channels_in_)
        return batch.pack([function(*item) for item in enumerate(batch.images)])

    def _predict_image(self, index, image):
        scaled, superpixels = self._divide(index, image)
        return self._label(superpixels, self._shares(scaled, superpixels))

    def _predict_proba_image(self, index, image):
        scaled, superpixels = self._divide(index, image)
        return paint(superpixels, self._shares(scaled, superpixels), 0.0)

    def _transform_image(self, index, image):
        f = self._soft_labels(scale_intensity(image, self.intensity_range_))
        return enlarge(f, image.shape[:2])

    def _reconstruct_image(self, index, image):
        scaled = scale_intensity(image, self.intensity_range_)
        pixels = self.net_.reconstruction_step(to_grid(scaled, self.resolution))
        low, high = self.intensity_range_
        return (enlarge(pixels, image.shape[:2]) * (high - low) + low).astype("f4")

    def _divide(self, index, image):
        scaled = scale_intensity(image, self.intensity_range_)
        return scaled, self.superpixels_.segment(image, scaled, index)

    def _soft_labels(self, scaled):
        return soft_labels(self.net_, scaled, self.resolution)

    def _shares(self, scaled, superpixels, assignment=None):
        f = self._soft_labels(scaled)[0].permute(1, 2, 0).cpu().numpy()
        pooling = pooling_matrix(superpixels, f.shape[:2])
        assignment = assignment or self.assignment
        return region_shares(f, pooling, assignment, self.cluster_centers_)

    @staticmethod
    def _label(superpixels, shares):
        return paint(superpixels, shares.argmax(axis=1).astype(np.int32), -1)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags
