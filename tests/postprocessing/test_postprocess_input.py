import numpy as np
import pytest

from sksegment.postprocessing import postprocess

LABELS = np.array([[0, 0, 1, 1], [0, 0, 2, 2], [0, 0, 2, 2]])


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        (LABELS.astype(float), {}, r"labels holds float64.*astype\(int\)"),
        ([LABELS], {}, "say spatial='3d' where they are the slices"),
        (np.stack([LABELS] * 2), {}, "say spatial='3d' where they are the slices"),
        (LABELS, {"spatial": "3d"}, "one .* map; spatial='3d' is for volumes"),
        (LABELS, {"spatial": "both"}, "spatial must be '2d' or '3d', got 'both'"),
        ([LABELS, LABELS[:2]], {"spatial": "3d"}, r"shapes \(2, 4\), \(3, 4\); those"),
        ([LABELS, LABELS / 2], {"spatial": "2d"}, "map 1 of labels holds float64"),
        ([], {"spatial": "2d"}, "labels is empty"),
        (LABELS.tolist(), {"spatial": "2d"}, r"map 0 of labels has shape \(4,\)"),
    ],
)
def test_labels_that_are_unclear_are_refused(labels, options, message):
    with pytest.raises(ValueError, match=message):
        postprocess(labels, **options)


def test_a_generator_is_refused():
    with pytest.raises(TypeError, match="got generator"):
        postprocess((map_ for map_ in [LABELS]), spatial="2d")


def test_a_path_is_refused_with_what_to_pass():
    with pytest.raises(TypeError, match=r"labels is a path, 'a\.tif'; .*read_labels"):
        postprocess("a.tif", spatial="3d")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_size": -1}, "min_size must be a whole number from 0, got -1"),
        ({"min_size": 2.5}, "min_size must be a whole number from 0, got 2.5"),
        ({"fill_holes": -3}, "fill_holes must be a whole number from 0, got -3"),
        ({"connectivity": 3}, "connectivity must be from 1 to 2, got 3"),
        ({"connectivity": 0}, "connectivity must be from 1 to 2, got 0"),
    ],
)
def test_sizes_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        postprocess(LABELS, **options)


@pytest.mark.parametrize(
    ("merge", "message"),
    [
        ({9: 1}, "merge has class 9, but the labels have 0, 1, 2"),
        ([[1, 9]], "merge has class 9, but the labels have 0, 1, 2"),
        ({1: -1}, "merge turns 1 into -1; classes are whole numbers from 0"),
        ({1: 0.5}, "merge turns 1 into 0.5; classes are whole numbers"),
        ({2: 1, 1: 0}, "merge turns 2 into 1 and 1 into 0; name the last class"),
        ([[0, 1], [1, 2]], "merge has class 1 twice"),
        ([0, 1], "merge must be a dict such as"),
        (3, "merge must be a dict such as"),
        ("01", "merge must be a dict such as"),
    ],
)
def test_merges_of_what_there_is_not_are_refused(merge, message):
    with pytest.raises(ValueError, match=message):
        postprocess(LABELS, merge=merge)


def test_a_merge_into_void_or_beyond_the_dtype_is_refused():
    labels = LABELS.astype(np.uint8)
    with pytest.raises(ValueError, match="merge turns 1 into 255, which is void"):
        postprocess(labels, merge={1: 255}, void=255)
    with pytest.raises(ValueError, match="from 0 to 255, the largest the labels'"):
        postprocess(labels, merge={1: 256})


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({9: {"min_size": 1}}, "rules has class 9, but the labels have 0, 1, 2"),
        ({1: {"erode": 1}}, "'erode' of class 1 in rules is unknown; there are op"),
        ({1: {"min_size": -1}}, "'min_size' of class 1 in rules must be a whole"),
        ({1: {"opening": -1}}, "'opening' of class 1 in rules must be a radius"),
        ({1: {"closing": np.nan}}, "'closing' of class 1 in rules must be a radius"),
        ({1: 200}, "rules must be a dict of dicts"),
        ([200], "rules must be a dict of dicts"),
    ],
)
def test_rules_for_what_there_is_not_are_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        postprocess(LABELS, rules=rules)


def test_rules_for_a_class_that_was_merged_away_are_refused():
    with pytest.raises(ValueError, match="rules has class 2, but the labels have 0, 1"):
        postprocess(LABELS, merge={2: 1}, rules={2: {"min_size": 3}})
