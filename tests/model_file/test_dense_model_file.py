"""A file of the dense model gives it back, and is no file of another model."""

import re

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.torch import save_file

from sksegment import DenseWNetSegmenter
from sksegment.io import ModelFileError, load_model
from sksegment.patches import PatchSampler


def params_of(model):
    """Parameters, those of the patches by name."""
    return {k: v for k, v in model.get_params().items() if k != "patches"}


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "transform", "reconstruct"]
)
def test_loaded_model_answers_bit_for_bit_the_same(
    method, saved_dense, fitted_dense, X
):
    models = (load_model(saved_dense), fitted_dense)
    found, expected = (getattr(model, method)(X) for model in models)
    assert len(np.unique(expected[0])) > 1
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    "params",
    [
        {"beta_cut": 0.5},
        {"reconstruction": "image"},
        {"reconstruction": "none"},
        {"depth": 0, "resolution": 1.0},
        {"min_labels": 3, "init": "random"},
        {"patches": None},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_round_trip_of_every_kind_of_model(params, make_dense, X, tmp_path):
    model = make_dense(**params).fit(X)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert type(again) is DenseWNetSegmenter
    assert params_of(again) == params_of(model)
    for one, other in zip(again.predict_proba(X), model.predict_proba(X), strict=True):
        assert_array_equal(one, other)


def test_header_names_the_class_and_has_no_superpixels(saved_dense, header_of):
    header = header_of(saved_dense)
    assert header["class"] == "DenseWNetSegmenter"
    assert header["superpixels"] is None
    assert header["format"] == 1
    assert header["params"].keys() == DenseWNetSegmenter().get_params(deep=False).keys()
    with safe_open(saved_dense, framework="pt") as file:
        assert "fitted/centers" not in file.keys()  # noqa: SIM118


def test_loaded_model_has_the_attributes_of_a_fitted_one(saved_dense, fitted_dense):
    again = load_model(saved_dense)
    assert set(vars(again)) == set(vars(fitted_dense))
    for name in ("n_iter_", "loss_", "n_channels_in_", "rgb_"):
        assert getattr(again, name) == getattr(fitted_dense, name)
    assert_array_equal(again.intensity_range_, fitted_dense.intensity_range_)
    assert_array_equal(again.labels_[0], fitted_dense.labels_[0])
    assert list(again.history_) == list(fitted_dense.history_)


def test_labels_of_a_stack_come_back_as_one_array(make_dense, grey_images, tmp_path):
    model = make_dense().fit(np.stack(grey_images))
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m").labels_
    assert isinstance(again, np.ndarray)
    assert_array_equal(again, model.labels_)


def test_patches_of_the_caller_come_back(make_dense, X, tmp_path):
    sampler = PatchSampler(shapes=[(16, 16), (12, 8)], counts=(4, 3), flip=False)
    make_dense(patches=sampler).fit(X).save(tmp_path / "m")
    assert load_model(tmp_path / "m").patches.get_params() == sampler.get_params()


def test_loaded_model_can_be_saved_again(saved_dense, tmp_path, header_of):
    load_model(saved_dense).save(tmp_path / "again")
    assert header_of(tmp_path / "again") == header_of(saved_dense)


def test_partial_fit_after_load_goes_on(saved_dense, fitted_dense, X):
    again = load_model(saved_dense).partial_fit(X)
    assert again.n_iter_ == fitted_dense.n_iter_ + fitted_dense.max_epochs
    assert list(again.history_)[: fitted_dense.n_iter_] == list(fitted_dense.history_)
    assert_array_equal(again.intensity_range_, fitted_dense.intensity_range_)
    assert [map_.shape for map_ in again.labels_] == [(32, 40), (25, 33)]
    assert_array_equal(again.labels_[1], again.predict(X)[1])
    assert not np.array_equal(again.transform(X)[0], fitted_dense.transform(X)[0])


def test_partial_fit_after_load_keeps_the_weights_it_starts_from(
    make_dense, X, tmp_path
):
    # A step so small moves no weight that float32 can tell.
    model = make_dense(lr=1e-12, beta_cut=0.5).fit(X[:1])
    model.save(tmp_path / "m")
    before = {k: v.clone() for k, v in model.net_.module_.named_parameters()}
    again = load_model(tmp_path / "m").partial_fit(X[:1])
    assert "cut" in again.history_[-1]
    for name, value in again.net_.module_.named_parameters():
        torch.testing.assert_close(value, before[name], rtol=0, atol=1e-8)


def test_partial_fit_after_load_stops_at_few_labels(make_dense, X, tmp_path):
    make_dense(min_labels=4, batches_per_epoch=8, max_epochs=5).fit(X[:1]).save(
        tmp_path / "m"
    )
    again = load_model(tmp_path / "m").partial_fit(X[:1])
    assert again.n_iter_ == 2
    assert len(again.net_.history[-1]["batches"]) == 1


@pytest.mark.parametrize(
    "junk",
    [
        {"estimator": "Popen", "params": {"args": "ls"}},
        {"estimator": "SuperpixelTransformer", "params": {"n_segments": 9}},
        {"array": "param/9"},
        {"set": [1]},
        {},
        [],
        "superpixels",
        3,
    ],
    ids=str,
)
def test_superpixels_in_the_header_are_refused_or_harmless(
    junk, saved_dense, fitted_dense, X, tmp_path, header_of, write_with_header
):
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved_dense, header_of(saved_dense) | {"superpixels": junk})
    try:
        again = load_model(path)
    except ModelFileError:
        return
    assert set(vars(again)) == set(vars(fitted_dense))
    assert_array_equal(again.predict_proba(X)[0], fitted_dense.predict_proba(X)[0])


def test_file_of_one_model_is_no_file_of_the_other(
    saved, saved_dense, tmp_path, header_of, write_with_header
):
    path = tmp_path / "swapped.safetensors"
    for source, name in (
        (saved, "DenseWNetSegmenter"),
        (saved_dense, "SparseWNetSegmenter"),
    ):
        write_with_header(path, source, header_of(source) | {"class": name})
        with pytest.raises(ModelFileError, match=re.escape(str(path))):
            load_model(path)


@pytest.mark.parametrize("key", ["class", "params", "fitted"])
def test_header_without_a_part_is_refused(
    key, saved_dense, tmp_path, header_of, write_with_header
):
    header = header_of(saved_dense)
    del header[key]
    path = tmp_path / "partial.safetensors"
    write_with_header(path, saved_dense, header)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"min_labels": 0},
        {"min_labels": "few"},
        {"max_labels": 5},
        {"depth": 2},
        {"reconstruction": "none"},
        {"beta_cut": -1.0},
        {"superpixels": None},
        {"assignment": "mean"},
        {"tau": 0.0},
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_are_refused(
    change, saved_dense, tmp_path, header_of, write_with_header
):
    header = header_of(saved_dense)
    header["params"] |= change
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved_dense, header)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


@pytest.mark.parametrize(
    "name", ["net/encoder.head.weight", "fitted/intensity_range", "labels/0"]
)
def test_file_without_a_tensor_is_refused(name, saved_dense, tmp_path):
    with safe_open(saved_dense, framework="pt") as file:
        tensors = {n: file.get_tensor(n) for n in set(file.keys()) - {name}}
        metadata = file.metadata()
    path = tmp_path / "partial.safetensors"
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)
