import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import label

from sksegment.postprocessing import postprocess


def grid(text):
    """Labels of a drawing; a dot is void."""
    return np.array([[-1 if c == "." else int(c) for c in row] for row in text.split()])


def random_labels(seed, shape, void=0.05, smooth=0.8):
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.normal(size=shape), smooth)
    labels = np.digitize(noise, np.quantile(noise, [0.25, 0.5, 0.75])).astype(np.int32)
    labels[rng.random(shape) < void] = -1
    return labels


def test_nothing_asked_for_changes_nothing():
    labels = random_labels(0, (12, 13))
    found = postprocess(labels)
    np.testing.assert_array_equal(found, labels)
    assert found is not labels
    assert found.dtype == np.int32


def test_an_island_takes_the_class_of_most_of_its_border():
    labels = grid("0001 0021 0001 0001")
    labels[1, 2] = 2
    assert postprocess(labels, min_size=2)[1, 2] == 0
    labels[0, 2] = labels[2, 2] = 1
    assert postprocess(labels, min_size=2)[1, 2] == 1


def test_an_island_of_just_the_size_stays():
    labels = grid("00000 02200 00000")
    np.testing.assert_array_equal(postprocess(labels, min_size=2), labels)
    assert not postprocess(labels, min_size=3).any()


def test_equal_borders_go_to_the_lowest_class():
    labels = grid("3333 0055 0055")
    labels[0, 1:3] = 7
    labels[0] = [0, 9, 5, 5]
    # The 9 has one side towards each 0, 5 and 0: the majority; then a tie.
    assert postprocess(labels, min_size=2)[0, 1] == 0
    tie = grid("00955")
    assert postprocess(tie, min_size=2).tolist() == [[0, 0, 0, 5, 5]]


def test_an_island_within_an_island_goes_first():
    labels = grid("0000000 0111110 0121110 0111110 0000000")
    assert postprocess(labels, min_size=2)[2, 2] == 1
    assert not postprocess(labels, min_size=16).any()


def test_small_islands_side_by_side_become_a_large_one():
    labels = grid("000000 012120 021210 012120 000000")
    found = postprocess(labels, min_size=6)
    assert found[0].tolist() == [0] * 6
    components = label(found, background=-1, connectivity=1)
    assert np.bincount(components.ravel())[1:].min() >= 6


@pytest.mark.parametrize("connectivity", [1, 2])
@pytest.mark.parametrize("shape", [(40, 41), (9, 20, 21)])
@pytest.mark.parametrize("seed", range(3))
def test_no_small_island_remains_and_large_ones_stay(seed, shape, connectivity):
    labels = random_labels(seed, shape)
    spatial = "3d" if len(shape) == 3 else None
    options = {"connectivity": connectivity, "spatial": spatial}
    found = postprocess(labels, min_size=25, **options)
    void = labels == -1
    assert (found[void] == -1).all()
    assert (found[~void] >= 0).all()
    before = label(labels, background=-1, connectivity=connectivity)
    large = (np.bincount(before.ravel()) >= 25)[before] & ~void
    np.testing.assert_array_equal(found[large], labels[large])
    after = label(found, background=-1, connectivity=connectivity)
    small = (np.bincount(after.ravel()) < 25)[after] & ~void
    # What is small still has nothing but void around it.
    for axis in range(small.ndim):
        one, other = np.swapaxes(small, 0, axis), np.swapaxes(found, 0, axis)
        assert not (one[1:] & (other[1:] != other[:-1]) & (other[:-1] >= 0)).any()
        assert not (one[:-1] & (other[1:] != other[:-1]) & (other[1:] >= 0)).any()
    np.testing.assert_array_equal(postprocess(found, min_size=25, **options), found)


def test_an_island_in_void_stays():
    labels = grid("..... .1... ...22 ...22")
    np.testing.assert_array_equal(postprocess(labels, min_size=3, fill_holes=9), labels)


