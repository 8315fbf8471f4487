import math
import warnings

import numpy as np
import pytest
from scipy.spatial import cKDTree
from sklearn import metrics as reference

from sksegment import metrics
from sksegment.metrics import contingency, segmentation_scores, v_measure

REFERENCE = {
    "rand_score": reference.rand_score,
    "adjusted_mutual_info": reference.adjusted_mutual_info_score,
    "fowlkes_mallows": reference.fowlkes_mallows_score,
    "homogeneity": reference.homogeneity_score,
    "completeness": reference.completeness_score,
    "v_measure": reference.v_measure_score,
}
KEYS = [*REFERENCE, "covering", "probabilistic_rand", "variation_of_information"]


def expected_scores(truth, predicted):
    scored = (truth >= 0) & (predicted >= 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return {
            name: score(truth[scored], predicted[scored])
            for name, score in REFERENCE.items()
        }


def assert_same(scores, expected, tolerance=1e-9):
    for name, value in expected.items():
        assert scores[name] == pytest.approx(value, rel=0, abs=tolerance), name


def voronoi(shape, n_regions, seed):
    """Compact regions of a few sizes, like those of annotators and superpixels."""
    rng = np.random.default_rng(seed)
    sites = rng.uniform(size=(n_regions, 2)) * shape
    pixels = np.moveaxis(np.indices(shape), 0, -1)
    return cKDTree(sites).query(pixels.reshape(-1, 2))[1].reshape(shape)


def random_maps(n_true, n_pred, shape=(23, 17), seed=0):
    rng = np.random.default_rng(seed)
    return rng.integers(n_true, size=shape), rng.integers(n_pred, size=shape)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n_true", [1, 2, 7, 60])
@pytest.mark.parametrize("n_pred", [1, 2, 13, 300])
def test_equals_scikit_learn_on_random_maps(n_true, n_pred, seed):
    truth, predicted = random_maps(n_true, n_pred, seed=seed)
    scores = segmentation_scores(truth, predicted)
    assert list(scores) == KEYS
    assert all(type(score) is float for score in scores.values())
    assert_same(scores, expected_scores(truth, predicted))
    assert v_measure(truth, predicted) == scores["v_measure"]


@pytest.mark.parametrize(
    ("n_true", "n_pred"), [(2, 2), (15, 4), (6, 40), (3, 2500), (1500, 300)]
)
def test_equals_scikit_learn_on_large_maps(n_true, n_pred):
    truth = voronoi((321, 481), n_true, seed=0)
    predicted = voronoi((321, 481), n_pred, seed=1)
    assert_same(
        segmentation_scores(truth, predicted), expected_scores(truth, predicted)
    )


def test_equals_scikit_learn_on_regions_of_very_unequal_sizes():
    truth = np.zeros((200, 300), np.int64)
    truth[3, 5], truth[50:60, 7] = 1, 2
    predicted = np.zeros_like(truth)
    predicted[3, 4:6], predicted[55:, 7] = 1, 2
    assert_same(
        segmentation_scores(truth, predicted), expected_scores(truth, predicted)
    )


@pytest.mark.parametrize("void", [-1, -7])
def test_void_is_not_scored_on_either_side(void):
    truth, predicted = random_maps(5, 6, seed=3)
    truth[:4], predicted[:, -3:] = void, void
    scores = segmentation_scores(truth, predicted)
    assert_same(scores, expected_scores(truth, predicted))
    assert scores == segmentation_scores(truth[4:, :-3], predicted[4:, :-3])


def test_label_of_void_pixels_alone_does_not_count_as_a_region():
    truth = np.array([[0, 0, 1, 1], [-1, -1, -1, -1]])
    predicted = np.array([[4, 4, 2, 2], [9, 8, 8, 0]])
    assert contingency(truth, predicted).toarray().tolist() == [[0, 2], [2, 0]]
    assert segmentation_scores(truth, predicted)["adjusted_mutual_info"] == 1.0


@pytest.mark.parametrize("offset", [0, 1000, 10**7, 2**62])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_values_of_the_labels_do_not_matter(offset, dtype):
    truth, predicted = random_maps(5, 200)
    scores = segmentation_scores(truth, predicted)
    shifted = segmentation_scores(
        truth.astype(dtype) + dtype(offset), predicted.astype(dtype) + dtype(offset)
    )
    assert shifted == scores


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint32, np.float32])
def test_narrow_types_do_not_overflow(dtype):
    truth, predicted = random_maps(100, 120, shape=(60, 70))
    narrow = segmentation_scores(truth.astype(dtype), predicted.astype(dtype))
    assert narrow == segmentation_scores(truth, predicted)


