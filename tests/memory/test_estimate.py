"""Memory is estimated before it is taken."""

import copy
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from sksegment import DenseWNetSegmenter, SparseWNetSegmenter, _large_images, memory
from sksegment._soft_labels import SoftLabelsByParts
from sksegment.memory import available, estimate

PROGRAM = """
import json, re, sys, warnings
import numpy as np
import sksegment
from sksegment.memory import estimate

warnings.simplefilter("ignore")
name, task, params, shape = sys.argv[1], sys.argv[2], *map(json.loads, sys.argv[3:])
rng = np.random.default_rng(0)
small = rng.integers(0, 255, (64, 64, *shape[2:]), np.uint8)
image = np.tile(small, (shape[0] // 64, shape[1] // 64) + (1,) * (len(shape) - 2))
model = getattr(sksegment, name)(
    max_epochs=1, batches_per_epoch=1, device="cpu", random_state=0, **params
)
model.fit([image[:256, :256]])
expected = estimate(model, shape, training=task == "fit").total

def read(name):
    status = open("/proc/self/status").read()
    return 1024 * int(re.search(rf"{name}:\\s+(\\d+)", status)[1])

open("/proc/self/clear_refs", "w").write("5")
before = read("VmRSS")
getattr(model, task)([image])
print(expected / (read("VmHWM") - before))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
@pytest.mark.parametrize(
    ("name", "task", "params", "shape"),
    [
        ("SparseWNetSegmenter", "predict", {}, (2048, 2048, 3)),
        ("SparseWNetSegmenter", "predict", {"resolution": 1.0}, (1536, 1536)),
        ("SparseWNetSegmenter", "predict", {"base_channels": 64}, (1536, 1536, 3)),
        ("SparseWNetSegmenter", "fit", {}, (1536, 1536, 3)),
        ("SparseWNetSegmenter", "fit", {"base_channels": 64}, (1024, 1024)),
        ("DenseWNetSegmenter", "predict", {}, (1536, 1536, 3)),
        ("DenseWNetSegmenter", "fit", {"beta_cut": 1.0}, (1024, 1024, 3)),
    ],
)
def test_estimate_is_near_what_is_taken(name, task, params, shape):
    command = [sys.executable, "-c", PROGRAM, name, task]
    result = subprocess.run(
        [*command, json.dumps(params), json.dumps(shape)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert 0.8 < float(result.stdout) < 2.0


@pytest.mark.parametrize("cls", [SparseWNetSegmenter, DenseWNetSegmenter])
def test_more_pixels_and_larger_nets_take_more(cls):
    model = cls(device="cpu", precision="float32")
    few = estimate(model, (500, 500))
    assert 3.9 < estimate(model, (1000, 1000)).total / few.total < 4.1
    assert estimate(model, (500, 500, 3)).images > few.images
    assert estimate(cls(base_channels=256, device="cpu"), (500, 500)).net > few.net
    assert estimate(model, (500, 500), training=True).total > few.total


def test_labels_of_pixels_take_more_than_those_of_superpixels(fitted):
    pixels, superpixels = (
        estimate(SparseWNetSegmenter(assignment=kind, device="cpu"), (500, 500)).total
        for kind in ("pixel", "mean")
    )
    assert pixels > superpixels
    # As many labels as are in use.
    assert estimate(fitted, (500, 500)).net < pixels


def test_largest_image_counts_in_prediction_and_all_in_training():
    model = SparseWNetSegmenter(device="cpu")
    small, large = (100, 100), (200, 300)
    assert estimate(model, [small, large, small]).total == estimate(model, large).total
    both, one = (
        estimate(model, shapes, training=True) for shapes in ([large, large], large)
    )
    assert both.images == pytest.approx(2 * one.images, rel=1e-6)
    assert both.net == one.net


def test_estimate_says_what_is_what(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 3_210_000_000)
    found = estimate(SparseWNetSegmenter(device="cpu"), (20_000, 20_000))
    assert not found.fits
    text = str(found)
    assert text.startswith(f"about {found.total / 1e9:.3g} GB of memory (images ")
    assert text.endswith("; 3.21 GB are free")
    monkeypatch.setattr(memory, "available", lambda: None)
    unknown = estimate(SparseWNetSegmenter(device="cpu"), (20_000, 20_000))
    assert unknown.fits
    assert "free" not in str(unknown)


def test_fit_that_does_not_fit_is_told_before(make_segmenter, texture, monkeypatch):
    image = texture((64, 70))
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.warns(RuntimeWarning, match="1 kB are free; train on") as told:
        make_segmenter().fit([image])
    assert told[0].filename == __file__


def fake_files(monkeypatch, tmp_path, files):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    monkeypatch.setattr(memory, "_of_machine", lambda: [10**12])


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "memory.max": "4000\n",
                "memory.current": "3000\n",
                "memory.stat": "anon 7\ninactive_file 500\n",
            },
            1500,
        ),
        (
            {
                "memory/memory.limit_in_bytes": "900",
                "memory/memory.usage_in_bytes": "950",
                "memory/memory.stat": "inactive_file 9\ntotal_inactive_file 20\n",
            },
            0,
        ),
        (
            {"memory.max": "max\n", "memory.current": "3\n", "memory.stat": "anon 1\n"},
            10**12,
        ),
        ({}, 10**12),
    ],
)
def test_container_sets_a_bound(files, expected, monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_of_process", list)
    fake_files(monkeypatch, tmp_path, files)
    assert available() == expected


@pytest.mark.parametrize("name", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_process_sets_a_bound(name):
    pytest.importorskip("resource")
    program = (
        "import resource; from sksegment.memory import available, _of_process;"
        f"resource.setrlimit(resource.{name}, (10**9, 10**9));"
        "print(available(), len(_of_process()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    free, n_bounds = map(int, result.stdout.split())
    assert n_bounds == 1
    assert 0 < free < 10**9


def test_machine_without_proc(monkeypatch):
    class Absent:
        def __init__(self, path):
            pass

        def read_text(self):
            raise FileNotFoundError

    monkeypatch.setattr(memory, "Path", Absent)
    psutil = SimpleNamespace(virtual_memory=lambda: SimpleNamespace(available=12_345))
    monkeypatch.setitem(sys.modules, "psutil", psutil)
    assert memory._of_machine() == [12_345]
    monkeypatch.delitem(sys.modules, "psutil")
    assert all(n > 0 for n in memory._of_machine())


def test_what_does_not_fit_is_done_in_parts(fitted, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10**8)
    assert not _large_images.must_be_parted(fitted, (400, 400, 3))
    assert _large_images.must_be_parted(fitted, (4000, 4000, 3))
    monkeypatch.setattr(memory, "available", lambda: 10**11)
    assert not _large_images.must_be_parted(fitted, (4000, 4000, 3))
    assert _large_images.must_be_parted(fitted, (10_000, 10_000, 3))


def test_windows_are_smaller_where_there_is_less_memory(fitted, monkeypatch):
    sides = []
    for free in (10**6, 10**8, 10**9, 10**12, None):
        monkeypatch.setattr(_large_images, "available", lambda free=free: free)
        sides.append(_large_images.window_side(fitted))
    assert sides == sorted(sides)
    assert sides[0] >= 128
    assert sides[-1] == sides[-2] <= 2048


def test_predicted_image_that_does_not_fit(make_segmenter, texture, monkeypatch):
    image = texture((200, 210))
    model = make_segmenter().fit([image])
    labels = model.predict([image])[0]
    seen = []

    def shares(*args):
        seen.append(args)
        return parted(*args)

    parted = SoftLabelsByParts.shares
    monkeypatch.setattr(SoftLabelsByParts, "shares", shares)
    monkeypatch.setattr(_large_images, "_SMALL", 0)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    np.testing.assert_array_equal(model.predict([image])[0], labels)
    assert len(seen) == 1


def test_shape_may_be_of_numpy_integers(fitted):
    shape = tuple(np.array([64, 80]))
    assert estimate(fitted, shape).total == estimate(fitted, (64, 80)).total


def test_a_fitted_net_is_estimated_where_it_will_predict(fitted):
    moved = copy.copy(fitted).set_params(device="cuda:99")
    with pytest.raises(ValueError, match=r"device='cuda:99' cannot be used here"):
        estimate(moved, (64, 80))
