import warnings

import numpy as np
import pytest
import torch
from sklearn.base import clone

from sksegment.patches import PatchSampler

SYMMETRIES = {
    "identity": lambda a: a,
    "quarter turn": lambda a: np.rot90(a, 1),
    "half turn": lambda a: np.rot90(a, 2),
    "three quarter turn": lambda a: np.rot90(a, 3),
    "up-down": lambda a: a[::-1],
    "left-right": lambda a: a[:, ::-1],
    "transposition": lambda a: a.T,
    "other diagonal": lambda a: np.rot90(a, 2).T,
}
TURNS = {"identity", "quarter turn", "half turn", "three quarter turn"}
FLIPS = {"identity", "half turn", "up-down", "left-right"}


def numbered(shape, start=0):
    """An image in which every pixel has a value of its own."""
    return start + np.arange(shape[0] * shape[1]).reshape(shape)


def windows_under_symmetries(image, shape):
    """Every patch of a shape that an image holds, and the symmetries that give it."""
    found = {}
    for name, symmetry in SYMMETRIES.items():
        turned = symmetry(image)
        for y in range(turned.shape[0] - shape[0] + 1):
            for x in range(turned.shape[1] - shape[1] + 1):
                patch = turned[y : y + shape[0], x : x + shape[1]]
                found[patch.tobytes()] = name
    return found


def draw_patches(sampler, image, seed=0, **options):
    """Patches of one image, as 2-D arrays."""
    draws = sampler.draw([image.shape], np.random.default_rng(seed), **options)
    images = [image[..., np.newaxis]]
    return [patch[..., 0] for draw in draws for patch in draw.gather(images)[0]]


def symmetries_drawn(sampler, image, seed=0):
    (shape,) = sampler.shapes
    known = windows_under_symmetries(image, shape)
    return [
        known[np.ascontiguousarray(patch).tobytes()]
        for patch in draw_patches(sampler, image, seed)
    ]


def centres(draw):
    """Row and column of the middle pixel of every patch, the later of two middles."""
    return np.stack(
        [
            source.min(axis=(1, 2)) + (np.ptp(source, axis=(1, 2)) + 1) // 2
            for source in (draw.rows, draw.columns)
        ],
        axis=1,
    )


@pytest.mark.parametrize("n_batches", [1, 3, 8, 20])
def test_batches_add_up_to_the_counts_or_to_one_patch_each(n_batches):
    shapes, counts = [(6, 6), (5, 8), (9, 4)], [10, 3, 17]
    sampler = PatchSampler(shapes, counts)
    batches = sampler.draw(
        [(20, 30)] * 2, np.random.default_rng(0), n_batches=n_batches
    )
    batches = [batches] if n_batches == 1 else batches
    assert len(batches) == n_batches
    for batch in batches:
        assert [draw.rows.shape[1:] for draw in batch] == shapes
    for draws, count in zip(zip(*batches, strict=True), counts, strict=True):
        assert all(draw.rows.shape == draw.columns.shape for draw in draws)
        assert all(len(draw.images) == len(draw.rows) for draw in draws)
        numbers = [len(draw.rows) for draw in draws]
        assert sum(numbers) == max(count, n_batches)
        assert min(numbers) > 0
        assert np.ptp(numbers) <= 1


def test_patches_of_one_shape_are_one_array_with_all_channels():
    images = [np.zeros((20, 30, 3)), np.zeros((25, 16, 3))]
    sampler = PatchSampler([(5, 8)], [10])
    (draw,) = sampler.draw([x.shape[:2] for x in images], np.random.default_rng(0))
    patches = draw.gather(images)
    assert [p.shape[1:] for p in patches] == [(5, 8, 3)] * 2
    assert sum(map(len, patches)) == 10


def test_tensors_are_cut_like_arrays():
    image = numbered((12, 14))[..., np.newaxis]
    (draw,) = PatchSampler([(5, 6)], [9]).draw([(12, 14)], np.random.default_rng(0))
    (array,), (tensor,) = draw.gather([image]), draw.gather([torch.from_numpy(image)])
    np.testing.assert_array_equal(tensor.numpy(), array)


@pytest.mark.parametrize("shape", [(4, 4), (5, 5), (4, 7), (8, 5)])
@pytest.mark.parametrize("image_shape", [(8, 9), (11, 8)])
def test_every_patch_is_a_window_of_the_image_under_a_symmetry(image_shape, shape):
    drawn = symmetries_drawn(PatchSampler([shape], [400]), numbered(image_shape))
    counts = {name: drawn.count(name) for name in SYMMETRIES}
    assert min(counts.values()) > 400 / 8 / 2, counts


