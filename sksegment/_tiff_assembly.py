"""Small TIFF files in memory, around segments that are encoded already."""

import io
import struct

import numpy as np

__all__ = ["assemble"]

# Tags of where segments are and how long.
_STRIPS, _TILES = (273, 279), (324, 325)


def assemble(byteorder, tags, segments, *, is_tiled=False):
    """Put together a TIFF file of one page.

    Parameters
    ----------
    byteorder : {"<", ">"}
    tags : dict of int to int, sequence of int, or bytes
        By their codes; those of the segments' places and lengths are added.
    segments : list of bytes
        Strips or tiles, encoded as the tags say.
    is_tiled : bool, default=False

    Returns
    -------
    file : bytes
        A header, the segments, long values of tags, and the directory.
    """
    body = io.BytesIO()
    body.write(bytes(8))
    offsets, counts = _TILES if is_tiled else _STRIPS
    tags = {**tags, offsets: [_append(body, data) for data in segments]}
    tags[counts] = [len(data) for data in segments]
    entries = [
        _entry(byteorder, body, code, value) for code, value in sorted(tags.items())
    ]
    start = _append(body, struct.pack(f"{byteorder}H", len(entries)))
    body.write(b"".join(entries) + bytes(4))
    body.seek(0)
    body.write(b"II" if byteorder == "<" else b"MM")
    body.write(struct.pack(f"{byteorder}HI", 42, start))
    return body.getvalue()


def _entry(byteorder, body, code, value):
    if isinstance(value, bytes):
        kind, count, data = 7, len(value), value
    else:
        values = [*map(int, np.atleast_1d(value))]
        # Readers differ in what they make of a short number kept as a long one.
        kind, letter = (3, "H") if max(values) < 2**16 else (4, "I")
        count, data = (
            len(values),
            struct.pack(f"{byteorder}{len(values)}{letter}", *values),
        )
    if len(data) > 4:
        data = struct.pack(f"{byteorder}I", _append(body, data))
    return struct.pack(f"{byteorder}HHI", code, kind, count) + data.ljust(4, b"\0")


def _append(body, data):
    """Write at an even place, and tell where."""
    body.write(bytes(body.tell() % 2))
    place = body.tell()
    body.write(data)
    return place
