"""Choosing without ground truth."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from sksegment import KMeansPixelSegmenter, SuperpixelTransformer
from sksegment._agreement import regions_without_a_net
from sksegment._intensity import IntensityScale
from sksegment.metrics import v_measure
from sksegment.model_selection import (
    LABEL_FREE_SCORERS,
    InSampleSplit,
    consensus_labels,
    description_length_score,
    region_agreement_score,
    seed_stability_score,
    stability_score,
    tune_betas,
    v_measure_scorer,
)
from sksegment.preprocessing import ClipPercentiles, Rescale


class Fixed(BaseEstimator):
    """Gives the labels it was made with, mirrored or not."""

    def __init__(self, labels=None, random_state=None):
        self.labels = labels
        self.random_state = random_state

    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return [self.labels for image in X]


@pytest.fixture(scope="module")
def image():
    values = np.kron([[40, 200], [120, 200]], np.ones((30, 30)))
    noise = np.random.default_rng(0).normal(0, 4, values.shape)
    return (values + noise).astype(np.uint8)


@pytest.fixture(scope="module")
def truth():
    return np.kron([[0, 1], [2, 1]], np.ones((30, 30), int))


@pytest.mark.parametrize(
    "score",
    [region_agreement_score, description_length_score],
    ids=lambda f: f.__name__,
)
def test_true_labels_score_higher_than_wrong_ones(image, truth, score):
    rng = np.random.default_rng(0)
    chance = rng.integers(3, size=truth.shape)
    halves = (np.arange(60) < 20).astype(int) * np.ones((60, 1), int)
    right = score(Fixed(truth), [image])
    assert right > score(Fixed(halves), [image])
    assert right > score(Fixed(chance), [image])
    assert right > score(Fixed(np.zeros_like(truth)), [image])


def test_agreement_is_one_for_the_regions_themselves(image, truth):
    scaled = IntensityScale.of([image[..., np.newaxis]]).apply(image[..., np.newaxis])
    everywhere = np.ones(image.shape, bool)
    [regions] = regions_without_a_net([scaled], [everywhere], rgb=False)
    assert len(np.unique(regions)) > 1
    assert region_agreement_score(Fixed(regions), [image]) == pytest.approx(1.0)
    assert region_agreement_score(Fixed(np.zeros_like(truth)), [image]) == 0.0


def test_labels_that_follow_the_mirror_are_stable(image, truth):
    model = KMeansPixelSegmenter(3, random_state=0).fit([image])
    assert stability_score(model, [image]) == pytest.approx(1.0)
    # These stay where they are when the image is mirrored.
    assert stability_score(Fixed(truth), [image]) < 0.9
    assert stability_score(Fixed(np.zeros_like(truth)), [image]) == 0.0


def test_stability_over_seeds_fits_clones_of_other_seeds(image, truth):
    class Seeded(Fixed):
        def predict(self, X):
            rng = np.random.default_rng(self.random_state)
            return [rng.integers(3, size=self.labels.shape) for image in X]

    assert seed_stability_score(Fixed(truth), [image]) == pytest.approx(1.0)
    model = Seeded(truth, random_state=0)
    assert seed_stability_score(model, [image]) < 0.1
    assert model.random_state == 0


def test_a_model_is_not_compared_with_itself(image):
    seeds = []

    class Seeded(Fixed):
        def fit(self, X, y=None):
            seeds.append(self.random_state)
            return self

    for own, others in ((0, [1, 2]), (1, [2, 3]), (2, [1, 3]), (None, [1, 2])):
        model = Seeded(np.zeros((60, 60), int), random_state=own)
        seed_stability_score(model, [image], n_seeds=2)
        assert seeds == others
        seeds.clear()


def test_twins_of_a_merged_model_are_merged(make_segmenter, image):
    model = make_segmenter(max_epochs=3, max_labels=8).fit([image]).merge_labels(2)
    twins = [
        clone(model).set_params(random_state=s).fit([image]).merge_labels(2)
        for s in (1, 2)
    ]
    expected = [v_measure(model.labels_[0][None], twin.labels_[0]) for twin in twins]
    assert seed_stability_score(model, [image]) == pytest.approx(np.mean(expected))
    pipeline = Pipeline([("clip", ClipPercentiles()), ("segment", model)])
    assert seed_stability_score(pipeline.fit([image]), [image]) <= 1.0


def test_seed_stability_of_what_was_found_or_frozen(make_segmenter, image, truth):
    search = GridSearchCV(
        make_segmenter(max_epochs=2),
        {"beta_con": [0.1, 0.5]},
        cv=InSampleSplit(),
        scoring=v_measure_scorer,
    ).fit([image], [truth])
    best = search.best_estimator_
    expected = seed_stability_score(best, [image])
    in_pipeline = Pipeline([("search", search)])
    for found in (search, FrozenEstimator(best), in_pipeline):
        assert seed_stability_score(found, [image]) == expected


def test_a_mask_behind_a_search_is_mirrored(make_segmenter, image):
    mask = np.zeros(image.shape, bool)
    mask[:, :25] = True
    estimator = make_segmenter(superpixels__mask=mask)
    search = GridSearchCV(
        estimator,
        {"beta_con": [0.1]},
        cv=InSampleSplit(),
        scoring=region_agreement_score,
    ).fit([image])
    for found in (search, FrozenEstimator(search.best_estimator_)):
        expected = stability_score(search.best_estimator_, [image])
        assert stability_score(found, [image]) == expected


def test_stability_within_a_field_of_view(make_segmenter, image):
    mask = np.zeros(image.shape, bool)
    mask[:, :25] = True
    superpixels = SuperpixelTransformer(n_segments=60, mask=mask)
    model = make_segmenter(superpixels=superpixels, max_epochs=3).fit([image])
    scaled = Pipeline([("clip", ClipPercentiles()), ("segment", model)])
    scaled.fit([image])
    as_list = make_segmenter(superpixels=clone(superpixels), max_epochs=3)
    as_list.set_params(superpixels__mask=mask.tolist()).fit([image])
    for estimator in (model, scaled, as_list):
        # Without the mirror, no pixel would lie within both.
        assert stability_score(estimator, [image]) > 0.3
    assert model.superpixels_.mask is mask or (model.superpixels_.mask == mask).all()


@pytest.mark.parametrize(
    "score",
    [region_agreement_score, description_length_score, stability_score],
    ids=lambda f: f.__name__,
)
def test_scores_do_not_depend_on_what_is_outside(make_segmenter, image, score):
    mask = np.hypot(*(np.indices(image.shape) - 28)) < 25
    superpixels = SuperpixelTransformer(n_segments=60, mask=mask)
    model = make_segmenter(superpixels=superpixels, max_epochs=3).fit([image])
    values = {
        score(model, [np.where(mask, image, beyond).astype(np.float32)])
        for beyond in (0.0, 1e4, np.nan)
    }
    assert len(values) == 1
    assert np.isfinite(values.pop())


def test_scores_of_images_that_were_rescaled(make_segmenter, image):
    small = Rescale(0.5).fit_transform([image])
    model = make_segmenter().fit(small)
    assert model.predict(small)[0].shape == image.shape
    pipeline = Pipeline([("rescale", Rescale(0.5)), ("segment", model)]).fit([image])
    for score in (stability_score, description_length_score):
        assert np.isfinite(score(model, small))
        assert np.isfinite(score(pipeline, [image]))


def test_bits_of_a_constant_image():
    """One label, no border: half the logarithm of 2 pi e, as a noise of variance 1."""
    image = np.full((20, 20), 7, np.uint8)
    score = description_length_score(Fixed(np.zeros((20, 20), int)), [image])
    assert score == pytest.approx(-0.5 * np.log2(2 * np.pi * np.e))


def test_void_is_left_out(image, truth):
    holes = np.where(np.arange(60) < 30, truth, -1)
    for name in ("region_agreement", "description_length"):
        assert np.isfinite(LABEL_FREE_SCORERS[name](Fixed(holes), [image]))


@pytest.mark.parametrize("name", LABEL_FREE_SCORERS)
def test_searches_need_no_truth(images, make_segmenter, name):
    search = GridSearchCV(
        make_segmenter(),
        {"beta_con": [0.1, 5.0]},
        scoring=LABEL_FREE_SCORERS[name],
        cv=InSampleSplit(),
    ).fit(images)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_tuning_without_truth(images, make_segmenter):
    tuning = tune_betas(make_segmenter(), images, steps=["sim_con"])
    best = max(tuning.results_, key=lambda row: row["score"])
    assert tuning.best_score_ == best["score"]
    model = clone(make_segmenter()).set_params(**tuning.best_params_).fit(images)
    assert region_agreement_score(model, images) == tuning.best_score_


def test_tuning_by_the_name_of_a_scorer(images, make_segmenter):
    tuning = tune_betas(
        make_segmenter(), images, steps=["con"], scoring="description_length"
    )
    assert tuning.best_score_ < 0


def test_scorers_with_truth_still_ask_for_it(images, make_segmenter):
    with pytest.raises(ValueError, match="y is None"):
        tune_betas(make_segmenter(), images, scoring="v_measure")


@pytest.mark.parametrize("n_seeds", [0, -1, 1.5, True])
def test_seed_stability_refuses_a_number_of_seeds_that_is_none(n_seeds, images):
    model = KMeansPixelSegmenter(2, random_state=0).fit(images)
    with pytest.raises(ValueError, match=f"n_seeds={n_seeds} must be a whole number"):
        seed_stability_score(model, images, n_seeds=n_seeds)


def test_consensus_is_what_most_agree_on(truth):
    rng = np.random.default_rng(0)
    maps = []
    for _ in range(5):
        wrong = rng.random(truth.shape) < 0.1
        ids = rng.permutation(10)[:3]
        maps.append([ids[np.where(wrong, rng.integers(3, size=truth.shape), truth)]])
    [joined] = consensus_labels(maps, n_labels=3)
    names = {new: truth[joined == new] for new in range(3)}
    named = np.zeros_like(truth)
    for new, old in names.items():
        named[joined == new] = np.bincount(old).argmax()
    assert (named == truth).mean() > 0.97
    alone = np.mean([(m[0] == np.median(m[0])).mean() for m in maps])
    assert alone < 0.97


def test_consensus_has_one_id_for_a_class_in_all_images():
    first = [np.array([[0, 0, 1]]), np.array([[1, 1], [0, 0]])]
    second = [np.array([[7, 7, 3]]), np.array([[3, 3], [7, 7]])]
    joined = consensus_labels([first, second])
    assert joined[0][0, 2] == joined[1][0, 0]
    assert joined[0][0, 0] == joined[1][1, 1]
    assert joined[0][0, 0] != joined[0][0, 2]


def test_ids_do_not_decide_whom_the_consensus_joins():
    # The second pixel is as near to the first as to the third, which are far apart.
    maps = [[np.array([row])] for row in ([0, 1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 1])]
    maps.append([np.array([[0, 0, 0]])])
    renamed = [[5 - map_] for [map_] in maps]
    for n_labels in (None, 2):
        [joined] = consensus_labels(maps, n_labels=n_labels)
        assert len(np.unique(joined)) == 2
        assert_array_equal(consensus_labels(renamed, n_labels=n_labels), [joined])


def test_consensus_keeps_void_and_any_number_of_labels():
    map_ = np.array([[0, 1, 2, -1]])
    assert consensus_labels([[map_]])[0].tolist() == [[0, 1, 2, -1]]
    assert consensus_labels([[map_]], n_labels=1)[0].tolist() == [[0, 0, 0, -1]]


def test_consensus_takes_more_than_half():
    one, other = [np.array([[0, 0, 1, 1]])], [np.array([[0, 1, 0, 1]])]
    assert len(np.unique(consensus_labels([one, other]))) == 4
    assert consensus_labels([one, other, one])[0].tolist() == [[0, 0, 1, 1]]


@pytest.mark.parametrize("n_labels", [1, 2, 5, 6, 10, 27, 40])
def test_consensus_has_as_many_labels_as_wanted(n_labels):
    rng = np.random.default_rng(0)
    maps = [[rng.integers(3, size=(30, 30))] for _ in range(3)]
    [joined] = consensus_labels(maps, n_labels=n_labels)
    assert len(np.unique(joined)) == min(n_labels, 27)


@pytest.mark.parametrize("n_labels", [0, -1, 2.5, True])
def test_consensus_refuses_a_number_that_is_none(n_labels):
    with pytest.raises(ValueError, match="n_labels"):
        consensus_labels([[np.zeros((2, 2), int)]], n_labels=n_labels)


def test_consensus_of_nothing_but_void():
    [joined] = consensus_labels([[np.full((2, 2), -1)]] * 2)
    assert (joined == -1).all()


def test_consensus_refuses_what_does_not_belong_together():
    with pytest.raises(ValueError, match="no segmentation"):
        consensus_labels([])
    with pytest.raises(ValueError, match="segmentation 1 has maps of the shapes"):
        consensus_labels([[np.zeros((2, 2))], [np.zeros((2, 3))]])


def test_void_has_one_meaning_for_the_consensus_whatever_its_number():
    one, other = np.array([[0, 1, -1, -1]]), np.array([[0, 1, -1, -2]])
    segmentations = [[np.array([[0, 1, 2, 3]])], [one], [other]]
    assert consensus_labels(segmentations)[0].tolist() == [[1, 2, 0, 0]]


@pytest.mark.filterwarnings("error")
def test_consensus_of_two_that_exchange_their_ids_gives_no_warning():
    segmentations = [[np.array([[0, 1]])], [np.array([[1, 0]])]]
    assert consensus_labels(segmentations)[0].tolist() == [[0, 1]]


def test_consensus_takes_lists_of_numbers():
    assert consensus_labels([[[[0, 5, 5]]]] * 2)[0].tolist() == [[1, 0, 0]]


@pytest.mark.parametrize(
    ("map_", "message"),
    [
        (np.ma.masked_equal([[0, 1]], 1), r"is a masked array; .*filled\(-1\)"),
        (np.array([[0, np.nan]]), "no whole numbers"),
        (np.array([["a", "b"]]), "expected numbers"),
        (np.array([0, 1]), r"shape \(2,\); expected \(H, W\)"),
        (np.zeros((2, 2, 3), int), r"shape \(2, 2, 3\); expected \(H, W\)"),
    ],
)
def test_consensus_names_a_map_that_is_none(map_, message):
    with pytest.raises(ValueError, match=rf"segmentation 1, image 0 .*{message}"):
        consensus_labels([[np.array([[0, 1]])], [map_]])


def test_consensus_of_no_images_is_refused():
    with pytest.raises(ValueError, match="segmentation 0 has no images"):
        consensus_labels([[], []])