@pytest.mark.parametrize(
    ("options", "allowed"),
    [
        ({"flip": False}, TURNS),
        ({"rotate": False}, {"identity", "half turn", "up-down", "left-right"}),
        ({"flip": False, "rotate": False}, {"identity"}),
    ],
)
def test_only_the_symmetries_asked_for_occur(options, allowed):
    for shape in [(4, 4), (4, 7)]:
        sampler = PatchSampler([shape], [200], **options)
        assert set(symmetries_drawn(sampler, numbered((9, 10)))) == allowed


def test_windows_that_fit_one_way_only_are_never_turned_by_a_quarter():
    image = numbered((6, 30))
    assert set(symmetries_drawn(PatchSampler([(5, 20)], [200]), image)) == FLIPS
    without = PatchSampler([(5, 20)], [200], flip=False)
    assert set(symmetries_drawn(without, image)) == {"identity", "half turn"}


def test_every_pixel_is_reached_and_every_place_is_as_likely():
    image = numbered((9, 10))
    sampler = PatchSampler([(4, 4)], [4200], rotate=False, flip=False)
    corners = [patch[0, 0] for patch in draw_patches(sampler, image)]
    counts = np.bincount(corners, minlength=90).reshape(9, 10)
    assert (counts[6:] == 0).all()
    assert (counts[:, 7:] == 0).all()
    assert (np.abs(counts[:6, :7] - 100) < 5 * np.sqrt(100)).all()


def test_patches_as_large_as_the_image_are_the_image_under_its_symmetries():
    image = numbered((8, 8))
    drawn = symmetries_drawn(PatchSampler([(8, 8)], [100]), image)
    assert set(drawn) == set(SYMMETRIES)


def test_every_draw_is_new_and_the_same_generator_gives_the_same_draws():
    sampler = PatchSampler([(5, 5), (4, 8)], [20, 20])

    def epochs(seed):
        rng = np.random.default_rng(seed)
        return [sampler.draw([(30, 40)], rng, n_batches=2) for _ in range(2)]

    def same(first, second):
        return all(
            np.array_equal(a.rows, b.rows) and np.array_equal(a.columns, b.columns)
            for one, other in zip(first, second, strict=True)
            for a, b in zip(one, other, strict=True)
        )

    first, second = epochs(0)
    again = epochs(0)
    assert not same(first, second)
    assert same(first, again[0])
    assert same(second, again[1])
    assert not same(first, epochs(1)[0])


def test_images_contribute_alike_whatever_their_size():
    sampler = PatchSampler([(5, 5), (6, 6)], [31, 60])
    shapes = [(8, 8), (200, 300), (20, 9)]
    for draw in sampler.draw(shapes, np.random.default_rng(0)):
        counts = np.bincount(draw.images, minlength=3)
        assert np.ptp(counts) <= 1
    rng = np.random.default_rng(0)
    few = PatchSampler([(5, 5)], [4])
    draws = [few.draw(shapes, rng)[0] for _ in range(300)]
    counts = np.bincount(np.concatenate([draw.images for draw in draws]), minlength=3)
    # The patch that is left over goes to another image each time.
    assert (np.abs(counts - 400) < 45).all()


def test_windows_stay_within_the_image_they_come_from():
    shapes = [(8, 30), (25, 9)]
    for draw in PatchSampler([(8, 9)], [100]).draw(shapes, np.random.default_rng(0)):
        for i, (height, width) in enumerate(shapes):
            here = draw.images == i
            assert 0 <= draw.rows[here].min() <= draw.rows[here].max() < height
            assert 0 <= draw.columns[here].min() <= draw.columns[here].max() < width


@pytest.mark.parametrize("shape", [(5, 5), (6, 4)])
def test_centres_lie_in_a_mask(shape):
    mask = np.zeros((40, 50), bool)
    mask[10:14, 20:31] = mask[25, 8] = True
    sampler = PatchSampler([shape], [300], region=mask)
    (draw,) = sampler.draw([mask.shape], np.random.default_rng(0))
    rows, columns = centres(draw).T
    assert mask[rows, columns].all()
    reached = np.zeros_like(mask)
    reached[rows, columns] = True
    assert reached.sum() > 0.95 * mask.sum()


def test_centres_follow_weights():
    weights = np.zeros((40, 50))
    weights[20, 10], weights[20, 40] = 1.0, 3.0
    sampler = PatchSampler([(5, 5)], [1000], region=weights)
    (draw,) = sampler.draw([weights.shape], np.random.default_rng(0))
    columns = centres(draw)[:, 1]
    assert set(columns) == {10, 40}
    assert (columns == 40).mean() == pytest.approx(0.75, abs=0.05)


