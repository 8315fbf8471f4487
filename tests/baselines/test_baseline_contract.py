"""The classical baselines: the contract of scikit-learn."""

import copy
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from sksegment.baselines import (
    FelzenszwalbSegmenter,
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
    SpectralSuperpixelSegmenter,
)

K_MEANS = [KMeansPixelSegmenter, KMeansSuperpixelSegmenter]
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


def state_of(estimator):
    return joblib.hash(estimator.get_params(deep=True))


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


def test_labels_are_those_of_predict_and_fit_predict(
    estimator, images, assert_same_maps
):
    y = [np.ones(image.shape[:2], int) for image in images]
    labels = clone(estimator).fit_predict(images, y)
    estimator.fit(images)
    assert isinstance(estimator.labels_, list)
    assert_same_maps(estimator.labels_, labels)
    assert_same_maps(estimator.predict(images), labels)
    assert len(np.unique(labels[0])) > 1
    assert min(map_.min() for map_ in labels) == 0


def test_fitting_and_asking_twice_give_the_same_labels(
    estimator, images, assert_same_maps
):
    first = estimator.fit(images).predict(images)
    assert_same_maps(estimator.predict(images), first)
    assert_same_maps(estimator.fit(images).predict(images), first)


@pytest.mark.parametrize("cls", CLASSES)
def test_same_seed_gives_the_same_labels_and_others_do_not(
    cls, assert_same_maps, cells, make, superpixels_of
):
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
def test_random_state_instance_is_reproducible(cls, images, assert_same_maps, make):
    models = [
        make(cls, random_state=np.random.RandomState(5)).fit(images) for _ in range(2)
    ]
    assert_same_maps(models[0].labels_, models[1].labels_)


@pytest.mark.parametrize(
    "copied",
    [clone, copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["clone", "deepcopy", "pickle"],
)
def test_copies(copied, estimator, images, assert_same_maps):
    again = copied(estimator.fit(images))
    assert state_of(again) == state_of(estimator)
    if copied is clone:
        assert not [name for name in vars(again) if name.endswith("_")]
        again.fit(images)
    assert_same_maps(again.predict(images), estimator.labels_)


def test_fit_again_forgets_the_first_fit(
    estimator, images, grey_images, assert_same_maps
):
    expected = clone(estimator).fit(grey_images).predict(grey_images)
    again = estimator.fit(images).fit(grey_images)
    assert again.n_channels_in_ == 1
    assert_same_maps(again.predict(grey_images), expected)


@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("params", [{"n_clusters": 0}, {"color_space": "hsv"}])
def test_bad_parameters(cls, params, images, make):
    with pytest.raises(ValueError, match=f"'{next(iter(params))}' parameter"):
        make(cls, **params).fit(images)


@pytest.mark.parametrize(
    ("cls", "params"),
    [
        (FelzenszwalbSegmenter, {"scale": -1.0}),
        (SpectralSuperpixelSegmenter, {"color_scale": -1.0}),
    ],
)
def test_bad_parameter_that_is_set_after_the_fit_is_named(cls, params, images, make):
    model = make(cls).fit(images).set_params(**params)
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        model.predict(images)
