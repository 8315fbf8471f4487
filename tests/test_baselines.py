"""The classical baselines: the contract of scikit-learn, and what they find."""

import copy
import pickle
import subprocess
import sys
import time
import warnings

import joblib
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage, sparse
from scipy.linalg import eigh
from skimage.color import rgb2lab
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sksegment import SuperpixelTransformer
from sksegment.baselines import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)
from sksegment.baselines._color import find_centers, nearest_center
from sksegment.baselines._spectral import (
    _affinity,
    _inverse,
    _leading_vectors,
    _linked,
    spectral_clusters,
)
from sksegment.metrics import v_measure
from sksegment.regions import region_graph

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
ON_SUPERPIXELS = [KMeansSuperpixelSegmenter, SpectralSuperpixelSegmenter]
CLASSES = [*K_MEANS, SpectralSuperpixelSegmenter]
ALL = [*CLASSES, FelzenszwalbSegmenter]

DATA_FREE_CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_unfitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_param_validation",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]

BLUE, RED, GREEN = (30, 40, 150), (200, 40, 40), (50, 180, 60)


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [2.0 * image for image in X]

    def __sklearn_is_fitted__(self):
        return True


def make(cls, **params):
    """Make a quick one; Felzenszwalb's takes neither a seed nor superpixels."""
    if cls is FelzenszwalbSegmenter:
        return cls(min_size=20).set_params(**params)
    small = superpixels_of(cls, SuperpixelTransformer(n_segments=40))
    params = {**small, **params}
    return cls(n_clusters=3, random_state=0).set_params(**params)


def cells(size):
    """As a callable for superpixels: squares of ``size`` pixels."""

    def divide(image):
        height, width = image.shape[:2]
        rows, columns = np.arange(height) // size, np.arange(width) // size
        return rows[:, np.newaxis] * (columns[-1] + 1) + columns

    return SuperpixelTransformer(divide)


def superpixels_of(cls, superpixels=None):
    """Parameters that give the class superpixels; none if it has no use for them."""
    if cls not in ON_SUPERPIXELS:
        return {}
    return {"superpixels": superpixels or SuperpixelTransformer(n_segments=150)}


def three_colors(shape=(60, 70), *, noise=4.0, seed=0, order=(0, 1, 2)):
    """Upright stripes, blue, red and green by 0, 1 and 2; with the truth."""
    stripe = np.searchsorted([0.3, 0.7], np.arange(shape[1]) / shape[1], side="right")
    truth = np.tile(np.array(order)[stripe], (shape[0], 1))
    image = np.array([BLUE, RED, GREEN])[truth]
    image = image + np.random.default_rng(seed).normal(0, noise, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8), truth


def agreement(found, truth):
    """Share of the pixels that have the very same id."""
    return (found == truth).mean()


def state_of(estimator):
    return joblib.hash(estimator.get_params(deep=True))


