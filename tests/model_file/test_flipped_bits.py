"""Several hundred damaged copies of a model file: each is refused, none misread."""

import re

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment.io import ModelFileError, load_model

N_FLIPS = 400
N_CUTS = 120


def flipped(content, bit):
    """Copy with one bit changed."""
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return damaged


def refusals(path, copies):
    """What `load_model` says of damaged copies; a ModelFileError or nothing at all."""
    messages = []
    for copy in copies:
        path.write_bytes(copy)
        try:
            load_model(path)
        except ModelFileError as error:
            messages.append(str(error))
    return messages


def random_bits(content, n, seed=0):
    """Half of them in the header, half of them in the tensors behind it."""
    rng = np.random.default_rng(seed)
    end = 8 + int.from_bytes(content[:8], "little")
    header = rng.choice(8 * end, n // 2, replace=False)
    tensors = 8 * end + rng.choice(8 * (len(content) - end), n // 2, replace=False)
    return np.concatenate([header, tensors]).tolist()


@pytest.mark.parametrize("kind", ["saved", "saved_dense"])
def test_file_with_any_bit_flipped_is_refused(kind, request, tmp_path):
    content = request.getfixturevalue(kind).read_bytes()
    path = tmp_path / "flipped.safetensors"
    bits = random_bits(content, N_FLIPS // 2)
    messages = refusals(path, (flipped(content, bit) for bit in bits))
    assert len(messages) == len(bits)
    assert all(str(path) in message for message in messages)


def test_file_with_any_bit_of_the_name_of_its_digest_flipped_is_refused(
    saved, tmp_path
):
    content = saved.read_bytes()
    first = content.index(b'"sha256"') + 1
    bits = range(8 * first, 8 * (first + len("sha256")))
    copies = (flipped(content, bit) for bit in bits)
    assert len(refusals(tmp_path / "m", copies)) == len(bits)


@pytest.mark.slow
def test_file_with_any_seventh_bit_of_its_header_flipped_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    bits = range(0, 8 * (8 + int.from_bytes(content[:8], "little")), 7)
    assert len(bits) > 3000
    copies = (flipped(content, bit) for bit in bits)
    assert len(refusals(tmp_path / "m", copies)) == len(bits)


def test_flipped_weight_is_named_as_damage(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "flipped.safetensors"
    path.write_bytes(flipped(content, 8 * len(content) - 40))
    with pytest.raises(ModelFileError, match=re.escape(str(path)) + ".*copy it again"):
        load_model(path)


def test_file_cut_anywhere_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "short.safetensors"
    lengths = np.random.default_rng(0).choice(len(content), N_CUTS, replace=False)
    messages = refusals(path, (content[:length] for length in lengths))
    assert len(messages) == N_CUTS
    assert all(str(path) in message for message in messages)


def test_file_with_any_byte_repeated_lost_or_zeroed_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    end = 8 + int.from_bytes(content[:8], "little")
    places = [*rng.integers(end, size=30), *rng.integers(end, len(content), size=30)]
    copies = [content[:place] + content[place + 1 :] for place in places]
    copies += [content[: place + 1] + content[place:] for place in places]
    copies += [content[:place] + bytes(64) + content[place + 64 :] for place in places]
    changed = [copy for copy in copies if copy != content]
    assert len(changed) > 150
    messages = refusals(tmp_path / "m", changed)
    assert len(messages) == len(changed)


def test_file_without_digest_never_answers_with_nan(old_files, tmp_path):
    # The earliest files have none, so that what a bit does there may stay unseen.
    content = old_files["dense"].read_bytes()
    path = tmp_path / "flipped.safetensors"
    image = np.random.default_rng(0).integers(0, 256, (24, 30, 2)).astype(np.uint8)
    n_refused = 0
    for bit in random_bits(content, 100, seed=1):
        path.write_bytes(flipped(content, bit))
        try:
            (proba,) = load_model(path).predict_proba([image])
        except (ModelFileError, FloatingPointError):
            n_refused += 1
        else:
            assert np.isfinite(proba).all()
    assert n_refused > 30


def test_whole_copy_is_accepted(saved, tmp_path, fitted, X):
    path = tmp_path / "copy.safetensors"
    path.write_bytes(saved.read_bytes())
    assert_array_equal(load_model(path).predict(X)[0], fitted.predict(X)[0])
