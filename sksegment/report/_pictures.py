"""Images and label maps as text: JPEG and PNG in base64."""

import base64
import io

import numpy as np
from PIL import Image

from sksegment._pictures import displayable
from sksegment.plotting._uncertainty import uncertainty_colors

__all__ = ["VOID", "encode_image", "encode_labels", "encode_uncertainty", "sample"]

#: Label in an 8-bit and in a 16-bit map that stands for void.
VOID = {np.uint8: 255, np.uint16: 65535}

_QUALITY = 88


def sample(image, max_side):
    """Take as many pixels of an image or map as are shown, evenly spread.

    Parameters
    ----------
    image : ndarray of shape (H, W) or (H, W, C)
    max_side : int
        Of the result.

    Returns
    -------
    image : ndarray of shape (h, w) or (h, w, C)
    """
    rows, columns = (
        ((np.arange(shown) + 0.5) * side / shown).astype(int)
        for side, shown in zip(image.shape, _shown(image.shape, max_side), strict=False)
    )
    return image[rows[:, np.newaxis], columns]


def _shown(shape, max_side):
    """Height and width in the report."""
    ratio = min(1.0, max_side / max(shape[:2]))
    return tuple(max(1, round(side * ratio)) for side in shape[:2])


def encode_image(image, limits, max_side):
    """Encode an image as JPEG.

    Parameters
    ----------
    image : ndarray of shape (H, W, C)
    limits : (ndarray, ndarray) or None
        See `sksegment._pictures.display_limits`.
    max_side : int

    Returns
    -------
    uri : str
        ``data:image/jpeg;base64,...``
    """
    pixels = displayable(image, limits).round().astype(np.uint8)
    grey = image.shape[-1] != 3
    picture = Image.fromarray(pixels[..., 0] if grey else pixels)
    height, width = _shown(image.shape, max_side)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    return _jpeg(picture)


def encode_uncertainty(uncertainty, max_side):
    """Encode as JPEG how undecided labels are, in the colours of `plot_uncertainty`.

    Parameters
    ----------
    uncertainty : ndarray of shape (H, W)
        In [0, 1]; NaN where void.
    max_side : int

    Returns
    -------
    uri : str
    """
    shown = np.ma.masked_invalid(sample(uncertainty, max_side))
    return _jpeg(Image.fromarray(uncertainty_colors()(shown, bytes=True)[..., :3]))


def _jpeg(picture):
    data = _save(picture, "JPEG", quality=_QUALITY, subsampling=0, optimize=True)
    return f"data:image/jpeg;base64,{data}"


def encode_labels(labels, max_side):
    """Encode a label map as grey PNG, 8-bit if ids are below 255, else 16-bit.

    Parameters
    ----------
    labels : ndarray of shape (H, W), int
        Negative where void, which becomes 255 or 65535.
    max_side : int

    Returns
    -------
    png : str
        Base64.
    """
    shown = sample(labels, max_side)
    dtype = np.uint8 if labels.max(initial=0) < VOID[np.uint8] else np.uint16
    ids = np.where(shown < 0, VOID[dtype], shown).astype(dtype)
    return _save(Image.fromarray(ids), "PNG", optimize=True)


def _save(picture, kind, **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode("ascii")