def test_pixel_of_weight_zero_is_never_a_centre_even_for_the_smallest_number():
    class Smallest:
        """A generator whose every number is the smallest there is."""

        def integers(self, _high, size=None):
            return 0 if size is None else np.zeros(size, int)

        def random(self, size):
            return np.zeros(size)

        def permutation(self, values):
            return values

    weights = np.zeros((20, 20))
    weights[10, 8:] = 1.0
    sampler = PatchSampler([(5, 5)], [1], region=weights)
    (draw,) = sampler.draw([weights.shape], Smallest())
    np.testing.assert_array_equal(centres(draw), [[10, 8]])


def test_region_of_slices_is_a_rectangle():
    sampler = PatchSampler([(5, 5)], [300], region=np.s_[10:14, 20:])
    (draw,) = sampler.draw([(40, 50)], np.random.default_rng(0))
    rows, columns = centres(draw).T
    assert set(rows) == {10, 11, 12, 13}
    # Near the border the window moves inside.
    assert (columns.min(), columns.max()) == (20, 47)


def test_window_around_a_centre_at_the_border_moves_inside():
    mask = np.zeros((20, 20), bool)
    mask[0, 19] = True
    sampler = PatchSampler([(6, 8)], [50], region=mask)
    (draw,) = sampler.draw([mask.shape], np.random.default_rng(0))
    assert (draw.rows.min(axis=(1, 2)) == 0).all()
    assert (draw.columns.max(axis=(1, 2)) == 19).all()


def test_list_of_regions_is_one_for_each_image():
    regions = [np.s_[5:8, 5:8], np.eye(30)]
    sampler = PatchSampler([(5, 5)], [200], region=regions)
    (draw,) = sampler.draw([(20, 20), (30, 30)], np.random.default_rng(0))
    rows, columns = centres(draw).T
    first = draw.images == 0
    assert set(rows[first]) == set(columns[first]) == {5, 6, 7}
    inner = ~first & (rows > 2) & (rows < 27)
    np.testing.assert_array_equal(rows[inner], columns[inner])
    assert np.ptp(rows[~first]) > 20


def test_list_of_regions_has_none_for_images_without():
    sampler = PatchSampler([(5, 5)], [400], region=[np.s_[5:8, 5:8], None])
    (draw,) = sampler.draw([(20, 20), (20, 20)], np.random.default_rng(0))
    first = draw.images == 0
    assert len({*map(tuple, centres(draw)[first])}) == 9
    # Patches of 5 x 5 have 16 x 16 places.
    assert len({*map(tuple, centres(draw)[~first])}) > 100


def test_region_is_given_on_the_image_even_where_patches_come_from_a_smaller_grid():
    mask = np.zeros((40, 60), bool)
    mask[20:24, 40:44] = True
    sampler = PatchSampler([(12, 12)], [200], region=mask)
    (draw,) = sampler.draw(
        [mask.shape], np.random.default_rng(0), grid_shapes=[(20, 30)]
    )
    assert draw.rows.shape[1:] == (6, 6)
    rows, columns = centres(draw).T
    assert set(rows) <= {10, 11}
    assert set(columns) <= {20, 21}


@pytest.mark.parametrize(
    ("grid", "expected"),
    [((48, 64), (24, 16)), ((24, 32), (12, 8)), ((18, 24), (9, 6)), ((8, 12), (4, 4))],
)
def test_patches_shrink_with_the_grid(grid, expected):
    sampler = PatchSampler([(24, 16)], [5])
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (draw,) = sampler.draw([(48, 64)], rng, grid_shapes=[grid])
    assert draw.rows.shape == (5, *expected)
    assert draw.rows.max() < grid[0]
    assert draw.columns.max() < grid[1]


def test_patches_larger_than_the_smallest_image_are_clipped_with_a_warning():
    sampler = PatchSampler([(48, 10), (6, 6)], [8, 8])
    shapes = [(100, 100), (20, 30)]
    with pytest.warns(
        UserWarning, match=r"\(48, 10\) are larger .* \(20, 30\)"
    ) as seen:
        draws = sampler.draw(shapes, np.random.default_rng(0))
    assert len(seen) == 1
    assert [draw.rows.shape[1:] for draw in draws] == [(20, 10), (6, 6)]


def test_warning_speaks_of_pixels_of_the_image_not_of_the_grid():
    sampler = PatchSampler([(48, 48)], [8])
    with pytest.warns(UserWarning, match=r"smallest image, \(40, 30\)"):
        sampler.draw([(40, 30)], np.random.default_rng(0), grid_shapes=[(20, 15)])