@pytest.mark.parametrize("largest", [2.0**63, 1e300])
def test_labels_of_floats_beyond_64_bits_are_no_void(largest):
    truth, predicted = random_maps(5, 4)
    floats = np.where(truth == 4, largest, truth)
    expected = segmentation_scores(truth, predicted)
    assert segmentation_scores(floats, predicted) == expected
    assert segmentation_scores(predicted, floats)["v_measure"] == pytest.approx(
        expected["v_measure"]
    )


def test_boolean_masks_are_labels():
    mask = np.array([[True, False], [False, False]])
    assert v_measure(mask, mask.astype(int)) == 1.0


@pytest.mark.parametrize(
    ("truth", "predicted"),
    [
        ([[0]], [[4]]),
        ([[0, 1]], [[4, 4]]),
        ([[0, 0]], [[4, 5]]),
        ([[0, 0, 0]], [[1, 1, 1]]),
        ([[0, 1, 2]], [[2, 0, 1]]),
        ([[0, 0, 1]], [[7, 7, 2]]),
        ([[0, 1, 0, 1]], [[0, 0, 1, 1]]),
        ([[0, 1, 2, 3]], [[0, 0, 1, 1]]),
        ([[0, 1, 2, 3, 3]], [[0, 0, 1, 2, 3]]),
    ],
)
def test_degenerate_maps_equal_scikit_learn(truth, predicted):
    truth, predicted = np.array(truth), np.array(predicted)
    assert_same(
        segmentation_scores(truth, predicted), expected_scores(truth, predicted)
    )


def test_perfect_match_is_exact():
    truth = voronoi((60, 80), 30, seed=0)
    scores = segmentation_scores(truth, 100 - truth)
    assert scores.pop("variation_of_information") == 0.0
    assert scores == dict.fromkeys(scores, 1.0)


def test_single_pixel_regions_match_perfectly():
    # scikit-learn divides rounding errors by one another here.
    pixels = np.arange(1200).reshape(30, 40)
    scores = segmentation_scores(pixels, pixels[::-1])
    assert scores["adjusted_mutual_info"] == scores["v_measure"] == 1.0


@pytest.fixture
def annotated():
    truths = np.stack([voronoi((60, 90), n, seed=n) for n in (3, 12, 5, 30)])
    truths[1, :7], truths[3, :, 80:] = -1, -2
    predicted = np.where(truths[1] < 0, 0, truths[1])
    predicted[30:40] = 12
    return truths, predicted


def test_best_takes_all_scores_from_the_annotator_of_highest_v_measure(annotated):
    truths, predicted = annotated
    singles = [segmentation_scores(truth, predicted) for truth in truths]
    assert np.argmax([single["v_measure"] for single in singles]) == 1
    scores = segmentation_scores(truths, predicted)
    expected = singles[1] | {"probabilistic_rand": scores["probabilistic_rand"]}
    assert scores == expected
    assert v_measure(truths, predicted) == scores["v_measure"]


