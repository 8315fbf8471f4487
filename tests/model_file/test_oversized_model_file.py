"""A file that promises more than it holds takes no memory before it is refused."""

import contextlib
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from sksegment.io import ModelFileError, load_model

resource = pytest.importorskip("resource")
pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="reads the memory in use from /proc"
)

GIB = 2**30


@contextlib.contextmanager
def no_more_than(n_bytes):
    """Refuse memory beyond what is in use now and a little more."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = pages * resource.getpagesize() + n_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def assert_refused(path):
    with (
        no_more_than(64 * 2**20),
        pytest.raises(ModelFileError, match=re.escape(str(path))) as raised,
    ):
        load_model(path)
    # Refused by what it says, not because the limit was met on the way.
    assert "memory" not in str(raised.value)


def test_limit_of_memory_is_felt():
    with no_more_than(64 * 2**20), pytest.raises((MemoryError, RuntimeError)):
        torch.ones(GIB // 4)


@pytest.mark.parametrize("n_bytes", [10 * GIB, 2**40, 2**63 - 1, 2**64 - 1])
def test_header_of_10_gib_in_a_small_file(n_bytes, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(n_bytes.to_bytes(8, "little") + b'{"__metadata__":' + b" " * 99)
    assert_refused(path)


@pytest.mark.parametrize("n_bytes", [90_000_000, 10 * GIB])
def test_header_of_10_gib_that_is_there(n_bytes, tmp_path):
    path = tmp_path / "m.safetensors"
    with open(path, "wb") as file:
        file.write(n_bytes.to_bytes(8, "little") + b"{")
        # A hole, which takes no room on the disk.
        file.truncate(10 * GIB + 8)
    assert_refused(path)


@pytest.mark.parametrize("shape", [[10**12], [2**62, 2**62], [10**9, 0, 10**9], [-1]])
def test_tensor_larger_than_the_file(shape, saved, tmp_path):
    header = {
        "__metadata__": {"sksegment": "{}"},
        "net/weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, 16]},
    }
    text = json.dumps(header).encode()
    path = tmp_path / "m.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(16))
    assert_refused(path)


@pytest.mark.parametrize(
    "change",
    [
        {"max_labels": 10**9},
        {"base_channels": 10**5},
        {"base_channels": 10**5, "depth": 8},
        {"max_labels": 10**30},
        {"base_channels": 2**62},
    ],
    ids=str,
)
def test_header_that_asks_for_a_huge_net(
    change, saved, tmp_path, header_of, write_with_header
):
    header = header_of(saved)
    header["params"] |= change
    path = tmp_path / "m.safetensors"
    write_with_header(path, saved, header)
    assert_refused(path)


@pytest.mark.parametrize(
    "change",
    [
        {"n_images": 10**12},
        {"n_channels_in_": 10**9},
        {"n_channels_in_": 10**30},
        {"n_images": 1e300},
    ],
    ids=str,
)
def test_header_that_promises_huge_numbers(
    change, saved, tmp_path, header_of, write_with_header
):
    header = header_of(saved)
    header["fitted"] |= change
    path = tmp_path / "m.safetensors"
    write_with_header(path, saved, header)
    assert_refused(path)


@pytest.mark.parametrize(
    "text",
    ["[" * 10**6, '{"a":' * 10**6, "9" * 10**6, '{"format": 1, "params": 1e400}'],
    ids=["lists", "objects", "digits", "infinite"],
)
def test_header_that_is_a_bomb_for_the_reader_of_json(text, tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"net/weight": torch.zeros(2)}, path, metadata={"sksegment": text})
    assert_refused(path)
