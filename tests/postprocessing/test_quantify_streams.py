import time
import tracemalloc

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sksegment.postprocessing import quantify

SHAPE = (9, 16, 17)


@pytest.fixture
def volume():
    rng = np.random.default_rng(5)
    volume = np.digitize(gaussian_filter(rng.normal(size=SHAPE), 1), [-0.05, 0.05])
    volume[:, :2, :3] = -1
    return volume.astype(np.int32)


@pytest.mark.parametrize(
    "form", ["memmap", "zarr", "hdf5", "dask", "list", "slices", "stack"]
)
def test_every_source_gives_what_the_array_gives(form, volume, tmp_path, in_form):
    pandas = pytest.importorskip("pandas")
    image = np.random.default_rng(0).normal(size=SHAPE)
    (tmp_path / "labels").mkdir()
    (tmp_path / "image").mkdir()
    expected = quantify(volume, (3.0, 1.0, 1.0), image=image)
    found = quantify(
        in_form(form, volume, tmp_path / "labels"),
        (3.0, 1.0, 1.0),
        image=in_form(form, image, tmp_path / "image"),
    )
    pandas.testing.assert_frame_equal(found.classes, expected.classes)
    pandas.testing.assert_frame_equal(found.objects, expected.objects)


def test_every_slice_is_read_once_and_in_order(volume, in_form):
    slices = in_form("slices", volume)
    quantify(slices)
    assert slices.asked == list(range(len(volume)))


def test_inputs_stay_as_they_were(volume):
    image = volume.astype(float)
    volume.setflags(write=False)
    image.setflags(write=False)
    before = volume.copy()
    quantify(volume, image=image)
    np.testing.assert_array_equal(volume, before)


def test_memory_is_that_of_slices_and_objects_not_of_the_volume():
    class Columns:
        """Pillars through every slice: many parts of slices, few objects."""

        def __len__(self):
            return 150

        def __getitem__(self, index):
            slice_ = np.zeros((128, 128), np.int32)
            slice_[::2, ::2] = 1
            return slice_

    def peak(source):
        tracemalloc.start()
        quantify(source)
        _, largest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return largest

    short = [Columns()[0]] * 3
    assert peak(Columns()) < 1.3 * peak(short)


def test_progress_is_shown_when_asked_for(volume, capsys):
    quantify(volume)
    assert capsys.readouterr().err == ""
    quantify(volume, progress=True)
    assert f"{len(volume)}/{len(volume)}" in capsys.readouterr().err


def test_thousands_of_objects_take_seconds():
    rng = np.random.default_rng(0)
    noise = gaussian_filter(rng.normal(size=(20, 512, 512)), 2)
    labels = np.digitize(noise, np.quantile(noise, [0.1, 0.5, 0.85]))
    start = time.process_time()
    objects = quantify(labels).objects
    # 0.9 s where it was written; a loop over objects takes ten times as long.
    assert time.process_time() - start < 6
    assert len(objects) > 4000
