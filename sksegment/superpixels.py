"""Superpixels: small connected regions on which the clustering works."""

from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._division import compute_superpixels, squeeze
from sksegment._intensity import IntensityScale, perceptual
from sksegment._large_division import LARGEST, divide_large
from sksegment._parts import ScaledParts
from sksegment._typing import Images, LabelMaps
from sksegment._validation import (
    EmptyFieldError,
    Integral,
    Interval,
    Real,
    StrOptions,
    check_images,
    fit_context,
)

__all__ = ["SuperpixelTransformer", "compute_superpixels", "perceptual"]


def __dir__():
    return __all__


def is_of_each_image(mask):
    """Whether a mask is another one in every image, and not one of an orientation."""
    return callable(mask) or isinstance(mask, str)


class SuperpixelTransformer(TransformerMixin, BaseEstimator):
    """Divide images into superpixels.

    Parameters
    ----------
    method : {"slic", "watershed"} or callable, default="slic"
        SLIC [1]_, compact watershed [2]_, or a function from an image, (H, W) in
        [0, 100] if grey, (H, W, 3) in CIELAB for colour, else (H, W, C) in [0, 100],
        to integer labels of shape (H, W), negative where void.
    n_segments : int or "auto", default=3000
        Number of superpixels to aim for in an image; the true number differs. "auto"
        follows the structure: there are as many as the gradient of the image has
        basins. With ``method="watershed"`` they are these basins, which keep to the
        borders of structures a few pixels wide: membranes, fibres, cracks. On noisy
        images blur or denoise first (``sigma``, `sksegment.preprocessing.Denoise`).
        Of an image of more than 33 megapixels, or a mask with as many inside, it is
        the number for every 33 megapixels.
    compactness : float, default=10.0
        Difference of colour, in CIELAB units, that weighs as much as the distance
        between two seeds. It means the same for every input: RGB is compared in
        CIELAB, everything else on its range scaled to 0..100. Where SLIC falls to
        pieces because of noise, it is doubled until it does not.
    sigma : float, default=0.0
        Standard deviation in pixels of a Gaussian blur beforehand.
    mask : ndarray of shape (H, W), "finite", or callable, optional
        Field of view, true inside, for all images; "finite" for what of each image is
        neither NaN nor infinite; or a function from an image, as it is given to
        `transform`, (H, W) if grey, to such an array. Superpixels are -1 outside, and
        nothing depends on the pixels there.

    Attributes
    ----------
    intensity_range_ : ndarray of shape (2, n_channels)
        Intensities that are scaled to 0 and 1.
    rgb_ : bool
        Whether images are taken for colour: three channels without negative values.
    n_channels_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    sksegment.regions.region_graph : Neighbours, sizes and means of superpixels.

    Notes
    -----
    Without `fit`, `transform` scales by the range of the images it is given.

    References
    ----------
    .. [1] Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel
       methods", IEEE TPAMI 34(11), 2012.
    .. [2] Neubert and Protzel, "Compact watershed and preemptive SLIC", ICPR 2014.

    Examples
    --------
    >>> from skimage.data import camera
    >>> from sksegment import SuperpixelTransformer
    >>> superpixels = SuperpixelTransformer(n_segments=500)
    >>> maps = superpixels.fit_transform([camera()[::4, ::4]])
    >>> maps[0].shape, str(maps[0].dtype), int(maps[0].min())
    ((128, 128), 'int32', 0)
    """

    _parameter_constraints = {
        "method": [StrOptions({"slic", "watershed"}), callable],
        "n_segments": [
            Interval(Integral, 2, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "compactness": [Interval(Real, 0, None, closed="neither")],
        "sigma": [Interval(Real, 0, None, closed="left")],
        "mask": ["array-like", callable, StrOptions({"finite"}), None],
    }

    def __init__(
        self,
        method: str | Callable[[np.ndarray], np.ndarray] = "slic",
        n_segments: int | Literal["auto"] = 3000,
        compactness: float = 10.0,
        sigma: float = 0.0,
        mask: np.ndarray
        | Literal["finite"]
        | Callable[[np.ndarray], np.ndarray]
        | None = None,
    ) -> None:
        self.method = method
        self.n_segments = n_segments
        self.compactness = compactness
        self.sigma = sigma
        self.mask = mask

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Images, y: object = None) -> Self:
        """Learn the range of intensities.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)
        y : None
            Ignored.

        Returns
        -------
        self : SuperpixelTransformer
        """
        images = check_images(X, field=self.mask_of).images
        self.n_channels_in_ = images[0].shape[-1]
        scale = IntensityScale.of([*map(self._inside, images, range(len(images)))])
        self.rgb_, self.intensity_range_ = scale.rgb, scale.intensity_range
        return self

    def transform(self, X: Images) -> LabelMaps:
        """Divide every image into superpixels.

        Parameters
        ----------
        X : sequence of ndarray of shape (H, W) or (H, W, C)

        Returns
        -------
        maps : list of ndarray of shape (H, W), int32
            Ids 0..n-1, each superpixel one 4-connected piece; -1 outside the mask.
            One (n, H, W) array when X is one array.
        """
        if not hasattr(self, "intensity_range_"):
            return SuperpixelTransformer(**self.get_params(deep=False)).fit_transform(X)
        # Parameters may have been set after the fit.
        self._validate_params()
        batch = check_images(X, n_channels=self.n_channels_in_, field=self.mask_of)
        return batch.pack(
            [
                self.divide_parts(self.parts(image, i), i)
                for i, image in enumerate(batch.images)
            ]
        )

    def normalize(self, image: np.ndarray) -> np.ndarray:
        """Bring one checked image to the scale of superpixels and nets.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)

        Returns
        -------
        normalized : ndarray of shape (H, W, C), float32
            A hundredth of CIELAB for colour, otherwise intensities in [0, 1].
        """
        return IntensityScale(self.intensity_range_, self.rgb_).apply(image)

    def divide(
        self, image: np.ndarray, index: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Normalise one checked image and divide it into superpixels.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)
        index : int, default=0
            Position of the image, for messages.

        Returns
        -------
        normalized : ndarray of shape (H, W, C), float32
            See `normalize`. Outside the mask it has the mean of the inside, so that
            nothing depends on what is there.
        superpixels : ndarray of shape (H, W), int32
        """
        parts = self.parts(image, index)
        normalized = parts.read(slice(None), slice(None))
        return normalized, self.divide_parts(parts, index, normalized)

    def parts(self, image: np.ndarray, index: int = 0) -> ScaledParts:
        """View one checked image so that parts of it can be had normalised.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)
        index : int, default=0
            Position of the image, for messages.

        Returns
        -------
        parts : ScaledParts
        """
        scale = IntensityScale(self.intensity_range_, self.rgb_)
        return ScaledParts(image, scale, self.mask_of(image, index))

    def divide_parts(
        self,
        parts: ScaledParts,
        index: int = 0,
        normalized: np.ndarray | None = None,
    ) -> np.ndarray:
        """Divide an image into superpixels, a large one block by block.

        Parameters
        ----------
        parts : ScaledParts
        index : int, default=0
            Position of the image, for messages.
        normalized : ndarray of shape (H, W, C), optional
            All of it, where that is in memory anyway.

        Returns
        -------
        superpixels : ndarray of shape (H, W), int32
        """
        names = ("method", "n_segments", "compactness", "sigma")
        options = {name: getattr(self, name) for name in names}
        try:
            if parts.image[..., 0].size > LARGEST and not callable(self.method):
                return divide_large(parts, **options)
            if normalized is None:
                normalized = parts.read(slice(None), slice(None))
            pixels = np.float32(100.0) * normalized
            return compute_superpixels(pixels, **options, mask=parts.mask)
        except ValueError as error:
            raise ValueError(f"image {index}: {error}") from error

    def n_pixels(self, image: np.ndarray, index: int = 0) -> int:
        """Count the pixels of one checked image that are to be divided.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)
        index : int, default=0
            Position of the image, for messages.

        Returns
        -------
        n_pixels : int
            All, or those within the mask.
        """
        mask = self.mask_of(image, index)
        return image[..., 0].size if mask is None else int(mask.sum())

    def _inside(self, image, index):
        """Pixels inside the mask, as an image of one row where there is a mask."""
        mask = self.mask_of(image, index)
        return image if mask is None else image[mask][np.newaxis]

    def mask_of(self, image: np.ndarray, index: int = 0) -> np.ndarray | None:
        """Field of view of one checked image.

        Parameters
        ----------
        image : ndarray of shape (H, W, C)
        index : int, default=0
            Position of the image, for messages.

        Returns
        -------
        mask : ndarray of shape (H, W), bool, or None
            None where ``mask`` is, or is "finite" and so is the image.

        Raises
        ------
        ValueError
            If it is of another shape, has NaN, or is empty.
        """
        if self.mask is None:
            return None
        if isinstance(self.mask, str):
            mask = np.isfinite(image).all(axis=-1)
            if mask.all():
                return None
        else:
            mask = self.mask(squeeze(image)) if callable(self.mask) else self.mask
        mask = np.asarray(mask)
        if mask.shape != image.shape[:2]:
            raise ValueError(
                f"image {index}: the mask has shape {mask.shape}, but the image has "
                f"{image.shape[:2]}; run images of another size apart, with a mask of "
                "theirs, or pass a function from an image to its mask"
            )
        if mask.dtype.kind == "f" and np.isnan(mask).any():
            raise ValueError(
                f"image {index}: the mask has NaN, which is neither inside nor "
                "outside; replace it first, e.g. with numpy.nan_to_num"
            )
        mask = mask.astype(bool)
        if not mask.any():
            # There may be nothing in one image of many.
            kind = EmptyFieldError if is_of_each_image(self.mask) else ValueError
            raise kind(f"image {index}: the mask is empty: there is nothing to segment")
        return mask

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        tags.requires_fit = False
        return tags
