"""A model file gives the same model back."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sksegment import SuperpixelTransformer
from sksegment.io import ModelFileError, load_model
from sksegment.patches import PatchSampler

SCALARS = ["n_iter_", "loss_", "n_channels_in_"]


def masked_model(make_segmenter, make_image, disc_mask):
    return make_segmenter(
        superpixels=SuperpixelTransformer(
            n_segments=30, compactness=5.0, mask=disc_mask((32, 40))
        ),
        patches=PatchSampler(
            shapes=[(16, 16), (12, 8)],
            counts=np.array([4, 3]),
            region=(slice(4, 30), slice(None, None, 2)),
            flip=False,
        ),
    ).fit([make_image((32, 40), 3)])


def assert_same_value(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert_array_equal(found, expected)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_same_value(one, other)
    elif hasattr(expected, "get_params"):
        assert_same_params(found, expected)
    else:
        assert found == expected


def assert_same_params(found, expected):
    params = expected.get_params(deep=False)
    assert found.get_params(deep=False).keys() == params.keys()
    for name, value in params.items():
        assert_same_value(getattr(found, name), value)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform"])
def test_loaded_model_answers_bit_for_bit_the_same(method, saved, fitted, X):
    found, expected = (getattr(m, method)(X) for m in (load_model(saved), fitted))
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


def test_loaded_model_reconstructs_the_same(saved, fitted, X):
    found, expected = load_model(saved).reconstruct(X), fitted.reconstruct(X)
    assert_array_equal(found[0], expected[0])


@pytest.mark.parametrize(
    "params",
    [
        {"assignment": "majority"},
        {"assignment": "kmeans"},
        {"reconstruction": "image"},
        {"reconstruction": "none"},
        {"depth": 0, "resolution": 1.0},
        {"superpixels": None, "patches": None},
        {"superpixels__method": "watershed"},
        {"precision": "bfloat16"},
    ],
    ids=str,
)
def test_round_trip_of_every_kind_of_model(params, make_segmenter, X, tmp_path):
    model = make_segmenter(**params).fit(X)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert_same_params(again, model)
    for one, other in zip(again.predict_proba(X), model.predict_proba(X), strict=True):
        assert_array_equal(one, other)


def test_parameters_come_back_with_their_types(saved, fitted):
    assert_same_params(load_model(saved), fitted)


def test_nested_parameters_come_back_with_masks_and_slices(
    make_segmenter, make_image, disc_mask, tmp_path
):
    model = masked_model(make_segmenter, make_image, disc_mask)
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert_same_params(again, model)
    assert_same_params(again.superpixels_, model.superpixels_)
    assert_array_equal(again.predict([make_image((32, 40), 3)])[0], model.labels_[0])


def test_mask_of_another_byte_order_comes_back(
    make_segmenter, make_image, disc_mask, tmp_path
):
    # As tifffile reads it from a big-endian file.
    mask = disc_mask((32, 40)).astype(">u2")
    superpixels = SuperpixelTransformer(n_segments=30, mask=mask)
    model = make_segmenter(superpixels=superpixels).fit([make_image((32, 40))])
    model.save(tmp_path / "m")
    assert_array_equal(load_model(tmp_path / "m").superpixels.mask, mask)


def test_parameters_of_numpy_come_back_as_numbers(make_segmenter, X, tmp_path):
    model = make_segmenter(max_labels=np.int64(3), beta_con=np.float32(0.25)).fit(X)
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert (again.max_labels, again.beta_con) == (3, 0.25)


def test_random_state_instance_comes_back_as_none(make_segmenter, X, tmp_path):
    model = make_segmenter(random_state=np.random.RandomState(0)).fit(X)
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").random_state is None


@pytest.mark.parametrize("name", SCALARS)
def test_fitted_numbers_come_back(name, saved, fitted):
    assert getattr(load_model(saved), name) == getattr(fitted, name)


def test_intensity_range_comes_back(saved, fitted):
    assert_same_value(load_model(saved).intensity_range_, fitted.intensity_range_)


def test_history_comes_back(saved, fitted):
    again = load_model(saved).history_
    assert list(again) == list(fitted.history_)
    assert again[:, "loss"] == fitted.history_[:, "loss"]


def test_labels_come_back_as_a_list(saved, fitted):
    again = load_model(saved).labels_
    assert isinstance(again, list)
    assert_array_equal(again[0], fitted.labels_[0])
    assert again[0].dtype == np.int32


def test_labels_of_a_stack_come_back_as_one_array(make_segmenter, make_image, tmp_path):
    stack = np.stack([make_image(seed=seed) for seed in range(3)])
    model = make_segmenter().fit(stack)
    model.save(tmp_path / "m")
    assert_same_value(load_model(tmp_path / "m").labels_, model.labels_)


def test_more_than_ten_labels_maps_keep_their_order(
    make_segmenter, make_image, tmp_path
):
    shapes = [(16, 16 + index) for index in range(12)]
    model = make_segmenter().fit([make_image(shape) for shape in shapes])
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert [labels.shape for labels in again.labels_] == shapes


def test_loaded_model_has_the_attributes_of_a_fitted_one(saved, fitted):
    assert set(vars(load_model(saved))) == set(vars(fitted))


def test_saving_changes_nothing_in_the_model(make_segmenter, X, tmp_path):
    model = make_segmenter().fit(X)
    before = model.predict_proba(X)
    model.save(tmp_path / "m")
    assert_array_equal(model.predict_proba(X)[0], before[0])


def test_loaded_model_can_be_saved_again(saved, tmp_path, header_of):
    load_model(saved).save(tmp_path / "again")
    assert header_of(tmp_path / "again") == header_of(saved)


def test_partial_fit_after_load_goes_on_counting(saved, fitted, X):
    again = load_model(saved).partial_fit(X)
    assert again.n_iter_ == fitted.n_iter_ + fitted.max_epochs
    assert again.history_[:, "loss"][: fitted.n_iter_] == fitted.history_[:, "loss"]


def test_partial_fit_after_load_starts_from_the_saved_weights(
    make_segmenter, X, tmp_path
):
    model = make_segmenter(max_epochs=1, batches_per_epoch=1, lr=1e-12).fit(X[:1])
    model.save(tmp_path / "m")
    # A step so small moves no weight that float32 can tell.
    before = {k: v.clone() for k, v in model.net_.module_.named_parameters()}
    again = load_model(tmp_path / "m").partial_fit(X[:1])
    for name, value in again.net_.module_.named_parameters():
        torch.testing.assert_close(value, before[name], rtol=0, atol=1e-8)


def test_path_may_be_text(fitted, tmp_path):
    path = str(tmp_path / "model.safetensors")
    fitted.save(path)
    assert load_model(path).n_iter_ == fitted.n_iter_


def test_device_can_be_chosen_when_loading(saved):
    assert load_model(saved, device="cpu").device == "cpu"


def test_unknown_device_when_loading_is_the_fault_of_the_call(saved):
    with pytest.raises(ValueError, match="cannot be used here") as caught:
        load_model(saved, device="nonsense")
    assert not isinstance(caught.value, ModelFileError)


@pytest.mark.parametrize("device", ["nonsense", "cuda:99", ""])
def test_device_of_the_file_that_is_not_here_becomes_auto(
    device, saved, tmp_path, header_of, write_with_header
):
    header = header_of(saved)
    header["params"] |= {"device": device}
    write_with_header(tmp_path / "m", saved, header)
    assert load_model(tmp_path / "m").device == "auto"
    assert load_model(tmp_path / "m", device="cpu").device == "cpu"
