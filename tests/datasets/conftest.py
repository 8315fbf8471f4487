"""Small sets of images in the layouts of BSDS, written anew."""

import io
import tarfile

import numpy as np
import pytest
from scipy.io import savemat
from skimage.io import imsave

SHAPES = {"3096": (20, 30), "8023": (30, 20), "12084": (20, 30)}
N_ANNOTATORS = {"3096": 3, "8023": 1, "12084": 2}


def _make_truth(id_):
    """Vertical stripes, as many as the annotator's number and two more."""
    height, width = SHAPES[id_]
    stripes = np.arange(N_ANNOTATORS[id_])[:, np.newaxis] + 2
    rows = np.arange(width) * stripes // width
    return np.repeat(rows[:, np.newaxis], height, axis=1).astype(np.uint16)


def _write_image(folder, id_):
    folder.mkdir(parents=True, exist_ok=True)
    seed = int(id_)
    image = np.random.default_rng(seed).integers(0, 255, (*SHAPES[id_], 3), np.uint8)
    imsave(folder / f"{id_}.jpg", image, check_contrast=False)


def write_npz(path, segmentations):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, segmentations=segmentations)


def write_mat(path, segmentations):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(segmentations)), object)
    for index, map_ in enumerate(segmentations):
        cells[0, index] = {"Segmentation": map_, "Boundaries": np.zeros_like(map_)}
    savemat(path, {"groundTruth": cells})


def _seg_text(map_):
    """The format of BSDS300: runs of equal labels within the rows."""
    height, width = map_.shape
    lines = [
        *("format ascii cr", "date Thu Apr 5 19:38:33 2001", "image 3096"),
        *("user 1102  # a comment", f"width {width}", f"height {height}"),
        *(f"segments {map_.max() + 1}", "gray 0", "invert 0", "flipflop 0", "data"),
    ]
    for row, labels in enumerate(map_):
        ends = [*np.flatnonzero(np.diff(labels)), width - 1]
        starts = [0, *(end + 1 for end in ends[:-1])]
        runs = zip(starts, ends, strict=True)
        lines += [f"{labels[start]} {row} {start} {end}" for start, end in runs]
    return "\n".join(lines) + "\n"


def _write_seg(path, map_):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_seg_text(map_))


def _make_npz_layout(root, subset="test"):
    for id_ in SHAPES:
        _write_image(root / subset / "images", id_)
        write_npz(root / subset / "labels" / f"{id_}.npz", _make_truth(id_))
    return root


def _make_bsds300(root, subset="test"):
    for id_ in SHAPES:
        _write_image(root / "images" / subset, id_)
        for user, map_ in enumerate(_make_truth(id_)):
            _write_seg(root / "human" / "color" / f"11{user:02d}" / f"{id_}.seg", map_)
    _write_seg(root / "human" / "gray" / "1100" / "3096.seg", np.zeros((20, 30), int))
    (root / f"iids_{subset}.txt").write_text("\n".join(SHAPES) + "\n")
    return root


def _make_bsds500(root, subset="test"):
    for id_ in SHAPES:
        _write_image(root / "data" / "images" / subset, id_)
        path = root / "data" / "groundTruth" / subset / f"{id_}.mat"
        write_mat(path, _make_truth(id_))
    (root / "data" / "images" / subset / "Thumbs.db").touch()
    return root


def _make_archives(folder, extra=None):
    """Archives as Berkeley's: everything below a folder BSDS300."""
    source = _make_bsds300(folder / "source")
    parts = {"images": ["images", "iids_test.txt"], "human": ["human"]}
    for part, entries in parts.items():
        with tarfile.open(folder / f"BSDS300-{part}.tgz", "w:gz") as tar:
            for entry in entries:
                tar.add(source / entry, f"BSDS300/{entry}")
            for member in extra or []:
                tar.addfile(member, io.BytesIO(bytes(member.size)))
    return folder


@pytest.fixture(scope="session")
def make_truth():
    """Make the ground truth of an image: stripes, other ones by every annotator."""
    return _make_truth


@pytest.fixture(scope="session")
def write_seg():
    """Write a map in the format of BSDS300."""
    return _write_seg


@pytest.fixture(scope="session")
def make_npz_layout():
    """Write a set with .npz files."""
    return _make_npz_layout


@pytest.fixture(scope="session")
def make_bsds300():
    """Write a set in the layout of BSDS300."""
    return _make_bsds300


@pytest.fixture(scope="session")
def make_bsds500():
    """Write a set in the layout of BSDS500."""
    return _make_bsds500


@pytest.fixture(scope="session")
def make_archives():
    """Pack a set, and more members if given, as Berkeley does."""
    return _make_archives
