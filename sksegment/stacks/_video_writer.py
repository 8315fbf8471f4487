"""Label maps as a video: slices under the colours of their classes."""

import numpy as np

from sksegment._intensity import intensity_range, scale_intensity
from sksegment._output_files import replacing
from sksegment._validation import check_image
from sksegment.plotting import overlay
from sksegment.stacks._encoding import recode

__all__ = ["VIDEO_SUFFIXES", "write_video"]

# Container, codec and pixels; a GIF has 256 colours.
_FORMATS = {
    ".mp4": ("mp4", "libx264", "yuv420p"),
    ".mkv": ("matroska", "libx264", "yuv420p"),
    ".avi": ("avi", "mpeg4", "yuv420p"),
    ".gif": ("gif", "gif", "rgb8"),
}
VIDEO_SUFFIXES = tuple(_FORMATS)
_FRAMES_PER_SECOND = 25


def write_video(path, labels):
    """Write slices with the colours and borders of their classes.

    Parameters
    ----------
    path : pathlib.Path
    labels : LabelPages
        Black where a slice is damaged.
    """
    import av

    container, codec, pixels = _FORMATS[path.suffix.lower()]
    height, width = labels.shape[1:]
    scale = _scale_of(labels)
    with replacing(path) as file, av.open(file, "w", format=container) as video:
        stream = video.add_stream(codec, rate=_FRAMES_PER_SECOND)
        # These codecs halve the sides for colours.
        stream.height, stream.width = height + height % 2, width + width % 2
        stream.pix_fmt = pixels
        for image, page in zip(labels.images(), labels.pages, strict=True):
            picture = _picture(image, page, scale)
            frame = av.VideoFrame.from_ndarray(_with_even_sides(picture), "rgb24")
            video.mux(stream.encode(frame))
        video.mux(stream.encode())


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
