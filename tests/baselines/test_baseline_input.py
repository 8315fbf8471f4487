"""What X may be for the baselines."""

import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sksegment.baselines import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
CLASSES = [*K_MEANS, SpectralSuperpixelSegmenter]


def test_inputs_are_untouched_and_may_be_read_only(
    estimator, images, tmp_path, assert_same_maps
):
    expected = clone(estimator).fit(images).labels_
    before = joblib.hash(images)
    mapped = []
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", image)
        mapped.append(np.load(tmp_path / f"{index}.npy", mmap_mode="r"))
        image.flags.writeable = False
    assert_same_maps(estimator.fit(images).predict(images), expected)
    assert joblib.hash(images) == before
    maps = estimator.fit(mapped).predict(mapped)
    assert_same_maps(maps, expected)
    assert {type(map_) for map_ in maps} == {np.ndarray}


def test_tuples_and_object_arrays_are_as_good_as_a_list(
    estimator, images, assert_same_maps
):
    expected = clone(estimator).fit(images).labels_
    X = np.empty(2, dtype=object)
    X[:] = images
    for form in (tuple(images), X):
        found = clone(estimator).fit(form).predict(form)
        assert isinstance(found, list)
        assert_same_maps(found, expected)


@pytest.mark.parametrize("n_channels", [None, 1, 3])
def test_one_array_in_and_one_array_out(n_channels, estimator, make_image):
    images = [make_image((24, 32), n_channels, seed=seed) for seed in range(2)]
    expected = clone(estimator).fit(images).labels_
    estimator.fit(np.stack(images))
    for found in (estimator.labels_, estimator.predict(np.stack(images))):
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.int32
        assert_array_equal(found, np.stack(expected))
    assert isinstance(estimator.predict(images), list)


def test_sizes_may_differ_and_be_new(estimator, make_image):
    X = [make_image(shape, 3) for shape in [(16, 40), (33, 21), (8, 9)]]
    assert [m.shape for m in estimator.fit_predict(X)] == [(16, 40), (33, 21), (8, 9)]
    assert estimator.predict([make_image((19, 51), 3)])[0].shape == (19, 51)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_any_number_of_channels(n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (map_,) = estimator.fit_predict(X)
    assert (map_.shape, map_.min()) == ((24, 32), 0)
    assert estimator.n_channels_in_ == n_channels


def test_grey_image_with_and_without_a_channel_axis(
    estimator, grey_images, assert_same_maps
):
    expected = clone(estimator).fit_predict(grey_images)
    X = [image[..., np.newaxis] for image in grey_images]
    assert_same_maps(estimator.fit_predict(X), expected)


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i2", "u2", ">u2", "i8", "f2", "f4", "f8"]
)
def test_any_dtype(dtype, estimator, make_image):
    image = make_image((24, 32), 3, np.float64) / 255
    if dtype == "?":
        image = image > 0.5
    elif np.dtype(dtype).kind in "iu":
        image = 200 * image - (100 if np.dtype(dtype).kind == "i" else 0)
    (map_,) = estimator.fit_predict([image.astype(dtype)])
    assert (map_.shape, map_.min()) == ((24, 32), 0)


def test_unit_of_the_intensities_changes_nothing(
    estimator, make_image, assert_same_maps
):
    image = make_image((24, 32), None, np.float64) / 256
    expected = clone(estimator).fit_predict([image])
    # By a power of two, so that not even the rounding changes.
    assert_same_maps(estimator.fit_predict([image * 2.0**20]), expected)


@pytest.mark.parametrize("shape", [(8, 8), (24, 32), (24, 32, 3)])
def test_constant_image_has_one_class_and_raises_no_warning(shape, estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (map_,) = estimator.fit_predict([np.full(shape, 9.0)])
    assert (map_ == 0).all()


def test_training_on_images_of_two_units_gives_a_warning(estimator, make_image):
    images = [make_image((24, 32), 3), make_image((24, 32), 3, seed=1) / 255]
    with pytest.warns(UserWarning, match="of image 1 hardly fit .* same units"):
        estimator.fit(images)


def test_training_range_of_intensities_is_kept(estimator, make_image):
    estimator.fit([make_image((24, 32), None, np.uint16)])
    before = estimator.intensity_range_.copy()
    estimator.predict([np.full((24, 32), 60_000, np.uint16)])
    assert_array_equal(estimator.intensity_range_, before)


@pytest.mark.parametrize("cls", CLASSES)
def test_darker_image_is_not_stretched(cls, make_image, make):
    image = make_image((24, 32), None, np.float64)
    model = make(cls, n_clusters=2).fit([image])
    dark = np.full((24, 32), image.min())
    assert (model.predict([dark])[0] == 0).all()


def test_number_of_channels_has_to_be_that_of_the_fit(estimator, images, grey_images):
    with pytest.raises(ValueError, match=r"image 0 has 1 channel.* fitted on 3"):
        estimator.fit(images).predict(grey_images)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((20, 20)), "wrap it in a list"),
        (np.zeros((20, 20, 3)), "wrap it in a list"),
        ([], "X is empty"),
        ([np.zeros((20, 20)), np.zeros((20, 7))], "image 1 has shape"),
        ([np.zeros((20, 20)), np.zeros((20, 20, 2))], "image 1 has 2 channel"),
        ([np.zeros((20, 20), complex)], "image 0 is complex"),
    ],
)
def test_bad_images_are_named(X, message, estimator):
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)


def test_answer_to_an_image_is_the_same_alone_and_in_company(
    estimator, images, assert_same_maps
):
    maps = estimator.fit(images).predict(images)
    assert_same_maps(estimator.predict(images[::-1]), maps[::-1])
    for index, image in enumerate(images):
        assert_same_maps(estimator.predict([image]), maps[index : index + 1])
