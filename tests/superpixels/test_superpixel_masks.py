"""Superpixels within a field of view."""

import numpy as np
import pytest

from sksegment import SuperpixelTransformer


def test_mask_leaves_the_outside_void_and_spends_the_superpixels_inside(
    method, photo, segment, assert_contiguous_and_connected
):
    mask = np.hypot(*(np.indices(photo.shape) - 64.0)) < 40
    labels = segment(photo, method=method, n_segments=300, mask=mask)
    np.testing.assert_array_equal(labels >= 0, mask)
    assert_contiguous_and_connected(labels)
    assert 0.6 < (labels.max() + 1) / 300 < 1.5


def test_mask_of_numbers_is_true_where_it_is_not_zero(segment):
    mask = np.zeros((20, 20), int)
    mask[3:15, 4:18] = 2
    labels = segment(np.zeros((20, 20)), n_segments=9, mask=mask.tolist())
    np.testing.assert_array_equal(labels >= 0, mask > 0)


def test_mask_in_two_pieces_never_gives_one_id_to_both(
    segment, assert_contiguous_and_connected
):
    mask = np.zeros((40, 40), bool)
    mask[:, :18] = mask[:, 22:] = True
    labels = segment(np.zeros((40, 40)), n_segments=4, mask=mask)
    assert_contiguous_and_connected(labels)
    assert not set(labels[:, :18].ravel()) & set(labels[:, 22:].ravel())


def test_callable_mask_sees_intensities_of_the_caller_for_each_image(photo):
    images = [photo, photo[:64]]
    transformer = SuperpixelTransformer(n_segments=100, mask=lambda image: image > 100)
    for image, labels in zip(images, transformer.fit_transform(images), strict=True):
        np.testing.assert_array_equal(labels >= 0, image > 100)


@pytest.mark.parametrize("shape", [(128, 128), (128, 128, 1)])
def test_callable_mask_gets_a_grey_image_with_two_axes(shape, photo, segment):
    image = photo.reshape(shape)
    labels = segment(image, n_segments=100, mask=lambda image: image > 100)
    np.testing.assert_array_equal(labels >= 0, photo > 100)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((5, 6)), r"shape \(5, 6\), but the image has \(128, 128\)"),
        (np.zeros((128, 128)), "image 0: the mask is empty"),
        (lambda image: np.zeros(image.shape[:2]), "image 0: the mask is empty"),
        (lambda image: 1, r"the mask has shape \(\)"),
        (np.full((128, 128), np.nan), "image 0: the mask has NaN"),
        (lambda image: np.where(image > 100, 1.0, np.nan), "image 0: the mask has NaN"),
    ],
)
def test_mask_that_does_not_fit_is_refused(mask, message, photo, segment):
    with pytest.raises(ValueError, match=message):
        segment(photo, mask=mask)


def test_message_names_the_image_that_a_mask_does_not_fit(photo):
    transformer = SuperpixelTransformer(n_segments=50, mask=np.ones((128, 128)))
    with pytest.raises(ValueError, match="image 1: the mask"):
        transformer.fit_transform([photo, photo[:100]])
