"""Tables of label files."""

import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment.io import write_image, write_labels

pandas = pytest.importorskip("pandas")


@pytest.fixture
def labels():
    """Return three slices: class 1 of 2 x 2 x 3 voxels in class 0; one voxel void."""
    labels = np.zeros((3, 8, 9), np.uint8)
    labels[:2, 2:4, 3:6] = 1
    labels[2, 0, 0] = 255
    return labels


@pytest.fixture
def path(labels, tmp_path):
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, labels, photometric="minisblack")
    return path


@pytest.fixture
def quantify(run, tmp_path):
    """Run the command; return the tables."""

    def quantify_(source, *args):
        out = tmp_path / "tables"
        code, text, err = run("quantify", source, "-o", out, "--overwrite", *args)
        assert (code, err) == (0, "")
        names = ("classes.csv", "objects.csv")
        return *(pandas.read_csv(out / name) for name in names), text

    return quantify_


def test_tables_in_voxels(quantify, path):
    classes, objects, text = quantify(path)
    assert classes["n_voxels"].tolist() == [203, 12]
    assert objects["volume_voxel3"].tolist() == [203, 12]
    lines = text.splitlines()
    assert lines[0].split() == ["class", *classes.columns[2:]]
    assert lines[2].split()[:2] == ["1", "12"]
    assert lines[-1].startswith("2 objects; the tables are in ")


def test_quiet_prints_nothing(quantify, path):
    assert quantify(path, "-q")[2] == ""


def test_spacing_and_unit_are_in_the_columns(quantify, path):
    classes = quantify(path, "--spacing", 2, 0.5, 0.5, "--unit", "um")[0]
    assert classes["volume_um3"].tolist() == [101.5, 6]
    classes = quantify(path, "--spacing", 2, "--unit", "nm")[0]
    assert classes["volume_nm3"].tolist() == [8 * 203, 96]


def test_spacing_of_the_scan_reaches_the_table(run, quantify, scan, model, tmp_path):
    out = tmp_path / "labels.zarr"
    run("stack", scan, "-o", out, "--model", model)
    classes, objects, _ = quantify(out, "--image", scan)
    assert classes["volume_um3"].sum() == 8 * 40 * 48 * 2 * 0.5 * 0.5
    assert objects["mean_intensity"].min() < 80 < 150 < objects["mean_intensity"].max()


def test_pixel_size_of_a_single_map_is_used(quantify, labels, tmp_path):
    path = tmp_path / "map.tif"
    options = {"imagej": True, "resolution": (2, 2), "metadata": {"unit": "um"}}
    tifffile.imwrite(path, labels[0], **options)
    assert quantify(path)[0]["area_um2"].tolist() == [16.5, 1.5]


def test_single_image_has_areas(quantify, labels, tmp_path):
    write_labels(tmp_path / "map.png", labels[0].astype(int))
    write_image(tmp_path / "photo.png", labels[0] * 100)
    classes, objects, _ = quantify(
        tmp_path / "map.png", "--image", tmp_path / "photo.png", "--names", "air,gas"
    )
    assert classes["n_pixels"].tolist() == [66, 6]
    assert classes["name"].tolist() == ["air", "gas"]
    assert objects["mean_intensity"].tolist() == [0, 100]


def test_slices_on_their_own_are_measured_in_a_stack(quantify, path, labels, tmp_path):
    np.save(tmp_path / "scan.npy", labels * 7.0)
    args = ("--spatial", "2d", "--image", tmp_path / "scan.npy")
    objects = quantify(path, *args)[1]
    assert (objects["mean_intensity"] == 7 * objects["class"]).all()


def test_array_of_two_axes_is_a_map(quantify, labels, tmp_path):
    np.save(tmp_path / "map.npy", labels[0])
    assert quantify(tmp_path / "map.npy")[0]["n_pixels"].tolist() == [66, 6]


