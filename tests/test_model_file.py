"""A model file gives the same model back, or is refused by name; it holds no code."""

import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from safetensors import safe_open
from safetensors.torch import save_file

from sksegment import SuperpixelTransformer
from sksegment import _model_file as model_file
from sksegment.io import ModelFileError, load_model
from sksegment.patches import PatchSampler

SCALARS = ["n_iter_", "loss_", "n_channels_in_"]


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    fitted.save(path)
    return path


@pytest.fixture
def X(make_image):
    return [make_image((32, 40), 3), make_image((25, 33), 3, seed=3)]


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


def header_of(path):
    with safe_open(path, framework="pt") as file:
        return json.loads(file.metadata()["sksegment"])


def write_with_header(path, source, header):
    with safe_open(source, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    save_file(tensors, path, metadata={"sksegment": json.dumps(header)})


def refused(path):
    return pytest.raises(ModelFileError, match=re.escape(str(path)))


# ---------------------------------------------------------------------------
# Round trip


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


def test_loaded_model_can_be_saved_again(saved, tmp_path):
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
def test_device_of_the_file_that_is_not_here_becomes_auto(device, saved, tmp_path):
    header = header_of(saved)
    header["params"] |= {"device": device}
    write_with_header(tmp_path / "m", saved, header)
    assert load_model(tmp_path / "m").device == "auto"
    assert load_model(tmp_path / "m", device="cpu").device == "cpu"


# ---------------------------------------------------------------------------
# Files that are damaged or foreign


@pytest.mark.parametrize("part", [0, 1, 7, 8, 9, 60, 0.2, 0.5, 0.9, -1])
def test_truncated_file_is_refused(part, saved, tmp_path):
    content = saved.read_bytes()
    length = int(part * len(content)) if isinstance(part, float) else part
    path = tmp_path / "short.safetensors"
    path.write_bytes(content[:length])
    with refused(path):
        load_model(path)


def test_file_with_something_behind_it_is_refused(saved, tmp_path):
    path = tmp_path / "long.safetensors"
    path.write_bytes(saved.read_bytes() + b"\0" * 9)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize("position", [0, 4, 7, 8, 9, 12])
@pytest.mark.parametrize("bit", [0, 6])
def test_flipped_bit_at_the_start_is_refused(position, bit, saved, tmp_path):
    content = bytearray(saved.read_bytes())
    content[position] ^= 1 << bit
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(content)
    with refused(path):
        load_model(path)


def test_flipped_bit_anywhere_in_the_header_is_refused_or_harmless(saved, tmp_path):
    content = saved.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    path = tmp_path / "flipped.safetensors"
    errors = {}
    for position in range(8, end, 41):
        damaged = bytearray(content)
        damaged[position] ^= 1 << position % 7
        path.write_bytes(damaged)
        try:
            load_model(path)
        except Exception as error:
            errors[position] = error
    assert errors
    foreign = {p: e for p, e in errors.items() if not isinstance(e, ModelFileError)}
    assert not foreign
    assert all(str(path) in str(error) for error in errors.values())


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"x" * 5000, b'{"format": 1}', bytes(range(256)) * 40]
)
def test_file_of_another_kind_is_refused(content, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize(
    "metadata",
    [None, {"format": "pt"}, {"sksegment": "no JSON"}, {"sksegment": "[1]"}],
)
def test_foreign_safetensors_file_is_refused(metadata, tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata=metadata)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize("found", [2, 99, "1", None, 1.5, 0, -1])
def test_unknown_format_number_is_refused(found, saved, tmp_path):
    path = tmp_path / "newer.safetensors"
    write_with_header(path, saved, header_of(saved) | {"format": found})
    with refused(path):
        load_model(path)


def test_newer_format_says_to_upgrade(saved, tmp_path):
    path = tmp_path / "newer.safetensors"
    versions = {"sksegment": "7.5"}
    write_with_header(
        path, saved, header_of(saved) | {"format": 2, "versions": versions}
    )
    with pytest.raises(ModelFileError, match=r"(?s)7\.5.*upgrade sksegment"):
        load_model(path)


def test_missing_file_is_named(tmp_path):
    path = tmp_path / "nowhere.safetensors"
    with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
        load_model(path)


def test_folder_is_named(tmp_path):
    with pytest.raises((FileNotFoundError, ModelFileError), match=str(tmp_path)):
        load_model(tmp_path)


@pytest.mark.parametrize("key", ["class", "params", "superpixels", "fitted"])
def test_header_without_a_part_is_refused(key, saved, tmp_path):
    header = header_of(saved)
    del header[key]
    path = tmp_path / "partial.safetensors"
    write_with_header(path, saved, header)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"class": "Popen"},
        {"class": "PatchSampler"},
        {"class": ["SparseWNetSegmenter"]},
        {"params": []},
        {"params": {"shell": True}},
        {"superpixels": {"estimator": "Popen", "params": {"args": "ls"}}},
        {"superpixels": {"estimator": "SuperpixelTransformer", "params": {"a": 1}}},
        {"superpixels": {}},
        {"superpixels": None},
        {"superpixels": {"set": [1]}},
        {"fitted": None},
        {"fitted": {}},
    ],
    ids=str,
)
def test_header_that_does_not_fit_is_refused(change, saved, tmp_path):
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved, header_of(saved) | change)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize(
    "change",
    [
        {"max_labels": 5},
        {"max_labels": "many"},
        {"max_labels": -1},
        {"base_channels": 0},
        {"depth": 2},
        {"reconstruction": "none"},
        {"patches": {"array": "param/9"}},
        {"patches": {}},
        {"beta_rec": "high"},
        {"precision": "manifest"},
        {"assignment": "mood"},
        {"device": 3},
        {"device": None},
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_the_weights_are_refused(change, saved, tmp_path):
    header = header_of(saved)
    header["params"] |= change
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved, header)
    with refused(path):
        load_model(path)


@pytest.mark.parametrize(
    "name", ["net/encoder.head.weight", "fitted/intensity_range", "labels/0"]
)
def test_file_without_a_tensor_is_refused(name, saved, tmp_path):
    with safe_open(saved, framework="pt") as file:
        names = set(file.keys()) - {name}
        assert len(names) == len(file.keys()) - 1
        tensors = {n: file.get_tensor(n) for n in names}
        metadata = file.metadata()
    path = tmp_path / "partial.safetensors"
    save_file(tensors, path, metadata=metadata)
    with refused(path):
        load_model(path)


class Trap:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_planted_pickle_is_not_executed(protocol, tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Trap(marker), protocol))
    with refused(path):
        load_model(path)
    assert not marker.exists()