def test_mean_is_the_mean_of_every_score(annotated):
    truths, predicted = annotated
    scores = segmentation_scores(truths, predicted, annotators="mean")
    assert list(scores) == KEYS
    singles = [expected_scores(truth, predicted) for truth in truths]
    expected = {name: np.mean([s[name] for s in singles]) for name in REFERENCE}
    assert_same(scores, expected)
    assert v_measure(truths, predicted, annotators="mean") == scores["v_measure"]


@pytest.mark.parametrize("annotators", ["best", "mean"])
def test_probabilistic_rand_is_the_mean_over_annotators_by_hand(annotators):
    predicted = np.array([[0, 0], [1, 1]])
    # Of 6 pairs, the two maps agree with the prediction on 6 and, as the one
    # cluster has only the pairs (0, 1) and (2, 3) in common, on 2.
    truths = np.array([[[1, 1], [0, 0]], [[0, 0], [0, 0]]])
    scores = segmentation_scores(truths, predicted, annotators=annotators)
    assert scores["probabilistic_rand"] == pytest.approx((6 / 6 + 2 / 6) / 2)


def test_one_annotator_may_come_with_or_without_its_axis():
    truth, predicted = random_maps(4, 5)
    assert segmentation_scores(truth[None], predicted) == segmentation_scores(
        truth, predicted
    )


def test_variation_of_information_by_hand_is_in_bits():
    # T splits four pixels into halves, P into halves the other way: knowing one
    # says nothing about the other, one bit is missing in each direction.
    scores = segmentation_scores([[0, 0], [1, 1]], [[0, 1], [0, 1]])
    assert scores["variation_of_information"] == pytest.approx(1.0 + 1.0)
    # P splits both halves of T into two: nothing is missing but one bit of P.
    scores = segmentation_scores([[0, 0], [1, 1]], [[0, 1], [2, 3]])
    assert scores["variation_of_information"] == pytest.approx(0.0 + 1.0)
    # H(T|P): only the three pixels of P's first region are in doubt, 2 : 1.
    # H(P|T): only the two pixels of T's second region are in doubt, 1 : 1.
    in_doubt = -(2 / 3) * np.log2(2 / 3) - (1 / 3) * np.log2(1 / 3)
    scores = segmentation_scores([[0, 0], [1, 1]], [[0, 0], [0, 1]])
    assert scores["variation_of_information"] == pytest.approx(
        3 / 4 * in_doubt + 2 / 4 * 1.0
    )


def test_covering_by_hand():
    truth = np.array([[0, 0, 0, 1, 1, 2]])
    predicted = np.array([[0, 0, 1, 1, 1, 1]])
    # Region 0: IoU 2/3 with the first, 1/6 with the second. Region 1: 2/4.
    # Region 2: 1/4.
    expected = (3 * (2 / 3) + 2 * (2 / 4) + 1 * (1 / 4)) / 6
    assert segmentation_scores(truth, predicted)["covering"] == pytest.approx(expected)
    # The other way round it is weighted by the two regions of the prediction:
    # 2/3 for the first, and for the second the best of 1/6, 2/4 and 1/4.
    expected = (2 * (2 / 3) + 4 * (2 / 4)) / 6
    assert segmentation_scores(predicted, truth)["covering"] == pytest.approx(expected)


def test_exchanging_truth_and_prediction():
    truth, predicted = voronoi((50, 60), 7, seed=0), voronoi((50, 60), 90, seed=1)
    scores = segmentation_scores(truth, predicted)
    exchanged = segmentation_scores(predicted, truth)
    # Sums in another order, which some versions of NumPy round otherwise.
    one, other = exchanged["homogeneity"], scores["completeness"]
    assert one == pytest.approx(other, rel=1e-12)
    for name in set(KEYS) - {"homogeneity", "completeness", "covering"}:
        assert exchanged[name] == pytest.approx(scores[name], rel=1e-12), name


