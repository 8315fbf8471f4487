"""Strokes on the command line: of one image, of several, and of a stack."""

import re
from argparse import Namespace

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from sksegment.cli._scribbles import scribbled_slices
from sksegment.io import load_model, read_images, write_image, write_labels
from sksegment.stacks import open_stack

SMALL = [
    *("--epochs", "12", "--max-labels", "2", "--set", "base_channels=4"),
    *("--set", "depth=1", "--set", "batches_per_epoch=4", "-q"),
    *("--set", "patches__shapes=[(8,8)]", "--set", "patches__counts=[4]"),
]


@pytest.fixture
def strokes():
    """A disc that is class 0 though it is bright, and its surroundings."""
    map_ = np.full((40, 48), -1)
    map_[18:22, 20:28] = 0
    map_[1:4, 4:44] = 1
    return map_


@pytest.fixture
def photo(volume, tmp_path):
    path = tmp_path / "photo.png"
    write_image(path, volume[0])
    return path


def strokes_hold(labels, strokes):
    known = strokes >= 0
    return (labels[known] == strokes[known]).mean() > 0.9


@pytest.mark.parametrize("each", [[], ["--each"]], ids=["one", "each"])
def test_labels_have_the_numbers_of_the_strokes(run, photo, tmp_path, strokes, each):
    write_labels(tmp_path / "marks.tif", strokes)
    args = ("segment", photo, "-o", tmp_path / "out", *each, *SMALL)
    assert run(*args, "--scribbles", tmp_path / "marks.tif")[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert strokes_hold(labels, strokes)
    # Without them the darker class comes first, so it is they who did it.
    assert run(*args, "--overwrite")[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert not strokes_hold(labels, strokes)


def test_zero_is_unknown_if_said(run, photo, tmp_path, strokes):
    out = tmp_path / "m.safetensors"
    write_image(tmp_path / "marks.png", (strokes + 1).astype(np.uint8))
    args = ("fit", photo, "-o", out, "--scribbles", tmp_path / "marks.png")
    assert run(*args, "--unknown", 0, *SMALL)[0] == 0
    assert strokes_hold(load_model(out).labels_[0], strokes)


def test_zero_is_not_taken_for_unknown_in_silence(fails, photo, tmp_path, strokes):
    write_image(tmp_path / "marks.png", (strokes + 1).astype(np.uint8))
    args = ("fit", photo, "-o", tmp_path / "m.safetensors", *SMALL)
    line = fails(*args, "--scribbles", tmp_path / "marks.png")
    assert "marks.png" in line
    assert "--unknown 0" in line


@pytest.mark.parametrize("is_folder", [False, True])
def test_the_image_of_that_name_is_trained_on(
    run, volume, tmp_path, strokes, is_folder
):
    images, marks = tmp_path / "images", tmp_path / "marks"
    images.mkdir()
    marks.mkdir()
    for index, page in enumerate(volume):
        write_image(images / f"p{index}.png", page)
    file = marks / "p6_scribbles.png"
    write_labels(file, strokes)
    out = tmp_path / "m.safetensors"
    args = ("fit", images, "-o", out, "--train-images", 2, *SMALL)
    assert run(*args, "--scribbles", marks if is_folder else file)[0] == 0
    model = load_model(out)
    assert len(model.labels_) == 2
    # In the order of the names, so the last but one comes second.
    assert strokes_hold(model.labels_[1], strokes)
    assert_array_equal(model.labels_[1], model.predict([volume[6]])[0])


def test_pages_of_a_file_have_pages_of_strokes(run, volume, tmp_path, strokes):
    tifffile.imwrite(tmp_path / "scan.tif", volume, photometric="minisblack")
    pages = np.full(volume.shape, -1)
    pages[3] = strokes
    write_labels(tmp_path / "marks.tif", pages)
    out = tmp_path / "m.safetensors"
    args = ("fit", tmp_path / "scan.tif", "-o", out, "--train-images", 1, *SMALL)
    assert run(*args, "--scribbles", tmp_path / "marks.tif")[0] == 0
    [labels] = load_model(out).labels_
    assert strokes_hold(labels, strokes)


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ("none.png", "none.png: there is no such file"),
        ("q0.png", "q0.png belong to the image of that name, but no input has it"),
        (".", "both scribbles of"),
        ("empty", "there are no images in the folder"),
        ("p1.tif", "2 page.s., but .*p1.png, to which it belongs, has 1"),
        ("p0_scribbles.png", r"scribbles of .*p0.png has shape \(22, 30\)"),
    ],
)
def test_strokes_that_do_not_fit_are_named(
    fails, volume, tmp_path, strokes, marks, message
):
    images, folder = tmp_path / "images", tmp_path / "marks"
    images.mkdir()
    (folder / "empty").mkdir(parents=True)
    for index in range(2):
        write_image(images / f"p{index}.png", volume[index])
    for name in ("p1_scribbles.png", "p1.png", "q0.png"):
        write_labels(folder / name, strokes)
    write_labels(folder / "p1.tif", np.stack([strokes, strokes]))
    write_labels(folder / "p0_scribbles.png", strokes[:22, :30])
    args = ("fit", images, "-o", tmp_path / "m.safetensors", *SMALL)
    line = fails(*args, "--scribbles", folder / marks)
    assert re.search(message, line), line
    assert not (tmp_path / "m.safetensors").exists()