def test_noise_of_single_pixels_takes_few_rounds():
    noise = np.random.default_rng(0).integers(4, size=(300, 300))
    found = postprocess(noise, min_size=50)
    components = label(found, background=-1, connectivity=1)
    assert np.bincount(components.ravel())[1:].min() >= 50
    assert components.max() > 100


def test_corners_connect_when_connectivity_says_so():
    labels = np.zeros((6, 6), int)
    labels[[1, 2, 3], [1, 2, 3]] = 1
    assert not postprocess(labels, min_size=3).any()
    np.testing.assert_array_equal(
        postprocess(labels, min_size=3, connectivity=2), labels
    )


def test_a_hole_is_filled_up_to_its_size_whatever_is_in_it():
    labels = grid("1111111 1023111 1111111 1111111")
    assert (postprocess(labels, fill_holes=3) == 1).all()
    np.testing.assert_array_equal(postprocess(labels, fill_holes=2), labels)


def test_neither_the_border_nor_void_encloses():
    labels = grid("11111 01101 11111 11.11 11011")
    filled = grid("11111 01111 11111 11.11 11011")
    for turns in range(4):
        np.testing.assert_array_equal(
            postprocess(np.rot90(labels, turns), fill_holes=10), np.rot90(filled, turns)
        )


def test_a_hole_of_a_volume_is_closed_on_all_sides():
    volume = np.ones((5, 5, 5), int)
    volume[1:4, 2, 2] = 0
    assert postprocess(volume, fill_holes=3, spatial="3d").all()
    volume[0, 2, 2] = 0
    np.testing.assert_array_equal(
        postprocess(volume, fill_holes=9, spatial="3d"), volume
    )
    assert postprocess(volume, fill_holes=1, spatial="2d").all()


def test_a_volume_of_one_slice_is_like_a_map():
    labels = random_labels(4, (30, 31))
    options = {"fill_holes": 5, "rules": {1: {"opening": 1}, 2: {"min_size": 9}}}
    np.testing.assert_array_equal(
        postprocess(labels[np.newaxis], spatial="3d", **options)[0],
        postprocess(labels, **options),
    )


def test_an_island_that_is_thin_but_long_in_z_is_large():
    volume = np.zeros((6, 5, 5), int)
    volume[:, 2, 2] = 1
    assert postprocess(volume, min_size=4, spatial="3d").any()
    assert not postprocess(volume, min_size=4, spatial="2d").any()


@pytest.mark.parametrize("merge", [{5: 2, 6: 2}, [[2, 5, 6]], [(2, 5), [2, 6]][:0]])
def test_classes_are_merged(merge):
    labels = grid("0256 .625")
    expected = grid("0222 .222") if merge else labels
    np.testing.assert_array_equal(postprocess(labels, merge=merge), expected)


def test_a_merge_may_make_a_new_class():
    assert postprocess(grid("0123"), merge={1: 9, 2: 9}).tolist() == [[0, 9, 9, 3]]


def test_rules_hold_for_their_class_and_the_rest_for_the_others():
    labels = np.zeros((12, 12), int)
    labels[2, 2:4] = 1
    labels[6, 2:4] = 2
    labels[9, 2] = 3
    found = postprocess(labels, min_size=2, rules={1: {"min_size": 3}})
    assert np.unique(found).tolist() == [0, 2]
    found = postprocess(labels, min_size=3, rules={1: {"min_size": 0}})
    assert np.unique(found).tolist() == [0, 1]


def test_holes_of_one_class_alone():
    labels = grid("1110222 1010202 1110222")
    found = postprocess(labels, rules={2: {"fill_holes": 1}})
    np.testing.assert_array_equal(found, grid("1110222 1010222 1110222"))


def test_rules_see_the_merged_classes():
    labels = grid("000000 012000 000000")
    found = postprocess(labels, merge={2: 1}, rules={1: {"min_size": 2}})
    np.testing.assert_array_equal(found, grid("000000 011000 000000"))


