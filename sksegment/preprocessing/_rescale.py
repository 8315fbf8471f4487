"""Smaller images, and answers of the size of the large ones."""

from skimage.transform import resize_local_mean
from sklearn.base import BaseEstimator, TransformerMixin

from sksegment._validation import MIN_SIDE, Interval, Real
from sksegment.preprocessing._base import ImageTransformerMixin, as_dtype, as_float

__all__ = ["Rescale"]


class Rescale(ImageTransformerMixin, TransformerMixin, BaseEstimator):
    """Shrink images; what the segmenters answer has the original size again.

    In a pipeline with a segmenter of this package, labels come back at full size by
    the nearest pixel, soft labels and features by linear interpolation, and are
    compared with ground truth of full size.

    Parameters
    ----------
    scale : float, default=0.5
        Side of the new image relative to the original, at most 1. Each new pixel is
        the mean of the area it covers: noise goes down, and whatever is thinner
        than a new pixel goes too.

    Attributes
    ----------
    n_channels_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    sksegment.SparseWNetSegmenter : Has a parameter ``resolution`` of its own, for the
        net alone; superpixels, and so borders, keep the full resolution.

    Notes
    -----
    Images keep their type, so that a segmenter scales them as it would scale the
    originals. Integers are rounded; bool becomes float32.

    What comes out are arrays with a memory of their original size, an attribute
    ``original_shape``. Other transformers of this package hand it on. Own steps go
    before `Rescale`: the memory is lost in slices and in results of arithmetic, and
    labels would then have the size of the small images.

    Other numbers are those of the small image: ``superpixels__n_segments``, sizes of
    patches, and a mask for `sksegment.SuperpixelTransformer`, which is best given as a
    function from an image to its mask.

    `fit` learns nothing and is not needed.

    Examples
    --------
    >>> from skimage.data import camera
    >>> from sklearn.pipeline import Pipeline
    >>> from sksegment.baselines import KMeansPixelSegmenter
    >>> from sksegment.preprocessing import Rescale
    >>> Rescale(1 / 4).transform([camera()])[0].shape
    (128, 128)
    >>> segment = KMeansPixelSegmenter(n_clusters=3, random_state=0)
    >>> pipeline = Pipeline([("rescale", Rescale(1 / 4)), ("segment", segment)])
    >>> pipeline.fit_predict([camera()])[0].shape
    (512, 512)
    """

    _parameter_constraints = {"scale": [Interval(Real, 0, 1, closed="right")]}

    def __init__(self, scale: float = 0.5) -> None:
        self.scale = scale

    def _transform_image(self, index, image):
        shape = tuple(round(self.scale * side) for side in image.shape[:2])
        if min(shape) < MIN_SIDE:
            raise ValueError(
                f"image {index} of {image.shape[:2]} pixels would be left with {shape} "
                f"by scale={self.scale}; both sides must keep at least {MIN_SIDE}"
            )
        small = resize_local_mean(
            as_float(image), shape, preserve_range=True, channel_axis=-1
        )
        return as_dtype(small, image.dtype)