def test_names_of_labels_and_places_of_pixels_do_not_matter():
    truth, predicted = random_maps(9, 12)
    rng = np.random.default_rng(1)
    scores = segmentation_scores(truth, predicted)
    renamed = segmentation_scores(
        rng.permutation(9)[truth], rng.permutation(12)[predicted]
    )
    assert_same(renamed, scores, tolerance=1e-12)
    places = rng.permutation(truth.size)
    moved = [y.ravel()[places].reshape(y.shape) for y in (truth, predicted)]
    assert segmentation_scores(*moved) == scores


def test_order_of_annotators_does_not_matter(annotated):
    truths, predicted = annotated
    for annotators in ("best", "mean"):
        scores = segmentation_scores(truths, predicted, annotators=annotators)
        turned = segmentation_scores(truths[::-1], predicted, annotators=annotators)
        assert_same(turned, scores, tolerance=1e-12)


@pytest.mark.parametrize("n_pred", [3, 40, 390])
def test_contingency_equals_scikit_learn(n_pred):
    truth, predicted = random_maps(50, n_pred)
    table = contingency(truth, predicted)
    expected = reference.cluster.contingency_matrix(truth.ravel(), predicted.ravel())
    np.testing.assert_array_equal(table.toarray(), expected)
    assert table.dtype == np.int64
    assert table.has_canonical_format
    assert (table.data > 0).all()


def test_inputs_are_left_alone():
    truth, predicted = random_maps(4, 5)
    truth[0] = -1
    copies = truth.copy(), predicted.copy()
    segmentation_scores(truth, predicted)
    np.testing.assert_array_equal(truth, copies[0])
    np.testing.assert_array_equal(predicted, copies[1])


MAP = np.zeros((4, 5), int)


@pytest.mark.parametrize("function", [segmentation_scores, v_measure])
@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        (MAP, MAP.T, r"y_true has shape \(4, 5\), but y_pred has \(5, 4\)"),
        (MAP[None, :3], MAP, r"\(1, 3, 5\), but y_pred has \(4, 5\)"),
        (MAP[None][:0], MAP, r"y_true has shape \(0, 4, 5\).* A >= 1 annotators"),
        (MAP[0], MAP, r"y_true has shape \(5,\)"),
        (MAP, MAP[None], r"y_pred has shape \(1, 4, 5\); expected \(H, W\)"),
        (MAP[0], MAP[0], r"y_pred has shape \(5,\); expected \(H, W\)"),
        (MAP, MAP[:3], r"y_true has shape \(4, 5\), but y_pred has \(3, 5\)"),
        (MAP[:3], MAP, r"y_true has shape \(3, 5\), but y_pred has \(4, 5\)"),
        (
            MAP,
            MAP.astype("m8[s]"),
            r"y_pred has dtype timedelta64\[s\]; expected",
        ),
        (MAP + 0.5, MAP, r"y_true of shape \(4, 5\) .* no whole numbers"),
        (MAP, MAP * np.nan, r"y_pred of shape \(4, 5\) .* no whole numbers"),
        (MAP, MAP + np.inf, "y_pred .* no whole numbers"),
        (MAP, MAP.astype(str), "y_pred has dtype <U21; expected whole numbers"),
        (MAP, MAP * 1j, "y_pred has dtype complex128"),
        ([[1, 2], [3]], MAP, "y_true is no array of labels"),
        (np.ma.masked_equal(MAP, 1), MAP, r"y_true is a masked .*filled\(-1\)"),
        (MAP - 1, MAP, r"y_true of shape \(4, 5\) .* leave no pixel to score"),
        (MAP, MAP - 1, "leave no pixel to score: every pixel is void"),
        (np.stack([MAP, MAP - 1]), MAP, r"y_true\[1\] .* no pixel to score"),
        (np.empty((0, 5), int), np.empty((0, 5), int), "no pixel to score"),
    ],
)
def test_errors_name_the_culprit(function, truth, predicted, message):
    with pytest.raises(ValueError, match=message):
        function(truth, predicted)


