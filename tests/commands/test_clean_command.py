"""Label files without small islands and holes, and with classes merged."""

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from sksegment.io import read_images, read_labels, write_labels
from sksegment.postprocessing import postprocess
from sksegment.stacks import open_stack


@pytest.fixture
def labels():
    """Return a block of class 1 with a hole of class 2, a rod, an island and void."""
    labels = np.zeros((4, 12, 14), np.uint8)
    labels[:, 2:9, 2:9] = 1
    labels[1, 4, 4] = 2
    labels[:, 10, 12] = 3
    labels[2, 1, 12] = 3
    labels[:, 0, 0] = 255
    return labels


def expected(labels, **options):
    signed = np.where(labels == 255, -1, labels.astype(int))
    cleaned = postprocess(signed, **options)
    return np.where(cleaned < 0, 255, cleaned)


@pytest.mark.parametrize("spatial", ["2d", "3d"])
@pytest.mark.parametrize("name", ["clean.tif", "clean.zarr", "clean.npy", "clean"])
def test_islands_and_holes(run, path, labels, tmp_path, name, spatial, in_file):
    out = tmp_path / name
    args = ("clean", path, "-o", out, "--spatial", spatial)
    code, text, err = run(*args, "--min-size", 3, "--fill-holes", 2)
    assert (code, err) == (0, "")
    assert str(out) in text
    cleaned = in_file(out)
    assert cleaned.dtype == np.uint8
    options = {"min_size": 3, "fill_holes": 2, "spatial": spatial}
    assert_array_equal(cleaned, expected(labels, **options))
    assert (cleaned == 3).any() == (spatial == "3d")


@pytest.mark.parametrize("name", ["clean.tif", "clean.zarr", "clean.npy", "clean"])
def test_the_folder_of_the_output_is_made(run, path, tmp_path, name):
    out = tmp_path / "new" / "deeper" / name
    args = ("clean", path, "-o", out, "--spatial", "3d", "--min-size", 3)
    code, _, err = run(*args)
    assert (code, err) == (0, "")
    assert len(open_stack(out)) == 4


def test_size_of_voxels_stays(run, path, tmp_path):
    out = tmp_path / "clean.tif"
    run("clean", path, "-o", out, "--spatial", "3d", "--min-size", 3)
    stack = open_stack(out)
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.5), "um")


@pytest.mark.parametrize("name", ["clean.tif", "clean.tiff"])
def test_size_of_pixels_of_one_slice_stays(run, labels, tmp_path, name, in_file):
    spacing = {"PhysicalSizeZ": 2.0, "PhysicalSizeY": 0.5, "PhysicalSizeX": 0.5}
    tifffile.imwrite(
        tmp_path / "one.tif", labels[:1], ome=True, metadata={"axes": "ZYX", **spacing}
    )
    sizes = ("--min-size", 1)
    code, _, err = run("clean", tmp_path / "one.tif", "-o", tmp_path / name, *sizes)
    assert (code, err) == (0, "")
    stack = open_stack(tmp_path / name)
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.5), "um")
    assert_array_equal(in_file(tmp_path / name), labels[:1])
    # A PNG holds no spacing, and is written all the same.
    assert (
        run("clean", tmp_path / "one.tif", "-o", tmp_path / "one.png", *sizes)[0] == 0
    )
    assert_array_equal(read_labels(tmp_path / "one.png")[0], labels[0].astype(np.int8))


@pytest.mark.parametrize("name", ["clean.tif", "clean.zarr"])
def test_size_of_pixels_of_a_map_stays(run, labels, tmp_path, name):
    path, sizes = tmp_path / "one.tif", {"Y": 0.25, "X": 0.5}
    write_labels(path, labels[0].astype(np.int8), spacing=sizes, unit="um")
    out = tmp_path / name
    assert run("clean", path, "-o", out, "--min-size", 1)[0] == 0
    source = open_stack(out)._source
    assert (source.spacing, source.unit) == (sizes, "um")


@pytest.mark.parametrize("spatial", ["2d", "3d"])
def test_classes_have_rules_of_their_own(run, path, labels, tmp_path, spatial):
    labels[0, 3:8, 9:12] = 1
    tifffile.imwrite(path, labels, photometric="minisblack")
    args = ("clean", path, "-o", tmp_path / "clean.npy", "--spatial", spatial)
    # Class 2 is in one slice alone.
    options = ("--rule", "3:min_size=2", "--rule", "2:fill-holes=1,closing=1.5")
    assert run(*args, *options, "--rule", "3:opening=1", "--merge", "1:3")[0] == 0
    rules = {3: {"min_size": 2, "opening": 1}, 2: {"fill_holes": 1, "closing": 1.5}}
    signed = np.where(labels == 255, -1, labels.astype(int))
    parts = [signed] if spatial == "3d" else signed
    cleaned = [
        postprocess(
            np.where(part == 1, 3, part),
            rules={c: rule for c, rule in rules.items() if (part == c).any()},
            spatial="3d" if spatial == "3d" else None,
        )
        for part in parts
    ]
    found = np.load(tmp_path / "clean.npy")
    cleaned = np.reshape(cleaned, found.shape)
    assert_array_equal(found, np.where(cleaned < 0, 255, cleaned))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("opening=2", "is not of the form CLASS:NAME=VALUE"),
        ("1:opening", "is not of the form CLASS:NAME=VALUE"),
        ("9:opening=2", "rules has class 9, but the labels have 0, 1, 2, 3"),
        ("1:open=2", "'open' of class 1 in rules is unknown; there are opening"),
        ("1:min_size=1.5", "must be a whole number"),
    ],
)
@pytest.mark.parametrize("spatial", ["2d", "3d"])
def test_rules_that_mean_nothing_are_one_line(
    fails, path, tmp_path, rule, message, spatial
):
    out = tmp_path / "clean.npy"
    args = ("clean", path, "-o", out, "--spatial", spatial, "--rule", rule)
    assert message in fails(*args)
    assert not out.exists()