def test_slices_with_strokes_are_trained_on(run, scan, volume, tmp_path, strokes):
    pages = np.full(volume.shape, -1)
    pages[2], pages[5] = strokes, strokes
    write_labels(tmp_path / "marks.tif", pages)
    out = tmp_path / "labels.tif"
    args = ("stack", scan, "-o", out, *SMALL, "--scribbles", tmp_path / "marks.tif")
    assert run(*args)[0] == 0
    model = load_model(tmp_path / "labels.tif.model.safetensors")
    assert len(model.labels_) == 2
    labels = read_images(out)
    assert_array_equal(labels[2], model.labels_[0])
    assert_array_equal(labels[5], model.labels_[1])
    assert all(strokes_hold(page, strokes) for page in labels)


def test_one_map_is_of_the_slice_that_is_named(run, scan, tmp_path, strokes):
    write_labels(tmp_path / "marks.png", strokes)
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *SMALL, "--train-at", 4)
    assert run(*args, "--scribbles", tmp_path / "marks.png")[0] == 0
    [labels] = load_model(tmp_path / "labels.tif.model.safetensors").labels_
    assert strokes_hold(labels, strokes)


def test_strokes_of_another_number_of_slices_are_refused(
    fails, scan, tmp_path, strokes
):
    write_labels(tmp_path / "marks.tif", np.stack([strokes] * 3))
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *SMALL)
    line = fails(*args, "--scribbles", tmp_path / "marks.tif")
    assert "3 page(s)" in line
    assert "8 slices" in line


@pytest.mark.parametrize("classes", ["2", "3", "auto"])
def test_classes_of_strokes_keep_their_numbers_when_others_are_joined(
    run, photo, tmp_path, strokes, classes
):
    write_labels(tmp_path / "marks.tif", strokes)
    args = ("segment", photo, "-o", tmp_path / "out", *SMALL, "--max-labels", 5)
    args += ("--scribbles", tmp_path / "marks.tif", "--classes", classes)
    assert run(*args)[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert strokes_hold(labels, strokes)


@pytest.mark.parametrize("command", ["segment", "segment --each", "fit", "stack"])
def test_classes_of_strokes_are_not_joined_which_is_told_before_the_training(
    fails, photo, tmp_path, strokes, command
):
    write_labels(tmp_path / "marks.tif", strokes)
    before = {*tmp_path.iterdir()}
    args = (*command.split(), photo, "-o", tmp_path / "out", *SMALL)
    line = fails(*args, "--scribbles", tmp_path / "marks.tif", "--classes", 1)
    assert f"the scribbles {tmp_path / 'marks.tif'} have 2 classes, more than" in line
    assert "--classes 1; give as many as these" in line
    assert {*tmp_path.iterdir()} == before


def test_inputs_without_strokes_are_done_beside_others(run, volume, tmp_path, strokes):
    for index in range(2):
        write_image(tmp_path / f"p{index}.png", volume[index])
    write_labels(tmp_path / "p1_scribbles.png", strokes)
    args = ("segment", tmp_path / "p0.png", tmp_path / "p1.png", "--each", *SMALL)
    args += ("-o", tmp_path / "out", "--scribbles", tmp_path / "p1_scribbles.png")
    assert run(*args)[0] == 0
    labels = read_images(tmp_path / "out" / "p1_labels.png")[0]
    assert strokes_hold(labels, strokes)
    assert (tmp_path / "out" / "p0_labels.png").exists()


def test_folders_may_have_empty_maps_and_other_files(run, volume, tmp_path, strokes):
    images, marks = tmp_path / "images", tmp_path / "marks"
    images.mkdir()
    marks.mkdir()
    for index in range(3):
        write_image(images / f"p{index}.png", volume[index])
        map_ = strokes if index == 1 else np.full_like(strokes, -1)
        write_image(marks / f"p{index}.png", (map_ + 1).astype(np.uint8))
    (marks / "Thumbs.db").touch()
    (marks / "notes.txt").touch()
    common = (*SMALL, "--scribbles", marks, "--unknown", 0)
    out = tmp_path / "m.safetensors"
    assert run("fit", images, "-o", out, "--train-images", 1, *common)[0] == 0
    [labels] = load_model(out).labels_
    assert strokes_hold(labels, strokes)
    assert run("stack", images, "-o", tmp_path / "labels.tif", *common)[0] == 0
    [labels] = load_model(tmp_path / "labels.tif.model.safetensors").labels_
    assert strokes_hold(labels, strokes)


def test_pages_are_of_the_slices_in_their_order(run, scan, tmp_path, strokes):
    other = np.full_like(strokes, -1)
    other[36:39] = 1
    write_labels(tmp_path / "marks.tif", np.stack([strokes, other]))
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *SMALL, "--train-at", "6,1")
    assert run(*args, "--scribbles", tmp_path / "marks.tif")[0] == 0
    first, last = load_model(tmp_path / "labels.tif.model.safetensors").labels_
    assert strokes_hold(last, strokes)
    assert strokes_hold(first, other)


