"""Parameters of the dense segmenter, and those that make no sense."""

import inspect
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter, SuperpixelTransformer
from sksegment.patches import PatchSampler

BETAS = ["beta_rec", "beta_cut", "beta_sim", "beta_con"]
NO_LOSS = dict.fromkeys(BETAS, 0.0)


def parameters_of(cls):
    signature = inspect.signature(cls.__init__)
    return {name: p.default for name, p in signature.parameters.items()}


def test_at_most_24_parameters():
    assert len(DenseWNetSegmenter().get_params(deep=False)) <= 24


def test_parameters_are_those_of_the_sparse_segmenter_but_for_the_superpixels():
    dense, sparse = map(parameters_of, (DenseWNetSegmenter, SparseWNetSegmenter))
    assert sparse.keys() - dense.keys() == {"superpixels", "assignment", "tau"}
    assert dense.keys() - sparse.keys() == {"min_labels"}
    common = [name for name in sparse if name in dense]
    assert [name for name in dense if name in sparse] == common
    assert all(dense[name] == sparse[name] for name in common)


def test_training_never_stops_at_few_labels_by_default():
    assert DenseWNetSegmenter().min_labels is None


def test_nested_parameters_of_the_patches_are_listed_when_they_are_none():
    params = DenseWNetSegmenter().get_params()
    assert params["patches"] is None
    assert params["patches__counts"] == PatchSampler().counts


def test_setting_a_nested_parameter_makes_the_patches():
    model = DenseWNetSegmenter().set_params(patches__counts=(1, 2, 3))
    assert isinstance(model.patches, PatchSampler)
    assert model.patches.counts == (1, 2, 3)


def test_patches_of_the_caller_are_neither_shared_with_a_clone_nor_fitted(
    make_dense, X
):
    model = make_dense()
    clone(model).set_params(patches__counts=(99,)).fit(X[:1])
    model.fit(X[:1])
    assert model.patches.counts == (8,)
    assert not [name for name in vars(model.patches) if name.endswith("_")]


@pytest.mark.parametrize("name", ["superpixels__n_segments", "assignment", "tau"])
def test_parameter_of_the_sparse_segmenter_is_unknown(name):
    with pytest.raises(ValueError, match="Invalid parameter"):
        DenseWNetSegmenter().set_params(**{name: 1})


def test_clone_has_the_parameters_and_gives_the_same_model(make_dense, X):
    model = make_dense(beta_cut=0.5, min_labels=2).fit(X)
    cloned = clone(model)
    assert cloned.min_labels == 2
    assert not hasattr(cloned, "net_")
    assert_array_equal(cloned.fit(X).predict_proba(X)[0], model.predict_proba(X)[0])


def test_pickle_keeps_the_model_and_how_it_goes_on(make_dense, X):
    model = make_dense(beta_cut=0.5).fit(X)
    again = pickle.loads(pickle.dumps(model))
    for one, other in zip(again.labels_, model.labels_, strict=True):
        assert_array_equal(one, other)
    found, expected = (m.partial_fit(X).predict_proba(X) for m in (again, model))
    assert_array_equal(found[0], expected[0])


@pytest.mark.parametrize("name", BETAS)
@pytest.mark.parametrize("value", [-0.1, float("nan"), "much", None])
def test_beta_has_to_be_a_number_of_at_least_zero(name, value, make_dense, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        make_dense(**{name: value}).fit(X)


def test_all_betas_zero_is_refused(make_dense, X):
    with pytest.raises(ValueError, match=r"all betas are zero.*beta_rec.*beta_con"):
        make_dense(**NO_LOSS).fit(X)


def test_beta_rec_alone_is_refused_without_reconstruction(make_dense, X):
    params = NO_LOSS | {"beta_rec": 1.0, "reconstruction": "none"}
    with pytest.raises(ValueError, match="beta_rec is unused"):
        make_dense(**params).fit(X)


def test_all_betas_zero_is_refused_in_partial_fit(make_dense, X):
    model = make_dense().fit(X).set_params(**NO_LOSS)
    with pytest.raises(ValueError, match="all betas are zero"):
        model.partial_fit(X)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_labels", 0),
        ("min_labels", -3),
        ("min_labels", 2.0),
        ("min_labels", "few"),
        ("max_labels", 1),
        ("patches", [(16, 16)]),
        ("patches", SuperpixelTransformer()),
        ("reconstruction", "patches"),
        ("init", "zeros"),
        ("base_channels", 0),
        ("depth", -1),
        ("resolution", 0.0),
        ("max_epochs", 0),
        ("batches_per_epoch", 0),
        ("lr", 0.0),
        ("position", -0.1),
        ("n_init", 0),
        ("device", 3),
        ("precision", "float16"),
        ("random_state", "seed"),
        ("verbose", "loud"),
    ],
)
def test_bad_parameter_is_named(name, value, method, make_dense, X):
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        getattr(make_dense(**{name: value}), method)(X)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_image_with_nan_or_infinity_is_named(value, make_dense, make_image):
    X = [make_image((24, 32)).astype(float) for _ in range(2)]
    X[1][3, 4] = value
    with pytest.raises(ValueError, match="image 1 contains NaN or infinity"):
        make_dense().fit(X)
    model = make_dense().fit(X[:1])
    with pytest.raises(ValueError, match="image 1 contains NaN or infinity"):
        model.predict(X)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "reconstruct"])
def test_number_of_channels_has_to_be_that_of_the_fit(method, fitted_dense, make_image):
    X = [make_image((24, 32), 3), make_image((24, 32), 2)]
    with pytest.raises(ValueError, match=r"image 1 has 2 channel.* fitted on 3"):
        getattr(fitted_dense, method)(X)


def test_progress_bar_shows_the_terms_and_the_labels(
    make_dense, X, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")
    make_dense(beta_cut=0.1, verbose=1).fit(X)
    shown = capsys.readouterr()
    assert shown.out == ""
    for name in ["epoch", "loss=", "rec=", "cut=", "sim=", "con=", "labels="]:
        assert name in shown.err
