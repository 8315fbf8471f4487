"""Video files as sources, frame by frame."""

import bisect
import functools
import itertools
import math

import numpy as np

from sksegment._warn import warn_user
from sksegment.stacks._source import LazyFile, page_source

__all__ = ["VIDEO_SUFFIXES", "video_source"]

VIDEO_SUFFIXES = frozenset(
    (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv")
) | {".ogv", ".flv", ".ts", ".3gp", ".gif"}
# Containers with an index; in others, times are off by frames after a jump, so what
# lies behind is reached from the start.
_INDEXED = frozenset({"mov", "matroska", "avi"})
# Frames a second beyond which a rate is that of a clock.
_HIGHEST_RATE = 1000


def video_source(path):
    """Make a source of a video file.

    Frames are found by their times, which are listed once, without decoding. Reading
    in order decodes every frame once.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    source : Source
        RGB in uint8, or in uint16 from more than 8 bits; grey videos have no channels.

    Raises
    ------
    ValueError
        If the file holds no video.
    """
    times, keys = _list_times(path)
    file = LazyFile(_OpenVideo, path, times, keys)
    with file.lend() as video:
        kind, dtype, shape, axes = video.describe()
        rate = video.rate()
    file.close()
    return page_source(
        path.name,
        functools.partial(_read_frame, file, kind),
        (len(times), *shape),
        dtype,
        axes=axes,
        rate=rate,
        paths=(path,),
        close=file.close,
    )


def _open_container(path):
    import av

    try:
        container = av.open(str(path))
    except av.error.InvalidDataError as error:
        raise ValueError("it is damaged, or no video") from error
    if not container.streams.video:
        container.close()
        raise ValueError("it holds no video")
    return container


def _list_times(path):
    """Times of all frames and of the key frames, in the order they are shown.

    Where the container keeps none they are numbers, and only counting finds a frame.
    """
    with _open_container(path) as container:
        stream = container.streams.video[0]
        packets = [
            (packet.pts, packet.is_keyframe)
            for packet in container.demux(stream)
            if packet.size and not packet.is_discard
        ]
        announced = stream.frames
    if announced > len(packets):
        warn_user(
            f"{path.name} announces {announced} frames but holds {len(packets)}; is "
            "it a copy that was cut short?"
        )
    times = [time for time, _ in packets]
    if None not in times and len({*times}) == len(times) > 0:
        return sorted(times), sorted(time for time, is_key in packets if is_key)
    with _open_container(path) as container:
        n_frames = sum(1 for _ in container.decode(video=0))
    if n_frames == 0:
        raise ValueError("it holds no frames")
    return [*range(n_frames)], None


class _OpenVideo:
    """An open video, and where in it the decoder stands."""

    def __init__(self, path, times, keys):
        self._path, self._times, self._keys = path, times, keys
        self._start()

    def _start(self):
        self._container = _open_container(self._path)
        self._stream = self._container.streams.video[0]
        self._frames, self._place = self._decode(), -1

    def _decode(self):
        """Yield frames, their times, and whether they are whole."""
        import av

        count, damaged_until = 0, -math.inf
        for packet in self._container.demux(self._stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                frames, damaged_until = [], self._next_key(packet.pts)
            for frame in frames:
                time = count if self._keys is None else frame.pts
                count += 1
                # What refers to a damaged frame is no picture of anything.
                yield frame, time, time >= damaged_until and not frame.is_corrupt

    def _next_key(self, time):
        if self._keys is None or time is None:
            return math.inf
        place = bisect.bisect_right(self._keys, time)
        return self._keys[place] if place < len(self._keys) else math.inf

    def describe(self):
        """Pixel format to convert to, with its dtype, the shape and the axes."""
        context, format_ = self._stream.codec_context, self._stream.format
        deep = max(component.bits for component in format_.components) > 8
        dtype = np.dtype(np.uint16 if deep else np.uint8)
        shape = (context.height, context.width)
        if format_.name.startswith(("gray", "mono")):
            return ("gray16le" if deep else "gray"), dtype, shape, "TYX"
        return ("rgb48le" if deep else "rgb24"), dtype, (*shape, 3), "TYXC"

    def rate(self):
        """Frames a second on the average, None if they are not known."""
        rate = self._stream.average_rate
        return rate if rate and 0 < rate <= _HIGHEST_RATE else None

    def read(self, index):
        """Decode one frame."""
        if not self._is_ahead(index):
            self._seek(index)
        target = self._times[index]
        for frame, time, whole in self._frames:
            self._place = bisect.bisect_left(self._times, time)
            if time == target and whole:
                return frame
            if time >= target:
                break
        raise ValueError("the video is damaged here")

    def _is_ahead(self, index):
        """Whether decoding on is the shortest way to a frame."""
        if self._keys is None or self._place < 0:
            return index > self._place
        key = self._keys[bisect.bisect_right(self._keys, self._times[index]) - 1]
        return index > self._place and key <= self._times[self._place + 1]

    def _seek(self, index):
        format_ = self._container.format.name.partition(",")[0]
        if self._keys is not None and format_ in _INDEXED:
            self._container.seek(self._times[index], stream=self._stream)
            frames = self._decode()
            first = next(frames, None)
            if first and first[0].key_frame and first[1] <= self._times[index]:
                self._frames = itertools.chain([first], frames)
                return
        self.close()
        self._start()

    def close(self):
        """Close the file."""
        self._container.close()


def _read_frame(file, kind, index):
    with file.lend() as video:
        return video.read(index).to_ndarray(format=kind)
