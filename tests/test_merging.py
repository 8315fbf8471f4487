"""Joining the labels of a fitted model."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from sksegment._merging import (
    group_labels,
    number_groups,
    suggest_n_groups,
)
from sksegment._preparation import PreparedPixels
from sksegment.io import load_model
from sksegment.labelling import measure_labels


@pytest.fixture(params=["pixel", "sparse", "majority", "kmeans", "dense"])
def model(request, make_segmenter, make_dense, images):
    betas = {"beta_sim": 0.01, "beta_con": 0.01, "max_labels": 6}
    if request.param == "dense":
        return make_dense(**betas).fit(images)
    assignment = "mean" if request.param == "sparse" else request.param
    return make_segmenter(assignment=assignment, **betas).fit(images)


def n_used(model):
    return int((model.label_fractions_ > 0).sum())


def test_merging_leaves_as_many_labels_as_wanted(model, images):
    for n_labels in range(1, n_used(model) + 1):
        model.merge_labels(n_labels)
        found = np.unique(np.concatenate([map_.ravel() for map_ in model.labels_]))
        assert_array_equal(found, np.arange(n_labels))
        for labels, predicted in zip(model.labels_, model.predict(images), strict=True):
            assert_array_equal(labels, predicted)


def test_every_label_is_a_union_of_labels_before(model):
    before = [labels.copy() for labels in model.labels_]
    after = model.merge_labels(2).labels_
    for fine, coarse in zip(before, after, strict=True):
        for label in np.unique(fine):
            assert len(np.unique(coarse[fine == label])) == 1


def test_all_labels_can_be_had_again(model):
    before = [labels.copy() for labels in model.labels_]
    again = model.merge_labels(2).merge_labels(n_used(model)).labels_
    for fine, coarse in zip(before, again, strict=True):
        assert len(np.unique(fine)) == len(np.unique(coarse))


def test_undone_merge_leaves_what_was_learnt(model, images):
    learnt, labels = model.predict(images), model.labels_
    model.merge_labels(2)._unmerge()
    assert model.label_groups_ is None
    assert model.labels_ is labels
    for one, other in zip(model.predict(images), learnt, strict=True):
        assert_array_equal(one, other)


def test_soft_labels_are_added_up(model, images):
    fine = model.predict_proba(images[:1])[0]
    features = model.transform(images[:1])[0]
    coarse = model.merge_labels(2).predict_proba(images[:1])[0]
    assert coarse.shape == (*fine.shape[:2], 2)
    groups = model.label_groups_
    assert_allclose(coarse[..., 1], fine[..., groups == 1].sum(axis=-1), atol=1e-6)
    assert_array_equal(model.transform(images[:1])[0], features)


def test_merged_model_is_saved_and_goes_on(model, images, tmp_path):
    model.merge_labels(2).save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert_array_equal(again.predict(images)[0], model.predict(images)[0])
    assert_array_equal(again.labels_[1], model.labels_[1])
    assert len(np.unique(again.merge_labels(1).labels_[0])) == 1
    assert again.merge_labels(2).partial_fit(images).labels_[0].max() <= 1


def test_fit_starts_from_all_labels(make_segmenter, images):
    model = make_segmenter(random_state=0).fit(images)
    before = model.labels_[0].copy()
    model.merge_labels(1).fit(images)
    assert model.label_groups_ is None
    assert_array_equal(model.labels_[0], before)


@pytest.mark.parametrize("n_labels", [0, -1, 100, 2.0, True, "automatic"])
def test_bad_number_of_labels_is_refused(n_labels, model):
    with pytest.raises(ValueError, match=r"n_labels=.* whole number from 1 to \d"):
        model.merge_labels(n_labels)


def test_rare_label_of_a_colour_of_its_own_survives():
    colors = np.array([[0.0], [0.1], [0.5], [0.56], [1.0]])
    fractions = np.array([0.3, 0.2, 0.3, 0.19, 0.01])
    groups = group_labels(colors, fractions, 3)
    groups = number_groups(groups, colors[:, 0], fractions)
    assert groups.tolist() == [0, 0, 1, 1, 2]


def test_a_rim_does_not_move_a_class():
    # Pores and what lies between them and the grains, grains, their bright rims, and
    # inclusions. If each counted once, pores would be nearer to grains than the rims.
    colors = np.array([[0.092], [0.187], [0.301], [0.366], [0.419], [0.628], [0.918]])
    fractions = np.array([0.09, 0.028, 0.018, 0.325, 0.523, 0.008, 0.007])
    groups = group_labels(colors, fractions, 3)
    groups = number_groups(groups, colors[:, 0], fractions)
    assert groups.tolist() == [0, 0, 1, 1, 1, 1, 2]


def test_labels_count_by_the_root_of_what_they_cover():
    # The two in the middle are joined first, and lie nearer to the first, unless the
    # second hardly counts, as it covers next to nothing.
    colors = np.array([[0.0], [2.0], [3.7], [6.7]])
    for rare, expected in ((0.3, [0, 0, 0, 1]), (0.001, [0, 1, 1, 1])):
        fractions = np.array([0.3, rare, 0.2, 0.2])
        assert group_labels(colors, fractions, 2).tolist() in (
            expected,
            [1 - group for group in expected],
        )


def test_speck_is_no_class_and_joins_the_nearest():
    colors = np.array([[0.0], [0.1], [0.5], [5.0], [0.4]])
    fractions = np.array([0.5, 0.2, 0.2999, 0.0001, 0.0])
    groups = group_labels(colors, fractions, 2)
    groups = number_groups(groups, colors[:, 0], fractions)
    assert groups.tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("colors", "expected"),
    [
        # Joined at 0.1 and 0.06, then at 0.48 and 0.7: the last two are far apart.
        ([0.0, 0.1, 0.5, 0.56, 1.0], 3),
        ([0.0, 0.1, 0.9, 1.0], 2),
        # At 0.2, then at 0.5 and 0.67, of which the last takes most of the variance.
        ([0.0, 0.4, 0.6, 1.0], 3),
        ([0.4, 0.4, 0.4], 1),
        ([0.7], 1),
    ],
)
def test_natural_number_of_classes(colors, expected):
    fractions = np.full(len(colors), 1 / len(colors))
    assert suggest_n_groups(np.array(colors)[:, None], fractions) == expected


def test_specks_do_not_count_in_the_natural_number():
    colors = np.array([[0.0], [0.1], [0.9], [5.0]])
    assert suggest_n_groups(colors, np.array([0.5, 0.2, 0.2999, 0.0001])) == 2


def test_what_is_rare_and_far_from_all_does_not_join_the_others():
    # Ground, its blurred rims, nuclei, and a few that are as bright as all others
    # together; only because these are rare, ground and nuclei are two classes.
    colors = np.array([[1.7], [3.3], [6.4], [16.6]])
    for rare, n_groups in ((0.009, 3), (0.3, 2)):
        fractions = np.array([0.67, 0.15, 0.18, 0.0])
        fractions *= 1 - rare
        fractions[3] = rare
        assert suggest_n_groups(colors, fractions) == n_groups


def test_what_is_far_from_all_does_not_join_the_others():
    # Dark pores and grey grains with shades between them, and many bright grains.
    colors = np.array([[3.6], [4.9], [6.7], [7.6], [10.5], [12.9], [15.5], [47.0]])
    fractions = np.array([0.097, 0.015, 0.027, 0.037, 0.657, 0.044, 0.023, 0.1])
    n_groups = [suggest_n_groups(colors, fractions, apart) for apart in (np.inf, 4.0)]
    joined, kept = (group_labels(colors, fractions, n) for n in n_groups)
    assert joined[0] == joined[4]
    assert len({kept[0], kept[4], kept[7]}) == 3


def test_what_is_rare_and_very_bright_does_not_hide_dim_objects():
    # Ground, dim nuclei and their cores, and dividing nuclei, ever brighter: these are
    # one pixel in a hundred, and hold two thirds of the variance.
    colors = np.array([[0.6], [4.5], [11.1], [21.9], [34.4], [59.3]])
    fractions = np.array([0.73, 0.246, 0.015, 0.004, 0.002, 0.003])
    n_groups = [suggest_n_groups(colors, fractions, apart) for apart in (np.inf, 5.0)]
    joined, kept = (group_labels(colors, fractions, n) for n in n_groups)
    assert joined[0] == joined[1]
    assert kept[0] != kept[1]


def test_classes_that_are_kept_apart_join_no_others():
    colors = np.array([[0.0], [0.5], [100.0], [200.0]])
    fractions = np.full(4, 0.25)
    for apart in (np.inf, 4.0):
        assert suggest_n_groups(colors, fractions, apart) == 3
        n_groups = suggest_n_groups(colors, fractions, apart, n_apart=2)
        groups = group_labels(colors, fractions, n_groups, n_apart=2)
        assert len(np.unique(groups)) == 4


@pytest.mark.parametrize("apart", [np.inf, 4.0])
@pytest.mark.parametrize("seed", range(5))
def test_natural_number_is_the_first_step_too_far(seed, apart):
    rng = np.random.default_rng(seed)
    colors, fractions = rng.normal(size=(9, 2)) * 4, rng.dirichlet(np.ones(9))
    copies = np.rint(20 * np.sqrt(fractions / fractions.max())).clip(1)
    groups = {n: group_labels(colors, fractions, n) for n in range(1, 10)}
    heights, distances, variances = [], [], []
    for n in range(8, 0, -1):
        # The two groups of n + 1 that are one of n.
        sides = np.unique([[groups[n][k], groups[n + 1][k]] for k in range(9)], axis=0)
        joined = np.flatnonzero(np.bincount(sides[:, 0]) == 2)[0]
        pair = [groups[n + 1] == side for side in sides[sides[:, 0] == joined, 1]]
        between = cdist(*(colors[g] for g in pair))
        heights.append(
            np.average(between, weights=np.outer(*(copies[g] for g in pair)))
        )
        means = [np.average(colors[g], axis=0, weights=fractions[g]) for g in pair]
        distances.append(np.linalg.norm(means[0] - means[1]))
        first, second = (fractions[g].sum() for g in pair)
        variances.append(
            first * second / (first + second) * min(distances[-1], apart) ** 2
        )
    too_far = np.array(heights) > 0.48 * heights[np.argmax(variances)]
    too_far |= np.array(distances) > apart
    assert suggest_n_groups(colors, fractions, apart) == 9 - too_far.argmax()


def test_labels_are_joined_as_colours_suggest(model):
    n_labels = suggest_n_groups(model.label_colors_, model.label_fractions_)
    expected = model.merge_labels(n_labels).label_groups_
    assert_array_equal(model.merge_labels("auto").label_groups_, expected)
    assert len(np.unique(expected)) == n_labels


def test_rim_is_no_class_of_its_own(make_segmenter, images):
    model = make_segmenter(assignment="mean", max_labels=3).fit(images[:1])
    side = np.arange(40)[:, np.newaxis] * np.ones(50, int)
    model.label_colors_ = np.array([[0.1], [0.45], [0.9]])
    for width, n_left in ((2, 2), (12, 3)):
        labels = np.digitize(side, [10, 10 + width]).astype(np.int32)
        model.unmerged_labels_ = [labels]
        model.label_fractions_ = np.bincount(labels.ravel()) / labels.size
        assert len(np.unique(model.merge_labels("auto").labels_[0])) == n_left
        assert len(np.unique(model.merge_labels(3).labels_[0])) == 3


def test_groups_are_numbered_from_dark_to_bright():
    colors = np.array([[0.2, 0.0], [0.9, 0.0], [0.5, 9.0]])
    fractions = np.full(3, 1 / 3)
    groups = group_labels(colors, fractions, 2)
    groups = number_groups(groups, [0.5, 0.9, 0.1], fractions)
    assert groups.tolist() == [1, 1, 0]


def test_colours_of_the_labels():
    colors, sizes = np.array([[1.0], [3.0], [8.0]]), np.array([1, 3, 4])
    shares = np.array([[0.6, 0.1, 0.3], [0.8, 0.1, 0.1], [0.1, 0.5, 0.4]])
    means, fractions = measure_labels([(colors, sizes, shares)])
    assert_allclose(fractions, [0.5, 0.5, 0.0])
    soft = (0.3 * 1 + 0.1 * 3 * 3 + 0.4 * 4 * 8) / (0.3 + 0.1 * 3 + 0.4 * 4)
    assert_allclose(means[:, 0], [2.5, 8.0, soft])


def test_colours_of_the_labels_of_several_images():
    rng = np.random.default_rng(0)
    colors, sizes = rng.random((50, 3)), rng.integers(1, 9, 50)
    shares = rng.dirichlet(np.full(40, 0.1), 50)
    cut = [slice(0, 20), slice(20, 50)]
    parts = ((colors[part], sizes[part], shares[part]) for part in cut)
    one = measure_labels([(colors, sizes, shares)])
    for together, apart in zip(one, measure_labels(parts), strict=True):
        assert_allclose(apart, together)


def test_memory_of_a_dense_fit_is_that_of_one_image(make_dense):
    images = np.random.default_rng(0).random((8, 64, 64), np.float32)
    model = make_dense(max_labels=32).fit(images)
    tracemalloc.start()
    model._learn_labels(PreparedPixels.build(images[..., np.newaxis]), anew=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * 64 * 64 * 32 * 4


def test_labels_follow_what_is_joined_while_regions_are_asked_for(model, images):
    model.merge_labels(n_used(model))
    model.set_params(n_regions=3).merge_labels(1).set_params(n_regions=None)
    for labels, predicted in zip(model.labels_, model.predict(images), strict=True):
        assert_array_equal(labels, predicted)


@pytest.mark.parametrize("at_fit", [None, 4])
def test_file_has_the_labels_or_regions_of_the_model(at_fit, model, images, tmp_path):
    model.set_params(n_regions=at_fit).fit(images)
    model.set_params(n_regions=None if at_fit else 4)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    for one, other in zip(again.labels_, model.labels_, strict=True):
        assert_array_equal(one, other)
    model.merge_labels(1)
    again.merge_labels(1)
    for one, other in zip(again.labels_, model.labels_, strict=True):
        assert_array_equal(one, other)


def test_groups_of_scribbles_come_first_in_their_order():
    groups = np.array([2, 0, 1, 1, 3])
    brightness, fractions = np.array([0.9, 0.5, 0.1, 0.1, 0.3]), np.full(5, 0.2)
    numbered = number_groups(groups, brightness, fractions, n_fixed=2)
    assert numbered.tolist() == [0, 1, 2, 2, 3]
    assert number_groups(groups, brightness, fractions).tolist() == [3, 2, 0, 0, 1]


def test_regions_that_are_asked_for_no_more_are_not_kept(make_segmenter, images):
    model = make_segmenter(n_regions=3).fit(images)
    model.set_params(n_regions=None).merge_labels(2)
    for found, expected in zip(model.labels_, model.predict(images), strict=True):
        assert np.array_equal(found, expected)


def test_more_regions_than_superpixels_are_refused_before_the_training(
    make_segmenter, images
):
    model = make_segmenter().fit(images)
    before = vars(model).copy()
    with pytest.raises(ValueError, match="n_regions=1000, but image 0 has"):
        model.set_params(n_regions=1000).fit(images)
    with pytest.raises(ValueError, match="n_regions=1000"):
        model.partial_fit(images)
    del before["n_regions"]
    assert all(vars(model)[name] is value for name, value in before.items())


def test_labels_are_not_joined_when_the_net_has_others(make_segmenter, images):
    model = make_segmenter().fit(images).set_params(max_labels=3)
    with pytest.raises(ValueError, match="max_labels changed since the fit"):
        model.merge_labels(2)


def test_more_regions_than_dense_models_have_are_refused_before_the_training(
    make_dense, images
):
    model = make_dense(n_regions=5000)
    with pytest.raises(ValueError, match="superpixels, from which regions are made"):
        model.fit(images)
    assert not hasattr(model, "net_")


def test_fewer_regions_than_pieces_of_the_mask_are_refused_before_the_training(
    make_segmenter, images
):
    mask = np.ones(images[0].shape[:2], bool)
    mask[:, 20:24] = False
    model = make_segmenter(superpixels__mask=mask, n_regions=1)
    with pytest.raises(ValueError, match="image 0 is in 2 pieces"):
        model.fit(images[:1])
    assert not hasattr(model, "net_")
    assert model.set_params(n_regions=2).fit(images[:1]).labels_[0].max() == 1
