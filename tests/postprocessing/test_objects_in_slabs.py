"""Objects of volumes that are larger than memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.measure import label
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from sksegment.postprocessing import _slabs, _spool, quantify, separate_objects
from sksegment.stacks import open_stack

HEIGHTS = [1, 2, 3, 7]


@pytest.fixture
def in_slabs(monkeypatch):
    """Let slabs have so many slices."""

    def in_slabs_(height):
        monkeypatch.setattr(_slabs, "_height", lambda *_: height)

    return in_slabs_


def balls(*balls, shape=(24, 24, 40)):
    """Label balls of (z, y, x, radius) as class 1."""
    grid = np.ogrid[tuple(map(slice, shape))]
    volume = np.zeros(shape, np.uint8)
    for *centre, radius in balls:
        squares = [(axis - c) ** 2 for axis, c in zip(grid, centre, strict=True)]
        volume[sum(squares) <= radius**2] = 1
    return volume


def packed():
    """Return balls that touch on all sides."""
    rng = np.random.default_rng(0)
    places = np.stack(np.meshgrid(*[[4, 13, 22, 31]] * 3), -1).reshape(-1, 3)
    places = places + rng.uniform(-1, 1, places.shape)
    return balls(*[(*place, 5.2) for place in places], shape=(36, 36, 36))


def mixed():
    """Return two classes without any form, another one, and void."""
    rng = np.random.default_rng(3)
    noise = gaussian_filter(rng.normal(size=(22, 24, 26)), 1.5)
    volume = np.digitize(noise, [-0.05, 0.01])
    volume[gaussian_filter(rng.normal(size=noise.shape), 2) > 0.04] = -1
    return volume


def spiral():
    """Return a tube that goes up and down through all slabs."""
    z, y, x = np.ogrid[:21, :9, :60]
    return (np.abs(z - 10 - 7 * np.sin(x / 5)) + np.abs(y - 4) < 3.5).astype(int)


def full():
    """Return one class and void, so that nothing is outside."""
    volume = np.ones((9, 6, 7), int)
    volume[4, :, :5] = volume[7] = -1
    return volume


@pytest.mark.parametrize("height", HEIGHTS)
@pytest.mark.parametrize(
    ("volume", "classes"),
    [(packed(), 1), (mixed(), [1, 2]), (spiral(), 1), (full(), 1)],
    ids=["packed", "mixed", "spiral", "full"],
)
@pytest.mark.parametrize("spacing", [None, (2.0, 0.5, 0.7)])
def test_objects_do_not_depend_on_the_slabs(height, volume, classes, spacing, in_slabs):
    options = {"spacing": spacing, "spatial": "3d"}
    expected = separate_objects(volume, classes, **options)
    in_slabs(height)
    assert (separate_objects(volume, classes, **options) == expected).all()


@pytest.mark.parametrize("height", [1, 4, 10, 12])
@pytest.mark.parametrize("axis", [0, 2])
def test_balls_that_touch_on_the_border_of_slabs_are_two(height, axis, in_slabs):
    # The neck is between the slices 11 and 12 where they lie along the first axis.
    volume = np.moveaxis(balls((4, 10, 10, 8), (19, 10, 10, 8)), 0, axis)
    in_slabs(height)
    objects = separate_objects(volume, 1, spatial="3d")
    assert label(volume).max() == 1
    one, other = np.split(np.moveaxis(objects, axis, 0), [12])
    assert np.unique(one).tolist() == [0, 1]
    assert np.unique(other).tolist() == [0, 2]


def test_objects_are_those_of_a_flooding():
    volume = packed()
    depths = distance_transform_edt(volume)
    marks = label(h_maxima(depths, 0.8))
    flooded = watershed(-depths, marks, mask=volume > 0)
    found = separate_objects(volume, 1, spatial="3d")
    assert found.max() == flooded.max() == 64
    pairs = np.unique(
        np.stack([found, flooded])[:, volume > 0], axis=1, return_counts=1
    )
    (one, _), counts = pairs
    most = [counts[one == number].max() for number in range(1, 65)]
    assert sum(most) > 0.98 * (volume > 0).sum()


@pytest.mark.parametrize("form", ["memmap", "zarr", "stack"])
@pytest.mark.parametrize("name", ["new/objects.tif", "objects.zarr", "objects"])
def test_from_any_source_to_any_file(form, name, tmp_path, in_slabs, in_form):
    volume, out = packed(), tmp_path / name
    expected = separate_objects(volume, 1, spatial="3d")
    in_slabs(5)
    source = in_form(form, volume)
    assert separate_objects(source, 1, spatial="3d", out=out) == out
    assert (np.stack([*open_stack(out)]) == expected).all()
    assert (separate_objects(source, 1, spatial="3d") == expected).all()


def test_slices_are_read_twice_and_a_list_gives_a_list(in_slabs, in_form):
    volume = packed()
    in_slabs(9)
    slices = in_form("slices", volume)
    found = separate_objects(slices, 1, spatial="3d")
    assert isinstance(found, list)
    assert (np.stack(found) == separate_objects(volume, 1, spatial="3d")).all()
    # The first one is looked at beforehand, the first slab is kept between.
    assert len(slices.asked) == 1 + 2 * 36 - 9


def test_memory_is_that_of_slabs_not_of_the_volume(tmp_path, in_slabs):
    def peak(n_slices):
        volume = np.broadcast_to(balls((0, 12, 12, 9))[0], (n_slices, 24, 40))
        tracemalloc.start()
        out = tmp_path / f"{n_slices}.zarr"
        separate_objects(volume, 1, spatial="3d", out=out)
        _, largest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return largest

    pytest.importorskip("zarr")
    in_slabs(4)
    peak(4)
    assert peak(80) < 1.3 * peak(16)


def test_streamed_objects_are_measured(tmp_path, in_slabs, in_form):
    pandas = pytest.importorskip("pandas")
    volume = packed()
    objects = separate_objects(volume, 1, spatial="3d")
    in_slabs(5)
    source, out = in_form("stack", volume), tmp_path / "objects.tif"
    separate_objects(source, 1, spatial="3d", out=out)
    found = quantify(source, objects=open_stack(out))
    expected = quantify(volume, objects=objects)
    pandas.testing.assert_frame_equal(found.objects, expected.objects)
    assert found.classes["n_objects"].tolist() == [0, 64]


def test_what_is_there_is_replaced_only_when_asked_for(tmp_path):
    volume, out = packed()[:4], tmp_path / "objects.npy"
    out.write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"objects\.npy exists; choose another"):
        separate_objects(volume, 1, spatial="3d", out=out)
    assert out.read_bytes() == b"mine"
    separate_objects(volume, 1, spatial="3d", out=out, overwrite=True)
    assert np.load(out).shape == volume.shape


def test_the_input_is_never_the_output(tmp_path, in_form):
    source = in_form("stack", packed())
    with pytest.raises(ValueError, match="is an input and would be replaced"):
        separate_objects(
            source, 1, spatial="3d", out=tmp_path / "a.tif", overwrite=True
        )


class Broken:
    """A volume that is gone after so many slices were read."""

    shape, dtype = (36, 36, 36), np.dtype(np.uint8)

    def __init__(self, n_left):
        self.volume, self.n_left = packed(), n_left

    def __getitem__(self, index):
        self.n_left -= 1
        if self.n_left < 0:
            raise OSError("the disk is gone")
        return self.volume[index]


@pytest.mark.parametrize("name", ["objects.tif", "objects.zarr", "new/objects"])
def test_nothing_is_left_of_a_run_that_fails(name, tmp_path, in_slabs):
    in_slabs(5)
    source = Broken(50)
    with pytest.raises((OSError, ValueError), match="the disk is gone"):
        separate_objects(source, 1, spatial="3d", out=tmp_path / name)
    assert source.n_left < 0
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is full")
def test_a_full_disk_is_told_with_its_folder(tmp_path, monkeypatch):
    def full(dir):
        return open("/dev/full", "w+b")

    monkeypatch.setattr(_spool.tempfile, "TemporaryFile", full)
    with pytest.raises(OSError, match=f"No space .* in {tmp_path}, .* make room there"):
        separate_objects(packed(), 1, spatial="3d", out=tmp_path / "objects.tif")
    assert not any(tmp_path.iterdir())


def test_slabs_are_as_thick_as_half_of_the_memory_is_enough_for(monkeypatch):
    def height(n_bytes, shape=(5000, 100, 100), n_kept=0, depth=1):
        monkeypatch.setattr(_slabs, "available", lambda: n_bytes)
        return _slabs._height(shape, n_kept, depth)

    n_bytes = 100 * 100 * _slabs._BYTES
    assert height(2 * n_bytes * (10 + _slabs._MORE)) == 10
    assert height(5 * n_bytes) == 1
    # What is kept of all slices takes as much as 625 slices of a slab.
    assert height(n_bytes * (625 + 2 * (10 + _slabs._MORE)), n_kept=8) == 10
    assert height(None) == height(10**15) < 5000
    # Chunks are read once, if there is memory for them.
    assert height(2 * n_bytes * (10 + _slabs._MORE), depth=4) == 8
    assert height(2 * n_bytes * (10 + _slabs._MORE), depth=16) == 10
    assert height(10**15, depth=700) == 700
    assert height(10**15, shape=(3, 100, 100)) == 3


def test_too_little_memory_is_told_before(tmp_path, monkeypatch):
    volume = packed()
    monkeypatch.setattr(_slabs, "available", lambda: 600_000)
    with pytest.warns(RuntimeWarning, match=r"36 x 36 x 36 need about .* out="):
        objects = separate_objects(volume, 1, spatial="3d")
    out = tmp_path / "objects.npy"
    separate_objects(volume, 1, spatial="3d", out=out)
    assert (np.load(out) == objects).all()
    monkeypatch.setattr(_slabs, "available", lambda: 60_000)
    with pytest.warns(
        RuntimeWarning, match=r"a slice of 36 x 36 .* cut the volume along"
    ):
        separate_objects(volume, 1, spatial="3d", out=out, overwrite=True)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (
            packed(),
            {"spatial": "2d", "out": "a.tif"},
            "out= is for the slices of a vol",
        ),
        (packed()[0], {"out": "a.tif"}, "out= is for the slices of a volume"),
        (packed(), {"spatial": "3d", "out": "a.mp4"}, "a.mp4: labels are written as l"),
        (packed() / 2, {"spatial": "3d"}, "slice 0 of labels holds float64"),
        ([*packed()[:2], packed()[0, 1:]], {"spatial": "3d"}, "slice 2 of labels has "),
        (
            packed() + 4,
            {"spatial": "3d"},
            "classes has class 1, but the labels have 4, ",
        ),
        ([], {"spatial": "3d"}, "labels is empty"),
    ],
)
def test_what_does_not_suit_is_refused(source, options, message):
    with pytest.raises(ValueError, match=message):
        separate_objects(source, 1, **options)


def test_a_path_is_refused_with_what_to_pass(tmp_path):
    for out in (None, tmp_path / "objects.tif"):
        with pytest.raises(TypeError, match=r"labels is a path, .*open_stack\(path\)"):
            separate_objects("labels.tif", 1, spatial="3d", out=out)


def test_slabs_are_shown_when_asked_for(capsys):
    separate_objects(packed(), 1, spatial="3d")
    assert capsys.readouterr().err == ""
    separate_objects(packed(), 1, spatial="3d", progress=True)
    assert "dividing: 100%" in capsys.readouterr().err
