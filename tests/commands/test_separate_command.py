"""Label files of objects that touch, and their tables."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment.io import read_labels
from sksegment.postprocessing import _slabs, separate_objects
from sksegment.stacks import open_stack


def pair(gap=28):
    y, x = np.mgrid[:40, :80]
    return (np.hypot(y - 20, x - 20) < 15) | (np.hypot(y - 20, x - 20 - gap) < 15)


@pytest.fixture
def labels():
    """Return four slices with a pair of touching cylinders, and void in a corner."""
    labels = np.stack([pair()] * 4).astype(np.uint8)
    labels[:, 0, 0] = 255
    return labels


@pytest.mark.parametrize("spatial", ["2d", "3d"])
@pytest.mark.parametrize("name", ["objects.tif", "objects.zarr", "objects"])
def test_objects_of_a_stack(run, path, labels, tmp_path, name, spatial, in_file):
    out = tmp_path / name
    args = ("separate", path, "-o", out, "--classes", 1, "--spatial", spatial)
    code, text, err = run(*args)
    assert (code, err) == (0, "")
    assert text.startswith("2 objects in" if spatial == "3d" else "8 objects in")
    signed = np.where(labels == 255, -1, labels.astype(int))
    size = (2.0, 0.5, 0.5)[-int(spatial[0]) :]
    expected = separate_objects(signed, 1, spatial=spatial, spacing=size)
    assert (in_file(out) == expected).all()
    if name.endswith(("tif", "zarr")):
        assert open_stack(out).spacing == open_stack(path).spacing


@pytest.mark.parametrize("height", [1, 2])
def test_a_volume_goes_slab_by_slab(run, path, tmp_path, monkeypatch, height, in_file):
    one, other = tmp_path / "one.tif", tmp_path / "new" / "other.tif"
    args = ("separate", path, "--classes", 1, "--spatial", "3d")
    run(*args, "-o", one)
    monkeypatch.setattr(_slabs, "_height", lambda *_: height)
    code, text, err = run(*args, "-o", other)
    assert (code, err) == (0, "")
    assert text.startswith("2 objects in")
    assert (in_file(other) == in_file(one)).all()
    assert [*other.parent.iterdir()] == [other]


@pytest.mark.parametrize("spatial", ["2d", "3d"])
def test_a_damaged_slice_leaves_nothing(run, broken_scan, tmp_path, spatial):
    out = tmp_path / "out" / "objects.tif"
    args = ("separate", broken_scan, "-o", out, "--classes", 1, "--spatial", spatial)
    code, _, err = run(*args)
    assert code == 2
    assert "slice 3 of broken.tif cannot be read" in err
    assert not out.parent.exists()


def test_the_table_of_objects(run, path, tmp_path):
    pandas = pytest.importorskip("pandas")
    objects, tables = tmp_path / "objects.tif", tmp_path / "tables"
    run("separate", path, "-o", objects, "--classes", 1, "--spatial", "3d")
    code, text, err = run("quantify", path, "-o", tables, "--objects", objects)
    assert (code, err) == (0, "")
    assert "2 objects; the tables are in" in text
    table = pandas.read_csv(tables / "objects.csv")
    assert table["object"].tolist() == [1, 2]
    assert table["centroid_x_voxel"].round().tolist() == [20, 48]
    # Without them both are one.
    run("quantify", path, "-o", tables, "--overwrite")
    table = pandas.read_csv(tables / "objects.csv")
    assert (table["class"] == 1).sum() == 1


def test_a_single_map_as_an_image(run, labels, tmp_path):
    Image.fromarray(labels[0]).save(tmp_path / "map.png")
    out = tmp_path / "objects.png"
    args = ("separate", tmp_path / "map.png", "-o", out, "--classes", 1)
    assert run(*args)[0] == 0
    assert np.unique(read_labels(out)[0]).tolist() == [0, 1, 2]


def test_a_folder_of_maps_of_any_size(run, tmp_path):
    (tmp_path / "maps").mkdir()
    Image.fromarray(pair().astype(np.uint8)).save(tmp_path / "maps" / "a.png")
    Image.fromarray(np.zeros((9, 8), np.uint8)).save(tmp_path / "maps" / "b.png")
    args = ("separate", tmp_path / "maps", "-o", tmp_path / "out", "--classes", 1)
    code, text, _ = run(*args, "--spatial", "2d")
    assert code == 0
    assert text.startswith("2 objects")
    assert read_labels(tmp_path / "out" / "a.png")[0].max() == 2
    assert read_labels(tmp_path / "out" / "b.png")[0].shape == (9, 8)


def test_a_lower_neck_divides_less(run, path, tmp_path, in_file):
    out = tmp_path / "objects.npy"
    args = ("separate", path, "-o", out, "--classes", 1, "--spatial", "3d")
    run(*args, "--neck", 0.2)
    assert in_file(out).max() == 1
    code, _, err = run(*args, "--neck", 0.8)
    assert (code, in_file(out).max()) == (2, 1)
    assert "exists" in err
    run(*args, "--neck", 0.8, "--overwrite")
    assert in_file(out).max() == 2


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--classes", "7"], "--classes has class 7, but the labels have 0, 1"),
        (["--classes", "x"], "'x' is not a number from 0 on"),
        (["--classes", "1", "--neck", "2"], "neck must be above 0 and at most 1"),
        (["--classes", "1", "--spacing", "1", "2"], "spacing has 2 numbers"),
        ([], "--classes"),
    ],
)
def test_mistakes_are_told_in_one_line(run, path, tmp_path, args, message):
    out = tmp_path / "objects.tif"
    code, _, err = run("separate", path, "-o", out, "--spatial", "3d", *args)
    assert code == 2
    assert message in err.splitlines()[-1]
    assert not out.exists()


def test_the_input_is_not_replaced(run, path):
    before = path.read_bytes()
    args = ("separate", path, "-o", path, "--classes", 1, "--spatial", "3d")
    code, _, err = run(*args, "--overwrite")
    assert code == 2
    assert "is the input and would be replaced" in err
    assert path.read_bytes() == before


def test_objects_of_another_stack_are_refused(run, path, labels, tmp_path):
    other = tmp_path / "other.tif"
    tifffile.imwrite(other, labels[:2], photometric="minisblack")
    code, _, err = run("quantify", path, "-o", tmp_path / "t", "--objects", other)
    assert code == 2
    assert f"{other} has 2 slice(s), but {path} has 4" in err
