"""Slices on the workers of a real cluster of two processes."""

import contextlib
import os
import signal
import threading
import time
import warnings

import numpy as np
import pytest

from sksegment import KMeansPixelSegmenter
from sksegment.stacks import _dask as on_dask
from sksegment.stacks import predict_stack
from sksegment.stacks._run import run_stack

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")


@pytest.fixture(scope="module")
def cluster():
    with (
        warnings.catch_warnings(action="ignore"),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
    ):
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture
def volume():
    volume = np.random.default_rng(0).integers(-99, 99, (30, 24, 32), dtype=np.int16)
    volume[:, 0, 0] = range(30)
    return volume


@pytest.fixture
def source(volume, tmp_path):
    np.save(tmp_path / "volume.npy", volume)
    return tmp_path / "volume.npy"


def make_telling(folder, seconds=0.0):
    """Make a model that tells in files where it arrives and what it labels.

    It has to be made in a function: the workers do not know this file.
    """

    class Telling(KMeansPixelSegmenter):
        def __setstate__(self, state):
            super().__setstate__(state)
            self.tell("arrived", 0)

        def predict(self, X):
            if hasattr(self, "labels_"):
                self.tell("labelled", X[0][0, 0])
                time.sleep(seconds)
            return super().predict(X)

        def tell(self, name, value):
            with open(f"{folder}/{name}.txt", "a") as file:
                file.write(f"{os.getpid()} {value}\n")

    return Telling(n_clusters=3, random_state=0)


def told(folder, name):
    """Rows of process and number."""
    return np.loadtxt(folder / f"{name}.txt", dtype=int, ndmin=2)


@contextlib.contextmanager
def ending_after(seconds, client):
    """Let what waits for a client for longer than this fail instead."""
    timer = threading.Timer(seconds, client.close, kwargs={"timeout": 1})
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@pytest.mark.parametrize("kind", ["file", "memory", "dask"])
def test_labels_are_those_of_a_serial_run(kind, client, volume, source, tmp_path):
    # More than what travels with the model.
    volume = np.tile(volume, (1, 5, 5))
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    expected = predict_stack(model, volume, progress=False)
    if kind == "file":
        np.save(source, volume)
    given = {"file": source, "memory": volume, "dask": da.from_array(volume)}[kind]
    path = tmp_path / "labels.npy"
    predict_stack(model, given, path, client=client, progress=False)
    np.testing.assert_array_equal(np.load(path), expected)


def test_chunks_of_several_slices_are_read_where_they_are_labelled(tmp_path):
    """The slices of a chunk wait for one another, in more threads than one."""
    zarr = pytest.importorskip("zarr")
    volume = np.random.default_rng(0).integers(0, 255, (12, 40, 44), dtype=np.uint16)
    stored = zarr.create_array(
        tmp_path / "a.zarr", shape=volume.shape, dtype="u2", chunks=(5, 17, 44)
    )
    stored[...] = volume
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    with (
        warnings.catch_warnings(action="ignore"),
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
        ending_after(60, client),
    ):
        array = da.from_zarr(zarr.open_array(str(tmp_path / "a.zarr"), mode="r"))
        for number, source in enumerate((array, array.persist())):
            out = tmp_path / f"{number}.npy"
            predict_stack(model, source, out, client=client, progress=False)
            np.testing.assert_array_equal(np.load(out), model.predict(volume))


def test_w_net(client, fitted, colour_volume):
    labels = predict_stack(fitted, colour_volume, client=client, progress=False)
    expected = np.stack([fitted.predict([image])[0] for image in colour_volume])
    np.testing.assert_array_equal(labels, expected)


def test_labels_of_a_vote(client, volume, source):
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    options = {"along": ("y", "z"), "progress": False}
    labels = predict_stack(model, source, client=client, **options)
    np.testing.assert_array_equal(labels, predict_stack(model, volume, **options))


