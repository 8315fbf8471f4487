"""Label maps as a video: slices under the colours of their classes."""

from fractions import Fraction

import numpy as np

from sksegment._intensity import intensity_range, scale_intensity
from sksegment._output_files import replacing
from sksegment._validation import check_image
from sksegment.plotting import overlay
from sksegment.stacks._encoding import recode

__all__ = ["WRITTEN_VIDEO_SUFFIXES", "write_video"]

# Container, codec, pixels and options; a GIF has 256 colours.
_FORMATS = {
    ".mp4": ("mp4", "libx264", "yuv420p", {}),
    ".mkv": ("matroska", "libx264", "yuv420p", {}),
    # By itself this codec spends so few bits that borders dissolve into blocks.
    ".avi": ("avi", "mpeg4", "yuv420p", {"qmax": "4"}),
    ".gif": ("gif", "gif", "rgb8", {}),
}
WRITTEN_VIDEO_SUFFIXES = tuple(_FORMATS)
# Where the input is no video.
_FRAMES_PER_SECOND = Fraction(25)
# Of the fraction that is the rate; MPEG-4 has 16 bits for it.
_LARGEST_NUMERATOR = 65535


def write_video(path, labels):
    """Write slices with the colours and borders of their classes.

    A video has as many a second as that it was made of, others 25.

    Parameters
    ----------
    path : pathlib.Path
    labels : LabelPages
        Black where a slice is damaged.
    """
    import av

    container, codec, pixels, options = _FORMATS[path.suffix.lower()]
    height, width = labels.shape[1:]
    scale = _scale_of(labels)
    with replacing(path) as file, av.open(file, "w", format=container) as video:
        stream = video.add_stream(codec, rate=_rate(labels.stack), options=options)
        # These codecs halve the sides for colours.
        stream.height, stream.width = height + height % 2, width + width % 2
        stream.pix_fmt = pixels
        for image, page in zip(labels.images(), labels.pages, strict=True):
            picture = _picture(image, page, scale)
            frame = av.VideoFrame.from_ndarray(_with_even_sides(picture), "rgb24")
            video.mux(stream.encode(frame))
        video.mux(stream.encode())


def _rate(stack):
    """Frames a second, as a fraction that all codecs can state."""
    rate = stack._source.rate or _FRAMES_PER_SECOND
    return rate.limit_denominator(max(1, int(_LARGEST_NUMERATOR / rate)))


def _scale_of(labels):
    """Intensities that are black and white, or None if bytes are shown as they are.

    They are the same for all slices, so that a video does not flicker.
    """
    if labels.stack.dtype == np.uint8 or labels.intensity_range is not None:
        return labels.intensity_range
    middle = len(labels.stack) // 2
    try:
        return intensity_range([check_image(labels.stack[middle])])
    except ValueError:
        return None


def _picture(image, page, scale):
    if image is None:
        return np.zeros((*page.shape, 3), np.uint8)
    if image.dtype != np.uint8 and scale is not None:
        image = _as_bytes(image, scale)
    return overlay(image, recode(page, np.int32))


def _as_bytes(image, scale):
    image = image.reshape(*image.shape[:2], -1)
    scaled = np.nan_to_num(scale_intensity(image, scale))
    return (255 * np.clip(scaled, 0, 1)).round().astype(np.uint8)


def _with_even_sides(picture):
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
