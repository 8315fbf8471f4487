"""Device and precision."""

import pytest
import torch

from sksegment.training import (
    choose_device,
    choose_dtype,
)

CPU = torch.device("cpu")


def test_device_auto_is_the_card_where_there_is_one(monkeypatch):
    for available, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=available: there)
        assert choose_device("auto").type == expected


@pytest.mark.parametrize("device", ["cpu", CPU])
def test_device_may_be_a_name_or_a_device(device):
    assert choose_device(device) == CPU


@pytest.mark.parametrize("device", ["no-such-device", "cuda:99", "gpu", None])
def test_device_that_is_not_there_is_refused(device):
    with pytest.raises(ValueError, match=r"cannot be used here .* use 'auto' or 'cpu'"):
        choose_device(device)


def test_precision_by_name():
    assert choose_dtype("float32", CPU) == torch.float32
    assert choose_dtype("bfloat16", CPU) == torch.bfloat16


@pytest.mark.parametrize(
    ("avx512", "amx", "onednn", "expected"),
    [
        (False, False, True, torch.float32),
        (True, False, True, torch.bfloat16),
        (False, True, True, torch.bfloat16),
        (True, True, False, torch.float32),
    ],
)
def test_precision_auto_is_bfloat16_where_the_cpu_computes_with_it(
    monkeypatch, avx512, amx, onednn, expected
):
    monkeypatch.setattr(
        torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: onednn, raising=False
    )
    checks = {"_is_avx512_bf16_supported": avx512, "_is_amx_tile_supported": amx}
    for name, there in checks.items():
        monkeypatch.setattr(torch.cpu, name, lambda there=there: there, raising=False)
    assert choose_dtype("auto", CPU) == expected


def test_precision_auto_is_float32_where_torch_cannot_say(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    assert choose_dtype("auto", CPU) == torch.float32
    assert choose_dtype("auto", torch.device("mps")) == torch.float32


@pytest.mark.parametrize(
    ("native", "expected"), [(True, torch.bfloat16), (False, torch.float32)]
)
def test_precision_auto_on_cuda_asks_for_bfloat16_without_emulation(
    monkeypatch, native, expected
):
    def supported(including_emulation=True):
        return native or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert choose_dtype("auto", torch.device("cuda")) == expected
