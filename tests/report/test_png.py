"""The page's own reader of PNGs, with every filter that the format has."""

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from sksegment.report import write_report

pytestmark = pytest.mark.browser

READ = "async (png) => { const found = await readPng(png); return [...found.map]; }"


def paeth(left, above, corner):
    """Whichever of the three is nearest to left + above - corner."""
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


GUESSES = {
    0: lambda left, above, corner: 0,
    1: lambda left, above, corner: left,
    2: lambda left, above, corner: above,
    3: lambda left, above, corner: (left + above) // 2,
    4: paeth,
}


def encode(values, kind):
    """Write a PNG whose lines all have one filter."""
    height, width = values.shape
    size = values.dtype.itemsize
    lines = values.astype(values.dtype.newbyteorder(">")).view(np.uint8)
    whole = np.pad(lines.reshape(height, width * size), ((1, 0), (size, 0))).astype(int)
    data = b""
    for y in range(1, height + 1):
        data += bytes([kind])
        for x in range(size, whole.shape[1]):
            around = whole[y, x - size], whole[y - 1, x], whole[y - 1, x - size]
            data += bytes([(whole[y, x] - GUESSES[kind](*around)) % 256])
    header = struct.pack(">IIBBBBB", width, height, 8 * size, 0, 0, 0, 0)
    packed = zlib.compress(data)
    # Data may come in pieces.
    chunks = [(b"IHDR", header), (b"tEXt", b"a\0b"), (b"IDAT", packed[:20])]
    chunks += [(b"IDAT", packed[20:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body
        + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )  # fmt: skip


@pytest.fixture(scope="module")
def page(chromium, known, known_labels, known_images, tmp_path_factory):
    path = tmp_path_factory.mktemp("png") / "report.html"
    write_report(known(known_labels), known_images, path)
    page = chromium.new_page()
    page.goto(path.as_uri())
    yield page
    page.close()


@pytest.mark.parametrize("kind", GUESSES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_filter_is_undone(page, kind, dtype):
    rng = np.random.default_rng(kind)
    values = rng.integers(0, np.iinfo(dtype).max, (18, 13), dtype, endpoint=True)
    # With few values there are ties between the neighbours.
    values[:9] %= 4
    png = encode(values, kind)
    assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), values)
    found = page.evaluate(READ, base64.b64encode(png).decode())
    assert_array_equal(found, values.ravel())
