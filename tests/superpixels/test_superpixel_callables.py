"""Superpixels by a function of the user."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment import SuperpixelTransformer


def stripes(image):
    """As a callable: stripes of 10 columns, the same id twice, and a void row."""
    columns = np.arange(image.shape[1]) // 10 % 2
    labels = np.tile(7 * columns, (image.shape[0], 1))
    labels[5] = -1
    return labels


@pytest.mark.parametrize("name", ["photo", "colour_photo"])
def test_ids_of_a_callable_become_contiguous_and_connected(
    name, request, segment, assert_contiguous_and_connected
):
    image = request.getfixturevalue(name)
    labels = segment(image, method=stripes)
    assert labels.shape == image.shape[:2]
    assert_contiguous_and_connected(labels)


def test_pieces_of_equal_label_of_a_callable_become_superpixels_of_their_own(segment):
    labels = segment(np.zeros((20, 45)), method=stripes)
    assert labels.max() + 1 == 2 * 5
    assert (labels[5] == -1).all()
    assert (np.delete(labels, 5, axis=0) >= 0).all()


def test_pieces_that_touch_at_a_corner_only_are_apart(
    segment, assert_contiguous_and_connected
):
    labels = segment(np.zeros((8, 8)), method=lambda image: np.eye(8, dtype=int))
    assert_contiguous_and_connected(labels)
    assert labels.max() + 1 == 8 + 2


def test_callable_method_sees_the_image_on_the_scale_of_compactness(
    photo, colour_photo, segment
):
    seen = []

    def method(image):
        seen.append(image)
        return np.zeros(image.shape[:2], int)

    segment(photo / 255, method=method)
    segment(colour_photo, method=method)
    segment(colour_photo[..., :2], method=method)
    grey, lab, two_channels = seen
    assert grey.shape == (128, 128)
    assert two_channels.shape == (100, 150, 2)
    assert -50 <= grey.min() < 5
    assert 95 < grey.max() <= 150
    np.testing.assert_allclose(lab, rgb2lab(colour_photo), atol=1e-3)


@pytest.mark.parametrize(
    "rubbish",
    [
        lambda image: image,
        lambda image: np.zeros(image.shape[:2]),
        lambda image: np.zeros((3, 3), int),
        lambda image: None,
        lambda image: np.zeros(image.shape[:2], bool),
        lambda image: "labels",
    ],
)
def test_callable_that_returns_no_integer_labels_of_the_image_is_refused(
    rubbish, photo, segment
):
    message = r"^image 0: .* callable returned .* expected integer"
    with pytest.raises(ValueError, match=message):
        segment(photo, method=rubbish)


def test_error_of_a_callable_names_the_image(photo):
    def refuse_small(image):
        if image.shape[0] < 128:
            raise ValueError("the image is too small")
        return np.zeros(image.shape[:2], int)

    def no_piece(image):
        return np.full(image.shape[:2], -1)

    images = [photo, photo[:100]]
    with pytest.raises(ValueError, match=r"^image 1: the image is too small"):
        SuperpixelTransformer(method=refuse_small).transform(images)
    with pytest.raises(ValueError, match=r"^image 0: .* no label >= 0"):
        SuperpixelTransformer(method=no_piece).transform(images)


def test_labels_of_a_callable_are_not_written_to(photo, segment):
    own = np.zeros((128, 128), np.int32)
    mask = photo > 100
    segment(photo, method=lambda image: own, mask=mask)
    assert (own == 0).all()


@pytest.mark.parametrize("far", [2**32, 2**32 - 1])
def test_large_labels_of_a_callable_neither_collide_nor_become_void(
    far, photo, segment
):
    def method(image):
        labels = np.zeros(image.shape[:2], np.int64)
        labels[:, 64:] = far
        return labels

    assert segment(photo, method=method).max() + 1 == 2