def test_opening_takes_off_what_is_thin_and_gives_it_to_the_nearest():
    labels = np.zeros((11, 16), int)
    labels[:, 12:] = 2
    labels[3:8, 3:8] = 1
    labels[5, 8:12] = 1
    found = postprocess(labels, rules={1: {"opening": 1}})
    assert found[5, 8:11].tolist() == [1, 0, 0]
    assert (found[:, 12:] == 2).all()
    assert found[5, 5] == 1


def test_opening_does_not_wear_away_at_the_border_or_at_void():
    labels = np.ones((8, 8), int)
    labels[:, 6:] = 0
    labels[:4, :2] = -1
    np.testing.assert_array_equal(
        postprocess(labels, rules={1: {"opening": 2}}), labels
    )


def test_a_strip_along_void_is_thin_all_the_same():
    labels = np.full((9, 9), -1)
    labels[:, 4:] = 0
    labels[:, 4] = 1
    assert not (postprocess(labels, rules={1: {"opening": 1}}) == 1).any()


def test_what_is_thin_all_over_goes_even_in_a_corner():
    labels = grid("1100 0000 0000")
    assert not postprocess(labels, rules={1: {"opening": 1}}).any()


def test_closing_takes_in_all_where_it_leaves_no_gap():
    labels = grid("000 010 000")
    assert (postprocess(labels, rules={1: {"closing": 2}}) == 1).all()


def test_closing_takes_in_gaps_but_no_void():
    labels = np.zeros((9, 20), int)
    labels[2:7, 2:9] = labels[2:7, 10:17] = 1
    labels[4, 9] = -1
    found = postprocess(labels, rules={1: {"closing": 1}})
    assert found[3, 9] == 1
    assert found[4, 9] == -1
    assert found[0].tolist() == labels[0].tolist()


def test_opening_in_a_volume_uses_a_ball():
    volume = np.zeros((9, 9, 9), int)
    volume[2:7, 2:7, 2:7] = 1
    volume[7:, 4, 4] = 1
    found = postprocess(volume, rules={1: {"opening": 1}}, spatial="3d")
    assert not found[8, 4, 4]
    assert found[4, 4, 4]


@pytest.mark.parametrize("rule", ["opening", "closing"])
def test_a_class_that_is_all_there_is_stays(rule):
    labels = grid("11.1 1111 1111")
    np.testing.assert_array_equal(postprocess(labels, rules={1: {rule: 2}}), labels)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64])
@pytest.mark.parametrize("spatial", ["2d", "3d"])
def test_dtype_form_and_input_stay(dtype, spatial):
    volume = np.abs(random_labels(2, (5, 12, 13))).astype(dtype)
    volume.setflags(write=False)
    as_array = postprocess(volume, min_size=4, spatial=spatial)
    as_list = postprocess(list(volume), min_size=4, spatial=spatial)
    assert isinstance(as_list, list)
    assert as_array.dtype == dtype == as_list[0].dtype
    np.testing.assert_array_equal(as_array, as_list)


def test_maps_on_their_own_may_differ_in_size():
    maps = [random_labels(0, (20, 21)), random_labels(1, (15, 12))]
    found = postprocess(maps, min_size=5, spatial="2d")
    for map_, cleaned in zip(maps, found, strict=True):
        np.testing.assert_array_equal(cleaned, postprocess(map_, min_size=5))


def test_void_of_label_files_is_left_alone():
    labels = np.array([[0, 0, 0], [0, 255, 1], [0, 0, 0]], np.uint8)
    found = postprocess(labels, min_size=2, fill_holes=2, void=255)
    assert found.tolist() == [[0, 0, 0], [0, 255, 0], [0, 0, 0]]


def test_nothing_but_void_stays():
    labels = np.full((3, 4), -1)
    np.testing.assert_array_equal(postprocess(labels, min_size=3, fill_holes=2), labels)