def test_model_is_sent_to_each_worker_not_with_each_slice(
    client, volume, source, tmp_path
):
    model = make_telling(tmp_path, 0.02).fit(volume[:1])
    labels = predict_stack(model, source, client=client, progress=False)
    workers = {*client.run(os.getpid).values()}
    arrived = told(tmp_path, "arrived")[:, 0]
    assert {*arrived} == workers
    # Once each; on a busy machine dask was seen to unpickle it once more.
    assert len(arrived) <= len(workers) + 1
    labelled = told(tmp_path, "labelled")
    assert {*labelled[:, 0]} == workers
    assert sorted(labelled[:, 1]) == [*range(30)]
    assert labels.shape == volume.shape


def test_few_slices_are_under_way(client, volume, source, monkeypatch):
    counts, n_free = [], on_dask._n_free

    def count(client, running):
        counts.append(running.count())
        return n_free(client, running)

    monkeypatch.setattr(on_dask, "_n_free", count)
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    predict_stack(model, source, client=client, progress=False)
    assert 0 < max(counts) <= 4


def test_torch_has_the_threads_it_has_here(client, volume, source):
    torch = pytest.importorskip("torch")

    class Threads:
        """Its labels are the number of threads."""

        def predict(self, X):
            import torch

            return [np.full(image.shape, torch.get_num_threads()) for image in X]

    client.run(__import__, "torch")
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        labels = predict_stack(Threads(), source, client=client, progress=False)
    finally:
        torch.set_num_threads(before)
    assert (labels == 3).all()


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_damaged_slice_is_void(kind, client, volume, source):
    volume = np.tile(volume, (1, 5, 5)).astype(np.float32)
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0).fit(volume[:1])
    expected = model.predict(volume)
    volume[7, 4, 4] = np.nan
    np.save(source, volume)
    given = source if kind == "file" else volume
    with pytest.warns(UserWarning, match="slice 7 of .* it contains NaN"):
        run = run_stack(model, given, client=client, progress=False)
    assert [index for index, _ in run.failed] == [7]
    expected[7] = -1
    np.testing.assert_array_equal(run.labels, expected)


def test_error_on_a_worker_ends_the_run(client, volume, source, tmp_path):
    class Broken(KMeansPixelSegmenter):
        def predict(self, X):
            if X[0][0, 0] == 9:
                raise RuntimeError("out of memory")
            return super().predict(X)

    model = Broken(n_clusters=3, random_state=0).fit(volume[:1])
    out = tmp_path / "labels.npy"
    with pytest.raises(RuntimeError, match="out of memory") as error:
        predict_stack(model, source, out, client=client, progress=False)
    assert "resume=True" in error.value.__notes__[0]
    del Broken.predict
    path = predict_stack(model, source, out, resume=True, progress=False)
    np.testing.assert_array_equal(np.load(path), model.predict(volume))


# The last one, since it takes a while until the cluster is whole again.
def test_worker_that_is_killed_loses_nothing(client, volume, source, tmp_path):
    model = make_telling(tmp_path, 0.05).fit(volume[:1])
    victim, out = min(client.run(os.getpid).values()), tmp_path / "labels.npy"

    def kill_half_way():
        while len(told(tmp_path, "labelled")) < 12:
            time.sleep(0.01)
        os.kill(victim, signal.SIGKILL)

    (tmp_path / "labelled.txt").write_text("0 0\n")
    killer = threading.Thread(target=kill_half_way)
    killer.start()
    with warnings.catch_warnings(action="error"):
        predict_stack(model, source, out, client=client, progress=False)
    killer.join()
    expected = KMeansPixelSegmenter.predict(model, volume)
    np.testing.assert_array_equal(np.load(out), expected)
    labelled = told(tmp_path, "labelled")
    assert victim in labelled[:, 0]
    # Done again is at most what was under way.
    assert 30 <= len(labelled) - 1 <= 30 + 4
