"""Smaller images, and the memory of their size."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sksegment import SuperpixelTransformer
from sksegment._rescaled import RescaledImage, enlarge_map, original_shape
from sksegment._validation import check_images
from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    Rescale,
    UnsharpMask,
)


def test_each_new_pixel_is_the_mean_of_its_area():
    image = np.random.default_rng(0).random((36, 48))
    expected = image.reshape(12, 3, 16, 3).mean(axis=(1, 3))
    assert_allclose(Rescale(1 / 3).transform([image])[0], expected)


def test_mean_is_kept_at_odd_sizes_and_by_channel():
    image = np.random.default_rng(0).random((37, 53, 2)) + [0, 5]
    small = Rescale(0.4).transform([image])[0]
    assert small.shape == (15, 21, 2)
    assert_allclose(small.mean(axis=(0, 1)), image.mean(axis=(0, 1)), rtol=1e-9)


def test_integers_are_rounded():
    image = np.tile(np.array([[0, 255], [255, 255]], np.uint8), (10, 10))
    assert (Rescale(0.5).transform([image])[0] == 191).all()


def test_scale_1_is_a_copy(images):
    for one, other in zip(Rescale(1.0).transform(images), images, strict=True):
        assert_array_equal(one, other)
        assert not np.shares_memory(one, other)
        assert original_shape(one) is None


def test_image_that_would_be_too_small_is_named():
    images = [np.zeros((80, 80)), np.zeros((80, 20))]
    with pytest.raises(ValueError, match=r"image 1 of \(80, 20\).*scale=0.3.*8"):
        Rescale(0.3).fit_transform(images)


def test_memory_is_lost_in_slices_and_arithmetic(make_image):
    (image,) = Rescale(0.5).transform([make_image((33, 41))])
    assert image.original_shape == (33, 41)
    for other in (image[1:], image.T, image + 1, np.sqrt(image), image.copy()):
        assert original_shape(other) is None


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_has_the_memory(make_image, protocol):
    (image,) = Rescale(0.5).transform([make_image((33, 41), 2)])
    restored = pickle.loads(pickle.dumps(image, protocol))
    assert restored.original_shape == (33, 41)
    assert_array_equal(restored, image)
    part = pickle.loads(pickle.dumps(image[2:], protocol))
    assert original_shape(part) is None
    assert_array_equal(part, image[2:])


def test_deep_copy_has_the_memory(make_image):
    (image,) = Rescale(0.5).transform([make_image((33, 41), 2)])
    images = [image, image, image[2:]]
    first, second, part = copy.deepcopy(images)
    assert original_shape(first) == (33, 41)
    assert first is second
    assert original_shape(part) is None
    for one, other in zip([first, part], images[1:], strict=True):
        assert_array_equal(one, other)
        assert not np.shares_memory(one, other)


def test_dump_of_joblib_has_the_memory(make_image, tmp_path):
    images = Rescale(0.5).transform([make_image((33, 41))])
    joblib.dump(images, tmp_path / "images")
    assert joblib.load(tmp_path / "images")[0].original_shape == (33, 41)


@pytest.mark.parametrize(
    "after", [ClipPercentiles(), Denoise(), GaussianHessian(), UnsharpMask(), Rescale()]
)
def test_memory_is_handed_on(after, make_image):
    images = [make_image((33, 41), 2), make_image((40, 50), 2)]
    small = Rescale(0.7).transform(images)
    found = after.fit_transform(small)
    assert [image.original_shape for image in found] == [(33, 41), (40, 50)]
    stack = after.transform(Rescale(0.7).transform(np.stack([images[0]] * 2)))
    assert stack.original_shape == (33, 41)
    assert_array_equal(stack[0], found[0])


def test_checked_images_are_plain_arrays(make_image):
    batch = check_images(Rescale(0.5).transform([make_image((33, 41))]))
    assert type(batch.images[0]) is np.ndarray
    assert batch.shapes == [(33, 41)]


def test_superpixels_come_back_at_full_size(make_image):
    small = Rescale(0.5).transform(np.stack([make_image((33, 41))] * 2))
    maps = SuperpixelTransformer(n_segments=30).fit_transform(small)
    assert maps.shape == (2, 33, 41)
    assert maps.dtype == np.int32


def test_labels_are_those_of_the_nearest_pixel():
    labels = np.array([[0, 1], [-1, 7]], np.int32)
    found = enlarge_map(labels, (5, 6))
    columns = [0, 0, 0, 1, 1, 1]
    assert found.dtype == np.int32
    assert_array_equal(found, labels[[0, 0, 1, 1, 1]][:, columns])


@pytest.mark.parametrize("shape", [(16, 24), (17, 23), (8, 31)])
def test_linear_ramp_stays_one(shape):
    def ramp(shape):
        places = np.indices(shape) + 0.5
        return places[0] * 100 / shape[0] + 3 * places[1] * 100 / shape[1]

    found = enlarge_map(ramp((8, 10))[..., np.newaxis], shape)
    inner = slice(shape[0] // 4, -shape[0] // 4), slice(4, -4)
    assert_allclose(found[..., 0][inner], ramp(shape)[inner])


@pytest.mark.parametrize("void", [0.0, np.inf])
def test_outside_of_a_mask_is_not_mixed_with_the_inside(void):
    inside = np.zeros((10, 12), bool)
    inside[2:7, 3:9] = True
    shares = np.where(inside[..., np.newaxis], np.float32([0.25, 0.75]), void)
    found = enlarge_map(shares, (31, 35))
    mask = enlarge_map(inside.astype(np.int32), (31, 35)) == 1
    assert_allclose(found[mask], np.broadcast_to([0.25, 0.75], found[mask].shape))
    assert (found[~mask] == void).all()


def test_memory_of_an_array_that_never_was_rescaled_is_none():
    assert original_shape(np.zeros((8, 8))) is None
    assert original_shape([[1, 2]]) is None


def test_copies_of_the_list_keep_the_memory(make_image):
    images = Rescale(0.5).transform([make_image((33, 41))])
    assert isinstance(copy.copy(images)[0], RescaledImage)
    assert images[::-1][0].original_shape == (33, 41)
