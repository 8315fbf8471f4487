"""A run that is killed by SIGKILL at any moment goes on to the very same bytes."""

import contextlib
import multiprocessing
import os
import pickle
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from sksegment import KMeansSuperpixelSegmenter
from sksegment.stacks import predict_stack

N_SLICES, SHAPE = 12, (24, 30)
N_KILLS = 50

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(),
    reason="runs are forked from a process that has imported everything",
)


def label(model, source, out, began):
    """Label a stack in a process of its own, which says when it begins."""
    model = pickle.loads(model.read_bytes())
    began.send(True)
    predict_stack(model, source, out, resume=True, progress=False)


@pytest.fixture(scope="module")
def context():
    """Processes that begin at once."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    names = ["pytest", "sksegment.stacks._run", "sksegment.baselines", "zarr"]
    context.set_forkserver_preload(names)
    yield context
    if before is None:
        del os.environ["OMP_NUM_THREADS"]
    else:
        os.environ["OMP_NUM_THREADS"] = before


@pytest.fixture(scope="module")
def files(make_image, tmp_path_factory):
    """Save a model and a stack."""
    folder = tmp_path_factory.mktemp("files")
    volume = np.stack([make_image(SHAPE, seed=seed) for seed in range(N_SLICES)])
    np.save(folder / "volume.npy", volume)
    model = KMeansSuperpixelSegmenter(4, random_state=0).fit(volume[:1])
    (folder / "model").write_bytes(pickle.dumps(model))
    return folder / "model", folder / "volume.npy"


@pytest.fixture(params=["labels.tif", "labels.zarr", "labels"])
def name(request):
    return request.param


@pytest.fixture
def undisturbed(name, files, context, tmp_path):
    """Return what a run leaves that nobody disturbs, and how long it takes."""
    folder = tmp_path / "undisturbed"
    seconds, killed = run(context, files, folder / name, None)
    assert not killed
    # The first one makes the processes ready.
    seconds = min(seconds, run(context, files, tmp_path / "again" / name, None)[0])
    return contents(folder), seconds


def run(context, files, out, delay):
    """Run, and kill after a time; return the seconds it took, and if it was killed."""
    out.parent.mkdir(exist_ok=True)
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=label, args=(*files, out, there))
    process.start()
    there.close()
    here.recv()
    began = time.perf_counter()
    process.join(delay)
    killed = process.is_alive()
    if killed:
        # It may have come to its end between the look and the kill.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    process.join()
    killed = killed and process.exitcode == -signal.SIGKILL
    assert killed or process.exitcode == 0
    return time.perf_counter() - began, killed


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(Path(folder).rglob("*"))
        if path.is_file()
    }


def kill_often(n_kills, undisturbed, name, files, context, folder):
    """Kill so many runs at moments all over a run, and let each come to its end."""
    expected, seconds = undisturbed
    rng = np.random.default_rng(0)
    done = 0
    for trial in range(8 * n_kills):
        out = folder / str(trial) / name
        killed = run(context, files, out, rng.uniform(0, seconds))[1]
        # Some are killed again when they go on.
        while killed and contents(out.parent) != expected:
            done += 1
            again = rng.uniform(0, seconds) if rng.random() < 0.3 else None
            killed = run(context, files, out, again)[1]
        assert contents(out.parent) == expected
        if done >= n_kills:
            return
    pytest.fail(f"only {done} runs were killed")


def test_killed_run_gives_the_same_bytes(undisturbed, name, files, context, tmp_path):
    kill_often(3, undisturbed, name, files, context, tmp_path)


@pytest.mark.slow
def test_run_killed_at_fifty_moments_gives_the_same_bytes(
    undisturbed, name, files, context, tmp_path
):
    kill_often(N_KILLS, undisturbed, name, files, context, tmp_path)