@pytest.mark.parametrize("spatial", ["2d", "3d"])
def test_classes_are_merged(run, path, labels, tmp_path, spatial):
    out = tmp_path / "clean.npy"
    args = ("clean", path, "-o", out, "--spatial", spatial)
    assert run(*args, "--merge", "2:1,3:300")[0] == 0
    merged = np.load(out)
    assert merged.dtype == np.uint16
    assert_array_equal(np.unique(merged), [0, 1, 300, 65535])
    assert_array_equal(merged == 300, labels == 3)
    assert_array_equal(merged == 65535, labels == 255)


@pytest.mark.parametrize("name", ["map.png", "map.tif"])
def test_single_map(run, labels, tmp_path, name):
    write_labels(
        tmp_path / "in.png", np.where(labels[1] == 255, -1, labels[1].astype(int))
    )
    out = tmp_path / name
    assert run("clean", tmp_path / "in.png", "-o", out, "--min-size", 3)[0] == 0
    assert_array_equal(read_images(out)[0], expected(labels[1], min_size=3))


def test_folder_keeps_the_names_of_its_slices(run, labels, tmp_path):
    (tmp_path / "in").mkdir()
    for index, map_ in enumerate(labels):
        write_labels(tmp_path / "in" / f"s{index}.png", map_)
    args = ("clean", tmp_path / "in", "-o", tmp_path / "out", "--spatial", "3d")
    assert run(*args, "--min-size", 2)[0] == 0
    names = [path.name for path in sorted((tmp_path / "out").iterdir())]
    assert names == ["s0.png", "s1.png", "s2.png", "s3.png"]


@pytest.fixture
def images(labels, tmp_path):
    """Write maps of different sizes, of which one has a palette, to a folder."""
    maps = [labels[1], labels[2, :8], labels[0, :, :9]]
    (tmp_path / "in").mkdir()
    for index, map_ in enumerate(maps):
        picture = Image.fromarray(map_)
        if index == 1:
            picture = Image.fromarray(map_, mode="P")
            picture.putpalette([*range(256)] * 3)
        picture.save(tmp_path / "in" / f"s{index}.png")
    return tmp_path / "in", maps


def test_images_of_a_folder_are_cleaned_each_on_its_own(run, images, tmp_path):
    folder, maps = images
    args = ("clean", folder, "-o", tmp_path / "out", "--spatial", "2d")
    code, _, err = run(*args, "--min-size", 3)
    assert (code, err) == (0, "")
    for index, map_ in enumerate(maps):
        cleaned = read_images(tmp_path / "out" / f"s{index}.png")[0]
        assert_array_equal(cleaned, expected(map_, min_size=3))


def test_sizes_that_differ_need_a_folder_and_are_no_volume(fails, images, tmp_path):
    args = ("clean", images[0], "--min-size", 3, "-o", tmp_path / "out.tif")
    line = fails(*args, "--spatial", "2d")
    assert "slice 1 of in is 8 x 14, but slice 0 is 12 x 14" in line
    assert "choose a folder" in line
    assert "--spatial 2d is for maps on their own" in fails(*args, "--spatial", "3d")
    assert not (tmp_path / "out.tif").exists()


def test_void_of_each_image_is_the_largest_of_its_type(run, labels, tmp_path):
    (tmp_path / "in").mkdir()
    for index, largest in enumerate((3, 300)):
        map_ = np.where(labels[0] == 255, -1, labels[0].astype(int))
        map_[map_ == 3] = largest
        write_labels(tmp_path / "in" / f"{index}.png", map_)
    args = ("clean", tmp_path / "in", "-o", tmp_path / "out", "--spatial", "2d")
    assert run(*args, "--merge", "300:2")[0] == 0
    for index, largest in enumerate((3, 2)):
        cleaned = read_labels(tmp_path / "out" / f"{index}.png")[0]
        assert np.unique(cleaned).tolist() == sorted({-1, 0, 1, largest})


