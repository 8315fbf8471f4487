"""Video files as stacks."""

import pickle
import wave

import imageio.v3 as iio
import numpy as np
import pytest

from sksegment.stacks import SliceError, open_stack


@pytest.fixture(scope="module")
def frames():
    """Thirty frames, each of another grey, with a bar that moves."""
    frames = np.empty((30, 48, 64, 3), np.uint8)
    frames[:] = (8 * np.arange(30, dtype=np.uint8))[:, None, None, None]
    for index in range(30):
        frames[index, :, index : index + 8] = 255
    return frames


def write(path, frames, codec, **options):
    iio.imwrite(path, frames, plugin="pyav", codec=codec, fps=25, **options)
    return path


@pytest.fixture(scope="module")
def lossless(frames, tmp_path_factory):
    """Write a video which keeps every value, with key frames every 12 frames."""
    path = tmp_path_factory.mktemp("video") / "a.mkv"
    return write(path, frames, "ffv1", out_pixel_format="bgr0")


def test_frames_are_slices(lossless, frames):
    stack = open_stack(lossless)
    assert (stack.axes, stack.shape, stack.dtype) == ("TYXC", frames.shape, np.uint8)
    assert (stack.source, stack.spacing) == ("a.mkv", None)
    np.testing.assert_array_equal(np.stack(list(stack)), frames)


def test_frames_in_any_order(lossless, frames):
    stack = open_stack(lossless)
    for index in np.random.default_rng(0).permutation(30):
        np.testing.assert_array_equal(stack[index], frames[index])


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {}),
        ("a.avi", "mpeg4", {}),
        ("a.webm", "libvpx-vp9", {}),
        ("a.mpg", "mpeg1video", {}),
        ("a.gif", "gif", {"out_pixel_format": "rgb8"}),
    ],
)
def test_order_of_reading_does_not_matter(tmp_path, frames, name, codec, options):
    path = write(tmp_path / name, frames, codec, **options)
    stack = open_stack(path)
    in_order = list(iio.imiter(path, plugin="pyav"))
    assert stack.shape == frames.shape
    for index in (0, 1, 2, 25, 3, 29, 28, 11, 12, 0):
        np.testing.assert_array_equal(stack[index], in_order[index])


@pytest.mark.parametrize(("format_", "dtype"), [("gray", "u1"), ("gray16le", "u2")])
def test_grey_video_has_no_channels(tmp_path, frames, format_, dtype):
    path = write(tmp_path / "a.mkv", frames, "ffv1", out_pixel_format=format_)
    stack = open_stack(path)
    assert (stack.axes, stack.shape, stack.dtype) == ("TYX", (30, 48, 64), dtype)
    assert stack[29].mean() > stack[0].mean()


def test_along_x_shows_the_course(lossless, frames):
    stack = open_stack(lossless).along("x")
    assert stack.axes == "XTYC"
    np.testing.assert_array_equal(stack[20], frames[:, :, 20])


def test_video_travels_as_its_path(lossless, frames):
    stack = open_stack(lossless)
    stack[3]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack))[7], frames[7])


def test_damage_costs_the_frames_it_reaches(lossless, frames, tmp_path):
    import av

    with av.open(str(lossless)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        keys = [index for index, packet in enumerate(packets) if packet.is_keyframe]
        hit = keys[1] + 2
        place = packets[hit].pos
    data = bytearray(lossless.read_bytes())
    data[place + 30 : place + 60] = b"\xff" * 30
    (tmp_path / "a.mkv").write_bytes(data)
    stack = open_stack(tmp_path / "a.mkv")
    lost = {*range(hit, keys[2])}
    for index in lost:
        with pytest.raises(
            SliceError, match=rf"slice {index} of a\.mkv cannot be read"
        ):
            stack[index]
    for index in {*range(30)} - lost:
        np.testing.assert_array_equal(stack[index], frames[index])


def test_frames_of_a_stream_without_times_are_counted(frames, tmp_path):
    write(tmp_path / "a.h264", frames[:6], "libx264").rename(tmp_path / "a.mpg")
    stack = open_stack(tmp_path / "a.mpg")
    in_order = list(iio.imiter(tmp_path / "a.mpg", plugin="pyav"))
    assert len(stack) == len(in_order) == 6
    for index in (4, 5, 2):
        np.testing.assert_array_equal(stack[index], in_order[index])


def test_shortened_video_warns(frames, tmp_path):
    path = write(tmp_path / "a.avi", frames, "mpeg4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 4 // 5])
    with pytest.warns(UserWarning, match=r"a\.avi announces 30 frames but holds \d+"):
        stack = open_stack(path)
    assert 0 < len(stack) < 30


def test_what_is_no_video(frames, tmp_path):
    path = write(tmp_path / "a.mp4", frames, "libx264")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"a\.mp4 cannot be read: it is damaged"):
        open_stack(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.mp4 is empty"):
        open_stack(path)
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", "NONE"))
        sound.writeframes(bytes(2000))
    with pytest.raises(ValueError, match=r"a\.mp4 cannot be read: it holds no video"):
        open_stack(path)


def test_missing_package(lossless, hide):
    hide("av")
    with pytest.raises(ImportError, match=r'pip install "sksegment\[stacks\]"'):
        open_stack(lossless)
