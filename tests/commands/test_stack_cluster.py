"""Slices on the workers of a scheduler that is named by its address."""

import sys
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment.cli import _stack
from sksegment.io import load_model


@pytest.fixture
def scheduler():
    """Start a scheduler with two workers, and return its address."""
    distributed = pytest.importorskip("distributed")
    with (
        warnings.catch_warnings(action="ignore"),
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
        ) as cluster,
    ):
        yield cluster.scheduler_address


def test_workers_label(run, scan, volume, model, scheduler, tmp_path):
    out = tmp_path / "labels.npy"
    args = ("stack", scan, "-o", out, "--model", model, "--scheduler", scheduler)
    assert run(*args)[0] == 0
    assert_array_equal(np.load(out), load_model(model).predict(volume))


def test_scheduler_that_does_not_answer(fails, scan, model, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(_stack, "_CONNECT_SECONDS", 0.5)
    address = "tcp://127.0.0.1:9"
    args = ("stack", scan, "-o", tmp_path / "a.tif", "--model", model)
    line = fails(*args, "--scheduler", address)
    assert f"--scheduler {address}: Timed out" in line
    assert "give the address that 'dask scheduler' prints" in line


def test_missing_package(fails, scan, model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    args = ("stack", scan, "-o", tmp_path / "a.tif", "--model", model)
    line = fails(*args, "--scheduler", "tcp://127.0.0.1:9")
    assert 'pip install "sksegment[stacks]"' in line
