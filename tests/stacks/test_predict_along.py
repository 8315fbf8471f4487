"""Slicing along other axes, and votes of several."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sksegment import FelzenszwalbSegmenter, KMeansPixelSegmenter
from sksegment.preprocessing import ClipPercentiles
from sksegment.stacks import _vote as vote
from sksegment.stacks import open_stack, predict_stack
from sksegment.stacks._vote import majority


class SideSegmenter:
    """What the label of a pixel is depends on the slice it is seen in."""

    def predict(self, X):
        return [(image + int(image.mean())) % 3 for image in X]


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(0, 99, (9, 12, 15), dtype=np.int16)


@pytest.fixture
def label():
    return lambda source, *args, **options: predict_stack(
        SideSegmenter(), source, *args, progress=False, **options
    )


def labels_along(volume, axis):
    slices = np.moveaxis(volume, axis, 0)
    return np.moveaxis(np.stack(SideSegmenter().predict(slices)), 0, axis)


@pytest.fixture(params=[1, 10_000], ids=["small blocks", "one block"])
def block_bytes(request, monkeypatch):
    monkeypatch.setattr(vote, "_BLOCK_BYTES", request.param)


@pytest.mark.parametrize(("along", "axis"), [("z", 0), ("y", 1), ("x", 2)])
def test_one_axis(along, axis, label, volume, block_bytes):
    labels = label(volume, along=along)
    np.testing.assert_array_equal(labels, labels_along(volume, axis))


def test_several_axes_vote(label, volume, block_bytes):
    maps = [labels_along(volume, axis) for axis in (2, 0, 1)]
    labels = label(volume, along=("x", "z", "y"))
    np.testing.assert_array_equal(labels, majority(maps))
    assert 0 < (labels != maps[0]).mean() < 0.5


def test_vote_in_a_file(label, volume, tmp_path):
    expected = label(volume, along=("z", "y", "x"))
    path = label(volume, tmp_path / "labels.npy", along=("z", "y", "x"))
    np.testing.assert_array_equal(np.load(path), expected)


def test_majority_breaks_ties_by_the_first():
    maps = np.array([[5, 5, 5, 5], [1, 2, 5, 2], [3, 2, 5, 5]], np.uint8)
    assert majority(maps).tolist() == [5, 2, 5, 5]


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_void_does_not_vote(dtype):
    void = np.array(-1).astype(dtype)
    maps = [np.full(4, void), np.full(4, void), np.full(4, void)]
    maps[1][1:], maps[2][2:], maps[0][3:] = 4, 7, 9
    assert majority(maps).tolist() == [void, 4, 4, 9]


def test_damaged_pixel_costs_the_slices_through_it(volume, tmp_path):
    volume = volume.astype(np.float32)
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    clean = predict_stack(model, volume, along=("y", "z", "x"), progress=False)
    volume[2, 3, 4] = np.nan
    with pytest.warns(UserWarning, match="slice 3 along y of array"):
        labels = predict_stack(model, volume, along="y", progress=False)
    assert (labels[:, 3] == -1).all()
    assert (labels == -1).sum() == labels[:, 3].size
    with pytest.warns(UserWarning, match=r"slice . along . of array") as caught:
        voted = predict_stack(model, volume, along=("y", "z", "x"), progress=False)
    assert len(caught) == 3
    # Pixels have the label of their grey value, whichever slice it is seen in.
    assert voted[2, 3, 4] == -1
    voted[2, 3, 4] = clean[2, 3, 4]
    np.testing.assert_array_equal(voted, clean)


def test_frames_are_sliced_along_time(label, volume):
    labels = label(volume, axes="TYX")
    np.testing.assert_array_equal(labels, labels_along(volume, 0))
    np.testing.assert_array_equal(label(volume, axes="TYX", along="t"), labels)


def test_turned_stack_keeps_its_orientation(label, volume):
    turned = open_stack(volume).along("y")
    expected = np.moveaxis(labels_along(volume, 1), 1, 0)
    np.testing.assert_array_equal(label(turned), expected)
    back = np.moveaxis(labels_along(volume, 2), 1, 0)
    np.testing.assert_array_equal(label(turned, along="x"), back)


@pytest.mark.parametrize(
    ("along", "error", "message"),
    [
        ("c", ValueError, "cannot be sliced along 'c'"),
        (("z", "z"), ValueError, "name every axis once"),
        ((), ValueError, "name every axis once"),
        (0, TypeError, "along=0 must be an axis"),
    ],
)
def test_bad_axis(along, error, message, label, volume):
    with pytest.raises(error, match=message):
        label(volume, along=along)


@pytest.fixture(params=["array", "dask"])
def cube(request, make_image):
    """Return a cube in memory, and as dask has it."""
    cube = np.stack([make_image((32, 32), seed=seed) for seed in range(32)])
    if request.param == "dask":
        cube = pytest.importorskip("dask.array").from_array(cube)
    return cube


@pytest.mark.parametrize("in_pipeline", [False, True])
def test_mask_along_several_axes_is_refused(
    in_pipeline, cube, make_segmenter, make_image, disc_mask
):
    model = make_segmenter(superpixels__mask=disc_mask((32, 32)))
    model = make_pipeline(ClipPercentiles(), model) if in_pipeline else model
    model.fit([make_image((32, 32))])
    with pytest.raises(ValueError, match="slices along one axis, but along= names 2"):
        predict_stack(model, cube, along=("z", "y"), progress=False)


@pytest.mark.parametrize("mask", [lambda image: image > 0, "finite"])
def test_mask_of_each_slice_may_vote(mask, make_segmenter, make_image):
    model = make_segmenter(superpixels__mask=mask)
    model.fit([make_image((16, 16))])
    volume = np.stack([make_image((16, 16), seed=seed) + 1 for seed in range(16)])
    labels = predict_stack(model, volume, along=("z", "y"), progress=False)
    assert labels.shape == volume.shape


def test_regions_of_several_axes_are_refused(cube, make_segmenter, make_image):
    for model in (make_segmenter(n_regions=5), FelzenszwalbSegmenter()):
        model.fit([make_image((32, 32))])
        with pytest.raises(ValueError, match=r"regions, .* along 3 axes cannot vote"):
            predict_stack(model, cube, along=("z", "y", "x"), progress=False)