def test_size_of_pixels_of_a_folder_stays(run, labels, tmp_path, in_file):
    (tmp_path / "in").mkdir()
    for index, map_ in enumerate(labels.astype(np.int8)):
        sizes = {"spacing": {"Y": 0.25, "X": 0.5}, "unit": "um"}
        write_labels(tmp_path / "in" / f"{index}.tif", map_, **sizes)
    args = ("clean", tmp_path / "in", "-o", tmp_path / "out", "--spatial", "2d")
    assert run(*args, "--min-size", 1)[0] == 0
    source = open_stack(tmp_path / "out" / "3.tif")._source
    assert (source.spacing, source.unit) == ({"Y": 0.25, "X": 0.5}, "um")
    assert_array_equal(in_file(tmp_path / "out" / "3.tif")[0], labels[3])


def test_files_of_different_sizes_of_pixels_are_named(run, labels, tmp_path):
    (tmp_path / "in").mkdir()
    for index, size in enumerate((0.5, 0.25)):
        sizes = {"spacing": {"Y": size, "X": size}, "unit": "um"}
        write_labels(tmp_path / "in" / f"{index}.tif", labels[0].astype(int), **sizes)
    args = ("clean", tmp_path / "in", "-o", tmp_path / "out", "--spatial", "2d")
    code, _, err = run(*args, "--min-size", 1)
    (line,) = err.splitlines()
    assert code == 0
    assert "warning: the files of in state different sizes of a pixel" in line
    assert "0.5 x 0.5 um (0.tif), 0.25 x 0.25 um (1.tif)" in line


def test_time_steps_are_on_their_own(run, labels, tmp_path):
    path = tmp_path / "film.tif"
    tifffile.imwrite(path, labels, ome=True, metadata={"axes": "TYX"})
    args = ("clean", path, "-o", tmp_path / "out.npy", "--min-size", 3)
    assert run(*args)[0] == 0
    cleaned = np.load(tmp_path / "out.npy")
    assert_array_equal(cleaned, expected(labels, min_size=3, spatial="2d"))


def test_what_is_255_can_be_a_class(run, path, labels, tmp_path):
    out = tmp_path / "clean.npy"
    args = ("clean", path, "-o", out, "--spatial", "2d", "--void", "none")
    assert run(*args, "--min-size", 2)[0] == 0
    cleaned = np.load(out)
    assert (cleaned.max(), cleaned[0, 0, 0]) == (1, 0)


def test_output_that_exists_is_replaced_when_told(run, fails, path, tmp_path):
    out = tmp_path / "clean.tif"
    args = ("clean", path, "-o", out, "--spatial", "2d", "--min-size", 2)
    run(*args)
    before = out.read_bytes()
    assert "replace it with --overwrite" in fails(*args)
    assert out.read_bytes() == before
    assert run(*args[:-1], 9, "--overwrite")[0] == 0
    assert len(set(read_labels(out)[2].ravel()) - {-1}) == 2


MISTAKES = [
    ("{tmp}/no.tif -o {out} --min-size 2", "no.tif: there is no such file"),
    (
        "{labels} -o {out} --spatial 2d",
        "give --min-size, --fill-holes, --merge or --rule",
    ),
    ("{labels} -o {out} --min-size 2", "holds 4 slices; say --spatial 3d if they"),
    ("{labels} -o {out} --min-size -2", "'-2' is not a number from 0 on"),
    ("{labels} -o {out} --merge 2", "'2' is not of the form OLD:NEW"),
    ("{labels} -o {out} --merge 2:1,2:0", "gives a class two numbers"),
    ("{labels} -o {out} --spatial 2d --merge 8:1", "merge has class 8, but the lab"),
    ("{labels} -o {out} --spatial 2d --merge 2:1,1:0", "name the last class for both"),
    ("{labels} -o {labels} --spatial 2d --merge 2:1", "is the input and would be"),
    ("{labels} -o {tmp}/o.mp4 --spatial 2d --merge 2:1", "not as a video"),
    ("{labels} -o {tmp}/o.xyz --spatial 2d --merge 2:1", "cannot be written as '.xyz"),
    (
        "{labels} -o {labels}/out.tif --spatial 2d --merge 2:1",
        "is a file; choose a folder",
    ),
    ("{mask} -o {out} --spatial 2d --min-size 2", "--void 255 or --void none"),
    ("{broken} -o {out} --spatial 2d --min-size 2", "slice 3 of broken.tif cannot be"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES)
def test_mistake_is_one_line_and_nothing_is_written(
    command, message, fails, path, broken_scan, tmp_path
):
    mask = np.zeros((3, 8, 8), np.uint8)
    mask[:, 2] = 255
    np.save(tmp_path / "mask.npy", mask)
    places = {"labels": path, "broken": broken_scan, "mask": tmp_path / "mask.npy"}
    before = sorted(tmp_path.iterdir())
    args = command.format(**places, tmp=tmp_path, out=tmp_path / "out.tif").split()
    assert message in fails("clean", *args)
    assert sorted(tmp_path.iterdir()) == before


def test_label_that_does_not_fit_is_refused(labels, fails, tmp_path):
    np.save(tmp_path / "big.npy", labels.astype(np.int64) << 32)
    line = fails(
        *("clean", tmp_path / "big.npy", "-o", tmp_path / "a.npy"),
        *("--min-size", 3, "--spatial", "3d"),
    )
    assert f"has the label {255 << 32}" in line
    assert not (tmp_path / "a.npy").exists()
