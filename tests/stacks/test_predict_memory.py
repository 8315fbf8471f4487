"""Memory does not grow with the number of slices."""

import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import re, sys
import numpy as np
from skimage.data import camera
from sksegment import KMeansPixelSegmenter
from sksegment.stacks import predict_stack

volume, out, along = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
model = KMeansPixelSegmenter(n_clusters=4, random_state=0).fit([camera()])
predict_stack(model, volume, out, along=tuple(along), progress=False)
# Unlike ru_maxrss this is not inherited from the process that started this one.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


def peak_mib(volume, out, along="z"):
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, volume, out, along],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return int(result.stdout) // 1024


pytestmark = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="memory is read from /proc"
)


@pytest.fixture
def make_volume(tmp_path):
    """Write a volume of noisy photographs."""

    def make_volume(n_slices):
        from skimage.data import camera

        path = tmp_path / f"{n_slices}.npy"
        volume = np.lib.format.open_memmap(path, "w+", np.uint8, (n_slices, 512, 512))
        rng = np.random.default_rng(0)
        for image in volume:
            image[...] = camera() // 2 + rng.integers(0, 99, (512, 512), np.uint8)
        return path

    return make_volume


@pytest.mark.slow
@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr", "labels", "labels.mp4"])
def test_memory_is_flat(name, make_volume, tmp_path):
    few = peak_mib(make_volume(100), tmp_path / f"few-{name}")
    many = peak_mib(make_volume(800), tmp_path / f"many-{name}")
    assert many - few < 50


@pytest.mark.slow
def test_memory_of_a_vote_is_bounded(make_volume, tmp_path):
    few = peak_mib(make_volume(100), tmp_path / "few.tif")
    voted = peak_mib(make_volume(800), tmp_path / "many.tif", "z,y,x")
    # Blocks of 128 MiB of labels and 64 MiB of input for each turned axis.
    assert voted - few < 500
