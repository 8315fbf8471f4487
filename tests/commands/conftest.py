"""The command line, what it said, and small files for it."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment import SparseWNetSegmenter
from sksegment.cli import main
from sksegment.stacks import open_stack

N_SLICES, SHAPE = 8, (40, 48)


@pytest.fixture
def run(capsys):
    """Run the command line; return its exit code and what it printed."""

    def run_(*args):
        code = main([*map(str, args)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_


@pytest.fixture
def fails(run):
    """Run the command line, which must end with one line of error; return that."""

    def fails_(*args):
        code, _, err = run(*args)
        assert code == 2, err
        (line,) = err.splitlines()
        assert line.startswith("sksegment: error: ")
        return line

    return fails_


@pytest.fixture
def in_file():
    """All slices of a stack that was written, as one array."""

    def in_file_(path):
        with open_stack(path) as stack:
            return np.stack([stack[index] for index in range(len(stack))])

    return in_file_


@pytest.fixture(scope="session")
def volume(make_image):
    """Return slices with a bright disc, each with noise of its own, in uint8."""
    return np.stack([make_image(SHAPE, seed=seed) for seed in range(N_SLICES)])


@pytest.fixture
def photo(volume, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(volume[0]).save(path)
    return path


@pytest.fixture
def scan(volume, tmp_path):
    """Write the volume as ImageJ does, with voxels of 2 x 0.5 x 0.5 um."""
    path = tmp_path / "scan.tif"
    tifffile.imwrite(
        path,
        volume,
        imagej=True,
        resolution=(2, 2),
        metadata={"axes": "ZYX", "spacing": 2.0, "unit": "um"},
    )
    return path


@pytest.fixture
def path(labels, tmp_path):
    """Write the ``labels`` of a module with a size of voxels."""
    path = tmp_path / "labels.tif"
    spacing = {"PhysicalSizeZ": 2.0, "PhysicalSizeY": 0.5, "PhysicalSizeX": 0.5}
    tifffile.imwrite(path, labels, ome=True, metadata={"axes": "ZYX", **spacing})
    return path


@pytest.fixture
def broken_scan(volume, tmp_path):
    """Write the volume with one page, number 3, that cannot be decoded."""
    path = tmp_path / "broken.tif"
    tifffile.imwrite(path, volume, compression="zlib")
    with tifffile.TiffFile(path) as tif:
        offset, count = tif.pages[3].dataoffsets[0], tif.pages[3].databytecounts[0]
    with open(path, "r+b") as file:
        file.seek(offset + count // 3)
        file.write(b"\xff" * (count // 3))
    return path


@pytest.fixture(scope="session")
def model(volume, tmp_path_factory):
    """Save a model of the volume."""
    path = tmp_path_factory.mktemp("model") / "grey.safetensors"
    model = SparseWNetSegmenter(
        6, base_channels=4, depth=1, max_epochs=1, batches_per_epoch=1, random_state=0
    )
    model.set_params(superpixels__n_segments=60).fit(volume[:1]).save(path)
    return path
