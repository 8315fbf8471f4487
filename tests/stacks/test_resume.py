"""A run that was interrupted, by whatever and whenever, goes on as if nothing was."""

import errno
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import types

import numpy as np
import pytest
import tifffile
import zarr

from sksegment import KMeansPixelSegmenter
from sksegment.io import load_model
from sksegment.stacks import _journal, open_stack, predict_stack
from sksegment.stacks._digest import model_digest
from sksegment.stacks._journal import Journal

# The model of the runs that are killed tells in a file what it labels.
PROGRAM = """
import sys, time
from sksegment.stacks import predict_stack

class Slow:
    def predict(self, X):
        time.sleep(0.01)
        with open(sys.argv[3], "a") as file:
            file.write(f"{X[0][0, 0]}\\n")
        return [image % 7 for image in X]

predict_stack(Slow(), sys.argv[1], sys.argv[2], resume=True, progress=False)
"""
N_SLICES = 60


@pytest.fixture
def volume():
    """Return eight slices with their numbers in a corner, signed."""
    volume = np.random.default_rng(0).integers(-99, 99, (8, 16, 20), dtype=np.int16)
    volume[:, 0, 0] = range(8)
    return volume


@pytest.fixture
def model(volume):
    model = KMeansPixelSegmenter(n_clusters=3, random_state=0)
    return model.fit(volume[:1])


@pytest.fixture
def run(model, volume, tmp_path):
    """Label the volume in a file."""

    def run(name="labels.npy", *, model=model, volume=volume, **options):
        return predict_stack(model, volume, tmp_path / name, progress=False, **options)

    return run


@pytest.fixture
def interrupted(run, monkeypatch):
    """Interrupt a run at the slice of a number."""

    def interrupted(name="labels.npy", *, at=5, error=KeyboardInterrupt, **options):
        predict = KMeansPixelSegmenter._predict_image

        def stop(self, index, image):
            if image[0, 0, 0] == at:
                raise error
            return predict(self, index, image)

        with monkeypatch.context() as patch:
            patch.setattr(KMeansPixelSegmenter, "_predict_image", stop)
            with pytest.raises(error) as raised:
                run(name, **options)
        return raised.value

    return interrupted


@pytest.fixture
def seen(monkeypatch):
    """List the numbers of the slices that are labelled from now on."""
    seen, predict = [], KMeansPixelSegmenter._predict_image

    def tell(self, index, image):
        seen.append(int(image[0, 0, 0]))
        return predict(self, index, image)

    monkeypatch.setattr(KMeansPixelSegmenter, "_predict_image", tell)
    return seen


@pytest.mark.parametrize("name", ["labels.npy", "labels.tif", "labels.zarr", "labels"])
def test_interrupted_run_goes_on(name, run, interrupted, seen, tmp_path):
    error = interrupted(name)
    [note] = error.__notes__
    assert "5 of 8 slices are kept in" in note
    assert "resume=True" in note
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [
        ".partial"
    ]
    seen.clear()
    path = run(name, resume=True)
    assert seen == [5, 6, 7]
    assert not [*tmp_path.rglob("*.partial")]
    assert read_bytes(path) == read_bytes(run(f"again-{name}"))


def read_bytes(path):
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file.read_bytes() for file in files if file.is_file()]


def test_interrupted_vote_goes_on(run, interrupted, seen, model, volume):
    options = {"along": ("z", "y", "x")}
    expected = predict_stack(model, volume, progress=False, **options)
    interrupted(**options)
    seen.clear()
    np.testing.assert_array_equal(np.load(run(resume=True, **options)), expected)
    # One slice of each axis was tried first, and five along z were finished.
    assert len(seen) == 8 + 16 + 20 - 2 - 5


def test_run_that_never_began_is_begun(run, model, volume):
    np.testing.assert_array_equal(np.load(run(resume=True)), model.predict(volume))


@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr"])
def test_run_that_is_complete_is_left_as_it_is(name, run, seen, volume):
    path = run(name)
    before, stamp = read_bytes(path), os.stat(path).st_mtime_ns
    seen.clear()
    assert run(name, resume=True) == path
    for other in ({"volume": changed(volume)}, {"along": "y"}):
        with pytest.raises(FileExistsError, match=r"another input, model .*overwrite="):
            run(name, resume=True, **other)
    assert (seen, read_bytes(path), os.stat(path).st_mtime_ns) == ([], before, stamp)


