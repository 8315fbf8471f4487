"""Images divided into superpixels: how many, of which shape."""

import numpy as np
import pytest
from skimage.data import camera
from skimage.segmentation import slic

from sksegment import SuperpixelTransformer
from sksegment._intensity import perceptual
from sksegment.superpixels import compute_superpixels


@pytest.mark.parametrize("name", ["photo", "colour_photo"])
def test_ids_are_contiguous_and_each_is_4_connected(
    name, method, request, segment, assert_contiguous_and_connected
):
    image = request.getfixturevalue(name)
    labels = segment(image, method=method, n_segments=300)
    assert labels.shape == image.shape[:2]
    assert_contiguous_and_connected(labels)


@pytest.mark.parametrize("n_segments", [100, 600])
def test_number_of_superpixels_is_near_what_is_asked_for(
    method, n_segments, photo, colour_photo, segment
):
    for image in (photo, colour_photo):
        labels = segment(image, method=method, n_segments=n_segments)
        assert 0.6 < (labels.max() + 1) / n_segments < 1.3


@pytest.mark.parametrize("shape", [(8, 8), (64, 64), (57, 91), (60, 20), (20, 60)])
@pytest.mark.parametrize("kind", ["even", "photo", "noise"])
def test_two_superpixels_or_a_few_more_when_two_are_asked_for(
    kind, shape, method, photo, segment, assert_contiguous_and_connected
):
    """Though seeds on a regular grid of a square are one or four."""
    height, width = shape
    images = {"even": np.zeros(shape), "photo": photo, "noise": noise(shape=shape)}
    labels = segment(images[kind][:height, :width], method=method, n_segments=2)
    assert_contiguous_and_connected(labels)
    assert 2 <= labels.max() + 1 <= 6


def test_more_segments_than_pixels_give_no_more_than_pixels(
    method, segment, assert_contiguous_and_connected
):
    image = np.random.default_rng(0).random((9, 8))
    labels = segment(image, method=method, n_segments=3000)
    assert_contiguous_and_connected(labels)
    assert labels.max() + 1 <= 72


def test_constant_image_is_divided_into_compact_pieces(
    method, segment, assert_contiguous_and_connected
):
    labels = segment(np.full((40, 50), 3.0), method=method, n_segments=20)
    assert_contiguous_and_connected(labels)
    sizes = np.bincount(labels.ravel())
    assert 12 <= len(sizes) <= 30
    assert sizes.max() < 4 * 2000 / len(sizes)


def test_compactness_makes_grid_like_superpixels(photo, segment):
    loose, compact = (segment(photo, n_segments=200, compactness=c) for c in (10, 1000))
    spread = [
        np.std(sizes) / np.mean(sizes)
        for sizes in (np.bincount(labels.ravel()) for labels in (loose, compact))
    ]
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.parametrize("factor", [2.0**-20, 1e-3, 3.7, 255, 60_000])
def test_grey_image_gives_the_same_map_whatever_its_unit(factor, photo, segment):
    image = photo / 255
    expected = segment(image, n_segments=200)
    np.testing.assert_array_equal(segment(factor * image, n_segments=200), expected)


def test_grey_image_gives_the_same_map_with_and_without_a_channel_axis(photo, segment):
    flat = segment(photo, n_segments=200)
    channel = segment(photo[..., np.newaxis], n_segments=200)
    np.testing.assert_array_equal(flat, channel)


def test_default_compactness_follows_the_boundaries_of_grey_and_colour_alike(
    segment, mosaic, boundary_recall
):
    grey, truth = mosaic(0)
    found = {
        "unit": segment(grey, n_segments=200),
        "thousands": segment(4000 * grey, n_segments=200),
        "uint8": segment(np.rint(255 * grey).astype(np.uint8), n_segments=200),
        "three equal channels": segment(np.dstack([grey] * 3), n_segments=200),
    }
    recalls = {name: boundary_recall(labels, truth) for name, labels in found.items()}
    assert min(recalls.values()) > 0.9, recalls
    assert max(recalls.values()) - min(recalls.values()) < 0.03, recalls
    # The trap: the same compactness without bringing the image to its scale.
    plain = slic(grey, n_segments=200, compactness=10, channel_axis=None)
    assert boundary_recall(plain, truth) < 0.6