def test_planted_torch_file_is_not_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "model.safetensors"
    torch.save({"net": Trap(marker)}, path)
    with refused(path):
        load_model(path)
    assert not marker.exists()


# ---------------------------------------------------------------------------
# Saving that cannot succeed


def one_superpixel_a_row(image):
    return np.repeat(np.arange(image.shape[0])[:, np.newaxis], image.shape[1], axis=1)


def everything(image):
    return np.ones(image.shape[:2], bool)


@pytest.mark.parametrize(
    ("name", "function"), [("method", one_superpixel_a_row), ("mask", everything)]
)
def test_function_as_a_parameter_cannot_be_saved(
    name, function, make_segmenter, X, tmp_path
):
    model = make_segmenter(**{f"superpixels__{name}": function}).fit(X)
    with pytest.raises(ValueError, match=rf"superpixels__{name}=.*cannot be saved"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["save_file", "os.replace"])
def test_failed_write_leaves_the_old_file_whole_and_nothing_else(
    step, fitted, tmp_path, monkeypatch
):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    before = path.read_bytes()

    def half_write(tensors, filename, metadata=None):
        Path(filename).write_bytes(b"half")
        raise OSError("no space left on device")

    def refuse(*args):
        raise OSError("no space left on device")

    if step == "save_file":
        monkeypatch.setattr(model_file, "save_file", half_write)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space left"):
        fitted.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_write_leaves_no_file(fitted, tmp_path, monkeypatch):
    def interrupt(tensors, filename, metadata=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(model_file, "save_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_saving_replaces_an_older_file(saved, make_segmenter, X, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(saved.read_bytes())
    make_segmenter(max_labels=3).fit(X).save(path)
    assert load_model(path).max_labels == 3
    assert list(tmp_path.iterdir()) == [path]


def test_saving_into_a_missing_folder_is_an_os_error(fitted, tmp_path):
    with pytest.raises(OSError, match="missing"):
        fitted.save(tmp_path / "missing" / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_saved_file_has_the_usual_permissions(saved, tmp_path):
    (tmp_path / "usual").touch()
    assert saved.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_model_file_error_is_a_value_error():
    assert issubclass(ModelFileError, ValueError)
