"""Labels that are written slice by slice and joined anew."""

import numpy as np
import pytest

from sksegment.napari import _label_arrays
from sksegment.napari._label_arrays import ClassLabels, RegionLabels


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(-1, 5, (4, 8, 9)).astype(np.int32)


def finish(joining):
    for share in joining:
        assert 0 < share <= 1


def written(volume):
    classes = ClassLabels(volume.shape, 5)
    for number, labels in enumerate(volume):
        classes.write((number, None, None), labels)
    return classes


@pytest.mark.parametrize(
    ("n", "dtype"), [(5, "uint8"), (255, "uint8"), (256, "uint16")]
)
def test_what_is_not_labelled_is_void(n, dtype):
    check_void(ClassLabels((3, 8, 9), n), n, dtype)


def test_regions_are_many():
    check_void(RegionLabels((3, 8, 9)), 65535, "uint16")


def check_void(labels, n, dtype):
    assert labels.shown.dtype == dtype
    assert labels.void == np.iinfo(dtype).max
    assert (labels.shown == labels.void).all()
    page = np.full((3, 9), n - 1, np.int32)
    page[0] = -1
    labels.write((None, 2, None), page)
    assert (labels.shown[1:, 2] == n - 1).all()
    assert (labels.shown[0, 2] == labels.void).all()
    assert (labels.shown == labels.void).sum() == 8 * 9 * 3 - 18


def test_joining_changes_the_slice_shown_at_once_and_then_all(volume):
    classes = written(volume)
    groups = np.array([0, 0, 1, 1, 1])
    expected = np.where(volume < 0, 255, groups[volume])
    classes.set_groups(groups)
    classes.rejoin((2, None, None))
    assert (classes.shown[2] == expected[2]).all()
    assert (classes.shown[1] == np.where(volume[1] < 0, 255, volume[1])).all()
    assert [*classes.rejoin_all()][-1] == 1.0
    assert (classes.shown == expected).all()


def test_joining_less_splits_again(volume):
    classes = written(volume)
    classes.set_groups(np.zeros(5, int))
    finish(classes.rejoin_all())
    classes.set_groups(None)
    finish(classes.rejoin_all())
    assert (classes.shown == np.where(volume < 0, 255, volume)).all()


def test_slices_are_written_as_joined(volume):
    classes = ClassLabels(volume.shape, 5)
    classes.set_groups(np.array([1, 1, 0, 0, 0]))
    classes.write((3, None, None), volume[3])
    assert (classes.shown[3][volume[3] == 0] == 1).all()
    assert (classes.shown[3][volume[3] == 4] == 0).all()
    assert (classes.shown[:3] == 255).all()


def test_slices_written_while_all_are_joined_are_joined_too(monkeypatch):
    monkeypatch.setattr(_label_arrays, "_CHUNK", 64)
    volume = np.random.default_rng(0).integers(0, 5, (20, 8, 9)).astype(np.int32)
    classes = ClassLabels(volume.shape, 5)
    joining = iter(())
    for number, labels in enumerate(volume):
        if number % 7 == 3:
            classes.set_groups((np.arange(5) + number) % 5)
            joining = classes.rejoin_all()
        next(joining, None)
        classes.write((number, None, None), labels)
    finish(joining)
    assert (classes.shown == (volume + 17) % 5).all()


def test_the_array_that_a_layer_shows_stays_the_same(volume):
    classes = ClassLabels(volume.shape, 5)
    shown = classes.shown
    classes.write((0, None, None), volume[0])
    classes.set_groups(np.zeros(5, int))
    classes.rejoin((0, None, None))
    finish(classes.rejoin_all())
    assert classes.shown is shown
