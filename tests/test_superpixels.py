import numpy as np
import pytest
from scipy import ndimage
from skimage.color import rgb2lab
from skimage.data import camera, coffee
from skimage.segmentation import find_boundaries, slic

from sksegment import SuperpixelTransformer
from sksegment._intensity import perceptual
from sksegment.superpixels import compute_superpixels

METHODS = ["slic", "watershed"]


def photo():
    return camera()[::4, ::4]


def colour_photo():
    return coffee()[::4, ::4]


def segment(image, **parameters):
    return SuperpixelTransformer(**parameters).fit_transform([image])[0]


def stripes(image):
    """As a callable: stripes of 10 columns, the same id twice, and a void row."""
    columns = np.arange(image.shape[1]) // 10 % 2
    labels = np.tile(7 * columns, (image.shape[0], 1))
    labels[5] = -1
    return labels


def mosaic(seed, *, n=8, side=13, noise=0.005):
    """A blocky scene in [0, 1] whose blocks do not fit the seeds, and its truth."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n * n).reshape(n, n).repeat(side, axis=0).repeat(side, axis=1)
    grey = rng.permutation(n * n)[truth] / (n * n - 1)
    return np.clip(grey + rng.normal(0, noise, grey.shape), 0, 1), truth


def boundary_recall(labels, truth):
    """Share of the true boundary pixels that are boundary pixels of the labels."""
    boundary = find_boundaries(truth, mode="inner")
    return find_boundaries(labels, mode="inner")[boundary].mean()


def assert_contiguous_and_connected(labels):
    assert labels.dtype == np.int32
    inside = labels[labels >= 0]
    np.testing.assert_array_equal(np.unique(inside), np.arange(inside.max() + 1))
    assert (labels[labels < 0] == -1).all()
    for k, window in enumerate(ndimage.find_objects(labels + 1)):
        pieces = ndimage.label(labels[window] == k)[1]
        assert pieces == 1, f"superpixel {k} has {pieces} pieces"


@pytest.mark.parametrize("method", [*METHODS, stripes])
@pytest.mark.parametrize("image", [photo(), colour_photo()], ids=["grey", "colour"])
def test_ids_are_contiguous_and_each_is_4_connected(method, image):
    labels = segment(image, method=method, n_segments=300)
    assert labels.shape == image.shape[:2]
    assert_contiguous_and_connected(labels)


def test_pieces_of_equal_label_of_a_callable_become_superpixels_of_their_own():
    labels = segment(np.zeros((20, 45)), method=stripes)
    assert labels.max() + 1 == 2 * 5
    assert (labels[5] == -1).all()
    assert (np.delete(labels, 5, axis=0) >= 0).all()


def test_pieces_that_touch_at_a_corner_only_are_apart():
    labels = segment(np.zeros((8, 8)), method=lambda image: np.eye(8, dtype=int))
    assert_contiguous_and_connected(labels)
    assert labels.max() + 1 == 8 + 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_segments", [100, 600])
def test_number_of_superpixels_is_near_what_is_asked_for(method, n_segments):
    for image in (photo(), colour_photo()):
        labels = segment(image, method=method, n_segments=n_segments)
        assert 0.6 < (labels.max() + 1) / n_segments < 1.3


@pytest.mark.parametrize("method", METHODS)
def test_more_segments_than_pixels_give_no_more_than_pixels(method):
    image = np.random.default_rng(0).random((9, 8))
    labels = segment(image, method=method, n_segments=3000)
    assert_contiguous_and_connected(labels)
    assert labels.max() + 1 <= 72


@pytest.mark.parametrize("method", METHODS)
def test_constant_image_is_divided_into_compact_pieces(method):
    labels = segment(np.full((40, 50), 3.0), method=method, n_segments=20)
    assert_contiguous_and_connected(labels)
    sizes = np.bincount(labels.ravel())
    assert 12 <= len(sizes) <= 30
    assert sizes.max() < 4 * 2000 / len(sizes)


def test_compactness_makes_grid_like_superpixels():
    loose, compact = (
        segment(photo(), n_segments=200, compactness=c) for c in (10, 1000)
    )
    spread = [
        np.std(sizes) / np.mean(sizes)
        for sizes in (np.bincount(labels.ravel()) for labels in (loose, compact))
    ]
    assert spread[1] < 0.5 * spread[0]


@pytest.mark.parametrize("factor", [2.0**-20, 1e-3, 3.7, 255, 60_000])
def test_grey_image_gives_the_same_map_whatever_its_unit(factor):
    image = photo() / 255
    expected = segment(image, n_segments=200)
    np.testing.assert_array_equal(segment(factor * image, n_segments=200), expected)


def test_grey_image_gives_the_same_map_with_and_without_a_channel_axis():
    image = photo()
    flat = segment(image, n_segments=200)
    channel = segment(image[..., np.newaxis], n_segments=200)
    np.testing.assert_array_equal(flat, channel)


def test_default_compactness_follows_the_boundaries_of_grey_and_colour_alike():
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


def test_contrast_of_one_image_does_not_change_the_compactness_of_another():
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
    return photo() / 255 + np.random.default_rng(0).normal(0, 0.3, (128, 128))


@pytest.mark.parametrize("n_segments", [100, 400, 1000])
@pytest.mark.parametrize(
    "image",
    [noise(), noise(shape=(128, 128, 3)), noisy_photo()],
    ids=["grey noise", "colour noise", "noisy photo"],
)
def test_slic_keeps_at_least_half_of_its_superpixels_in_noise(image, n_segments):
    labels = segment(image, n_segments=n_segments)
    assert labels.max() + 1 >= 0.5 * n_segments
    assert_contiguous_and_connected(labels)


def test_noise_would_leave_slic_with_a_few_giants_and_a_calm_image_is_left_alone():
    # The same call without any doubling; values go from 0 to 100.
    def plain(image):
        stretched = perceptual(image[..., np.newaxis].astype(np.float32), rgb=False)
        extent = np.ptp(stretched)
        options = {"n_segments": 400, "start_label": 0, "channel_axis": -1}
        return slic(stretched, compactness=10 / extent, **options)

    assert plain(noise()).max() + 1 < 0.5 * 400
    calm = photo() / 255
    calm = (calm - calm.min()) / np.ptp(calm)
    transformer = SuperpixelTransformer(n_segments=400).fit([calm])
    scaled = transformer.normalize(calm[..., np.newaxis])[..., 0]
    pairs = np.stack([plain(scaled).ravel(), transformer.transform([calm])[0].ravel()])
    # Equal up to the numbering: the pairs of ids are one to one.
    pairs = np.unique(pairs, axis=1)
    assert len(np.unique(pairs[1])) == pairs.shape[1]
    assert 0 <= pairs.shape[1] - len(np.unique(pairs[0])) <= 0.02 * 400


def test_normalized_colour_is_a_hundredth_of_cielab_and_grey_lies_in_0_to_1():
    transformer = SuperpixelTransformer().fit([colour_photo()])
    normalized = transformer.normalize(colour_photo())
    assert normalized.dtype == np.float32
    np.testing.assert_allclose(normalized, rgb2lab(colour_photo()) / 100, atol=1e-5)
    grey = SuperpixelTransformer().fit([photo()]).normalize(photo()[..., np.newaxis])
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey[..., 0], photo() / 255, atol=1e-6)


def test_sigma_smooths_noise_away_from_the_boundaries():
    noisy, truth = mosaic(0, noise=0.15)
    rough, smooth = (segment(noisy, n_segments=200, sigma=s) for s in (0.0, 1.5))
    assert abs(smooth.max() + 1 - 200) < abs(rough.max() + 1 - 200)
    assert boundary_recall(smooth, truth) > boundary_recall(rough, truth)


@pytest.mark.parametrize("method", METHODS)
def test_mask_leaves_the_outside_void_and_spends_the_superpixels_inside(method):
    image = photo()
    mask = np.hypot(*(np.indices(image.shape) - 64.0)) < 40
    labels = segment(image, method=method, n_segments=300, mask=mask)
    np.testing.assert_array_equal(labels >= 0, mask)
    assert_contiguous_and_connected(labels)
    assert 0.6 < (labels.max() + 1) / 300 < 1.5


def test_mask_of_numbers_is_true_where_it_is_not_zero():
    mask = np.zeros((20, 20), int)
    mask[3:15, 4:18] = 2
    labels = segment(np.zeros((20, 20)), n_segments=9, mask=mask.tolist())
    np.testing.assert_array_equal(labels >= 0, mask > 0)


def test_mask_in_two_pieces_never_gives_one_id_to_both():
    mask = np.zeros((40, 40), bool)
    mask[:, :18] = mask[:, 22:] = True
    labels = segment(np.zeros((40, 40)), n_segments=4, mask=mask)
    assert_contiguous_and_connected(labels)
    assert not set(labels[:, :18].ravel()) & set(labels[:, 22:].ravel())


def test_callable_mask_sees_intensities_of_the_caller_for_each_image():
    images = [photo(), photo()[:64]]
    transformer = SuperpixelTransformer(n_segments=100, mask=lambda image: image > 100)
    for image, labels in zip(images, transformer.fit_transform(images), strict=True):
        np.testing.assert_array_equal(labels >= 0, image > 100)


def test_callable_method_sees_the_image_on_the_scale_of_compactness():
    seen = []

    def method(image):
        seen.append(image)
        return np.zeros(image.shape[:2], int)

    segment(photo() / 255, method=method)
    segment(colour_photo(), method=method)
    segment(colour_photo()[..., :2], method=method)
    grey, lab, two_channels = seen
    assert grey.shape == (128, 128)
    assert two_channels.shape == (100, 150, 2)
    assert -50 <= grey.min() < 5
    assert 95 < grey.max() <= 150
    np.testing.assert_allclose(lab, rgb2lab(colour_photo()), atol=1e-3)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((5, 6)), r"shape \(5, 6\), but the image has \(128, 128\)"),
        (np.zeros((128, 128)), "image 0: the mask is empty"),
        (lambda image: np.zeros(image.shape[:2]), "image 0: the mask is empty"),
        (lambda image: 1, r"the mask has shape \(\)"),
    ],
)
def test_mask_that_does_not_fit_is_refused(mask, message):
    with pytest.raises(ValueError, match=message):
        segment(photo(), mask=mask)


def test_message_names_the_image_that_a_mask_does_not_fit():
    transformer = SuperpixelTransformer(n_segments=50, mask=np.ones((128, 128)))
    with pytest.raises(ValueError, match="image 1: the mask"):
        transformer.fit_transform([photo(), photo()[:100]])


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
def test_callable_that_returns_no_integer_labels_of_the_image_is_refused(rubbish):
    message = r"^image 0: .* callable returned .* expected integer"
    with pytest.raises(ValueError, match=message):
        segment(photo(), method=rubbish)


def test_error_of_a_callable_names_the_image():
    def refuse_small(image):
        if image.shape[0] < 128:
            raise ValueError("the image is too small")
        return np.zeros(image.shape[:2], int)

    def no_piece(image):
        return np.full(image.shape[:2], -1)

    images = [photo(), photo()[:100]]
    with pytest.raises(ValueError, match=r"^image 1: the image is too small"):
        SuperpixelTransformer(method=refuse_small).transform(images)
    with pytest.raises(ValueError, match=r"^image 0: .* no label >= 0"):
        SuperpixelTransformer(method=no_piece).transform(images)


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
def test_parameters_out_of_range_are_refused(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        segment(photo(), **parameters)


def test_transform_without_fit_scales_by_the_images_it_is_given():
    images = [photo(), photo()[::-1]]
    transformer = SuperpixelTransformer(n_segments=100)
    maps = transformer.transform(images)
    assert not hasattr(transformer, "intensity_range_")
    expected = SuperpixelTransformer(n_segments=100).fit_transform(images)
    np.testing.assert_array_equal(maps, expected)


def test_transform_scales_by_the_training_images():
    transformer = SuperpixelTransformer(n_segments=100).fit([photo() / 255])
    maps = transformer.transform([photo() / 255, photo() / 2550])
    assert (maps[0] != maps[1]).any()
    np.testing.assert_allclose(transformer.intensity_range_[1], 1.0, atol=0.01)
    assert (transformer.n_channels_in_, transformer.rgb_) == (1, False)


def test_other_number_of_channels_than_in_fit_is_refused():
    transformer = SuperpixelTransformer(n_segments=100).fit([photo()])
    with pytest.raises(ValueError, match=r"image 0 has 3 channel\(s\)"):
        transformer.transform([colour_photo()])


def test_one_array_in_gives_one_array_out_and_a_list_a_list():
    stack = np.stack([photo(), photo()[::-1]])
    transformer = SuperpixelTransformer(n_segments=100)
    as_array, as_list = transformer.transform(stack), transformer.transform(list(stack))
    assert isinstance(as_array, np.ndarray)
    assert as_array.dtype == np.int32
    assert isinstance(as_list, list)
    np.testing.assert_array_equal(as_array, as_list)


@pytest.mark.parametrize("method", METHODS)
def test_read_only_input_gives_the_same_map_twice_and_is_not_written_to(method):
    image = photo() / 255
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


def test_labels_of_a_callable_are_not_written_to():
    own = np.zeros((128, 128), np.int32)
    mask = photo() > 100
    segment(photo(), method=lambda image: own, mask=mask)
    assert (own == 0).all()


def test_function_is_the_transformer_without_its_scaling():
    scaled = (photo() / np.float32(255))[..., np.newaxis]
    labels = compute_superpixels(perceptual(scaled, rgb=False), n_segments=100)
    np.testing.assert_array_equal(labels, segment(photo(), n_segments=100))


@pytest.mark.parametrize("image", [photo(), photo()[..., np.newaxis]])
def test_callable_mask_gets_a_grey_image_with_two_axes(image):
    labels = segment(image, n_segments=100, mask=lambda image: image > 100)
    np.testing.assert_array_equal(labels >= 0, photo() > 100)


@pytest.mark.parametrize("far", [2**32, 2**32 - 1])
def test_large_labels_of_a_callable_neither_collide_nor_become_void(far):
    def method(image):
        labels = np.zeros(image.shape[:2], np.int64)
        labels[:, 64:] = far
        return labels

    assert segment(photo(), method=method).max() + 1 == 2


def thin_lines(noise=0.0, seed=0):
    """Bright lines, 3 pixels wide, on a ground without any structure."""
    image = np.zeros((80, 90))
    image[20:23, 10:80] = image[40:75, 44:47] = 100.0
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def test_number_of_basins_follows_the_structure():
    few, many = (
        segment(image, method="watershed", n_segments="auto").max() + 1
        for image in (thin_lines(), photo()[:80, :90])
    )
    assert 2 <= few < 20 < many


@pytest.mark.parametrize("method", ["slic", "watershed"])
def test_image_without_any_basin_is_divided_all_the_same(method):
    assert segment(np.zeros((80, 90)), method=method, n_segments="auto").max() > 0


def test_few_basins_keep_to_the_borders_of_thin_lines():
    image = thin_lines()
    bright = image > 50
    labels = segment(image, method="watershed", n_segments="auto")
    sizes = np.bincount(labels.ravel())
    inside = np.bincount(labels.ravel(), bright.ravel())
    assert len(sizes) < 20
    assert np.minimum(inside, sizes - inside).sum() < 0.05 * bright.sum()


def test_slic_takes_as_many_segments_as_there_are_basins():
    basins = segment(photo(), method="watershed", n_segments="auto").max() + 1
    found = segment(photo(), n_segments="auto").max() + 1
    assert 0.4 * basins < found < 1.6 * basins


def test_basins_are_cut_by_a_mask():
    mask = np.zeros((80, 90), bool)
    mask[10:70, 30:60] = True
    labels = segment(thin_lines(2.0), method="watershed", n_segments="auto", mask=mask)
    np.testing.assert_array_equal(labels >= 0, mask)
    assert len(np.unique(labels[mask])) == labels.max() + 1


@pytest.mark.parametrize("n_segments", [1, 2.5, "many", None])
def test_bad_number_of_segments_is_refused(n_segments):
    with pytest.raises(ValueError, match="n_segments"):
        segment(photo(), n_segments=n_segments)