@pytest.mark.parametrize("kind", ["palette.png", "palette.tif", "array.npy"])
def test_strokes_of_a_slice_in_any_form(run, scan, tmp_path, strokes, kind):
    path, numbers = tmp_path / kind, (strokes + 1).astype(np.uint8)
    if kind.endswith(".npy"):
        np.save(path, numbers)
    else:
        picture = Image.fromarray(numbers, mode="P")
        picture.putpalette([0, 0, 0, 200, 10, 10, 10, 10, 200])
        picture.save(path)
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *SMALL, "--train-at", 4)
    assert run(*args, "--scribbles", path, "--unknown", 0)[0] == 0
    [labels] = load_model(tmp_path / "labels.tif.model.safetensors").labels_
    assert strokes_hold(labels, strokes)


def test_name_of_an_image_is_not_shortened_too_far(run, volume, tmp_path, strokes):
    for name in ("cell", "cell_labels"):
        write_image(tmp_path / f"{name}.png", volume[0])
    write_labels(tmp_path / "cell_labels_scribbles.png", strokes)
    out = tmp_path / "m.safetensors"
    inputs = (tmp_path / "cell.png", tmp_path / "cell_labels.png")
    args = ("fit", *inputs, "-o", out, "--train-images", 2, *SMALL)
    assert run(*args, "--scribbles", tmp_path / "cell_labels_scribbles.png")[0] == 0
    _, labels = load_model(out).labels_
    assert strokes_hold(labels, strokes)


@pytest.mark.parametrize("command", ["segment", "stack"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--unknown", 0), "--unknown says what is unknown in --scribbles"),
        (("--scribbles", "marks.tif", "--regions", 4), "leave one of them out"),
    ],
)
def test_options_that_make_no_sense_together(
    fails, scan, tmp_path, strokes, monkeypatch, command, options, message
):
    monkeypatch.chdir(tmp_path)
    write_labels("marks.tif", strokes)
    out = "labels.tif" if command == "stack" else "out"
    assert message in fails(command, scan, "-o", out, *SMALL, *options)
    assert not (tmp_path / out).exists()


def test_missing_strokes_of_a_stack_are_named(fails, scan, tmp_path):
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *SMALL)
    line = fails(*args, "--scribbles", tmp_path / "none.npy")
    assert "none.npy: there is no such file" in line


@pytest.mark.parametrize("kind", ["marks.tif", "marks.npy", "marks"])
@pytest.mark.parametrize("axis", ["z", "y", "x"])
def test_strokes_of_a_volume_are_cut_as_the_volume_is(tmp_path, kind, axis):
    strokes = np.full((12, 12, 12), 255, np.uint8)
    strokes[5, :, 3:7] = 1
    path = tmp_path / kind
    if kind == "marks":
        path.mkdir()
        for index, page in enumerate(strokes):
            write_image(path / f"{index}.png", page)
    elif kind.endswith(".npy"):
        np.save(path, strokes)
    else:
        tifffile.imwrite(path, strokes, photometric="minisblack")
    view = open_stack(np.zeros((12, 12, 12))).along(axis)
    args = Namespace(
        scribbles=path, unknown="max", regions=None, classes=None, axes=None
    )
    found = scribbled_slices(args, view)
    expected = np.moveaxis(np.where(strokes == 1, 1, -1), "zyx".index(axis), 0)
    assert_array_equal(np.stack([found[index] for index in found]), expected[[*found]])
    assert [*found] == [*np.flatnonzero((expected >= 0).any(axis=(1, 2)))]


@pytest.mark.parametrize("name", ["marks.npy", "marks.tif"])
def test_strokes_have_the_axes_of_the_stack(name, tmp_path):
    strokes = np.full((6, 9, 7), 255, np.uint8)
    strokes[2, 4, :3] = 1
    path = tmp_path / name
    if name == "marks.npy":
        np.save(path, strokes)
    else:
        # ImageJ's colours are a way to look at numbers.
        colours = np.repeat(np.arange(256, dtype=np.uint16)[np.newaxis] * 257, 3, 0)
        tifffile.imwrite(path, strokes, imagej=True, colormap=colours)
    view = open_stack(np.zeros((6, 9, 7, 2)), axes="XZYC").along("y")
    args = Namespace(
        scribbles=path, unknown="max", regions=None, classes=None, axes="XZYC"
    )
    found = scribbled_slices(args, view)
    assert [*found] == [0, 1, 2]
    assert found[0].shape == (9, 6)
    assert np.argwhere(found[0] == 1).tolist() == [[4, 2]]
