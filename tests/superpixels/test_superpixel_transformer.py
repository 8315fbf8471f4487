"""The transformer: scales, parameters, what goes in and what comes out."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment import SuperpixelTransformer


def test_normalized_colour_is_a_hundredth_of_cielab_and_grey_lies_in_0_to_1(
    photo, colour_photo
):
    transformer = SuperpixelTransformer().fit([colour_photo])
    normalized = transformer.normalize(colour_photo)
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(normalized, rgb2lab(colour_photo) / 100, atol=1e-5)
    grey = SuperpixelTransformer().fit([photo]).normalize(photo[..., np.newaxis])
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey[..., 0], photo / 255, atol=1e-6)


@pytest.mark.parametrize(
    "parameters",
    [
        {"method": "slick"},
        {"n_segments": 1},
        {"n_segments": 10.5},
        {"compactness": 0},
        {"sigma": -1},
        {"mask": "all"},
    ],
)
def test_parameters_out_of_range_are_refused(parameters, photo, segment):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        segment(photo, **parameters)


@pytest.mark.parametrize("n_segments", [1, 2.5, "many", None])
def test_bad_number_of_segments_is_refused(n_segments, photo, segment):
    with pytest.raises(ValueError, match="n_segments"):
        segment(photo, n_segments=n_segments)


def test_transform_without_fit_scales_by_the_images_it_is_given(photo):
    images = [photo, photo[::-1]]
    transformer = SuperpixelTransformer(n_segments=100)
    maps = transformer.transform(images)
    assert not hasattr(transformer, "intensity_range_")
    expected = SuperpixelTransformer(n_segments=100).fit_transform(images)
    np.testing.assert_array_equal(maps, expected)


def test_transform_scales_by_the_training_images(photo):
    transformer = SuperpixelTransformer(n_segments=100).fit([photo / 255])
    maps = transformer.transform([photo / 255, photo / 2550])
    assert (maps[0] != maps[1]).any()
    np.testing.assert_allclose(transformer.intensity_range_[1], 1.0, atol=0.01)
    assert (transformer.n_channels_in_, transformer.rgb_) == (1, False)


def test_other_number_of_channels_than_in_fit_is_refused(photo, colour_photo):
    transformer = SuperpixelTransformer(n_segments=100).fit([photo])
    with pytest.raises(ValueError, match=r"image 0 has 3 channel\(s\)"):
        transformer.transform([colour_photo])


def test_one_array_in_gives_one_array_out_and_a_list_a_list(photo):
    stack = np.stack([photo, photo[::-1]])
    transformer = SuperpixelTransformer(n_segments=100)
    as_array, as_list = transformer.transform(stack), transformer.transform(list(stack))
    assert isinstance(as_array, np.ndarray)
    assert as_array.dtype == np.int32
    assert isinstance(as_list, list)
    np.testing.assert_array_equal(as_array, as_list)


def test_read_only_input_gives_the_same_map_twice_and_is_not_written_to(
    method, photo, segment
):
    image = photo / 255
    image.setflags(write=False)
    mask = image > 0.2
    mask.setflags(write=False)
    before = image.copy()
    first, second = (
        segment(image, method=method, n_segments=100, mask=mask, sigma=s)
        for s in (0.5, 0.5)
    )
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(image, before)