def test_contrast_of_one_image_does_not_change_the_compactness_of_another(
    mosaic, boundary_recall
):
    strong, truth = mosaic(0)
    weak = 0.45 + 0.1 * strong
    fitted = SuperpixelTransformer(n_segments=200).fit([strong])
    alone, together = fitted.transform([weak])[0], fitted.transform([strong, weak])[1]
    np.testing.assert_array_equal(alone, together)
    recall = boundary_recall(fitted.transform([strong])[0], truth)
    assert boundary_recall(alone, truth) < recall - 0.1


def noise(seed=0, shape=(128, 128)):
    return np.random.default_rng(seed).random(shape)


def noisy_photo():
    rng = np.random.default_rng(0)
    return camera()[::4, ::4] / 255 + rng.normal(0, 0.3, (128, 128))


@pytest.mark.parametrize("n_segments", [100, 400, 1000])
@pytest.mark.parametrize(
    "image",
    [noise(), noise(shape=(128, 128, 3)), noisy_photo()],
    ids=["grey noise", "colour noise", "noisy photo"],
)
def test_slic_keeps_at_least_half_of_its_superpixels_in_noise(
    image, n_segments, segment, assert_contiguous_and_connected
):
    labels = segment(image, n_segments=n_segments)
    assert labels.max() + 1 >= 0.5 * n_segments
    assert_contiguous_and_connected(labels)


def test_noise_would_leave_slic_with_a_few_giants_and_a_calm_image_is_left_alone(photo):
    # The same call without any doubling; values go from 0 to 100.
    def plain(image):
        stretched = perceptual(image[..., np.newaxis].astype(np.float32), rgb=False)
        extent = np.ptp(stretched)
        options = {"n_segments": 400, "start_label": 0, "channel_axis": -1}
        return slic(stretched, compactness=10 / extent, **options)

    assert plain(noise()).max() + 1 < 0.5 * 400
    calm = photo / 255
    calm = (calm - calm.min()) / np.ptp(calm)
    transformer = SuperpixelTransformer(n_segments=400).fit([calm])
    scaled = transformer.normalize(calm[..., np.newaxis])[..., 0]
    pairs = np.stack([plain(scaled).ravel(), transformer.transform([calm])[0].ravel()])
    # Equal up to the numbering: the pairs of ids are one to one.
    pairs = np.unique(pairs, axis=1)
    assert len(np.unique(pairs[1])) == pairs.shape[1]
    assert 0 <= pairs.shape[1] - len(np.unique(pairs[0])) <= 0.02 * 400


def test_sigma_smooths_noise_away_from_the_boundaries(segment, mosaic, boundary_recall):
    noisy, truth = mosaic(0, noise=0.15)
    rough, smooth = (segment(noisy, n_segments=200, sigma=s) for s in (0.0, 1.5))
    assert abs(smooth.max() + 1 - 200) < abs(rough.max() + 1 - 200)
    assert boundary_recall(smooth, truth) > boundary_recall(rough, truth)


def test_function_is_the_transformer_without_its_scaling(photo, segment):
    scaled = (photo / np.float32(255))[..., np.newaxis]
    labels = compute_superpixels(perceptual(scaled, rgb=False), n_segments=100)
    np.testing.assert_array_equal(labels, segment(photo, n_segments=100))


def test_number_of_superpixels_may_be_of_a_small_integer_type(segment):
    image = np.random.default_rng(0).random((64, 64))
    mask = np.ones((64, 64), bool)
    found = segment(image, n_segments=np.int16(40), mask=mask)
    np.testing.assert_array_equal(found, segment(image, n_segments=40, mask=mask))
