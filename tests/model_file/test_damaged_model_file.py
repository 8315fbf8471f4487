"""A model file that is damaged or foreign is refused by name; it holds no code."""

import pickle
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save, save_file

from sksegment.io import ModelFileError, load_model


@pytest.mark.parametrize("part", [0, 1, 7, 8, 9, 60, 0.2, 0.5, 0.9, -1])
def test_truncated_file_is_refused(part, saved, tmp_path):
    content = saved.read_bytes()
    length = int(part * len(content)) if isinstance(part, float) else part
    path = tmp_path / "short.safetensors"
    path.write_bytes(content[:length])
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


def test_file_with_something_behind_it_is_refused(saved, tmp_path):
    path = tmp_path / "long.safetensors"
    path.write_bytes(saved.read_bytes() + b"\0" * 9)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


@pytest.mark.parametrize("position", [0, 4, 7, 8, 9, 12])
@pytest.mark.parametrize("bit", [0, 6])
def test_flipped_bit_at_the_start_is_refused(position, bit, saved, tmp_path):
    content = bytearray(saved.read_bytes())
    content[position] ^= 1 << bit
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
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
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


@pytest.mark.parametrize(
    "metadata",
    [None, {"format": "pt"}, {"sksegment": "no JSON"}, {"sksegment": "[1]"}],
)
def test_foreign_safetensors_file_is_refused(metadata, tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"weight": torch.zeros(3)}, path, metadata=metadata)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


@pytest.mark.parametrize("found", [2, 99, "1", None, 1.5, 0, -1])
def test_unknown_format_number_is_refused(
    found, saved, tmp_path, header_of, write_with_header
):
    path = tmp_path / "newer.safetensors"
    write_with_header(path, saved, header_of(saved) | {"format": found})
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)


def test_newer_format_says_to_upgrade(saved, tmp_path, header_of, write_with_header):
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
def test_header_without_a_part_is_refused(
    key, saved, tmp_path, header_of, write_with_header
):
    header = header_of(saved)
    del header[key]
    path = tmp_path / "partial.safetensors"
    write_with_header(path, saved, header)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
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
def test_header_that_does_not_fit_is_refused(
    change, saved, tmp_path, header_of, write_with_header
):
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved, header_of(saved) | change)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
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
def test_parameters_that_do_not_fit_the_weights_are_refused(
    change, saved, tmp_path, header_of, write_with_header
):
    header = header_of(saved)
    header["params"] |= change
    path = tmp_path / "changed.safetensors"
    write_with_header(path, saved, header)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
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
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
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
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)
    assert not marker.exists()


def test_planted_torch_file_is_not_executed(tmp_path):
    marker, path = tmp_path / "executed", tmp_path / "model.safetensors"
    torch.save({"net": Trap(marker)}, path)
    with pytest.raises(ModelFileError, match=re.escape(str(path))):
        load_model(path)
    assert not marker.exists()


def saves_complex_numbers():
    try:
        save({"a": torch.zeros(1, dtype=torch.complex64)})
    except KeyError:
        return False
    return True


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("fitted/label_colors", lambda t: t[:2], "label_colors has shape"),
        ("fitted/label_fractions", lambda t: t[:1], "label_fractions has shape"),
        ("fitted/intensity_range", lambda t: t[:, :1], "intensity_range has shape"),
        ("fitted/label_groups", lambda t: t * 0 + 2**30, "from 0 to 3"),
        ("fitted/label_groups", lambda t: t - 1, "from 0 to 3"),
        ("fitted/label_colors", lambda t: t * float("nan"), "label_colors is not of"),
        ("fitted/label_colors", lambda t: t + 1e300, "label_colors is not of"),
        pytest.param(
            "fitted/label_colors",
            lambda t: t.to(torch.complex64),
            "label_colors is not of",
            marks=pytest.mark.skipif(
                not saves_complex_numbers(), reason="this safetensors has none"
            ),
        ),
        ("fitted/intensity_range", lambda t: t / 0, "intensity_range is not of"),
        ("fitted/label_fractions", lambda t: t * 0, "no shares of the pixels"),
        ("fitted/label_fractions", lambda t: -t, "no shares of the pixels"),
        ("net/encoder.head.bias", lambda t: t * float("nan"), "not finite"),
        ("net/encoder.head.bias", lambda t: t[:3], "not those of the net"),
    ],
)
def test_tensor_that_does_not_fit_is_refused(
    name, change, message, make_segmenter, X, tmp_path
):
    make_segmenter().fit(X).merge_labels(2).save(tmp_path / "whole")
    with safe_open(tmp_path / "whole", framework="pt") as file:
        tensors = {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
        metadata = {"sksegment": file.metadata()["sksegment"]}
    tensors[name] = change(tensors[name]).contiguous()
    save_file(tensors, tmp_path / "changed", metadata=metadata)
    with pytest.raises(ModelFileError, match=message):
        load_model(tmp_path / "changed")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("labels/0", lambda t: t.reshape(t.T.shape)),
        ("labels/0", lambda t: t.view(torch.float32)),
        ("adam/encoder.head.bias/step", lambda t: t.view(torch.int32)),
    ],
)
def test_same_bytes_of_another_shape_or_type_are_damage(name, change, saved, tmp_path):
    with safe_open(saved, framework="pt") as file:
        tensors = {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    tensors[name] = change(tensors[name])
    save_file(tensors, tmp_path / "changed", metadata=metadata)
    with pytest.raises(ModelFileError, match="contents have changed"):
        load_model(tmp_path / "changed")
