"""The transformers from images to images: the contract of scikit-learn."""

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

from sksegment import SuperpixelTransformer
from sksegment.preprocessing import (
    ClipPercentiles,
    Denoise,
    GaussianHessian,
    NormalizeLocalContrast,
    Rescale,
    TextureEnergy,
    UnsharpMask,
)

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
DTYPES = ["bool", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
KEEP_THE_TYPE = [ClipPercentiles, Denoise, Rescale, UnsharpMask]


def state_of(estimator):
    return joblib.hash(estimator.get_params())


@pytest.mark.parametrize("check", DATA_FREE_CHECKS)
def test_data_free_check_of_scikit_learn(transformer, check):
    getattr(estimator_checks, check)(type(transformer).__name__, transformer)


def test_tags_say_that_tables_are_no_input(transformer):
    tags = transformer.__sklearn_tags__()
    assert tags.estimator_type is None
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array
    assert tags.requires_fit == isinstance(transformer, ClipPercentiles)


def test_preprocessing_does_not_import_torch():
    code = "import sksegment.preprocessing, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_fit_returns_self_and_leaves_parameters_as_they_were(transformer, images):
    before = state_of(transformer)
    assert transformer.fit(images) is transformer
    transformer.transform(images)
    assert state_of(transformer) == before
    assert transformer.n_channels_in_ == 3


def test_clone_and_pickle_transform_alike(transformer, grey_images):
    expected = transformer.fit_transform(grey_images)
    restored = pickle.loads(pickle.dumps(transformer))
    assert_array_equal(restored.transform(grey_images), expected)
    assert_array_equal(clone(transformer).fit_transform(grey_images), expected)


@pytest.mark.parametrize(
    "cls",
    [
        Denoise,
        GaussianHessian,
        NormalizeLocalContrast,
        Rescale,
        TextureEnergy,
        UnsharpMask,
    ],
)
def test_without_fit_the_given_images_are_fitted_on(cls, grey_images):
    transformer = cls()
    found = transformer.transform(grey_images)
    assert not hasattr(transformer, "n_channels_in_")
    assert_array_equal(found, transformer.fit_transform(grey_images))


def test_percentiles_have_to_be_learnt(grey_images):
    with pytest.raises(NotFittedError):
        ClipPercentiles().transform(grey_images)


def test_failed_fit_leaves_a_transformer_unfitted():
    with pytest.raises(ValueError, match="image 0 contains NaN"):
        ClipPercentiles().fit([np.full((16, 16), np.nan)])
    with pytest.raises(ValueError, match="low=60"):
        (clip := ClipPercentiles(60, 40)).fit([np.zeros((16, 16))])
    assert not any(name.endswith("_") for name in vars(clip))


def test_a_list_gives_a_list_and_a_stack_a_stack(transformer, grey_images):
    of_list = transformer.fit_transform(grey_images)
    of_tuple = transformer.fit_transform(tuple(grey_images))
    of_stack = transformer.fit_transform(np.stack(grey_images))
    assert isinstance(of_list, list)
    assert isinstance(of_tuple, list)
    assert isinstance(of_stack, np.ndarray)
    assert_array_equal(of_stack, of_list)
    assert_array_equal(of_tuple, of_list)


@pytest.mark.parametrize("cls", KEEP_THE_TYPE)
def test_images_keep_their_axes(cls, grey_images):
    images = [grey_images[0], grey_images[1][..., np.newaxis]]
    assert [image.ndim for image in cls().fit_transform(images)] == [2, 3]
    stack = np.stack(grey_images)
    assert cls().fit_transform(stack).ndim == 3
    assert cls().fit_transform(stack[..., np.newaxis]).ndim == 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cls", KEEP_THE_TYPE)
def test_images_keep_their_type(cls, dtype, make_image):
    image = make_image().astype(dtype)
    (found,) = cls().fit_transform([image])
    grey = dtype != "bool" or cls is ClipPercentiles
    assert found.dtype == (np.dtype(dtype) if grey else np.float32)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_local_contrast_is_float_as_precise_as_the_image(dtype, make_image):
    image = make_image().astype(dtype)
    (found,) = NormalizeLocalContrast().fit_transform([image])
    assert found.dtype == np.result_type(dtype, np.float32)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("cls", [GaussianHessian, TextureEnergy])
def test_filters_are_float32_whatever_the_image(cls, dtype, make_image):
    (found,) = cls().transform([make_image().astype(dtype)])
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_input_is_left_as_it_was_and_shares_no_memory(transformer, make_image):
    image = make_image((33, 41), 3, np.float32)
    before = image.tobytes()
    (found,) = transformer.fit_transform([image])
    found[:] = 0
    assert image.tobytes() == before


def test_read_only_images(transformer, images):
    expected = transformer.fit_transform(images)
    for image in images:
        image.flags.writeable = False
    for one, other in zip(transformer.fit_transform(images), expected, strict=True):
        assert_array_equal(one, other)


def test_an_image_does_not_depend_on_those_beside_it(transformer, images):
    together = transformer.fit(images).transform(images)
    (alone,) = transformer.transform(images[1:])
    assert_array_equal(together[1], alone)


def test_constant_image_stays_finite(transformer):
    (found,) = transformer.fit_transform([np.full((20, 24), 7.0)])
    assert np.isfinite(found).all()


def test_bad_image_is_named_by_its_index(transformer, grey_images):
    transformer.fit(grey_images)
    for bad, what in [
        (np.full((16, 16), np.nan), "image 1 contains NaN"),
        (np.zeros((4, 40)), "image 1 has shape"),
        (np.zeros((16, 16, 3)), "image 1 has 3 channel.*fitted on 1"),
        (np.zeros((16, 16), complex), "image 1 is complex"),
    ]:
        with pytest.raises(ValueError, match=what):
            transformer.transform([grey_images[0], bad])


def test_single_image_is_refused(transformer, make_image):
    with pytest.raises(ValueError, match="wrap it in a list"):
        transformer.fit(make_image())


@pytest.mark.parametrize(
    ("make", "params"),
    [
        (GaussianHessian, {"sigma": 0}),
        (GaussianHessian, {"sigma": []}),
        (GaussianHessian, {"sigma": [1.0, -2.0]}),
        (GaussianHessian, {"sigma": [1.0, np.nan]}),
        (GaussianHessian, {"sigma": ["a"]}),
        (GaussianHessian, {"sigma": "large"}),
        (GaussianHessian, {"include_image": "no"}),
        (TextureEnergy, {"sigma": [1.0, 0.0]}),
        (TextureEnergy, {"window": 0}),
        (TextureEnergy, {"n_directions": 0}),
        (UnsharpMask, {"radius": 0}),
        (UnsharpMask, {"amount": -1}),
        (Rescale, {"scale": 0}),
        (Rescale, {"scale": 1.5}),
        (Rescale, {"scale": np.nan}),
        (ClipPercentiles, {"low": -1}),
        (ClipPercentiles, {"high": 100.5}),
        (Denoise, {"weight": 0}),
        (Denoise, {"max_iter": 0}),
        (NormalizeLocalContrast, {"sigma": 0}),
        (NormalizeLocalContrast, {"floor": 0}),
    ],
)
def test_bad_parameter_is_named(make, params, grey_images):
    (name,) = params
    with pytest.raises(ValueError, match=name):
        make(**params).fit(grey_images)
    if make is not ClipPercentiles:
        with pytest.raises(ValueError, match=name):
            make(**params).transform(grey_images)


@pytest.mark.parametrize(
    ("model", "params"),
    [
        (Denoise(), {"max_iter": -1}),
        (NormalizeLocalContrast(), {"floor": -1.0}),
        (TextureEnergy(), {"n_directions": -1}),
        (SuperpixelTransformer(n_segments=40), {"compactness": -1.0}),
    ],
)
def test_bad_parameter_that_is_set_after_the_fit_is_named(model, params, grey_images):
    model = clone(model).fit(grey_images).set_params(**params)
    with pytest.raises(ValueError, match=f"The '{next(iter(params))}' parameter"):
        model.transform(grey_images)