def test_run_of_which_the_output_does_not_tell(run, tmp_path):
    run("labels.npy")
    tifffile.imwrite(tmp_path / "labels.tif", np.zeros((8, 16, 20), np.uint8))
    for name in ("labels.npy", "labels.tif"):
        with pytest.raises(FileExistsError, match=r"exists; .* overwrite=True"):
            run(name, resume=True)


def test_run_that_left_slices_void_is_not_complete(run, volume):
    volume = volume.astype(np.float32)
    volume[3, 5, 5] = np.inf
    with pytest.warns(UserWarning, match="slice 3"):
        run("labels.tif", volume=volume)
    with pytest.raises(FileExistsError, match="slices that could not be labelled"):
        run("labels.tif", volume=volume, resume=True)


def test_nothing_is_resumed_without_an_output(model, volume):
    with pytest.raises(ValueError, match="resume=True goes on with a run into out="):
        predict_stack(model, volume, resume=True)


def test_unfinished_run_is_not_thrown_away(run, interrupted, tmp_path):
    interrupted()
    with pytest.raises(FileExistsError, match=r"resume=True, or .* overwrite=True"):
        run()
    assert (tmp_path / "labels.npy.partial").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_begin_anew(resume, run, interrupted, seen):
    interrupted()
    seen.clear()
    run(overwrite=True, resume=resume)
    assert seen == [*range(8)]


def changed(volume):
    volume = volume.copy()
    volume[2, 3, 4] += 1
    return volume


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda run, volume: run(volume=volume + 1, resume=True), "input"),
        (lambda run, volume: run(volume=volume[:7], resume=True), "input"),
        (lambda run, volume: run(volume=volume.astype(int), resume=True), "input"),
        (lambda run, volume: run(along=("z", "y"), resume=True), "along"),
        (lambda run, volume: run(volume=changed(volume), resume=True), "input"),
    ],
    ids=["values", "length", "dtype", "axis", "one voxel"],
)
def test_other_run_is_refused(change, named, run, interrupted, volume):
    interrupted()
    with pytest.raises(ValueError, match=f"another .*{named}.* overwrite=True"):
        change(run, volume)
    run(resume=True)


def test_other_file_is_refused(run, interrupted, volume, tmp_path):
    np.save(tmp_path / "volume.npy", volume)
    interrupted(volume=tmp_path / "volume.npy")
    volume[7, 1, 1] += 1
    np.save(tmp_path / "volume.npy", volume)
    with pytest.raises(ValueError, match=r"another input; .* overwrite=True"):
        run(volume=tmp_path / "volume.npy", resume=True)


def test_other_axes_of_a_cube_are_refused(run, interrupted):
    cube = np.random.default_rng(0).integers(-99, 99, (16, 16, 16), dtype=np.int16)
    cube[0, 0] = range(16)
    interrupted(volume=cube, axes="YXZ")
    with pytest.raises(ValueError, match="another input"):
        run(volume=cube, axes="ZYX", resume=True)
    run(volume=cube, axes="YXZ", resume=True)


def test_other_time_of_a_volume_in_time_is_refused(run, interrupted, volume, tmp_path):
    path = tmp_path / "in_time.npy"
    np.save(path, np.stack([volume, volume]))
    first, second = (open_stack(path, axes="TZYX", at={"T": time}) for time in (0, 1))
    interrupted(volume=first)
    with pytest.raises(ValueError, match="another input"):
        run(volume=second, resume=True)
    run(volume=first, resume=True)


def test_slices_that_changed_places_are_noticed(run, interrupted, volume, tmp_path):
    folder = tmp_path / "scan"
    folder.mkdir()
    for index, image in enumerate(volume):
        tifffile.imwrite(folder / f"{index}.tif", image)
        os.utime(folder / f"{index}.tif", ns=(index, index))
    interrupted(volume=folder)
    (tmp_path / "elsewhere").mkdir()
    folder = folder.rename(tmp_path / "elsewhere" / "scan")
    for old, new in (("1", "x"), ("2", "1"), ("x", "2")):
        (folder / f"{old}.tif").rename(folder / f"{new}.tif")
    with pytest.raises(ValueError, match="another input"):
        run(volume=folder, resume=True)
    for old, new in (("1", "x"), ("2", "1"), ("x", "2")):
        (folder / f"{old}.tif").rename(folder / f"{new}.tif")
    run(volume=folder, resume=True)


