"""The scikit-learn contract, for estimators whose X is a list of images.

`parametrize_with_checks` would skip all but one check for input that is no table: so
those checks that need no data are called here one by one, and those that need data
have a twin below that uses images. `check_estimators_unfitted` is called for the
segmenter only: superpixels need no fit, and the sampler has none of its methods.
"""

import copy
import pickle
import random
import warnings

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.patches import PatchSampler

ESTIMATORS = [SparseWNetSegmenter, SuperpixelTransformer, PatchSampler]

DATA_FREE_CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_param_validation",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
]

# Long enough for several labels.
LONGER = {"max_epochs": 3, "batches_per_epoch": 8}

QUESTIONS = ["predict", "predict_proba", "transform", "reconstruct"]


class Doubler(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return [2.0 * image for image in X]

    def __sklearn_is_fitted__(self):
        return True


@pytest.fixture(params=["segmenter", "superpixels"])
def estimator(request, make_segmenter):
    if request.param == "segmenter":
        return make_segmenter()
    return SuperpixelTransformer(n_segments=40)


def answer(estimator, X):
    """Ask for what tells the most: soft labels say more than labels do."""
    return getattr(estimator, "predict_proba", estimator.transform)(X)


def maps_of(estimator, X):
    return getattr(estimator, "predict", estimator.transform)(X)


def assert_same_maps(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


def state_of(estimator):
    return joblib.hash(estimator.get_params(deep=True))


def numpy_state():
    return np.random.get_state()  # noqa: NPY002


# ---------------------------------------------------------------------------
# Checks of scikit-learn that need no data


@pytest.mark.parametrize("check", DATA_FREE_CHECKS)
@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_data_free_check_of_scikit_learn(cls, check):
    getattr(estimator_checks, check)(cls.__name__, cls())


def test_unfitted_check_of_scikit_learn():
    estimator_checks.check_estimators_unfitted(
        "SparseWNetSegmenter", SparseWNetSegmenter()
    )


@pytest.mark.parametrize("cls", ESTIMATORS[:2], ids=lambda cls: cls.__name__)
def test_tags_say_that_tables_are_no_input(cls):
    tags = cls().__sklearn_tags__()
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array


# ---------------------------------------------------------------------------
# Parameters


def test_nested_parameters_are_listed_when_superpixels_and_patches_are_none():
    params = SparseWNetSegmenter().get_params()
    assert params["superpixels"] is None
    assert params["superpixels__n_segments"] == SuperpixelTransformer().n_segments
    assert params["patches__counts"] == PatchSampler().counts


def test_nested_parameters_are_not_listed_when_shallow():
    assert not any(
        "__" in name for name in SparseWNetSegmenter().get_params(deep=False)
    )


def test_reading_nested_parameters_leaves_superpixels_none():
    estimator = SparseWNetSegmenter()
    estimator.get_params()
    assert estimator.superpixels is None
    assert estimator.patches is None


def test_setting_a_nested_parameter_makes_the_superpixels():
    estimator = SparseWNetSegmenter().set_params(superpixels__n_segments=77)
    assert isinstance(estimator.superpixels, SuperpixelTransformer)
    assert estimator.superpixels.n_segments == 77
    assert estimator.patches is None


def test_setting_a_nested_parameter_makes_the_patches():
    estimator = SparseWNetSegmenter().set_params(patches__flip=False)
    assert estimator.patches.flip is False


def test_setting_superpixels_and_one_of_their_parameters_at_once():
    given = SuperpixelTransformer(compactness=3.0)
    estimator = SparseWNetSegmenter()
    estimator.set_params(superpixels=given, superpixels__n_segments=5)
    assert estimator.superpixels is given
    assert (given.n_segments, given.compactness) == (5, 3.0)


def test_setting_superpixels_to_none_and_one_of_their_parameters_at_once():
    estimator = SparseWNetSegmenter()
    estimator.set_params(superpixels=None, superpixels__n_segments=5)
    assert estimator.superpixels.n_segments == 5


def test_clone_does_not_share_nested_estimators(make_segmenter):
    estimator = make_segmenter()
    clone(estimator).set_params(superpixels__n_segments=999)
    assert estimator.superpixels.n_segments == 40


def test_nested_superpixels_of_two_estimators_with_defaults_are_not_shared():
    one, other = SparseWNetSegmenter(), SparseWNetSegmenter()
    one.set_params(superpixels__n_segments=7)
    assert other.get_params()["superpixels__n_segments"] != 7


@pytest.mark.parametrize("wrong", ["n_segment", "superpixels__n_segment", "betas"])
def test_unknown_parameter_is_refused(wrong):
    with pytest.raises(ValueError, match="Invalid parameter"):
        SparseWNetSegmenter().set_params(**{wrong: 1})


def test_fit_leaves_parameters_as_they_were(estimator, images):
    shallow = dict(estimator.get_params(deep=False))
    before = state_of(estimator)
    estimator.fit(images)
    answer(estimator, images)
    assert state_of(estimator) == before
    after = estimator.get_params(deep=False)
    assert all(after[name] is value for name, value in shallow.items())


def test_fit_leaves_default_superpixels_and_patches_none(make_segmenter, make_image):
    estimator = make_segmenter(superpixels=None, patches=None)
    estimator.fit([make_image((16, 16))])
    assert estimator.superpixels is None
    assert estimator.patches is None


def test_nested_superpixels_stay_unfitted(make_segmenter, images):
    estimator = make_segmenter().fit(images)
    assert not [name for name in vars(estimator.superpixels) if name.endswith("_")]


def test_fit_adds_only_attributes_with_an_underscore_at_the_end(estimator, images):
    before = set(vars(estimator))
    added = set(vars(estimator.fit(images))) - before
    assert added
    assert all(n.endswith("_") and not n.startswith("_") for n in added), added


def test_predict_adds_no_attributes(estimator, images):
    before = set(vars(estimator.fit(images)))
    answer(estimator, images)
    assert set(vars(estimator)) == before


# ---------------------------------------------------------------------------
# fit and its friends


def test_fit_returns_self(estimator, images):
    assert estimator.fit(images) is estimator


def test_fit_of_the_sampler_returns_self():
    sampler = PatchSampler()
    assert sampler.fit(None) is sampler


def test_fit_ignores_y(estimator, images):
    expected = answer(clone(estimator).fit(images, None), images)
    y = [np.ones(image.shape[:2], int) for image in images]
    assert_same_maps(answer(clone(estimator).fit(images, y), images), expected)


def test_fit_predict_is_fit_and_labels(make_segmenter, images):
    estimator = make_segmenter(**LONGER)
    labels = estimator.fit_predict(images)
    assert len(np.unique(labels[0])) > 1
    assert_same_maps(labels, estimator.labels_)
    assert_same_maps(labels, make_segmenter(**LONGER).fit(images).predict(images))


def test_fit_predict_takes_y(make_segmenter, images):
    y = [np.zeros(image.shape[:2], int) for image in images]
    labels = make_segmenter(**LONGER).fit_predict(images, y)
    assert_same_maps(labels, make_segmenter(**LONGER).fit_predict(images))


def test_fit_transform_of_superpixels_is_fit_and_transform(images):
    superpixels = SuperpixelTransformer(n_segments=40)
    expected = superpixels.fit(images).transform(images)
    assert_same_maps(clone(superpixels).fit_transform(images), expected)


@pytest.mark.parametrize("method", QUESTIONS)
def test_unfitted_segmenter_refuses_to_answer(method, make_segmenter, images):
    with pytest.raises(NotFittedError):
        getattr(make_segmenter(), method)(images)


def test_unfitted_segmenter_has_no_score(make_segmenter, images):
    with pytest.raises(NotFittedError):
        make_segmenter().score(images, [image[..., 0] for image in images])


def test_unfitted_segmenter_cannot_be_saved(make_segmenter, tmp_path):
    with pytest.raises(NotFittedError):
        make_segmenter().save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_superpixels_need_no_fit(images):
    superpixels = SuperpixelTransformer(n_segments=40)
    expected = clone(superpixels).fit_transform(images)
    assert_same_maps(superpixels.transform(images), expected)
    assert not [name for name in vars(superpixels) if name.endswith("_")]


def test_clone_of_a_fitted_estimator_is_unfitted(estimator, images):
    cloned = clone(estimator.fit(images))
    assert state_of(cloned) == state_of(estimator)
    assert not [name for name in vars(cloned) if name.endswith("_")]


def test_fit_again_forgets_the_first_fit(estimator, images, grey_images):
    expected = answer(clone(estimator).fit(grey_images), grey_images)
    again = estimator.fit(images).fit(grey_images)
    assert again.n_channels_in_ == 1
    assert_same_maps(answer(again, grey_images), expected)


def test_failed_fit_on_bad_input_leaves_the_estimator_unfitted(make_segmenter):
    estimator = make_segmenter()
    with pytest.raises(ValueError, match="image 0"):
        estimator.fit([np.full((16, 16), np.nan)])
    with pytest.raises(NotFittedError):
        check_is_fitted(estimator)


# ---------------------------------------------------------------------------
# Repeatability


def test_same_seed_gives_the_same_labels(estimator, images):
    first = answer(clone(estimator).fit(images), images)
    assert_same_maps(answer(clone(estimator).fit(images), images), first)


def test_same_seed_gives_the_same_labels_when_fitted_twice(estimator, images):
    first = answer(estimator.fit(images), images)
    assert_same_maps(answer(estimator.fit(images), images), first)


def test_same_seed_gives_the_same_weights(make_segmenter, images):
    one, other = (make_segmenter().fit(images).net_.module_ for _ in range(2))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_same_seed_gives_the_same_labels_whatever_the_global_generators(
    make_segmenter, images
):
    first = make_segmenter().fit(images)
    numpy_before, torch_before = numpy_state(), torch.get_rng_state()
    try:
        np.random.seed(123)  # noqa: NPY002
        torch.manual_seed(123)
        again = make_segmenter().fit(images)
    finally:
        np.random.set_state(numpy_before)  # noqa: NPY002
        torch.set_rng_state(torch_before)
    assert again.loss_ == first.loss_
    assert_same_maps(answer(again, images), answer(first, images))


def test_other_seed_gives_another_model(make_segmenter, images):
    losses = {make_segmenter(random_state=seed).fit(images).loss_ for seed in range(3)}
    assert len(losses) == 3


def test_random_state_instance_is_reproducible(make_segmenter, images):
    models = [
        make_segmenter(random_state=np.random.RandomState(5)).fit(images)
        for _ in range(2)
    ]
    assert models[0].loss_ == models[1].loss_
    assert_same_maps(answer(models[0], images), answer(models[1], images))


def test_random_state_instance_gives_another_model_in_the_next_fit(
    make_segmenter, images
):
    estimator = make_segmenter(random_state=np.random.RandomState(5))
    assert estimator.fit(images).loss_ != estimator.fit(images).loss_


@pytest.mark.parametrize("assignment", ["mean", "kmeans"])
def test_global_generators_are_untouched(assignment, make_segmenter, images):
    estimator = make_segmenter(assignment=assignment)
    numpy_before, torch_before = numpy_state(), torch.get_rng_state()
    python_before = random.getstate()
    estimator.fit(images).partial_fit(images).predict(images)
    assert joblib.hash(numpy_state()) == joblib.hash(numpy_before)
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert random.getstate() == python_before


def test_fit_leaves_the_modes_of_torch_as_they_were(make_segmenter, images):
    before = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    make_segmenter().fit(images).predict(images)
    after = torch.is_grad_enabled(), torch.get_num_threads(), torch.get_default_dtype()
    assert after == before


def test_fit_works_without_gradients_enabled_by_the_caller(make_segmenter, images):
    expected = answer(make_segmenter().fit(images), images)
    with torch.no_grad():
        assert_same_maps(answer(make_segmenter().fit(images), images), expected)


@pytest.mark.parametrize("method", QUESTIONS)
def test_asking_twice_gives_the_same_answer(method, fitted, make_image):
    X = [make_image((24, 30), 3, seed=7)]
    ask = getattr(fitted, method)
    assert_same_maps(ask(X), ask(X))


# ---------------------------------------------------------------------------
# Copies


@pytest.mark.parametrize(
    "copied",
    [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy],
    ids=["pickle", "deepcopy"],
)
def test_copy_of_a_fitted_estimator_answers_the_same(copied, estimator, images):
    estimator.fit(images)
    assert_same_maps(answer(copied(estimator), images), answer(estimator, images))


def test_joblib_round_trip_answers_the_same(estimator, images, tmp_path):
    joblib.dump(estimator.fit(images), tmp_path / "model.joblib")
    again = joblib.load(tmp_path / "model.joblib")
    assert_same_maps(answer(again, images), answer(estimator, images))


def test_unfitted_estimator_can_be_pickled(estimator):
    assert state_of(pickle.loads(pickle.dumps(estimator))) == state_of(estimator)


@pytest.mark.parametrize("assignment", ["majority", "kmeans"])
def test_pickle_keeps_the_assignment(assignment, make_segmenter, images):
    model = make_segmenter(assignment=assignment).fit(images)
    again = pickle.loads(pickle.dumps(model))
    assert_same_maps(answer(again, images), answer(model, images))


def test_unpickled_model_goes_on_training(make_segmenter, images):
    model = make_segmenter().fit(images)
    again = pickle.loads(pickle.dumps(model)).partial_fit(images)
    assert again.n_iter_ == 2
    assert_same_maps(answer(again, images), answer(model.partial_fit(images), images))


# ---------------------------------------------------------------------------
# Forms of the input


def test_input_is_left_as_it_was(estimator, images):
    before = [image.tobytes() for image in images]
    answer(estimator.fit(images), images)
    assert [image.tobytes() for image in images] == before
    assert all(image.flags.writeable for image in images)


@pytest.mark.parametrize("method", QUESTIONS)
def test_input_of_every_method_is_left_as_it_was(method, fitted, make_image):
    image = make_image((32, 40), 3, np.float32)
    before = image.tobytes()
    getattr(fitted, method)([image])
    assert image.tobytes() == before


def test_input_of_float32_in_0_to_1_is_left_as_it_was(make_segmenter, make_image):
    X = np.stack([make_image(seed=seed) for seed in range(2)]) / np.float32(255)
    before = X.tobytes()
    make_segmenter().fit(X).partial_fit(X).predict(X)
    assert X.dtype == np.float32
    assert X.tobytes() == before


def test_answer_does_not_share_memory_with_the_model(make_segmenter, images):
    model = make_segmenter().fit(images)
    expected = [labels.copy() for labels in model.predict(images)]
    for labels in model.predict(images):
        labels[:] = -7
    assert_same_maps(model.predict(images), expected)


def test_read_only_memory_map_of_a_stack(estimator, grey_images, tmp_path):
    X = np.stack(grey_images)
    expected = answer(clone(estimator).fit(X), X)
    np.save(tmp_path / "stack.npy", X)
    mapped = np.load(tmp_path / "stack.npy", mmap_mode="r")
    assert_array_equal(answer(estimator.fit(mapped), mapped), expected)


def test_list_of_read_only_memory_maps(estimator, images, tmp_path):
    expected = answer(clone(estimator).fit(images), images)
    mapped = []
    for index, image in enumerate(images):
        np.save(tmp_path / f"{index}.npy", image)
        mapped.append(np.load(tmp_path / f"{index}.npy", mmap_mode="r"))
    assert_same_maps(answer(estimator.fit(mapped), mapped), expected)


def test_answer_to_a_memory_map_is_a_plain_array(estimator, grey_images, tmp_path):
    np.save(tmp_path / "stack.npy", np.stack(grey_images))
    mapped = np.load(tmp_path / "stack.npy", mmap_mode="r")
    maps = answer(estimator.fit(mapped), list(mapped))
    assert {type(map_) for map_ in maps} == {np.ndarray}


def test_tuple_is_as_good_as_a_list(estimator, images):
    expected = answer(clone(estimator).fit(images), images)
    found = answer(estimator.fit(tuple(images)), tuple(images))
    assert isinstance(found, list)
    assert_same_maps(found, expected)


def test_object_array_is_as_good_as_a_list(estimator, images):
    X = np.empty(2, dtype=object)
    X[:] = images
    expected = answer(clone(estimator).fit(images), images)
    found = answer(estimator.fit(X), X)
    assert isinstance(found, list)
    assert_same_maps(found, expected)


def test_four_dimensional_object_array_is_as_good_as_a_list(estimator, make_image):
    # The elements are Python's own numbers: that they were uint8 would be lost.
    images = [make_image((16, 20), 3, np.float64, seed=seed) for seed in range(2)]
    expected = answer(clone(estimator).fit(images), images)
    X = np.array(images, dtype=object)
    assert X.ndim == 4
    assert_array_equal(answer(estimator.fit(X), X), np.stack(expected))


@pytest.mark.parametrize("n_channels", [None, 1, 3])
def test_one_array_in_and_one_array_out(n_channels, estimator, make_image):
    images = [make_image((24, 32), n_channels, seed=seed) for seed in range(2)]
    expected = maps_of(clone(estimator).fit(images), images)
    found = maps_of(estimator.fit(np.stack(images)), np.stack(images))
    assert isinstance(found, np.ndarray)
    assert found.shape == (2, 24, 32)
    assert found.dtype == np.int32
    assert_array_equal(found, np.stack(expected))


def test_form_of_the_answer_follows_each_call(make_segmenter, grey_images):
    model = make_segmenter().fit(np.stack(grey_images))
    assert isinstance(model.labels_, np.ndarray)
    assert isinstance(model.predict(grey_images), list)
    assert isinstance(model.predict(np.stack(grey_images)), np.ndarray)


@pytest.mark.parametrize("method", ["predict_proba", "transform", "reconstruct"])
def test_every_method_stacks_when_x_is_one_array(method, make_segmenter, grey_images):
    model = make_segmenter().fit(grey_images)
    stacked = getattr(model, method)(np.stack(grey_images))
    assert isinstance(stacked, np.ndarray)
    assert_array_equal(stacked, np.stack(getattr(model, method)(grey_images)))


def test_stack_of_one_image(make_segmenter, grey_images):
    labels = make_segmenter().fit_predict(np.stack(grey_images[:1]))
    assert labels.shape == (1, 32, 40)


def test_grey_image_with_and_without_a_channel_axis(estimator, grey_images):
    expected = answer(clone(estimator).fit(grey_images), grey_images)
    X = [image[..., np.newaxis] for image in grey_images]
    assert_same_maps(answer(estimator.fit(X), X), expected)


def test_sizes_may_differ(estimator, make_image):
    X = [make_image(shape, 3) for shape in [(16, 40), (33, 21), (24, 24)]]
    maps = maps_of(estimator.fit(X), X)
    assert [map_.shape for map_ in maps] == [(16, 40), (33, 21), (24, 24)]


def test_sizes_not_seen_in_fit(estimator, images, make_image):
    maps = maps_of(estimator.fit(images), [make_image((19, 51), 3)])
    assert maps[0].shape == (19, 51)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_any_number_of_channels(n_channels, estimator, make_image):
    X = [make_image((24, 32), n_channels)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert map_.dtype == np.int32
    assert map_.min() == 0
    assert estimator.n_channels_in_ == n_channels


@pytest.mark.parametrize(
    "dtype",
    [
        np.bool_,
        np.uint8,
        np.int16,
        np.uint16,
        ">u2",
        np.int64,
        np.float16,
        np.float32,
        np.float64,
    ],
)
def test_any_dtype(dtype, estimator, make_image):
    image = make_image((24, 32), 3, np.float64) / 255
    if dtype is np.bool_:
        image = image > 0.5
    elif np.dtype(dtype).kind in "iu":
        image = 200 * image - (100 if np.dtype(dtype).kind == "i" else 0)
    X = [image.astype(dtype)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert np.unique(map_).min() == 0


def test_byte_order_changes_nothing(estimator, make_image):
    X = [make_image((24, 32), 3, np.uint16)]
    expected = answer(clone(estimator).fit(X), X)
    swapped = [image.astype(">u2") for image in X]
    assert_same_maps(answer(estimator.fit(swapped), swapped), expected)


def test_memory_layout_changes_nothing(estimator, make_image):
    image = make_image((24, 32), 3)
    expected = answer(clone(estimator).fit([image]), [image])
    views = [np.asfortranarray(image), image[::-1].copy()[::-1]]
    for view in views:
        assert_same_maps(answer(clone(estimator).fit([view]), [view]), expected)


@pytest.mark.parametrize("n_channels", [None, 3])
def test_unit_of_the_intensities_changes_nothing(n_channels, estimator, make_image):
    image = make_image((24, 32), n_channels, np.float64) / 256
    expected = answer(clone(estimator).fit([image]), [image])
    # By a power of two, so that not even the rounding changes.
    large = image * 2.0**20
    assert_same_maps(answer(estimator.fit([large]), [large]), expected)


@pytest.mark.filterwarnings("ignore:patches of")
@pytest.mark.parametrize("shape", [(8, 8), (8, 9), (9, 31), (33, 17), (8, 64)])
def test_odd_sizes(shape, estimator, make_image):
    X = [make_image(shape, 3)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == shape


@pytest.mark.filterwarnings("ignore:patches of")
@pytest.mark.parametrize("depth", [0, 1, 3, 4])
@pytest.mark.parametrize("shape", [(8, 8), (17, 23)])
def test_smallest_images_with_any_depth(shape, depth, make_segmenter, make_image):
    model = make_segmenter(depth=depth)
    X = [make_image(shape)]
    assert model.fit_predict(X)[0].shape == shape


@pytest.mark.parametrize("value", [0, 137])
@pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
def test_constant_image(value, dtype, estimator):
    X = [np.full((24, 32), value).astype(dtype)]
    (map_,) = maps_of(estimator.fit(X), X)
    assert map_.shape == (24, 32)
    assert (map_ >= 0).all()


@pytest.mark.parametrize("assignment", ["mean", "majority", "kmeans"])
def test_constant_image_has_finite_soft_labels(assignment, make_segmenter):
    model = make_segmenter(assignment=assignment)
    (proba,) = model.fit([np.full((24, 32), 9.0)]).predict_proba([np.zeros((24, 32))])
    assert np.isfinite(proba).all()


@pytest.mark.parametrize("assignment", ["mean", "majority", "kmeans"])
def test_constant_image_raises_no_warning(assignment, make_segmenter):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = make_segmenter(assignment=assignment, resolution=1.0, depth=0)
        model.fit([np.full((24, 32), 9.0)])


def test_number_of_channels_has_to_be_that_of_the_fit(estimator, images, grey_images):
    estimator.fit(images)
    with pytest.raises(ValueError, match=r"image 0 has 1 channel.* fitted on 3"):
        answer(estimator, grey_images)


@pytest.mark.parametrize("method", QUESTIONS + ["partial_fit"])
def test_every_method_checks_the_number_of_channels(method, fitted, make_image):
    X = [make_image((24, 32), 3), make_image((24, 32), 2)]
    with pytest.raises(ValueError, match=r"image 1 has 2 channel.* fitted on 3"):
        getattr(fitted, method)(X)


# ---------------------------------------------------------------------------
# One image does not depend on the others


def test_order_of_the_images_does_not_matter_in_predict(estimator, images):
    maps = answer(estimator.fit(images), images)
    assert_same_maps(answer(estimator, images[::-1]), maps[::-1])


def test_answer_to_an_image_is_the_same_alone_and_in_company(estimator, images):
    maps = answer(estimator.fit(images), images)
    for index, image in enumerate(images):
        assert_same_maps(answer(estimator, [image]), maps[index : index + 1])


def test_labels_are_those_of_predict(make_segmenter, images):
    model = make_segmenter().fit(images)
    assert_same_maps(model.predict(images), model.labels_)


# ---------------------------------------------------------------------------
# Pipelines and searches


def test_last_step_of_a_pipeline(make_segmenter, images):
    pipeline = make_pipeline(Doubler(), make_segmenter(**LONGER))
    doubled = [2.0 * image for image in images]
    expected = make_segmenter(**LONGER).fit_predict(doubled)
    assert len(np.unique(expected[0])) > 1
    assert_same_maps(pipeline.fit_predict(images), expected)
    assert_same_maps(pipeline.predict(images), expected)


def test_parameters_are_addressed_through_a_pipeline(make_segmenter):
    pipeline = make_pipeline(Doubler(), make_segmenter(superpixels=None))
    pipeline.set_params(sparsewnetsegmenter__superpixels__n_segments=9)
    assert pipeline[-1].superpixels.n_segments == 9


def test_score_of_a_pipeline(make_segmenter, grey_images, disc_mask):
    y = [disc_mask((32, 40)).astype(int)] * 3
    pipeline = make_pipeline(Doubler(), make_segmenter(**LONGER)).fit(grey_images)
    score = pipeline[-1].score([2.0 * image for image in grey_images], y)
    assert 0 < score == pipeline.score(grey_images, y)


def test_search_over_several_images(make_segmenter, make_image, disc_mask):
    shapes = [(32, 40), (24, 32), (32, 32), (28, 40)]
    X = [make_image(shape, seed=i) for i, shape in enumerate(shapes)]
    y = [disc_mask(shape).astype(int) for shape in shapes]
    grid = {"beta_con": [0.01, 0.3], "superpixels__n_segments": [20, 40]}
    segmenter = make_segmenter(superpixels=None, **LONGER)
    search = GridSearchCV(segmenter, grid, cv=2, error_score="raise").fit(X, y)
    assert search.best_score_ > 0
    first = clone(search.estimator).set_params(**search.cv_results_["params"][0])
    expected = first.fit(X[2:]).score(X[:2], y[:2])
    assert search.cv_results_["split0_test_score"][0] == pytest.approx(expected)
    assert [map_.shape for map_ in search.predict(X)] == shapes


@pytest.mark.parametrize(
    "backend",
    # Processes take seconds to import torch.
    ["threading", "loky"],
)
def test_search_over_one_image_in_parallel(
    backend, make_segmenter, make_image, disc_mask
):
    X, y = [make_image((32, 40), 3)], [disc_mask((32, 40)).astype(int)]
    grid = {"beta_con": [0.01, 0.3], "superpixels__n_segments": [20, 40]}
    search = GridSearchCV(
        make_segmenter(**LONGER),
        grid,
        cv=[([0], [0])],
        n_jobs=2,
        error_score="raise",
    )
    with joblib.parallel_config(backend):
        search.fit(X, y)
    assert search.best_score_ > 0
    for params, score in zip(
        search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True
    ):
        model = clone(search.estimator).set_params(**params).fit(X)
        assert score == pytest.approx(model.score(X, y))
    assert_same_maps(search.predict(X), search.best_estimator_.labels_)


def test_search_over_a_stack(make_segmenter, grey_images, disc_mask):
    y = np.stack([disc_mask((32, 40)).astype(int)] * 3)
    search = GridSearchCV(
        make_segmenter(), {"max_labels": [2, 3]}, cv=3, error_score="raise"
    )
    assert search.fit(np.stack(grey_images), y).predict(np.stack(grey_images)).ndim == 3
