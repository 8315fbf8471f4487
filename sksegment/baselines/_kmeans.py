"""k-means of colours: of pixels, or of superpixels."""

from typing import Self

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state

from sksegment._intensity import intensity_range
from sksegment._mixins import SegmenterMixin
from sksegment._typing import ColorSpace, Images, LabelMaps
from sksegment._validation import (
    Integral,
    Interval,
    StrOptions,
    check_images,
    fit_context,
)
from sksegment.baselines._base import SuperpixelMixin, draw_seed, features_of
from sksegment.baselines._color import (
    COLOR_SPACES,
    color_features,
    find_centers,
    nearest_center,
    resolve_color_space,
)
from sksegment.labelling import paint
from sksegment.superpixels import SuperpixelTransformer

__all__ = ["KMeansPixelSegmenter", "KMeansSuperpixelSegmenter"]

_POSITIVE_INT = [Interval(Integral, 1, None, closed="left")]


class KMeansPixelSegmenter(
    SegmenterMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """Segmentation by k-means of the colours of pixels: "Kmeans-Pixel" of the paper.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of classes; there are fewer where there are fewer different colours.
    color_space : {"auto", "lab", "rgb", "native"}, default="auto"
        What the distance of two pixels is measured in. "lab" (CIELAB) and "rgb" are
        for RGB images; "native" takes all channels alike, with their ranges scaled
        to 0..100; "auto" is "lab" for RGB images and "native" for all others.
    n_init : int, default=3
        Number of runs of k-means; the best is kept.
    max_samples : int or None, default=100_000
        Number of pixels from which the classes are learnt, drawn at random where
        there are more; all pixels are labelled anyway. None takes all.
    random_state : int, RandomState instance or None, default=None
        Seed of the clustering and of the sample. An int gives the same labels in
        every run.

    Attributes
    ----------
    labels_ : list of ndarray of shape (H, W), int32
        Labels of the training images; one array if they came as one.
    cluster_centers_ : ndarray of shape (n_classes, n_channels)
        Colours of the classes, from dark to bright, in ``color_space_``.
    color_space_ : {"lab", "rgb", "native"}
        The colour space in use.
    intensity_range_ : ndarray of shape (2, n_channels)
        Intensities of the training images that are scaled to 0 and 1, in every image.
    n_channels_in_ : int
        Number of channels of the training images.

    See Also
    --------
    KMeansSuperpixelSegmenter : The same with superpixels, and so with less noise.

    Notes
    -----
    Images are taken for RGB when they have three channels and no negative value.

    References
    ----------
    Lloyd, "Least squares quantization in PCM", IEEE Transactions on Information
    Theory 28(2), 1982.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment.baselines import KMeansPixelSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = KMeansPixelSegmenter(n_clusters=4, random_state=0).fit([photo])
    >>> labels = model.predict([photo, photo[:, ::-1]])
    >>> len(labels), labels[0].shape, int(labels[0].max())
    (2, (128, 128), 3)
    >>> bool((labels[0] == labels[1][:, ::-1]).all())
    True
    """

    _parameter_constraints = {
        "n_clusters": _POSITIVE_INT,
        "color_space": [StrOptions(COLOR_SPACES)],
        "n_init": _POSITIVE_INT,
        "max_samples": [*_POSITIVE_INT, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        color_space: ColorSpace = "auto",
        n_init: int = 3,
        max_samples: int | None = 100_000,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.color_space = color_space
        self.n_init = n_init
        self.max_samples = max_samples
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Images, y: object = None) -> Self:
        """Learn the classes and label the images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images; one is enough. One array has shape (n, H, W) or
            (n, H, W, C).
        y : None
            Ignored.

        Returns
        -------
        self : KMeansPixelSegmenter

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        """
        batch = check_images(X)
        color_space = resolve_color_space(batch.images, self.color_space)
        scale = intensity_range(batch.images)
        seed = draw_seed(self.random_state)
        pixels = np.concatenate(
            [
                color_features(pixels, scale, color_space)[:, 0]
                for pixels in _sample(batch.images, self.max_samples, seed)
            ]
        )
        self.cluster_centers_ = find_centers(
            pixels, self.n_clusters, color_space, n_init=self.n_init, seed=seed
        )
        self.n_channels_in_ = batch.n_channels
        self.intensity_range_ = scale
        self.color_space_ = color_space
        self.labels_ = self.predict(X)
        return self

    def transform(self, X: Images) -> LabelMaps:
        """Distances to the colours of the classes; `predict` is their argmin.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        distances : list of ndarray of shape (H, W, n_classes), float32
        """
        return self._map(X, self._transform_image)

    def _predict_image(self, index, image):
        pixels = features_of(self, image).reshape(-1, self.n_channels_in_)
        return nearest_center(pixels, self.cluster_centers_).reshape(image.shape[:2])

    def _transform_image(self, index, image):
        pixels = features_of(self, image).reshape(-1, self.n_channels_in_)
        distances = cdist(pixels, self.cluster_centers_).astype(np.float32)
        return distances.reshape(*image.shape[:2], -1)


def _sample(images, max_samples, seed):
    """Pixels of all images, or a sample of them, each as an (n, 1, C) array."""
    pixels = [image.reshape(-1, 1, image.shape[-1]) for image in images]
    ends = np.cumsum([len(part) for part in pixels])
    if max_samples is None or ends[-1] <= max_samples:
        return pixels
    drawn = np.sort(check_random_state(seed).randint(ends[-1], size=max_samples))
    owners = np.searchsorted(ends, drawn, side="right")
    starts = ends - [len(part) for part in pixels]
    return [
        part[drawn[owners == i] - starts[i]]
        for i, part in enumerate(pixels)
        if (owners == i).any()
    ]


class KMeansSuperpixelSegmenter(
    SuperpixelMixin, SegmenterMixin, TransformerMixin, ClusterMixin, BaseEstimator
):
    """Segmentation by k-means of superpixels: "Kmeans-Superpixel" of the paper.

    Mean colours of the superpixels of all training images are clustered, weighted by
    their numbers of pixels.

    Parameters
    ----------
    n_clusters : int, default=8
        Number of classes; there are fewer where there are fewer different colours.
    superpixels : SuperpixelTransformer, optional
        Parameters of the superpixels. When None, those of the class, with fewer
        superpixels where they would be smaller than 25 pixels. It is cloned, and its
        parameters can be set as ``superpixels__mask`` etc.; their number stays as with
        None until ``superpixels__n_segments`` is set.
    color_space : {"auto", "lab", "rgb", "native"}, default="auto"
        What the distance of two superpixels is measured in. "lab" (CIELAB) and "rgb"
        are for RGB images; "native" takes all channels alike, with their ranges
        scaled to 0..100; "auto" is "lab" for RGB images and "native" for all others.
    n_init : int, default=3
        Number of runs of k-means; the best is kept.
    random_state : int, RandomState instance or None, default=None
        Seed of the clustering. An int gives the same labels in every run.

    Attributes
    ----------
    labels_ : list of ndarray of shape (H, W), int32
        Labels of the training images, -1 outside a mask; one array if they came as
        one.
    cluster_centers_ : ndarray of shape (n_classes, n_channels)
        Colours of the classes, from dark to bright, in ``color_space_``.
    superpixels_ : SuperpixelTransformer
        The fitted transformer.
    superpixel_params_ : dict
        Parameters of the superpixels in the fit, which must not change after it.
    color_space_ : {"lab", "rgb", "native"}
        The colour space in use.
    intensity_range_ : ndarray of shape (2, n_channels)
        Intensities of the training images that are scaled to 0 and 1, in every image.
    n_channels_in_ : int
        Number of channels of the training images.

    See Also
    --------
    SpectralSuperpixelSegmenter : Looks at neighbours as well.

    References
    ----------
    Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods",
    IEEE TPAMI 34(11), 2012.

    Examples
    --------
    >>> from skimage.data import astronaut
    >>> from sksegment.baselines import KMeansSuperpixelSegmenter
    >>> photo = astronaut()[::4, ::4]
    >>> model = KMeansSuperpixelSegmenter(n_clusters=4, random_state=0).fit([photo])
    >>> model.labels_[0].shape, model.cluster_centers_.shape
    ((128, 128), (4, 3))
    """

    _parameter_constraints = {
        "n_clusters": _POSITIVE_INT,
        "superpixels": [SuperpixelTransformer, None],
        "color_space": [StrOptions(COLOR_SPACES)],
        "n_init": _POSITIVE_INT,
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        superpixels: SuperpixelTransformer | None = None,
        color_space: ColorSpace = "auto",
        n_init: int = 3,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_clusters = n_clusters
        self.superpixels = superpixels
        self.color_space = color_space
        self.n_init = n_init
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Images, y: object = None) -> Self:
        """Learn the classes and label the images.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
            Training images; one is enough. One array has shape (n, H, W) or
            (n, H, W, C).
        y : None
            Ignored.

        Returns
        -------
        self : KMeansSuperpixelSegmenter

        Raises
        ------
        ValueError
            If a parameter or an image cannot be used; the message names it.
        """
        batch = check_images(X, field=self._field_to_fit)
        prepared, graphs, color_space = self._prepare(batch.images)
        centers = find_centers(
            np.concatenate([graph.means for graph in graphs]),
            self.n_clusters,
            color_space,
            weights=prepared.sizes,
            n_init=self.n_init,
            seed=draw_seed(self.random_state),
        )
        self._set_fitted(batch, prepared, centers, color_space)
        self.labels_ = batch.pack(
            [
                paint(superpixels, nearest_center(graph.means, centers), -1)
                for superpixels, graph in zip(prepared.superpixels, graphs, strict=True)
            ]
        )
        return self

    def transform(self, X: Images) -> LabelMaps:
        """Distances to the colours of the classes; `predict` is their argmin.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        distances : list of ndarray of shape (H, W, n_classes), float32
            Constant on every superpixel, infinite outside a mask.
        """
        return self._map(X, self._transform_image, self._prepare_image)

    def _predict_image(self, superpixels, graph):
        labels = nearest_center(graph.means, self.cluster_centers_)
        return paint(superpixels, labels, -1)

    def _transform_image(self, superpixels, graph):
        distances = cdist(graph.means, self.cluster_centers_).astype(np.float32)
        return paint(superpixels, distances, np.inf)