@pytest.mark.parametrize("other", [slice(1, 9), (slice(0, 8), slice(None, None, -1))])
def test_other_part_of_a_memmap_is_noticed(other, run, interrupted, volume, tmp_path):
    np.save(tmp_path / "volume.npy", np.concatenate([volume, volume[:1]]))
    mapped = np.load(tmp_path / "volume.npy", mmap_mode="r")
    interrupted(volume=mapped[:8])
    with pytest.raises(ValueError, match="another input"):
        run(volume=mapped[other], resume=True)
    run(volume=mapped[:8], resume=True)


def test_change_of_an_open_zarr_array_is_noticed(run, interrupted, volume):
    zarr = pytest.importorskip("zarr")
    path = run("scan.zarr", volume=np.abs(volume))
    array = zarr.open(path)["0"]
    array[:, 0, 0] = range(8)
    interrupted(volume=array)
    array[2] = 1
    with pytest.raises(ValueError, match="another input"):
        run(volume=array, resume=True)


def test_change_of_an_open_hdf5_dataset_is_noticed(run, interrupted, volume, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "scan.h5", "w") as file:
        file["data"] = volume
    with h5py.File(tmp_path / "scan.h5") as file:
        interrupted(volume=file["data"])
    with h5py.File(tmp_path / "scan.h5", "a") as file:
        file["data"][2, 3, 4] += 1
    with (
        h5py.File(tmp_path / "scan.h5") as file,
        pytest.raises(ValueError, match="another input"),
    ):
        run(volume=file["data"], resume=True)


def test_journal_of_an_earlier_version_is_refused(run, interrupted, tmp_path):
    interrupted()
    journal = tmp_path / "labels.npy.partial"
    journal.write_bytes(journal.read_bytes().replace(b'"format": 2, ', b"", 1))
    with pytest.raises(ValueError, match=r"another version .* overwrite=True"):
        run(resume=True)


def test_other_model_is_refused(run, interrupted, model, volume):
    interrupted()
    other = KMeansPixelSegmenter(n_clusters=4, random_state=0).fit(volume[:1])
    with pytest.raises(ValueError, match=r"another model; .* overwrite=True"):
        run(model=other, resume=True)
    model.cluster_centers_ = model.cluster_centers_ + 1e-9
    with pytest.raises(ValueError, match="another model"):
        run(resume=True)


def test_same_model_is_known_again(fitted, tmp_path):
    fitted.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert model_digest(again) == model_digest(fitted)
    again.tau = 0.5
    assert model_digest(again) != model_digest(fitted)


def test_weights_of_a_net_count(make_segmenter, make_image):
    models = [make_segmenter(random_state=seed).fit([make_image()]) for seed in (0, 1)]
    for model in models:
        model.random_state = 0
    assert model_digest(models[0]) != model_digest(models[1])


def test_functions_are_told_apart():
    def mask_above(level):
        return types.SimpleNamespace(mask=lambda image: image > level)

    assert model_digest(mask_above(3)) == model_digest(mask_above(3))
    assert model_digest(mask_above(3)) != model_digest(mask_above(4))


MASKS = """
import functools
import re
from logging import getLogger
import numpy as np

LEVEL, WORDS, LOG, PATTERN = 5, {"a", "b", "c"}, getLogger("masks"), re.compile("a")

def above(image):
    return image > LEVEL

def by_another(image):
    LOG.debug("%s", WORDS)
    return above(image)

def within(image):
    return np.stack([row > LEVEL for row in image if "a" in {"a", "b", "c"}])

def again(image, n=3):
    return again(image, n - 1) if n else by_another(image)

class Field:
    def __init__(self, level):
        self.level, self.mask = level, self.above

    def above(self, image):
        return self.compare(image)

    def compare(self, image):
        return image > 5

    def __call__(self, image):
        return image > 5

class Lazy:
    @property
    def level(self):
        return 5

    def __call__(self, image):
        return image > self.level

bound, called, of_state = Field(0).above, Field(0), Field(5).above
default = lambda image, *, level=5: image > level
builtin = np.float64(5).__lt__
part, lazy = functools.partial(np.less, 5), Lazy()
"""
MASK_NAMES = ["above", "by_another", "within", "again", "bound", "called"]


