"""400 million pixels are labelled where 4 GB of memory are free."""

import json
import os
import subprocess
import sys

import pytest

SIDE, FREE = 20_000, 4_000_000_000
PROGRAM = """
import json, re, resource, sys
import numpy as np
from skimage.data import camera
from sksegment import SparseWNetSegmenter

side, free = map(int, sys.argv[1:])
tile = camera()
model = SparseWNetSegmenter(device="cpu", random_state=0).fit([tile])
# As large as those of the training image; they are counted per 2**25 pixels.
n_segments = model.superpixels_.n_segments * 2**25 // tile.size
model.superpixels_.set_params(n_segments=n_segments)

# The limit holds for the image and for all that is made of it.
status = open("/proc/self/status").read()
taken = 1024 * int(re.search(r"VmData:\\s+(\\d+)", status)[1])
resource.setrlimit(resource.RLIMIT_DATA, (taken + free, taken + free))

n = -(-side // 512)
image = np.tile(tile, (n, n))[:side, :side]
[labels] = model.predict([image])
agreement = np.mean([
    labels[512 * i : 512 * (i + 1), 512 * j : 512 * (j + 1)] == model.labels_[0]
    for i in range(1, n - 1, 7)
    for j in range(1, n - 1, 7)
])
print(json.dumps([*labels.shape, int(labels.min()), int(labels.max()), agreement]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits are those of Linux")
def test_image_of_400_million_pixels_in_4_gigabytes():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(SIDE), str(FREE)],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
    )
    assert result.returncode == 0, result.stderr
    height, width, lowest, highest, agreement = json.loads(result.stdout)
    assert (height, width) == (SIDE, SIDE)
    assert lowest >= 0
    assert highest < 32
    assert agreement > 0.9
