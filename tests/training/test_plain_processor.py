"""Processors without AVX-512 and bfloat16, as far as their libraries let us pretend."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("plain_processor.py")


@pytest.mark.parametrize(
    ("torch_uses", "onednn_uses"), [("avx2", "AVX2"), ("default", "SSE41")]
)
def test_fit_without_new_instructions(torch_uses, onednn_uses):
    limits = {"ATEN_CPU_CAPABILITY": torch_uses, "ONEDNN_MAX_CPU_ISA": onednn_uses}
    result = subprocess.run(
        [sys.executable, WORKER],
        capture_output=True,
        text=True,
        env={**os.environ, **limits, "OMP_NUM_THREADS": "1"},
    )
    assert result.returncode == 0, result.stderr
    outcome = json.loads(result.stdout)
    assert outcome["kernels"].lower() == torch_uses
    fit = outcome["auto"]
    assert "torch.bfloat16" not in fit["formats"]
    assert "torch.float32" in fit["formats"]
    # Where it is asked for, it is seen, and only slower.
    assert "torch.bfloat16" in outcome["bfloat16"]["formats"]
    for fit in (outcome["auto"], outcome["bfloat16"]):
        assert fit["finite"]
        assert fit["labels"] == [0, 1]
        assert fit["v_measure"] > 0.7