def digest_of_mask(name, level):
    module = {"__name__": "masks"}
    exec(MASKS.replace("5", str(level)), module)
    return model_digest(types.SimpleNamespace(mask=module[name]))


@pytest.mark.parametrize(
    "name", [*MASK_NAMES, "of_state", "default", "builtin", "part", "lazy"]
)
def test_functions_are_told_apart_by_what_they_use(name):
    assert digest_of_mask(name, 5) == digest_of_mask(name, 5)
    assert digest_of_mask(name, 5) != digest_of_mask(name, 120)


def test_digest_of_functions_is_the_same_in_every_process():
    program = f"""
{MASKS}
from sksegment.stacks._digest import model_digest
print(model_digest([again, within, bound, called, PATTERN]))
"""
    digests = {
        subprocess.check_output(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}
        )
        for seed in "12"
    }
    assert len(digests) == 1


def test_journal_that_is_none(run, tmp_path):
    (tmp_path / "labels.npy.partial").write_text("my notes\n")
    with pytest.raises(ValueError, match=r"labels\.npy\.partial is not the journal"):
        run(resume=True)
    assert (tmp_path / "labels.npy.partial").read_text() == "my notes\n"


def test_journal_cut_anywhere(run, interrupted, model, volume, tmp_path):
    interrupted()
    journal = tmp_path / "labels.npy.partial"
    whole = journal.read_bytes()
    expected = model.predict(volume)
    for n_bytes in [*range(0, len(whole), 53), len(whole) - 1, len(whole)]:
        journal.write_bytes(whole[:n_bytes])
        path = run(resume=True)
        np.testing.assert_array_equal(np.load(path), expected)
        path.unlink()


def test_damaged_record_is_done_again(run, interrupted, model, volume, tmp_path):
    interrupted()
    journal = tmp_path / "labels.npy.partial"
    data = bytearray(journal.read_bytes())
    data[-9] ^= 1
    journal.write_bytes(data)
    np.testing.assert_array_equal(np.load(run(resume=True)), model.predict(volume))


def test_slice_that_failed_is_tried_again(run, interrupted, volume):
    damaged = volume.astype(np.float32)
    damaged[1, 3, 3] = np.nan
    with pytest.warns(UserWarning, match="slice 1"):
        interrupted(volume=damaged)
    with pytest.warns(UserWarning, match="slice 1"):
        path = run(volume=damaged, resume=True)
    assert (np.load(path)[1] == 255).all()


@pytest.mark.filterwarnings("ignore:slice")
def test_file_that_is_gone_is_not_damaged(run, model, volume, tmp_path, monkeypatch):
    path, away = tmp_path / "volume.npy", tmp_path / "away.npy"
    np.save(path, volume)
    expected, predict = model.predict(volume), KMeansPixelSegmenter._predict_image

    def move_away(self, index, image):
        if image[0, 0, 0] == 3:
            path.rename(away)
        return predict(self, index, image)

    with monkeypatch.context() as patch:
        patch.setattr(KMeansPixelSegmenter, "_predict_image", move_away)
        with (
            pytest.warns(UserWarning, match="slice 7"),
            pytest.raises(FileNotFoundError, match=r"volume\.npy"),
        ):
            run(volume=path)
    away.rename(path)
    np.testing.assert_array_equal(np.load(run(volume=path, resume=True)), expected)


def test_second_program_is_kept_out(run, interrupted, tmp_path):
    pytest.importorskip("fcntl")
    interrupted()
    file = _journal._open_locked(tmp_path / "labels.npy.partial")
    for options in ({"resume": True}, {"overwrite": True}):
        with pytest.raises(BlockingIOError, match="another program is writing"):
            run(**options)
    file.close()
    run(resume=True)


