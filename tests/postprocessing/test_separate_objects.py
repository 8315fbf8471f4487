import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.measure import label
from skimage.morphology import local_maxima

from sksegment.postprocessing import separate_objects


def discs(*circles, shape=(60, 100)):
    """Label circles of (y, x, radius) as class 1."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    inside = [np.hypot(y - cy, x - cx) <= radius for cy, cx, radius in circles]
    return np.logical_or.reduce(inside).astype(int)


def count(labels, *args, **options):
    return int(separate_objects(labels, *args, **options).max())


def two_balls(spacing):
    """Label two balls of radius 10 that are 17 apart along z."""
    z, y, x = (np.arange(-24, 25, step) for step in spacing)
    grid = np.meshgrid(z, y, x, indexing="ij")
    radii = [np.sqrt((grid[0] - c) ** 2 + grid[1] ** 2 + grid[2] ** 2) for c in (-8, 9)]
    return (np.minimum(*radii) <= 10).astype(int)


@pytest.mark.parametrize("radii", [(6, 6), (20, 20), (20, 7)])
def test_discs_that_touch_are_two_of_any_size(radii):
    big, small = radii
    labels = discs((30, 25, big), (30, 24 + big + 0.9 * small, small))
    assert label(labels).max() == 1
    objects = separate_objects(labels, 1)
    assert np.unique(objects).tolist() == [0, 1, 2]
    areas = np.bincount(objects.ravel())[1:]
    assert areas[0] / areas[1] == pytest.approx((big / small) ** 2, rel=0.15)
    assert ((objects > 0) == (labels == 1)).all()


@pytest.mark.parametrize("part", [0.3, 0.5, 0.7, 0.9])
def test_the_neck_is_relative_to_the_narrower_object(part):
    # Two discs of radius 20 whose common chord is 40 times that part long.
    apart = 40 * np.sqrt(1 - part**2)
    labels = discs((30, 25, 20), (30, 25 + apart, 20))
    assert count(labels, 1, neck=part + 0.08) == 2
    assert count(labels, 1, neck=part - 0.08) == 1


def test_three_in_a_row_are_three():
    assert count(discs((30, 20, 12), (30, 42, 12), (30, 64, 12)), 1) == 3


def test_what_is_as_wide_everywhere_stays_whole():
    labels = np.zeros((40, 60), int)
    labels[5:12] = 1
    labels[20:36, 8:50] = 1
    objects = separate_objects(labels, 1)
    assert objects.max() == 2
    assert (objects[5:12] == 1).all()


def test_with_one_every_maximum_is_an_object():
    rng = np.random.default_rng(0)
    labels = (rng.random((30, 30)) < 0.8).astype(int)
    assert count(labels, 1, neck=1) > count(labels, 1, neck=0.8)
    assert count(labels, 1, neck=1e-6) == label(labels, connectivity=1).max()


def test_with_one_flat_maxima_are_one_object_each():
    # The rim of a square with a hole is as deep all around.
    labels = np.zeros((30, 60), int)
    labels[2:28, 2:28] = 1
    labels[7:23, 7:23] = 0
    labels[5:20, 35:55] = 1
    depths = distance_transform_edt(labels)
    maxima = label(local_maxima(depths, connectivity=1) & (labels == 1), connectivity=1)
    assert count(labels, 1, neck=1) == maxima.max()


def test_classes_that_touch_are_apart_however_thin():
    labels = np.zeros((6, 9), int)
    labels[2, 1:8], labels[3, 1:8] = 1, 2
    objects = separate_objects(labels, [1, 2])
    assert objects[2:4, 4].tolist() == [1, 2]
    assert objects.max() == 2


def test_the_objects_of_a_class_do_not_depend_on_other_classes():
    rng = np.random.default_rng(2)
    labels = np.digitize(gaussian_filter(rng.normal(size=(120, 120)), 2), [-0.03, 0.03])
    alone, both = separate_objects(labels, 1), separate_objects(labels, [0, 1, 2])
    pairs = np.unique(np.stack([alone, both])[:, labels == 1], axis=1)
    assert len(pairs.T) == alone.max() == len(np.unique(pairs[1])) > 20


def test_objects_are_connected_and_of_one_class():
    rng = np.random.default_rng(1)
    labels = np.kron(rng.integers(0, 3, (9, 9)), np.ones((7, 7), int))
    objects = separate_objects(labels, [1, 2])
    assert (objects[labels == 0] == 0).all()
    for number in range(1, objects.max() + 1):
        mask = objects == number
        assert label(mask, connectivity=1).max() == 1
        assert len(np.unique(labels[mask])) == 1


def test_numbers_are_in_the_order_of_the_first_pixels_of_all_classes():
    labels = np.zeros((9, 9), int)
    labels[1, 1:3], labels[3, 1:3], labels[5, 1:3], labels[7, 1:3] = 2, 1, 2, 1
    objects = separate_objects(labels, [1, 2])
    assert objects[1::2, 1].tolist() == [1, 2, 3, 4]
    # The order in which classes are named does not matter.
    assert (separate_objects(labels, (2, 1)) == objects).all()
    assert objects.dtype == np.int32


def test_balls_in_a_volume_and_the_size_of_its_voxels():
    for spacing in [(1, 1, 1), (4, 1, 1), (1, 2, 2)]:
        volume = two_balls(spacing)
        assert count(volume, 1, spatial="3d", spacing=spacing) == 2
    # As if the slices were as close as pixels: balls are flat, and the neck is wide.
    assert count(two_balls((4, 1, 1)), 1, spatial="3d", neck=0.6) == 1


def test_slices_on_their_own_are_those_of_each():
    maps = [discs((30, 20, 12), (30, 42, 12)), discs((20, 20, 9), shape=(40, 40))]
    found = separate_objects(maps, 1, spatial="2d")
    assert isinstance(found, list)
    for one, map_ in zip(found, maps, strict=True):
        assert (one == separate_objects(map_, 1)).all()
    stacked = separate_objects(np.stack([maps[0]] * 2), 1, spatial="2d")
    assert (stacked == found[0]).all()
    found = separate_objects([*maps, np.zeros((40, 40), int)], 1, spatial="2d")
    assert not found[2].any()


def test_void_and_the_border_make_no_neck():
    # A strip at the border of the image, with a bite that leaves it narrow.
    labels = np.zeros((40, 90), int)
    labels[:20] = 1
    assert count(labels, 1) == 1
    labels[6:20, 30:60] = 0
    assert count(labels, 1) == 2
    for void in (-1, 255):
        labels[6:20, 30:60] = void
        assert count(labels, 1, void=void) == 1


def test_an_image_of_one_class_is_one_object():
    assert (separate_objects(np.zeros((5, 6), int), 0) == 1).all()
    labels = np.zeros((5, 6), int)
    labels[:, 3] = -1
    objects = separate_objects(labels, 0)
    assert objects[0].tolist() == [1, 1, 1, 0, 2, 2]


def test_a_made_cluster_is_found_as_it_was_made():
    # Discs at random that overlap by less than a fifth of the smaller radius.
    rng, circles = np.random.default_rng(3), []
    while len(circles) < 40:
        y, x, radius = *rng.uniform(20, 280, 2), rng.uniform(7, 20)
        if all(
            np.hypot(y - cy, x - cx) > radius + r - 0.2 * min(radius, r)
            for cy, cx, r in circles
        ):
            circles.append((y, x, radius))
    labels = discs(*circles, shape=(300, 300))
    assert label(labels).max() < 35
    objects = separate_objects(labels, 1)
    assert objects.max() == 40
    assert {objects[round(y), round(x)] for y, x, _ in circles} == {*range(1, 41)}


def test_labels_are_not_modified():
    labels = discs((30, 20, 12), (30, 42, 12))
    before = labels.copy()
    separate_objects(labels, 1)
    assert (labels == before).all()


def test_depths_are_those_of_the_class_alone():
    # Another class within is a border, as void is not.
    labels = discs((30, 30, 20))
    assert distance_transform_edt(labels).max() > 19
    labels[28:33, 10:51] = 2
    assert count(labels, 1) == 2


@pytest.mark.parametrize(
    ("classes", "options", "message"),
    [
        (3, {}, "classes has class 3, but the labels have 0, 1"),
        ([1, 4], {}, "classes has class 4, but the labels have 0, 1"),
        (1, {"neck": 0}, "neck must be above 0 and at most 1, got 0"),
        (1, {"neck": 1.5}, "neck must be above 0 and at most 1, got 1.5"),
        (1, {"neck": float("nan")}, "neck must be above 0 and at most 1, got nan"),
        (1, {"neck": "wide"}, "neck must be above 0 and at most 1, got 'wide'"),
        (1, {"spacing": (1, 1, 1)}, r"spacing has 3 numbers; .* along \(y, x\)"),
        (1, {"spatial": "3d"}, "one .* map; spatial='3d' is for volumes"),
        ("1", {}, "classes must be a whole number or several, got '1'"),
        ([], {}, "classes is empty; name those that consist of objects"),
        (1.0, {}, "classes must be a whole number or several, got 1.0"),
    ],
)
def test_what_is_out_of_range_is_refused(classes, options, message):
    with pytest.raises(ValueError, match=message):
        separate_objects(discs((30, 20, 12)), classes, **options)


def test_several_maps_have_to_say_what_they_are():
    with pytest.raises(ValueError, match="say spatial='3d' where they are the slices"):
        separate_objects(np.zeros((2, 4, 4), int), 0)
