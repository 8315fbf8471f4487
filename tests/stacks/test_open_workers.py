"""Stacks in threads, in other processes, and of more data than memory holds."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
import zarr

from sksegment.stacks import open_stack


def write_npy(path, volume):
    np.save(path / "a.npy", volume)
    return path / "a.npy"


def write_tiff(path, volume):
    tifffile.imwrite(path / "a.tif", volume, compression="zlib")
    return path / "a.tif"


CHUNKS = (4, 4, 16, 16)


def write_hdf5(path, volume):
    with h5py.File(path / "a.h5", "w") as file:
        file.create_dataset("data", data=volume, chunks=CHUNKS[-volume.ndim :])
    return path / "a.h5"


def write_zarr(path, volume):
    zarr.create_array(str(path / "a.zarr"), data=volume, chunks=CHUNKS[-volume.ndim :])
    return path / "a.zarr"


def write_folder(path, volume):
    for index, image in enumerate(volume):
        tifffile.imwrite(path / f"{index}.tif", image)
    return path


def write_video(path, volume):
    options = {"codec": "ffv1", "fps": 25, "out_pixel_format": "gray"}
    frames = np.repeat(volume[..., None], 3, axis=-1)
    iio.imwrite(path / "a.mkv", frames, plugin="pyav", **options)
    return path / "a.mkv"


def write_turned_npy(path, volume):
    np.save(path / "a.npy", np.asfortranarray(volume))
    return path / "a.npy"


def write_plain_tiff(path, volume):
    tifffile.imwrite(path / "a.tif", volume)
    return path / "a.tif"


WRITERS = [write_npy, write_tiff, write_hdf5, write_zarr, write_folder, write_video]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__[6:])
def path(request, tmp_path):
    """Write twenty slices, and return where."""
    ramp = np.arange(20, dtype=np.uint8)[:, None, None] * 10
    return request.param(tmp_path, np.broadcast_to(ramp, (20, 32, 40)).copy())


def test_two_threads_read_what_one_does(path):
    stack = open_stack(path)
    alone = [int(image.mean()) for image in stack]
    order = np.random.default_rng(0).permutation(np.repeat(np.arange(20), 5))
    with ThreadPoolExecutor(2) as pool:
        read = list(pool.map(lambda index: int(stack[index].mean()), order))
    assert read == [alone[index] for index in order]
    assert len({*alone}) == 20


def test_file_is_opened_again_after_pickling(path):
    stack = open_stack(path)
    stack[1]
    data = pickle.dumps(stack)
    assert len(data) < 5000
    again = pickle.loads(data)
    stack.close()
    np.testing.assert_array_equal(again[7], open_stack(path)[7])
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(again.along("y")))[3], again.along("y")[3]
    )


@pytest.mark.parametrize(
    "write",
    [write_npy, write_turned_npy, write_tiff, write_plain_tiff, write_hdf5, write_zarr],
)
@pytest.mark.parametrize("at", [{"T": 5}, {"Z": 2}])
def test_one_position_of_an_axis_in_a_file(write, at, tmp_path):
    volume = np.random.default_rng(0).integers(0, 255, (6, 5, 32, 40), dtype=np.uint8)
    path = write(tmp_path, volume)
    expected = volume[5] if "T" in at else volume[:, 2]
    stack = pickle.loads(pickle.dumps(open_stack(path, axes="TZYX", at=at)))
    np.testing.assert_array_equal(np.stack([*stack]), expected)
    turned = stack.along("y")
    np.testing.assert_array_equal(turned[7], expected[:, 7])


def test_other_process_reads_the_same(tmp_path):
    volume = np.random.default_rng(0).integers(0, 255, (20, 32, 40), dtype=np.uint8)
    stacks = []
    for write in WRITERS:
        (tmp_path / write.__name__).mkdir()
        stacks.append(open_stack(write(tmp_path / write.__name__, volume)))
    (tmp_path / "stacks.pickle").write_bytes(pickle.dumps(stacks))
    code = (
        "import pickle, sys; stacks = pickle.load(open(sys.argv[1], 'rb'));"
        "print([int(stack[13].sum()) for stack in stacks])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "stacks.pickle")]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.stdout.strip() == str([int(volume[13].sum())] * 6), result.stderr


def test_opening_imports_no_torch(tmp_path):
    code = (
        "import sys, numpy; from sksegment.stacks import open_stack;"
        "open_stack(numpy.zeros((5, 32, 40)))[1];"
        "print([name for name in ('torch', 'dask', 'h5py', 'zarr', 'av') "
        "if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


# Reads every n-th slice of a file, and tells by how many MB the peak went up.
MEASURE = """
import re, sys
from pathlib import Path
from sksegment.stacks import open_stack

def peak():
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024

stack, before = open_stack(sys.argv[1]).along(sys.argv[2]), peak()
for index in range(0, len(stack), int(sys.argv[3])):
    stack[index]
print(peak() - before)
"""


def peak_growth(path, axis="z", step=1):
    if not Path("/proc/self/status").exists():
        pytest.skip("no /proc to read the peak from")
    command = [sys.executable, "-c", MEASURE, str(path), axis, str(step)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return float(result.stdout)


def test_memory_is_flat_for_five_gigabytes_of_npy(tmp_path):
    shape = (1250, 2000, 2000)
    array = np.lib.format.open_memmap(
        tmp_path / "a.npy", mode="w+", dtype=np.uint8, shape=shape
    )
    del array
    assert (tmp_path / "a.npy").stat().st_size > 5e9 - 1
    assert peak_growth(tmp_path / "a.npy", step=25) < 32


@pytest.mark.parametrize(("axis", "step", "limit"), [("z", 5, 24), ("y", 700, 100)])
def test_memory_is_flat_for_compressed_pages(tmp_path, axis, step, limit):
    page = np.zeros((1000, 2000), np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as tif:
        for _ in range(80):
            tif.write(page, compression="zlib", compressionargs={"level": 1})
    assert peak_growth(tmp_path / "a.tif", axis, step) < limit


def test_memory_is_flat_across_a_mapped_file(tmp_path):
    shape = (200, 1000, 1000)
    np.lib.format.open_memmap(tmp_path / "a.npy", mode="w+", dtype="u1", shape=shape)
    assert peak_growth(tmp_path / "a.npy", "x", step=900) < 100