@pytest.fixture
def folder(tmp_path):
    """Write three maps of two halves each, of different sizes, two with a palette."""
    (tmp_path / "maps").mkdir()
    for index, width in enumerate((8, 8, 6)):
        halves = np.zeros((8, width), np.uint8)
        halves[:, width // 2 :] = 1
        picture = Image.fromarray(halves, mode="P" if index else "L")
        if index:
            picture.putpalette([0, 0, 0, 200, 10, 10, 10, 10, 200])
        picture.save(tmp_path / "maps" / f"m{index}.png")
    return tmp_path / "maps"


def test_images_of_a_folder_are_measured_each_on_its_own(quantify, folder, tmp_path):
    (tmp_path / "photos").mkdir()
    for path in folder.iterdir():
        pixels = 10 * np.asarray(Image.open(path))
        write_image(tmp_path / "photos" / path.name, pixels)
    args = ("--spatial", "2d", "--image", tmp_path / "photos", "--spacing", 2)
    classes, objects, text = quantify(folder, *args)
    assert objects["map"].tolist() == [f"m{i}.png" for i in (0, 0, 1, 1, 2, 2)]
    assert objects["area_unit2"].tolist() == [128, 128, 128, 128, 96, 96]
    assert objects["mean_intensity"].tolist() == [0, 10] * 3
    assert len(classes) == 6
    # What is printed is of all.
    rows = [line.split() for line in text.splitlines()]
    assert rows[0][:3] == ["class", "n_pixels", "fraction"]
    assert [row[:3] for row in rows[1:3]] == [["0", "88", "0.5"], ["1", "88", "0.5"]]


def test_maps_on_their_own_need_no_numbers_without_gaps(quantify, labels, tmp_path):
    folder = tmp_path / "maps"
    folder.mkdir()
    for number in (1, 2, 3, 4, 5, 9):
        write_labels(folder / f"map{number}.png", labels[0].astype(int))
    # What is said on stderr would be found by the fixture.
    assert set(quantify(folder, "--spatial", "2d")[0]["map"]) >= {"map9.png"}


def test_slices_in_a_folder_are_a_volume_only_when_said(quantify, fails, folder):
    (folder / "m2.png").unlink()
    line = fails("quantify", folder, "-o", folder / "tables")
    assert "holds 2 slices; say --spatial 3d if they are one volume" in line
    objects = quantify(folder, "--spatial", "3d")[1]
    assert objects["volume_voxel3"].tolist() == [64, 64]


def test_time_steps_are_on_their_own_unless_said(quantify, labels, tmp_path):
    path = tmp_path / "film.tif"
    sizes = {"PhysicalSizeY": 0.5, "PhysicalSizeX": 0.5}
    tifffile.imwrite(path, labels, ome=True, metadata={"axes": "TYX", **sizes})
    objects = quantify(path)[1]
    assert objects["map"].tolist() == [0, 0, 1, 1, 2]
    assert objects["area_um2"].sum() == (labels != 255).sum() / 4
    assert "volume_voxel3" in quantify(path, "--spatial", "3d")[1]


def test_palette_of_a_tiff_is_no_colour(quantify, labels, tmp_path):
    path, palette = tmp_path / "map.tif", np.zeros((3, 256), np.uint16)
    palette[0] = np.arange(256) * 256
    tifffile.imwrite(path, labels[0], photometric="palette", colormap=palette)
    assert quantify(path)[0]["n_pixels"].tolist() == [66, 6]


def test_void_can_be_a_class(quantify, path):
    assert quantify(path, "--void", "none")[0]["class"].tolist() == [0, 1, 255]
    assert quantify(path, "--void", 1)[0]["class"].tolist() == [0, 255]


def test_what_is_void_is_told(quantify, path):
    told = "1 voxels (0.5%) are void (255) and not counted; --void none counts them\n"
    assert told in quantify(path)[2]
    assert told.replace("voxels", "pixels") in quantify(path, "--spatial", "2d")[2]
    chosen = quantify(path, "--void", 1)[2]
    assert "12 voxels (5.6%) are void and not counted\n" in chosen
    assert "are void" not in quantify(path, "--void", "none")[2]


def test_dataset_of_hdf5(quantify, labels, tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["labels"], file["image"] = labels, labels * 2.0
    classes, objects, _ = quantify(
        *(tmp_path / "a.h5", "--dataset", "labels"),
        *("--image", tmp_path / "a.h5", "--image-dataset", "image"),
    )
    assert classes["n_voxels"].tolist() == [203, 12]
    assert objects["mean_intensity"].tolist() == [0, 2]


def test_black_and_white_is_ambiguous(fails, run, labels, tmp_path):
    path = tmp_path / "mask.tif"
    white = np.where(labels == 1, 255, 0).astype(np.uint8)
    tifffile.imwrite(path, white, photometric="minisblack")
    args = ("quantify", path, "-o", tmp_path / "tables")
    line = fails(*args)
    assert "mask.tif has the values 0 and 255 alone" in line
    assert "--void 255 or --void none" in line
    assert not (tmp_path / "tables").exists()
    assert run(*args, "--void", "none")[0] == 0


MISTAKES = [
    ("{tmp}/no.tif -o {out}", "no.tif: there is no such file"),
    ("{labels} -o {labels}", "labels.tif is a file; choose a folder"),
    ("{labels} -o {labels}/out", "labels.tif is a file; choose a folder"),
    ("{labels} -o {out} --spacing 1 2", "spacing has 2 numbers"),
    ("{labels} -o {out} --spacing 0", "must be positive numbers"),
    ("{labels} -o {out} --unit um", "give the size of a voxel in um"),
    ("{scan} -o {out} --unit nm", "--unit nm needs --spacing; the file states (2.0,"),
    ("{labels} -o {out} --image {scan}", "scan.tif has 8 slice(s), but"),
    ("{labels} -o {out} --dataset a", "--dataset names an array in an HDF5 or zarr"),
    ("{labels} -o {out} --void x", "'x' is neither a number nor 'max' nor 'none'"),
    ("{float} -o {out}", "slice 0 of float.npy holds float64"),
    ("{colour} -o {out}", "colour.npy has 3 channels; a label map has one"),
    ("{broken} -o {out}", "slice 3 of broken.tif cannot be read"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES)
def test_mistake_is_one_line_and_nothing_is_written(
    command, message, fails, path, scan, broken_scan, tmp_path
):
    np.save(tmp_path / "float.npy", np.full((2, 8, 8), 0.5))
    np.save(tmp_path / "colour.npy", np.zeros((9, 8, 8, 3), np.uint8))
    places = {"labels": path, "scan": scan, "broken": broken_scan, "tmp": tmp_path}
    places |= {"float": tmp_path / "float.npy", "colour": tmp_path / "colour.npy"}
    before = sorted(tmp_path.iterdir())
    args = command.format(**places, out=tmp_path / "out").split()
    assert message in fails("quantify", *args)
    assert sorted(tmp_path.iterdir()) == before


def test_missing_pandas_is_named(fails, path, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    line = fails("quantify", path, "-o", tmp_path / "tables")
    assert 'pip install "sksegment[stacks]"' in line


@pytest.mark.parametrize("name", ["classes.csv", "objects.csv"])
def test_tables_that_exist_are_replaced_only_when_told(
    quantify, fails, path, tmp_path, name
):
    kept = tmp_path / "tables" / name
    kept.parent.mkdir()
    kept.write_text("kept")
    line = fails("quantify", path, "-o", tmp_path / "tables")
    assert f"{kept} exists; choose another place with -o" in line
    assert [*kept.parent.iterdir()] == [kept]
    assert kept.read_text() == "kept"
    assert len(quantify(path)[0]) == 2


def test_distance_of_slices_that_is_missing_is_told(run, labels, tmp_path):
    (tmp_path / "in").mkdir()
    for index, map_ in enumerate(labels.astype(np.int8)):
        sizes = {"spacing": {"Y": 0.25, "X": 0.5}, "unit": "um"}
        write_labels(tmp_path / "in" / f"{index}.tif", map_, **sizes)
    args = ("quantify", tmp_path / "in", "-o", tmp_path / "tables", "--overwrite")
    code, text, err = run(*args, "--spatial", "3d")
    assert (code, "volume_voxel3" in text) == (0, True)
    assert "states no size of a voxel along z, so none is used; give all thr" in err
    for more in (("3d", "--spacing", 1, 2, 2), ("2d",)):
        assert run(*args, "--spatial", *more)[2] == ""


def test_one_time_of_labels_in_time(quantify, fails, labels, tmp_path):
    path = tmp_path / "in_time.ome.tif"
    in_time = np.stack([np.zeros_like(labels), labels])
    tifffile.imwrite(path, in_time, metadata={"axes": "TZYX"})
    assert "e.g. --at T=0" in fails("quantify", path, "-o", tmp_path / "tables")
    classes, _, _ = quantify(path, "--at", "T=1")
    assert classes["n_voxels"].tolist() == [203, 12]
    write_image(tmp_path / "a.png", labels[0])
    line = fails("quantify", tmp_path / "a.png", "-o", tmp_path / "b", "--at", "T=1")
    assert "--at T=1 is for files with axes" in line
