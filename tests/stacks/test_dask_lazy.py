"""A dask array gives a dask array of labels."""

import copy

import numpy as np
import pytest

from sksegment import KMeansPixelSegmenter
from sksegment.stacks import predict_stack

da = pytest.importorskip("dask.array")


@pytest.fixture
def volume():
    return np.random.default_rng(0).integers(-99, 99, (9, 24, 20), dtype=np.int16)


@pytest.fixture
def model(volume):
    return KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])


def test_nothing_is_computed_at_first(model, volume):
    def fail(block):
        raise AssertionError("it was computed")

    array = da.from_array(volume).map_blocks(fail, dtype=volume.dtype)
    labels = predict_stack(model, array)
    assert isinstance(labels, da.Array)
    assert (labels.shape, labels.dtype) == (volume.shape, np.int32)
    with pytest.raises(AssertionError, match="it was computed"):
        labels.compute(scheduler="synchronous")


@pytest.mark.parametrize("chunks", [(1, 24, 20), (4, 10, 20), (2, 24, 7), -1])
def test_labels_are_those_of_predict(chunks, model, volume):
    labels = predict_stack(model, da.from_array(volume, chunks=chunks))
    assert labels.chunks[1:] == ((24,), (20,))
    np.testing.assert_array_equal(labels.compute(), model.predict(volume))


def test_w_net_and_channels(fitted, colour_volume):
    array = da.from_array(np.moveaxis(colour_volume, 3, 1), chunks=(2, 3, 16, 40))
    labels = predict_stack(fitted, array, axes="ZCYX")
    assert labels.chunks == ((2, 2, 1), (32,), (40,))
    expected = np.stack([fitted.predict([image])[0] for image in colour_volume])
    np.testing.assert_array_equal(labels.compute(), expected)


@pytest.mark.parametrize("along", ["y", "x", ("z", "y"), ("x", "z", "y")])
def test_along(along, model, volume):
    labels = predict_stack(model, da.from_array(volume, chunks=5), along=along)
    expected = predict_stack(model, volume, along=along, progress=False)
    np.testing.assert_array_equal(labels.compute(), expected)


def test_model_is_in_the_graph_once(model, volume):
    labels = predict_stack(model, da.from_array(volume, chunks=(1, -1, -1)))
    models = [key for key in labels.dask if "sksegment-model" in str(key)]
    assert len(models) == 1


def test_damaged_slice_is_void(model, volume):
    volume = volume.astype(np.float32)
    volume[5, 3, 3] = np.nan
    labels = predict_stack(model, da.from_array(volume, chunks=(4, -1, -1)))
    with pytest.warns(UserWarning, match="slice 5: it contains NaN"):
        found = labels.compute(scheduler="synchronous")
    assert (found[5] == -1).all()
    np.testing.assert_array_equal(found[4], model.predict(volume[4:5])[0])


def test_other_channels_are_refused_at_once(model):
    with pytest.raises(ValueError, match=r"array has 3 channel.* fitted on 1"):
        predict_stack(model, da.zeros((5, 32, 32, 3)))


def test_what_lazy_labels_cannot_use_is_named(model, volume):
    options = {"dataset": "a", "client": object(), "resume": True, "overwrite": True}
    told = "dataset= and resume= and overwrite= and client= cannot"
    with pytest.raises(ValueError, match=told):
        predict_stack(model, da.from_array(volume), **options)


def test_dask_array_goes_to_a_file_slice_by_slice(model, volume, tmp_path):
    array = da.from_array(volume, chunks=(4, -1, -1))
    path = predict_stack(model, array, tmp_path / "labels.npy", progress=False)
    np.testing.assert_array_equal(np.load(path), model.predict(volume))


def test_labels_that_are_asked_for_do_not_change_with_the_model(colour_volume, fitted):
    model = copy.deepcopy(fitted)
    array = da.from_array(colour_volume, chunks=(2, 32, 40, 3))
    labels, expected = predict_stack(model, array), model.predict(colour_volume)
    model.merge_labels(1)
    np.testing.assert_array_equal(labels.compute(), expected)
    np.testing.assert_array_equal(predict_stack(model, array).compute(), 0)