@pytest.mark.parametrize("function", [segmentation_scores, v_measure])
@pytest.mark.parametrize("annotators", ["worst", None, 1])
def test_unknown_annotators_are_refused(function, annotators):
    with pytest.raises(ValueError, match=f"annotators={annotators!r} is unknown"):
        function(MAP, MAP, annotators=annotators)


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        (MAP, MAP[None], r"y_true has shape \(4, 5\), but y_pred has \(1, 4, 5\)"),
        (MAP[None], MAP, r"y_true has shape \(1, 4, 5\), but y_pred has \(4, 5\)"),
        (MAP, MAP + 0.5, "y_pred .* no whole numbers"),
        (MAP - 1, MAP, "no pixel to score"),
    ],
)
def test_contingency_refuses(truth, predicted, message):
    with pytest.raises(ValueError, match=message):
        contingency(truth, predicted)


def sorts_of(monkeypatch, truth, predicted):
    """How many times labels, or pairs of them, are sorted to count them."""
    calls, unique = [], np.unique

    def counted(values, **options):
        calls.append(values)
        return unique(values, **options)

    monkeypatch.setattr(metrics.np, "unique", counted)
    contingency(truth, predicted)
    monkeypatch.undo()
    return len(calls)


def diagonal(n_true, n_pred, n_pixels):
    """Maps of so many labels each, whatever the number of pixels."""
    pixels = np.arange(n_pixels)
    truth, predicted = np.minimum(pixels, n_true - 1), np.minimum(pixels, n_pred - 1)
    return truth[np.newaxis], predicted[np.newaxis]


@pytest.mark.parametrize(
    ("n_true", "n_pred", "n_sorts"), [(2, 2, 0), (20, 20, 0), (80, 5, 0), (81, 5, 1)]
)
def test_pairs_are_sorted_where_a_table_has_over_4_places_for_a_pixel(
    n_true, n_pred, n_sorts, monkeypatch
):
    # 100 pixels: a table of up to 400 pairs is counted in one go.
    truth, predicted = diagonal(n_true, n_pred, 100)
    assert sorts_of(monkeypatch, truth, predicted) == n_sorts
    table = reference.cluster.contingency_matrix(truth[0], predicted[0])
    np.testing.assert_array_equal(contingency(truth, predicted).toarray(), table)


@pytest.mark.parametrize(
    ("largest", "n_sorts"), [(5, 0), (399, 0), (400, 1), (2**50, 1)]
)
def test_labels_are_sorted_where_they_are_over_4_times_the_pixels(
    largest, n_sorts, monkeypatch
):
    truth, predicted = diagonal(3, 2, 100)
    truth = np.where(truth == 2, largest, truth)
    assert sorts_of(monkeypatch, truth, predicted) == n_sorts
    assert contingency(truth, predicted).shape == (3, 2)


@pytest.mark.parametrize("size", [1, 7, 1000, 40_000])
def test_range_of_shared_pixels_is_bernsteins_for_a_tail_of_60(size):
    others, n_pixels = np.array([1, 5, 700, 30_000, 99_999]), 100_000
    low, high = metrics._likely_range(size, others, n_pixels)
    for other, first, last in zip(others.tolist(), low, high, strict=True):
        few, many = sorted([size, other])
        mean = few * many / n_pixels
        variance = mean * (1 - many / n_pixels)
        # The deviation t at which t^2 / (2 v + 2 t / 3) is 60.
        (reach,) = [t for t in np.roots([1, -40, -120 * variance]) if t > 1e-6]
        assert first == max(1, size + other - n_pixels, math.floor(mean - reach))
        assert last == min(few, math.ceil(mean + reach))


def test_choice_of_annotators_goes_by_its_name():
    for function in (segmentation_scores, v_measure):
        with pytest.raises(TypeError):
            function(MAP, MAP, "best")
