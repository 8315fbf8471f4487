"""`predict_stack` gives the labels of `predict`; damaged slices do not end it."""

import gc
import threading
import time
import warnings

import numpy as np
import pytest
import tifffile
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from sksegment import FelzenszwalbSegmenter, KMeansPixelSegmenter
from sksegment.stacks import (
    Stack,
    open_stack,
    predict_stack,
    suggest_training_slices,
)
from sksegment.stacks._run import run_stack
from sksegment.stacks._source import page_source


class Halver(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [0.5 * image for image in X]

    def __sklearn_is_fitted__(self):
        return True


class Upside(KMeansPixelSegmenter):
    def predict(self, X):
        return [labels[::-1] for labels in super().predict(X)]


class Refusing:
    def predict(self, X):
        raise ValueError("not this one")


@pytest.fixture
def kmeans(volume):
    return KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])


@pytest.fixture
def quiet(kmeans):
    """Label with k-means, without a bar."""
    return lambda source, *args, **options: predict_stack(
        kmeans, source, *args, progress=False, **options
    )


@pytest.fixture
def stack_with_a_damaged_slice(volume):
    def read_page(index):
        if index == 3:
            raise OSError("image file is truncated")
        return volume[index]

    return Stack(page_source("scan", read_page, volume.shape, volume.dtype), "ZYX")


def one_by_one(model, volume):
    return np.stack([model.predict([image])[0] for image in volume])


@pytest.mark.parametrize("name", ["fitted", "fitted_dense"])
def test_w_net(name, request, colour_volume):
    model = request.getfixturevalue(name)
    labels = predict_stack(model, colour_volume, progress=False)
    assert labels.dtype == np.int32
    assert len(np.unique(labels)) > 1
    np.testing.assert_array_equal(labels, one_by_one(model, colour_volume))


@pytest.mark.parametrize(
    "model",
    [
        KMeansPixelSegmenter(n_clusters=3),
        make_pipeline(Halver(), KMeansPixelSegmenter(n_clusters=3)),
        Upside(n_clusters=3),
        FelzenszwalbSegmenter(scale=1, min_size=2),
    ],
    ids=["k-means", "pipeline", "own predict", "labels of each slice"],
)
def test_other_models(model, volume):
    model.fit(volume[:1])
    labels = predict_stack(model, volume, progress=False)
    np.testing.assert_array_equal(labels, one_by_one(model, volume))


def test_mask_is_void(make_segmenter, disc_mask, make_image):
    mask = disc_mask((32, 40))
    model = make_segmenter(superpixels__mask=mask).fit([make_image()])
    labels = predict_stack(model, np.stack([make_image(seed=1)] * 2), progress=False)
    assert ((labels == -1) == ~mask).all()