def test_clipping_is_silent_without_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draws = PatchSampler().draw([(40, 30)], np.random.default_rng(0), warn=False)
    assert {draw.rows.shape[1:] for draw in draws} == {(40, 30)}


def test_clipped_patches_are_windows_too():
    image = numbered((9, 10))
    sampler = PatchSampler([(96, 96)], [50])
    patches = draw_patches(sampler, image, warn=False)
    known = windows_under_symmetries(image, (9, 10))
    assert {known[np.ascontiguousarray(p).tobytes()] for p in patches} == FLIPS


@pytest.mark.parametrize(
    ("shapes", "counts", "message"),
    [
        ([(48,)], [1], "not a pair of integers"),
        ([48, 48], [1, 1], "not a pair of integers"),
        ([(48, 48, 3)], [1], "not a pair of integers"),
        ([(48, 3)], [1], "not a pair of integers >= 4"),
        ([(-48, 48)], [1], "not a pair of integers"),
        ([(48.0, 48)], [1], "not a pair of integers"),
        ([("48", "48")], [1], "not a pair of integers"),
        ([None], [1], "not a pair of integers"),
        ([(48, 48)], [1, 2], r"1 shape\(s\) and 2 count"),
        ([], [], r"0 shape\(s\)"),
        ([(48, 48)], [0], "count 0 is not a positive integer"),
        ([(48, 48)], [-3], "not a positive integer"),
        ([(48, 48)], [2.5], "2.5 is not a positive integer"),
        ([(48, 48)], ["3"], "not a positive integer"),
        (48, [1], "shapes"),
        ([(48, 48)], 5, "counts"),
    ],
)
def test_shapes_and_counts_that_make_no_sense_are_refused(shapes, counts, message):
    with pytest.raises(ValueError, match=message):
        PatchSampler(shapes, counts).fit(None)


@pytest.mark.parametrize(
    ("region", "message"),
    [
        (np.ones((5, 6)), r"region of image 0 has shape \(5, 6\), but the image has"),
        (np.zeros((20, 30)), "region of image 0 needs finite weights >= 0"),
        (np.s_[25:, :], "some of them positive"),
        (np.full((20, 30), np.nan), "needs finite weights"),
        (-np.ones((20, 30)), "needs finite weights"),
        ([np.ones((20, 30))] * 2, "a list of 2 for 1 training images"),
        ([np.ones((20, 30, 1))], r"image 0 has shape \(20, 30, 1\)"),
    ],
)
def test_region_that_does_not_fit_is_refused(region, message):
    sampler = PatchSampler([(5, 5)], [3], region=region)
    with pytest.raises(ValueError, match=message):
        sampler.draw([(20, 30)], np.random.default_rng(0))


@pytest.mark.parametrize("parameters", [{"flip": "yes"}, {"rotate": 3}, {"region": 7}])
def test_parameters_of_the_wrong_type_are_refused_by_fit(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        PatchSampler(**parameters).fit(None)


def test_fit_learns_nothing_and_clone_keeps_the_parameters():
    sampler = PatchSampler(shapes=[(16, 16)], counts=[5], region=np.s_[:9, :9])
    assert sampler.fit(None) is sampler
    assert clone(sampler).get_params() == sampler.get_params()
    assert not [name for name in vars(sampler) if name.endswith("_")]


def test_defaults_are_a_dozen_patches_a_step():
    batches = PatchSampler().draw([(321, 481)], np.random.default_rng(0), n_batches=8)
    shapes = [[draw.rows.shape for draw in batch] for batch in batches]
    assert shapes == [[(12, 64, 64)]] * 8


@pytest.mark.parametrize("region", [None, (slice(0, 20), slice(None))])
def test_centres_lie_within_the_field_of_view_of_every_image(region):
    fields = [np.zeros((40, 50), bool), None]
    fields[0][8:30, 5:25] = True
    sampler = PatchSampler([(5, 5)], [400], region=region)
    (draw,) = sampler.draw([(40, 50)] * 2, np.random.default_rng(0), within=fields)
    rows, columns = centres(draw).T
    first = draw.images == 0
    assert fields[0][rows[first], columns[first]].all()
    assert columns[~first].max() > 40
    assert (rows.max() < 20) == (region is not None)


def test_region_outside_the_field_of_view_is_refused():
    field = np.zeros((40, 50), bool)
    field[:, :10] = True
    sampler = PatchSampler([(5, 5)], [4], region=(slice(None), slice(30, 50)))
    with pytest.raises(ValueError, match="region of image 0 lies outside the mask"):
        sampler.draw([(40, 50)], np.random.default_rng(0), within=[field])
