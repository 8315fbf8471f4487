"""The scikit-learn contract: checks that need no data, and parameters.

`parametrize_with_checks` would skip all but one check for input that is no table: so
those checks that need no data are called here one by one, and those that need data
have a twin in this folder that uses images. `check_estimators_unfitted` is called for
the segmenters only: superpixels need no fit, and the sampler has none of its methods.
"""

import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.utils import estimator_checks

from sksegment import (
    DenseWNetSegmenter,
    SparseWNetSegmenter,
    SuperpixelTransformer,
)
from sksegment.patches import PatchSampler

SEGMENTERS = [SparseWNetSegmenter, DenseWNetSegmenter]
IMAGE_ESTIMATORS = [*SEGMENTERS, SuperpixelTransformer]
ESTIMATORS = [*IMAGE_ESTIMATORS, PatchSampler]
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


@pytest.mark.parametrize("check", DATA_FREE_CHECKS)
@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_data_free_check_of_scikit_learn(cls, check):
    getattr(estimator_checks, check)(cls.__name__, cls())


@pytest.mark.parametrize("cls", SEGMENTERS, ids=lambda cls: cls.__name__)
def test_unfitted_check_of_scikit_learn(cls):
    estimator_checks.check_estimators_unfitted(cls.__name__, cls())


@pytest.mark.parametrize("cls", IMAGE_ESTIMATORS, ids=lambda cls: cls.__name__)
def test_tags_say_that_tables_are_no_input(cls):
    tags = cls().__sklearn_tags__()
    assert not tags.input_tags.two_d_array
    assert tags.input_tags.three_d_array


def test_nested_parameters_are_listed_when_superpixels_and_patches_are_none():
    params = SparseWNetSegmenter().get_params()
    assert params["superpixels"] is None
    assert params["superpixels__n_segments"] is None, "chosen by fit"
    assert params["superpixels__compactness"] == SuperpixelTransformer().compactness
    assert params["patches__counts"] == PatchSampler().counts


def test_setting_what_was_read_changes_nothing(images):
    expected = SparseWNetSegmenter(max_epochs=1, base_channels=4, random_state=0)
    again = clone(expected)
    again.set_params(**again.get_params())
    found = again.fit(images).superpixels_.transform(images)
    expected = expected.fit(images).superpixels_.transform(images)
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


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


def test_fit_leaves_parameters_as_they_were(estimator, images, answer, state_of):
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


def test_fit_adds_only_public_attributes_that_are_documented(estimator, images):
    before = set(vars(estimator))
    added = set(vars(estimator.fit(images))) - before
    public = {name for name in added if not name.startswith("_")}
    assert public
    assert all(name.endswith("_") for name in public), public
    # A description of the class begins a line with the name of an attribute.
    lines = {line.strip() for line in type(estimator).__doc__.splitlines()}
    documented = {line.partition(" : ")[0] for line in lines if " : " in line}
    assert public <= documented, public - documented


def test_predict_adds_no_attributes(estimator, images, answer):
    before = set(vars(estimator.fit(images)))
    answer(estimator, images)
    assert set(vars(estimator)) == before


def test_a_subclass_may_leave_parameters_of_its_own_out(images):
    class Coarse(SparseWNetSegmenter):
        def __init__(self, max_labels=4, *, random_state=0):
            super().__init__(
                max_labels, max_epochs=1, base_channels=4, random_state=random_state
            )

    model = clone(Coarse()).set_params(max_labels=3)
    assert model.get_params() == {"max_labels": 3, "random_state": 0}
    assert len(model.fit(images).predict(images)) == 2
    with pytest.raises(ValueError, match="Invalid parameter 'superpixels'"):
        model.set_params(superpixels__n_segments=9)