def assert_same_maps(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype == np.int32
        assert_array_equal(one, other)


@pytest.fixture(params=ALL, ids=lambda cls: cls.__name__)
def estimator(request):
    return make(request.param)


# ---------------------------------------------------------------------------
# The contract


@pytest.mark.parametrize("check", DATA_FREE_CHECKS)
@pytest.mark.parametrize("cls", ALL, ids=lambda cls: cls.__name__)
def test_data_free_check_of_scikit_learn(cls, check):
    getattr(estimator_checks, check)(cls.__name__, cls())


def test_tags_say_that_tables_are_no_input(estimator):
    tags = estimator.__sklearn_tags__()
    assert tags.estimator_type == "clusterer"
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array


def test_baselines_do_not_import_torch():
    code = "import sksegment.baselines, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fit_returns_self_and_leaves_parameters_as_they_were(estimator, images):
    shallow, before = estimator.get_params(deep=False), state_of(estimator)
    assert estimator.fit(images) is estimator
    estimator.predict(images)
    assert state_of(estimator) == before
    after = estimator.get_params(deep=False)
    assert all(after[name] is value for name, value in shallow.items())


def test_fit_adds_only_attributes_with_an_underscore_at_the_end(estimator, images):
    before = set(vars(estimator))
    fitted = set(vars(estimator.fit(images)))
    assert {"labels_", "n_channels_in_", "intensity_range_"} <= fitted - before
    assert all(n.endswith("_") and not n.startswith("_") for n in fitted - before)
    estimator.predict(images)
    assert set(vars(estimator)) == fitted


def test_unfitted_estimator_refuses_to_answer(estimator, images):
    with pytest.raises(NotFittedError):
        estimator.predict(images)
    with pytest.raises(NotFittedError):
        estimator.score(images, [image[..., 0] for image in images])


def test_failed_fit_leaves_the_estimator_unfitted(estimator):
    with pytest.raises(ValueError, match="image 0 contains NaN"):
        estimator.fit([np.full((16, 16), np.nan)])
    with pytest.raises(NotFittedError):
        estimator.predict([np.zeros((16, 16))])


def test_labels_are_those_of_predict_and_fit_predict(estimator, images):
    y = [np.ones(image.shape[:2], int) for image in images]
    labels = clone(estimator).fit_predict(images, y)
    estimator.fit(images)
    assert isinstance(estimator.labels_, list)
    assert_same_maps(estimator.labels_, labels)
    assert_same_maps(estimator.predict(images), labels)
    assert len(np.unique(labels[0])) > 1
    assert min(map_.min() for map_ in labels) == 0


def test_fitting_and_asking_twice_give_the_same_labels(estimator, images):
    first = estimator.fit(images).predict(images)
    assert_same_maps(estimator.predict(images), first)
    assert_same_maps(estimator.fit(images).predict(images), first)


@pytest.mark.parametrize("cls", CLASSES)
def test_same_seed_gives_the_same_labels_and_others_do_not(cls):
    image = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    model = make(cls, n_clusters=6, **superpixels_of(cls, cells(2)))
    before = joblib.hash(np.random.get_state())  # noqa: NPY002
    models = [
        clone(model).set_params(random_state=seed).fit([image]) for seed in (0, 0, 1, 2)
    ]
    labels = [model.labels_[0] for model in models]
    assert joblib.hash(np.random.get_state()) == before  # noqa: NPY002
    assert_array_equal(labels[0], labels[1])
    assert any((labels[0] != other).any() for other in labels[2:])
    for model in models:
        assert_same_maps(model.predict([image]), model.labels_)


@pytest.mark.parametrize("cls", CLASSES)
def test_random_state_instance_is_reproducible(cls, images):
    models = [
        make(cls, random_state=np.random.RandomState(5)).fit(images) for _ in range(2)
    ]
    assert_same_maps(models[0].labels_, models[1].labels_)


@pytest.mark.parametrize(
    "copied",
    [clone, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_copies(copied, estimator, images):
    again = copied(estimator.fit(images))
    assert state_of(again) == state_of(estimator)
    if copied is clone:
        assert not [name for name in vars(again) if name.endswith("_")]
        again.fit(images)
    assert_same_maps(again.predict(images), estimator.labels_)


def test_fit_again_forgets_the_first_fit(estimator, images, grey_images):
    expected = clone(estimator).fit(grey_images).predict(grey_images)
    again = estimator.fit(images).fit(grey_images)
    assert again.n_channels_in_ == 1
    assert_same_maps(again.predict(grey_images), expected)


# ---------------------------------------------------------------------------
# What X may be


def test_inputs_are_untouched_and_may_be_read_only(estimator, images, tmp_path):
    expected = clone(estimator).fit(images).labels_
    before = joblib.hash(images)
    mapped = []
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", image)
        mapped.append(np.load(tmp_path / f"{index}.npy", mmap_mode="r"))
        image.flags.writeable = False
    assert_same_maps(estimator.fit(images).predict(images), expected)
    assert joblib.hash(images) == before
    maps = estimator.fit(mapped).predict(mapped)
    assert_same_maps(maps, expected)
    assert {type(map_) for map_ in maps} == {np.ndarray}


def test_tuples_and_object_arrays_are_as_good_as_a_list(estimator, images):
    expected = clone(estimator).fit(images).labels_
    X = np.empty(2, dtype=object)
    X[:] = images
    for form in (tuple(images), X):
        found = clone(estimator).fit(form).predict(form)
        assert isinstance(found, list)
        assert_same_maps(found, expected)


@pytest.mark.parametrize("n_channels", [None, 1, 3])
def test_one_array_in_and_one_array_out(n_channels, estimator, make_image):
    images = [make_image((24, 32), n_channels, seed=seed) for seed in range(2)]
    expected = clone(estimator).fit(images).labels_
    estimator.fit(np.stack(images))
    for found in (estimator.labels_, estimator.predict(np.stack(images))):
        assert isinstance(found, np.ndarray)
        assert found.dtype == np.int32
        assert_array_equal(found, np.stack(expected))
    assert isinstance(estimator.predict(images), list)


def test_sizes_may_differ_and_be_new(estimator, make_image):
    X = [make_image(shape, 3) for shape in [(16, 40), (33, 21), (8, 9)]]
    assert [m.shape for m in estimator.fit_predict(X)] == [(16, 40), (33, 21), (8, 9)]
    assert estimator.predict([make_image((19, 51), 3)])[0].shape == (19, 51)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_any_number_of_channels(n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (map_,) = estimator.fit_predict(X)
    assert (map_.shape, map_.min()) == ((24, 32), 0)
    assert estimator.n_channels_in_ == n_channels


def test_grey_image_with_and_without_a_channel_axis(estimator, grey_images):
    expected = clone(estimator).fit_predict(grey_images)
    X = [image[..., np.newaxis] for image in grey_images]
    assert_same_maps(estimator.fit_predict(X), expected)


@pytest.mark.parametrize(
    "dtype", ["?", "u1", "i2", "u2", ">u2", "i8", "f2", "f4", "f8"]
)
def test_any_dtype(dtype, estimator, make_image):
    image = make_image((24, 32), 3, np.float64) / 255
    if dtype == "?":
        image = image > 0.5
    elif np.dtype(dtype).kind in "iu":
        image = 200 * image - (100 if np.dtype(dtype).kind == "i" else 0)
    (map_,) = estimator.fit_predict([image.astype(dtype)])
    assert (map_.shape, map_.min()) == ((24, 32), 0)


def test_unit_of_the_intensities_changes_nothing(estimator, make_image):
    image = make_image((24, 32), None, np.float64) / 256
    expected = clone(estimator).fit_predict([image])
    # By a power of two, so that not even the rounding changes.
    assert_same_maps(estimator.fit_predict([image * 2.0**20]), expected)


@pytest.mark.parametrize("shape", [(8, 8), (24, 32), (24, 32, 3)])
def test_constant_image_has_one_class_and_raises_no_warning(shape, estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (map_,) = estimator.fit_predict([np.full(shape, 9.0)])
    assert (map_ == 0).all()


def test_training_range_of_intensities_is_kept(estimator, make_image):
    estimator.fit([make_image((24, 32), None, np.uint16)])
    before = estimator.intensity_range_.copy()
    estimator.predict([np.full((24, 32), 60_000, np.uint16)])
    assert_array_equal(estimator.intensity_range_, before)


@pytest.mark.parametrize("cls", CLASSES)
def test_darker_image_is_not_stretched(cls, make_image):
    image = make_image((24, 32), None, np.float64)
    model = make(cls, n_clusters=2).fit([image])
    dark = np.full((24, 32), image.min())
    assert (model.predict([dark])[0] == 0).all()


def test_number_of_channels_has_to_be_that_of_the_fit(estimator, images, grey_images):
    with pytest.raises(ValueError, match=r"image 0 has 1 channel.* fitted on 3"):
        estimator.fit(images).predict(grey_images)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((20, 20)), "wrap it in a list"),
        (np.zeros((20, 20, 3)), "wrap it in a list"),
        ([], "X is empty"),
        ([np.zeros((20, 20)), np.zeros((20, 7))], "image 1 has shape"),
        ([np.zeros((20, 20)), np.zeros((20, 20, 2))], "image 1 has 2 channel"),
        ([np.zeros((20, 20), complex)], "image 0 is complex"),
    ],
)
def test_bad_images_are_named(X, message, estimator):
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)


def test_answer_to_an_image_is_the_same_alone_and_in_company(estimator, images):
    maps = estimator.fit(images).predict(images)
    assert_same_maps(estimator.predict(images[::-1]), maps[::-1])
    for index, image in enumerate(images):
        assert_same_maps(estimator.predict([image]), maps[index : index + 1])


# ---------------------------------------------------------------------------
# Scores, pipelines and searches


def test_score_is_the_mean_v_measure_of_the_best_annotator(estimator, images):
    rng = np.random.default_rng(0)
    y = [rng.integers(-1, 3, (2, *image.shape[:2])) for image in images]
    labels = estimator.fit(images).labels_
    expected = np.mean([v_measure(t, p) for t, p in zip(y, labels, strict=True)])
    assert estimator.score(images, y) == pytest.approx(expected)
    assert estimator.score(images, labels) == 1.0


@pytest.mark.parametrize(
    ("y", "message"),
    [(None, "y is None"), ([np.zeros((32, 40), int)], "1 ground truths for 2 images")],
)
def test_score_needs_a_ground_truth_for_every_image(y, message, estimator, images):
    with pytest.raises(ValueError, match=message):
        estimator.fit(images).score(images, y)


def test_pipeline(estimator, grey_images, disc_mask):
    y = [disc_mask((32, 40)).astype(int)] * 3
    doubled = [2.0 * image for image in grey_images]
    expected = clone(estimator).fit(doubled)
    pipeline = make_pipeline(Doubler(), estimator).fit(grey_images)
    assert_same_maps(pipeline.predict(grey_images), expected.labels_)
    assert pipeline.score(grey_images, y) == expected.score(doubled, y) > 0


@pytest.mark.parametrize("cls", CLASSES)
def test_search_over_the_number_of_classes(cls):
    pairs = [three_colors((40, 50 + i), seed=i) for i in range(4)]
    X, y = (list(part) for part in zip(*pairs, strict=True))
    grid = {"n_clusters": [2, 3, 8]}
    search = GridSearchCV(make(cls), grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_params_ == {"n_clusters": 3}
    assert search.best_score_ > 0.8
    expected = make(cls, n_clusters=2).fit(X[2:]).score(X[:2], y[:2])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)


def test_search_over_one_image(estimator):
    image, truth = three_colors((40, 50))
    grid = {"color_space": ["lab", "rgb"]}
    search = GridSearchCV(estimator, grid, cv=[([0], [0])], error_score="raise")
    assert search.fit([image], [truth]).best_score_ > 0.5


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_nested_parameters(cls):
    estimator = cls()
    nested = SuperpixelTransformer().n_segments
    assert estimator.get_params()["superpixels__n_segments"] == nested
    assert "superpixels__n_segments" not in estimator.get_params(deep=False)
    assert estimator.superpixels is None
    assert estimator.set_params(superpixels__n_segments=7).superpixels.n_segments == 7
    assert cls().superpixels is None
    with pytest.raises(ValueError, match="Invalid parameter"):
        estimator.set_params(superpixels__n_segment=7)


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_nested_superpixels_stay_unfitted_and_default_ones_none(cls, images):
    estimator = make(cls).fit(images)
    assert not [name for name in vars(estimator.superpixels) if name.endswith("_")]
    estimator = make(cls, superpixels=None).fit(images)
    assert estimator.superpixels is None
    with pytest.raises(ValueError, match="compactness"):
        estimator.set_params(superpixels__compactness=-1.0).fit(images)


# ---------------------------------------------------------------------------
# Classes are found, and keep their numbers


@pytest.mark.parametrize("cls", CLASSES)
def test_three_colors_are_recovered_from_dark_to_bright(cls):
    image, truth = three_colors()
    labels = make(cls, **superpixels_of(cls)).fit_predict([image])[0]
    assert agreement(labels, truth) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("n_channels", [None, 2])
def test_two_materials_are_recovered(cls, n_channels, make_image, disc_mask):
    image = make_image((48, 60), n_channels, np.uint16)
    extra = superpixels_of(cls)
    labels = make(cls, n_clusters=2, **extra).fit_predict([image])[0]
    assert agreement(labels, disc_mask((48, 60))) > 0.96


@pytest.mark.parametrize("cls", CLASSES)
def test_new_image_gets_the_same_ids(cls):
    image = three_colors()[0]
    new, moved = three_colors((50, 90), order=(2, 0, 1), seed=1)
    model = make(cls, **superpixels_of(cls)).fit([image])
    assert agreement(model.predict([new])[0], moved) > 0.97
    # Also where a class is absent, and the rest of the image is all there is.
    part, here = new[:, :60], moved[:, :60]
    assert agreement(model.predict([part])[0], here) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
def test_classes_are_common_to_all_training_images(cls):
    first, one = three_colors((60, 70))
    second, other = three_colors((50, 80), order=(1, 2, 0), seed=1)
    model = make(cls, **superpixels_of(cls)).fit([first, second])
    assert model.cluster_centers_.shape == (3, 3)
    assert agreement(model.labels_[0], one) > 0.97
    assert agreement(model.labels_[1], other) > 0.97


@pytest.mark.parametrize("cls", CLASSES)
def test_centers_are_the_colors_of_the_classes(cls):
    image, truth = three_colors(noise=0.0)
    model = make(cls, **superpixels_of(cls, cells(7))).fit([image])
    expected = rgb2lab(np.uint8([[BLUE, RED, GREEN]]))[0]
    assert_allclose(model.cluster_centers_, expected, atol=0.01)
    assert_array_equal(model.labels_[0], truth)


@pytest.mark.parametrize("cls", CLASSES)
def test_no_more_classes_than_colors(cls):
    image, truth = three_colors((60, 60), noise=0.0)
    model = make(cls, n_clusters=8, **superpixels_of(cls, cells(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_array_equal(model.fit_predict([image])[0], truth)
    assert len(model.cluster_centers_) == 3


@pytest.mark.parametrize("cls", K_MEANS)
def test_transform_gives_distances_to_the_classes(cls, images):
    model = make(cls).fit(images)
    distances = model.transform(images)
    for map_, labels in zip(distances, model.labels_, strict=True):
        assert map_.shape == (*labels.shape, 3)
        assert map_.dtype == np.float32
        assert_array_equal(map_.argmin(axis=-1), labels)
    again = make(cls).fit_transform(images)
    assert_array_equal(again[0], distances[0])


# ---------------------------------------------------------------------------
# Colour spaces


@pytest.mark.parametrize("space", ["auto", "lab", "rgb", "native"])
def test_color_space_in_use(space, estimator, images):
    found = estimator.set_params(color_space=space).fit(images).color_space_
    assert found == ("lab" if space == "auto" else space)


@pytest.mark.parametrize("space", ["lab", "rgb"])
@pytest.mark.parametrize("n_channels", [None, 2, 4])
def test_color_space_that_needs_rgb(space, n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    with pytest.raises(ValueError, match=r"needs RGB images.*color_space='native'"):
        estimator.set_params(color_space=space).fit(X)
    assert estimator.set_params(color_space="auto").fit(X).color_space_ == "native"


def test_three_channels_with_negative_values_are_no_colors(estimator, make_image):
    X = [make_image((24, 32), 3, np.int16) - 100]
    assert estimator.fit(X).color_space_ == "native"


def test_rgb_is_native_for_rgb_images(estimator, images):
    rgb = clone(estimator).set_params(color_space="rgb").fit_predict(images)
    assert_same_maps(
        estimator.set_params(color_space="native").fit_predict(images), rgb
    )


def test_color_space_is_that_of_the_fit(estimator, images):
    expected = estimator.fit(images).predict(images)
    assert_same_maps(estimator.set_params(color_space="rgb").predict(images), expected)


def test_isoluminant_colors_differ_in_lab(make_image):
    lightness = np.uint8([[[119, 119, 119], [188, 82, 82]]])
    assert abs(np.diff(rgb2lab(lightness)[0, :, 0])) < 3
    image = np.repeat(np.repeat(lightness, 20, axis=0), 10, axis=1)
    labels = make(KMeansPixelSegmenter, n_clusters=2).fit_predict([image])[0]
    assert (labels[:, :10] != labels[:, 10:]).all()


# ---------------------------------------------------------------------------
# k-means


def test_pixels_are_clustered_as_by_scikit_learn():
    image, _ = three_colors((30, 40), noise=30.0)
    model = make(KMeansPixelSegmenter, n_init=5).fit([image])
    pixels = rgb2lab(image).reshape(-1, 3)
    kmeans = KMeans(3, n_init=5, random_state=0).fit(pixels)
    order = np.argsort(kmeans.cluster_centers_[:, 0])
    assert_allclose(model.cluster_centers_, kmeans.cluster_centers_[order], atol=0.1)


def test_equal_colors_count_by_their_number():
    colors = np.array([[0.0], [0.0], [0.0], [4.0], [50.0], [54.0]])
    centers = find_centers(colors, 2, "native")
    assert_allclose(centers, [[1.0], [52.0]])
    weights = np.array([1.0, 1.0, 1.0, 3.0, 1.0, 3.0])
    assert_allclose(find_centers(colors, 2, "native", weights=weights), [[2], [53]])


def test_what_differs_by_rounding_is_one_color():
    colors = np.repeat([[1.0], [2.0], [3.0]], 20, axis=0)
    colors += np.random.default_rng(0).uniform(-1e-9, 1e-9, colors.shape)
    assert_allclose(find_centers(colors, 8, "native"), [[1], [2], [3]])


def test_nearest_center_in_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    colors, centers = rng.random((50, 3)), rng.random((4, 3))
    expected = nearest_center(colors, centers)
    monkeypatch.setattr("sksegment.baselines._color._CHUNK", 7)
    assert_array_equal(nearest_center(colors, centers), expected)


def test_sample_of_the_pixels_gives_nearly_the_same_classes():
    images = [three_colors((50, 60), seed=0)[0], three_colors((70, 40), seed=1)[0]]
    full = make(KMeansPixelSegmenter, max_samples=None).fit(images)
    part = make(KMeansPixelSegmenter, max_samples=500).fit(images)
    assert_allclose(part.cluster_centers_, full.cluster_centers_, atol=2.0)
    assert (part.cluster_centers_ != full.cluster_centers_).any()
    tiny = make(KMeansPixelSegmenter, max_samples=1).fit(images)
    assert len(tiny.cluster_centers_) == 1


def test_large_superpixels_count_for_more():
    image = np.zeros((16, 16))
    image[:, 12:15], image[:, 15] = 60, 100
    stripes = SuperpixelTransformer(
        lambda image: np.tile(np.repeat([0, 1, 2], [12, 3, 1]), (16, 1))
    )
    model = make(KMeansSuperpixelSegmenter, n_clusters=2, superpixels=stripes)
    centers = model.fit([image]).cluster_centers_
    assert_allclose(centers, [[0], [70]], atol=0.01)


# ---------------------------------------------------------------------------
# Masks


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_outside_a_mask_the_label_is_minus_one(cls, make_image, disc_mask):
    mask = disc_mask((32, 40), radius=14)
    model = make(cls, superpixels__mask=mask, n_clusters=2).fit([make_image()])
    for labels in (model.labels_[0], model.predict([make_image(seed=1)])[0]):
        assert_array_equal(labels < 0, ~mask)
        assert labels.min() == -1
        assert set(np.unique(labels[mask])) == {0, 1}


def test_distances_are_infinite_outside_a_mask(make_image, disc_mask):
    mask = disc_mask((32, 40))
    model = make(KMeansSuperpixelSegmenter, superpixels__mask=mask)
    distances = model.fit([make_image()]).transform([make_image()])[0]
    assert np.isinf(distances[~mask]).all()
    assert np.isfinite(distances[mask]).all()


@pytest.mark.parametrize("cls", ON_SUPERPIXELS)
def test_islands_of_a_mask_get_the_class_of_their_color(cls):
    image, truth = three_colors((80, 80))
    islands = np.add.outer(np.arange(80) // 8 % 2, np.arange(80) // 8 % 2) == 0
    superpixels = SuperpixelTransformer(n_segments=200, mask=islands)
    model = make(cls, superpixels=superpixels).fit([image])
    assert_array_equal(model.labels_[0] < 0, ~islands)
    assert agreement(model.labels_[0][islands], truth[islands]) > 0.95
    assert_same_maps(model.predict([image]), model.labels_)


def test_mask_of_single_superpixels():
    image, truth = three_colors((60, 60))
    dots = np.zeros((60, 60), bool)
    dots[::3, ::3] = True
    superpixels = cells(1).set_params(mask=dots)
    model = make(SpectralSuperpixelSegmenter, superpixels=superpixels).fit([image])
    assert agreement(model.labels_[0][dots], truth[dots]) > 0.95


# ---------------------------------------------------------------------------
# Spectral clustering


def graph_of(image, size=1):
    image = np.asarray(image, float)
    return region_graph(image, cells(size).fit_transform([image])[0])


def test_affinity_by_hand():
    image = [[0.0, 0.0, 0.0], [2.0, 2.0, 6.0]]
    graph = region_graph(image, np.array([[0, 0, 0], [1, 1, 2]]))
    assert_array_equal(graph.edges, [[0, 0, 1], [1, 2, 2]])
    assert_allclose(graph.distances, [2, 6, 4])
    affinity = _affinity(graph, 0.5).toarray()
    expected = np.array([[0, 2, np.exp(-2)], [2, 0, np.exp(-1)], [0, 0, 0]])
    expected[2] = expected[:, 2]
    assert_allclose(affinity / affinity[0, 1], expected / 2)


def test_pieces_are_linked_where_they_are_largest():
    labels = np.array([[0, -1, 1, 2, 2, -1, 3]])
    image = np.array([[1.0, 0, 9, 2, 2, 0, 4]])
    edges, distances, borders = _linked(region_graph(image, labels))
    pairs = {tuple(sorted(edge)) for edge in edges.T.tolist()}
    assert pairs == {(1, 2), (0, 2), (0, 3), (2, 3)}
    assert_allclose(np.sort(distances), [1, 1, 2, 2, 3, 3, 7])
    assert (borders == 1).all()


def test_inverse_of_a_sparse_matrix_less_one_of_rank_one():
    rng = np.random.default_rng(0)
    matrix, vector = sparse.diags_array(rng.uniform(1, 2, 6)), rng.uniform(0, 0.3, 6)
    expected = np.linalg.inv(matrix.toarray() - np.outer(vector, vector))
    assert_allclose(_inverse(matrix, vector) @ np.eye(6), expected)


def test_sparse_eigenvectors_are_those_of_the_dense_matrix():
    image = np.random.default_rng(0).random((14, 14)) * 5
    affinity = _affinity(graph_of(image), 0.3)
    assert affinity.shape[0] > 128
    degrees = affinity.sum(axis=1)
    link = 1e-4 * degrees.mean()
    root = 1 / np.sqrt(degrees + link)
    dense = np.outer(root, root) * (affinity.toarray() + link / 196)
    expected = eigh(dense)[1][:, -4:]
    found = _leading_vectors(affinity, 4, 0)
    # The same space, whatever the basis of it.
    assert_allclose(np.linalg.svd(expected.T @ found)[1], 1.0, atol=1e-3)


def test_cut_runs_through_the_bottleneck():
    mask = np.ones((12, 30), bool)
    mask[:, 14:16] = False
    mask[5, 14:16] = True
    superpixels = cells(1).set_params(mask=mask)
    labels = superpixels.fit_transform([np.zeros((12, 30))])[0]
    clusters = spectral_clusters(region_graph(np.zeros((12, 30)), labels), 2, 0.3, 0)
    map_ = clusters[labels]
    assert len(np.unique(map_[:, :14])) == len(np.unique(map_[:, 16:])) == 1
    assert map_[0, 0] != map_[0, -1]


def test_same_color_in_two_places_is_one_class():
    image, truth = three_colors((40, 60), noise=0.0, order=(0, 1, 0))
    model = make(SpectralSuperpixelSegmenter, superpixels=cells(2)).fit([image])
    assert_array_equal(model.labels_[0], truth)


@pytest.mark.parametrize("color_scale", [1e-9, 1e-3, 1e9])
@pytest.mark.parametrize("side", [10, 40])
def test_any_color_scale_gives_labels(color_scale, side):
    image = np.random.default_rng(0).random((side, side))
    model = make(
        SpectralSuperpixelSegmenter, superpixels=cells(2), color_scale=color_scale
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = model.fit_predict([image])[0]
    assert set(np.unique(labels)) <= {0, 1, 2}


def test_no_more_clusters_than_superpixels():
    image = np.random.default_rng(0).random((12, 12))
    model = make(SpectralSuperpixelSegmenter, n_clusters=50, superpixels=cells(4))
    assert len(np.unique(model.fit_predict([image])[0])) == 9


@pytest.mark.parametrize("n_clusters", [8, 32])
@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_three_thousand_superpixels_take_less_than_5_seconds(n_clusters, kind):
    image = np.random.default_rng(0).random((55, 55))
    graph = graph_of(image if kind == "noise" else np.zeros((55, 55)))
    assert graph.n_regions == 3025
    start = time.perf_counter()
    spectral_clusters(graph, n_clusters, 0.3, 0)
    assert time.perf_counter() - start < 5  # 0.2 s, alone


# ---------------------------------------------------------------------------
# Felzenszwalb


def test_regions_are_connected_and_numbered_from_dark_to_bright():
    image, truth = three_colors((60, 80), order=(0, 1, 0))
    labels = FelzenszwalbSegmenter().fit_predict([image])[0]
    assert v_measure(truth, labels) < v_measure(
        np.tile(np.repeat([0, 1, 2], [24, 32, 24]), (60, 1)), labels
    )
    ids = np.unique(labels)
    assert_array_equal(ids, np.arange(len(ids)))
    assert len(ids) == 3
    lightness = rgb2lab(image)[..., 0]
    assert (np.diff([lightness[labels == k].mean() for k in ids]) > 0).all()
    for k in ids:
        assert ndimage.label(labels == k, np.ones((3, 3)))[1] == 1


def test_scale_and_min_size_make_regions_larger():
    image = three_colors((60, 80), noise=40.0)[0]
    counts = [
        FelzenszwalbSegmenter(scale, 0.5, size).fit_predict([image])[0].max() + 1
        for scale, size in [(10, 5), (10, 50), (1000, 5)]
    ]
    assert counts[0] > counts[1]
    assert counts[0] > counts[2]


def test_sigma_smooths():
    image = three_colors((60, 80), noise=40.0)[0]
    rough, smooth = (
        FelzenszwalbSegmenter(50, sigma, 5).fit_predict([image])[0].max()
        for sigma in (0, 2)
    )
    assert smooth < rough


@pytest.mark.parametrize(
    "params", [{"scale": 0.0}, {"sigma": -1}, {"min_size": 0}, {"color_space": "hsv"}]
)
def test_bad_parameters_of_felzenszwalb(params, images):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        FelzenszwalbSegmenter(**params).fit(images)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("params", [{"n_clusters": 0}, {"color_space": "hsv"}])
def test_bad_parameters(cls, params, images):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        make(cls, **params).fit(images)