@pytest.mark.parametrize("in_pipeline", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.filterwarnings("error")
def test_slice_beside_the_field_of_view_is_void(
    in_pipeline, lazy, make_segmenter, make_image
):
    model = make_segmenter(superpixels__mask=np.isfinite)
    model = make_pipeline(Halver(), model) if in_pipeline else model
    model.fit([make_image()])
    volume = np.stack([np.float32(make_image(seed=seed)) for seed in range(4)])
    volume[0], volume[2], volume[3, :8] = np.nan, np.nan, np.nan
    source = pytest.importorskip("dask.array").from_array(volume) if lazy else volume
    labels = np.asarray(predict_stack(model, source, progress=False))
    np.testing.assert_array_equal(labels == -1, np.isnan(volume))
    np.testing.assert_array_equal(labels[1], model.predict(volume[1:2])[0])


@pytest.mark.parametrize("mask", [np.isfinite, "finite"])
def test_nothing_in_the_field_of_view_is_an_error(mask, make_segmenter, make_image):
    model = make_segmenter(superpixels__mask=mask).fit([make_image()])
    volume = np.full((3, 32, 40), np.nan)
    with pytest.raises(ValueError, match=r"none of the 3 slices .* the field of view"):
        predict_stack(model, volume, progress=False)


def test_what_is_wrong_with_the_mask_is_said_of_the_slice(make_segmenter, make_image):
    model = make_segmenter(superpixels__mask=np.isfinite).fit([make_image()])
    model.superpixels_.set_params(mask=lambda image: image[1:] > 0)
    volume = np.stack([make_image()] * 2)
    with pytest.raises(ValueError, match="of the last one: the mask has shape"):
        predict_stack(model, volume, progress=False)


def test_any_source(quiet, kmeans, volume, tmp_path):
    expected = kmeans.predict(volume)
    path = tmp_path / "volume.npy"
    np.save(path, volume)
    for source in (volume, list(volume), path, str(path), open_stack(path)):
        np.testing.assert_array_equal(quiet(source), expected)


@pytest.fixture
def still_open():
    """List the TIFF files that are open."""
    return lambda: [
        handle
        for handle in gc.get_objects()
        if type(handle) is tifffile.FileHandle and not handle.closed
    ]


def test_files_are_closed(quiet, volume, tmp_path, still_open):
    path = tmp_path / "scan.tif"
    tifffile.imwrite(path, volume, compression="zlib")
    gc.disable()
    try:
        before = len(still_open())
        quiet(path)
        quiet(path, tmp_path / "labels.npy")
        suggest_training_slices(path)
        with pytest.raises(FileExistsError):
            quiet(path, tmp_path / "labels.npy")
        with pytest.raises(ValueError, match="none of the 5 slices"):
            predict_stack(Refusing(), path, progress=False)
        assert len(still_open()) == before
    finally:
        gc.enable()


def test_stack_of_the_caller_stays_open(quiet, volume, tmp_path):
    np.save(tmp_path / "scan.npy", volume)
    with open_stack(tmp_path / "scan.npy") as stack:
        quiet(stack)
        suggest_training_slices(stack)
        np.testing.assert_array_equal(stack[1], volume[1])


def test_axes_are_passed_on(quiet, kmeans, volume):
    labels = quiet(np.moveaxis(volume, 0, 1), axes="YZX")
    np.testing.assert_array_equal(labels, kmeans.predict(volume))


def test_next_slice_is_prepared_while_the_net_is_busy(make_segmenter, make_image):
    model = make_segmenter().fit([make_image()])
    prepare, predict = model._prepare_image, model._predict_image
    begun, needed = threading.Semaphore(0), iter([1, 2, 1, 0])

    def announce(*args):
        begun.release()
        return prepare(*args)

    def wait(*parts):
        # The first slice is a trial on its own, the last has none behind it.
        for _ in range(next(needed)):
            assert begun.acquire(timeout=10)
        return predict(*parts)

    model._prepare_image, model._predict_image = announce, wait
    predict_stack(model, np.stack([make_image()] * 4), progress=False)
    assert next(needed, None) is None


def test_caller_sees_the_warning_of_units_once(make_image):
    model = KMeansPixelSegmenter(n_clusters=2, random_state=0).fit([make_image()])
    volume = np.stack([make_image(seed=seed) for seed in range(3)]) / 255.0
    with pytest.warns(UserWarning, match="hardly fit") as caught:
        predict_stack(model, volume, progress=False)
    assert len(caught) == 1


@pytest.mark.parametrize("wrong", [0, 2])
def test_slice_in_other_units_is_named_wherever_it_is(wrong, make_image):
    volume = np.stack([make_image(seed=seed) for seed in range(5)]) * 1.0
    model = KMeansPixelSegmenter(n_clusters=2, random_state=0).fit([volume[1]])
    volume[wrong] /= 255.0
    volume[4] /= 255.0
    with pytest.warns(UserWarning, match=f"values of slice {wrong} of array hardly"):
        predict_stack(model, volume, progress=False)


def test_units_outside_of_a_mask_say_nothing(make_segmenter, make_image, disc_mask):
    image = make_image()
    mask = disc_mask(image.shape[:2])
    model = make_segmenter(superpixels__mask=mask).fit([image * 1.0])
    volume = np.stack([np.where(mask, image, 1e9)] * 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predict_stack(model, volume, progress=False)


def test_damaged_slice_is_void(kmeans, volume, stack_with_a_damaged_slice):
    with pytest.warns(UserWarning, match=r"slice 3 of scan .* truncated") as caught:
        run = run_stack(kmeans, stack_with_a_damaged_slice, progress=False)
    [(index, reason)] = run.failed
    assert (index, run.n_done, run.path, len(caught)) == (3, 4, None, 1)
    assert "truncated" in reason
    assert run.seconds > 0
    expected = kmeans.predict(volume)
    expected[3] = -1
    np.testing.assert_array_equal(run.labels, expected)


def test_warning_points_at_the_caller(kmeans, stack_with_a_damaged_slice):
    with pytest.warns(UserWarning, match="slice 3") as caught:
        predict_stack(kmeans, stack_with_a_damaged_slice, progress=False)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("bad", [0, 2])
@pytest.mark.parametrize("steps", [[], [Halver()]], ids=["k-means", "pipeline"])
def test_slice_that_is_not_finite_is_void(bad, steps, volume):
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0)
    model = make_pipeline(*steps, model) if steps else model
    volume = volume.astype(np.float32)
    model.fit(volume[1:2])
    volume[bad, 4, 4] = np.nan
    with pytest.warns(UserWarning, match=f"slice {bad} of array: it contains NaN"):
        labels = predict_stack(model, volume, progress=False)
    good = np.arange(5) != bad
    assert (labels[bad] == -1).all()
    np.testing.assert_array_equal(labels[good], model.predict(volume[good]))


@pytest.mark.parametrize("out", [None, "labels.tif"])
def test_nothing_is_written_if_no_slice_can_be_labelled(out, quiet, volume, tmp_path):
    out = out and tmp_path / out
    with pytest.raises(ValueError, match=r"none of the 5 slices of array .* NaN"):
        quiet(np.full(volume.shape, np.nan), out)
    assert not any(tmp_path.iterdir())


def test_other_channels_are_refused_at_once(quiet, colour_volume, tmp_path):
    with pytest.raises(ValueError, match=r"array has 3 channel.* fitted on 1"):
        quiet(colour_volume, tmp_path / "labels.tif")
    assert not any(tmp_path.iterdir())


def test_changed_model_is_refused_at_once(make_segmenter, make_image, tmp_path):
    model = make_segmenter().fit([make_image()]).set_params(depth=2)
    with pytest.raises(ValueError, match="depth changed since the fit"):
        predict_stack(model, np.stack([make_image()] * 2), tmp_path / "labels.tif")
    assert not any(tmp_path.iterdir())


def test_model_that_is_not_fitted_is_refused(volume):
    with pytest.raises(NotFittedError):
        predict_stack(KMeansPixelSegmenter(), volume)


def test_black_slices(quiet, kmeans, volume):
    volume[1:3] = 0
    np.testing.assert_array_equal(quiet(volume), kmeans.predict(volume))


def test_bar_goes_to_stderr(kmeans, volume, capsys):
    predict_stack(kmeans, volume)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "5/5" in shown.err
    assert "slice/s" in shown.err


def test_no_bar(quiet, volume, tmp_path, capsys):
    quiet(volume, tmp_path / "labels.tif")
    assert capsys.readouterr() == ("", "")


def test_input_is_not_modified(quiet, volume):
    volume = np.tile(volume, (2, 1, 1))
    before = volume.copy()
    volume.flags.writeable = False
    quiet(volume, along=("z", "y"))
    np.testing.assert_array_equal(volume, before)


def test_error_of_the_program_is_not_taken_for_a_damaged_slice(volume):
    class Broken(KMeansPixelSegmenter):
        def predict(self, X):
            raise RuntimeError("out of memory")

    model = KMeansPixelSegmenter(n_clusters=2).fit(volume[:1])
    model.__class__ = Broken
    with (
        warnings.catch_warnings(action="error"),
        pytest.raises(RuntimeError, match="out of memory"),
    ):
        predict_stack(model, volume, progress=False)


def test_threads_end_with_the_run(quiet, volume):
    before = threading.active_count()
    quiet(volume)
    time.sleep(0.1)
    assert threading.active_count() <= before