def test_full_disk(run, model, volume, monkeypatch, tmp_path):
    class FullDisk(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) <= 2000:
                return super().write(data)
            super().write(data[:7])
            raise OSError(errno.ENOSPC, "No space left on device")

    full = types.SimpleNamespace(FileIO=FullDisk, BytesIO=io.BytesIO)
    monkeypatch.setattr(_journal, "io", full)
    with pytest.raises(OSError, match=r"disk is full; \d of 8 .* resume=True") as error:
        run()
    assert error.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert not (tmp_path / "labels.npy").exists()
    np.testing.assert_array_equal(np.load(run(resume=True)), model.predict(volume))


def test_full_disk_in_the_end(run, seen, monkeypatch, tmp_path):
    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk is full; 8 of 8 slices are kept"):
        run("labels.tif")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tif.partial"]
    seen.clear()
    assert run("labels.tif", resume=True).exists()
    assert seen == []


def test_killed_between_output_and_end(run, interrupted, model, volume, tmp_path):
    """The output is there already, and the journal still."""
    journal = tmp_path / "labels.npy.partial"
    interrupted()
    kept = journal.read_bytes()
    path = run(resume=True)
    journal.write_bytes(kept)
    run(resume=True)
    assert not journal.exists()
    np.testing.assert_array_equal(np.load(path), model.predict(volume))


def test_journal_in_memory_needs_no_disk(model, volume, monkeypatch, tmp_path):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    labels = predict_stack(model, volume, progress=False)
    np.testing.assert_array_equal(labels, model.predict(volume))
    assert synced == []
    assert not [*tmp_path.iterdir()]


def test_every_slice_is_on_the_disk_before_the_next(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Journal.begin(tmp_path / "run.partial", {}) as journal:
        for index in range(3):
            journal.append(index, np.full((4, 5), index))
            assert len(synced) == index + 2


def start(program, *paths):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, *map(str, paths)]
    return subprocess.Popen(command, env=environment)


def kill_at(process, journal, n_bytes, delay):
    """Kill a process when its journal has grown, and some time later."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if journal.exists() and journal.stat().st_size >= n_bytes:
            time.sleep(delay)
            break
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def run_and_kill(name, n_kills, most_bytes, rng, folder):
    """Kill runs at random moments, and let the last one come to its end."""
    volume = rng.integers(0, 99, (N_SLICES, 24, 30), dtype=np.int16)
    volume[:, 0, 0] = range(N_SLICES)
    np.save(folder / "volume.npy", volume)
    paths = folder / "volume.npy", folder / name, folder / "seen.txt"
    journal = folder / f"{name}.partial"
    if "." not in name:
        journal = folder / name / "labels.partial"
    for _ in range(n_kills):
        size = journal.stat().st_size if journal.exists() else 1
        grown = int(rng.integers(1, most_bytes))
        kill_at(start(PROGRAM, *paths), journal, size + grown, rng.uniform(0, 0.02))
    assert journal.exists()
    assert start(PROGRAM, *paths).wait() == 0
    n_seen = np.bincount(np.loadtxt(paths[2], dtype=int), minlength=N_SLICES)
    return volume, paths[1], n_seen


def test_killed_run_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    volume, path, n_seen = run_and_kill("labels.npy", 3, 9000, rng, tmp_path)
    np.testing.assert_array_equal(np.load(path), volume % 7)
    # Nothing was done twice but what was under way when the program was killed.
    assert n_seen.min() == 1
    assert n_seen.sum() <= N_SLICES + 3
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "labels.npy",
        "seen.txt",
        "volume.npy",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labels.npy", "labels.tif", "labels.zarr", "labels"])
def test_run_killed_often_goes_on(name, tmp_path):
    rng = np.random.default_rng(1)
    volume, path, n_seen = run_and_kill(name, 12, 2000, rng, tmp_path)
    assert n_seen.sum() <= N_SLICES + 12
    # Which run they are of, and so which model, these two state besides.
    if path.suffix == ".tif":
        np.testing.assert_array_equal(tifffile.imread(path), volume % 7)
        return
    if path.suffix == ".zarr":
        np.testing.assert_array_equal(zarr.open(path, mode="r")["0"][...], volume % 7)
        return
    source, again = tmp_path / "volume.npy", tmp_path / f"again-{name}"
    predict_stack(Modulo(), source, again, progress=False)
    assert read_bytes(path) == read_bytes(again)


class Modulo:
    def predict(self, X):
        return [image % 7 for image in X]
