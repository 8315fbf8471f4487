"""As many classes as wanted, within a field of view, for images and for stacks."""

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal

from sksegment.cli import make_parser
from sksegment.cli._options import make_estimator
from sksegment.io import load_model, read_images, write_image

TINY = [
    *("--epochs", "1", "--max-labels", "6", "--set", "base_channels=4"),
    *("--set", "depth=1", "--set", "batches_per_epoch=1"),
]
SMALL = ["--set", "patches__shapes=[(8,8)]", "--set", "patches__counts=[4]"]


@pytest.fixture
def photo(volume, tmp_path):
    path = tmp_path / "photo.png"
    write_image(path, volume[0])
    return path


@pytest.fixture
def field(disc_mask):
    return disc_mask((40, 48), radius=18)


@pytest.fixture
def mask(field, tmp_path):
    """Write the field of view as a picture in colour."""
    path = tmp_path / "mask.png"
    write_image(path, np.stack([255 * field, 0 * field, 0 * field], -1).astype("uint8"))
    return path


@pytest.mark.parametrize("each", [[], ["--each"]], ids=["one", "each"])
def test_segment_gives_as_many_classes_as_wanted(run, photo, tmp_path, each):
    args = ("segment", photo, "-o", tmp_path / "out", "--classes", 2, *each, *TINY)
    assert run(*args)[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert_array_equal(np.unique(labels), [0, 1])
    (saved,) = (tmp_path / "out").glob("*.safetensors")
    assert_array_equal(load_model(saved).predict(read_images(photo))[0], labels)


@pytest.mark.parametrize("command", ["segment", "fit", "predict"])
def test_nan_in_a_mask_is_neither_inside_nor_outside(
    command, fails, field, photo, model, tmp_path
):
    mask, inputs = tmp_path / "mask.tif", [model, photo][command != "predict" :]
    tifffile.imwrite(mask, np.where(field, 1.0, np.nan).astype(np.float32))
    out = tmp_path / "out"
    line = fails(command, *inputs, "-o", out, "--mask", mask)
    assert f"{mask} has NaN, which is neither inside nor outside; write 0 there" in line
    assert not out.exists()


def test_fit_gives_as_many_classes_as_wanted(run, photo, tmp_path):
    out = tmp_path / "m.safetensors"
    assert run("fit", photo, "-o", out, "--classes", 2, *TINY)[0] == 0
    assert load_model(out).labels_[0].max() == 1


def test_predict_joins_classes_of_a_saved_model(run, fails, photo, tmp_path):
    model = tmp_path / "m.safetensors"
    assert run("fit", photo, "-o", model, *TINY)[0] == 0
    args = ("predict", model, photo, "-o", tmp_path / "out", "--classes")
    assert run(*args, 2)[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    expected = load_model(model).merge_labels(2).predict(read_images(photo))[0]
    assert_array_equal(labels, expected)
    assert "m.safetensors" in fails(*args, 7, "--overwrite")


@pytest.fixture
def halves(tmp_path):
    """Save an image of two grey values, in which few classes can be learnt."""
    image = np.full((40, 48), 60, np.uint8)
    image[:, 24:] = 190
    write_image(tmp_path / "halves.png", image)
    return tmp_path / "halves.png"


def test_unknown_option_names_the_help_of_its_command(fails, photo, tmp_path):
    line = fails("predict", "m.safetensors", photo, "-o", tmp_path, "--epochs", 3)
    assert "unrecognized arguments: --epochs 3" in line
    assert line.rstrip().endswith("see: sksegment predict --help")


COMMANDS = {
    "segment": "out/model.safetensors",
    "segment --each": "out/halves_model.safetensors",
    "fit": "out",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_more_classes_than_were_learnt(run, halves, tmp_path, command):
    args = (*command.split(), halves, "-o", tmp_path / "out", *TINY)
    code, _, err = run(*args, "--classes", 6)
    assert code == 2
    # Perhaps after a warning of so short a training.
    line = err.splitlines()[-1]
    assert "halves.png: " in line
    assert "class(es) were learnt, fewer than --classes 6" in line
    assert "larger --max-labels" in line
    kept = tmp_path / COMMANDS[command]
    assert line.endswith(f"the model as it is: {kept}")
    assert load_model(kept).label_groups_ is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [halves, kept]


@pytest.mark.parametrize("command", COMMANDS)
def test_more_classes_than_there_can_be(fails, photo, tmp_path, command):
    args = (*command.split(), photo, "-o", tmp_path / "out", *TINY)
    line = fails(*args, "--classes", 7)
    assert "--classes 7 is more than the 6 classes that there can be" in line
    assert not (tmp_path / "out").exists()


def test_segment_within_a_mask(run, photo, mask, field, tmp_path):
    args = ("segment", photo, "-o", tmp_path / "out", "--mask", mask, *TINY)
    assert run(*args)[0] == 0
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert_array_equal(labels == 255, ~field)
    model = load_model(tmp_path / "out" / "model.safetensors")
    assert model.superpixels_.n_segments == field.sum() // 25


def test_number_of_superpixels_in_a_mask_can_be_chosen(run, photo, mask, tmp_path):
    out = tmp_path / "m.safetensors"
    run("fit", photo, "-o", out, "--mask", mask, "--n-segments", 33, *TINY)
    assert load_model(out).superpixels_.n_segments == 33


def test_stack_within_a_mask(run, scan, volume, mask, field, tmp_path):
    out = tmp_path / "labels.npy"
    assert run("stack", scan, "-o", out, "--mask", mask, *TINY)[0] == 0
    assert_array_equal(np.load(out) == 255, np.tile(~field, (len(volume), 1, 1)))


def test_another_mask_for_a_model(run, scan, model, mask, field, tmp_path):
    out = tmp_path / "labels.npy"
    args = ("stack", scan, "-o", out, "--mask", mask, "--model", model)
    assert run(*args)[0] == 0
    labels = np.load(out)
    assert_array_equal(labels[3] == 255, ~field)
    assert run(*args, "--overwrite", "--classes", 2)[0] == 0
    assert set(np.unique(np.load(out))) == {0, 1, 255}


def test_patches_are_drawn_where_the_region_is(run, scan, mask, field, tmp_path):
    args = ("--sample-region", mask, *TINY, *SMALL)
    assert run("stack", scan, "-o", tmp_path / "a.npy", *args)[0] == 0
    model = load_model(tmp_path / "a.npy.model.safetensors")
    assert_array_equal(model.patches.region > 0, field)
    assert model.superpixels is None


@pytest.mark.parametrize("option", ["--mask", "--sample-region"])
@pytest.mark.parametrize("command", ["stack", "segment"])
def test_plane_of_another_size_is_named(fails, scan, tmp_path, command, option):
    plane = tmp_path / "small.png"
    write_image(plane, np.ones((40, 40), np.uint8))
    line = fails(command, scan, "-o", tmp_path / "out", option, plane, *TINY)
    assert "(40, 40)" in line or "small.png is 40 x 40, but the slices of scan" in line
    assert not (tmp_path / "out").exists()


def test_mask_lies_on_slices_along_one_axis(fails, run, scan, mask, tmp_path):
    args = ("stack", scan, "-o", tmp_path / "a.npy", *TINY)
    line = fails(*args, "--mask", mask, "--along", "zyx")
    assert "mask.png lies on slices along one axis, but --along names 3" in line
    run(*args, "--mask", mask)
    args = ("--model", tmp_path / "a.npy.model.safetensors", "--along", "zyx")
    line = fails("stack", scan, "-o", tmp_path / "b.npy", *args)
    assert "the mask of " in line


def test_mask_that_is_no_mask_is_named(fails, scan, photo, tmp_path):
    args = ("segment", photo, "-o", tmp_path / "out", *TINY, "--mask")
    assert "no.png: there is no such file" in fails(*args, tmp_path / "no.png")
    assert "scan.tif holds 8 images; a mask is one" in fails(*args, scan)
    tifffile.imwrite(tmp_path / "empty.tif", np.zeros((40, 48), np.uint8))
    assert "empty.tif is 0 everywhere" in fails(*args, tmp_path / "empty.tif")


def test_superpixels_may_follow_structures():
    args = make_parser().parse_args(
        ["segment", "a.png", "-o", "out", "--n-segments", "auto"]
    )
    superpixels = make_estimator(args).superpixels
    assert (superpixels.method, superpixels.n_segments) == ("watershed", "auto")


@pytest.mark.parametrize("command", ["segment", "fit"])
def test_regions_instead_of_classes(run, photo, tmp_path, command):
    target = tmp_path / ("out" if command == "segment" else "m.safetensors")
    assert run(command, photo, "-o", target, "--regions", 7, *TINY)[0] == 0
    model = target / "model.safetensors" if command == "segment" else target
    assert_array_equal(np.unique(load_model(model).labels_[0]), np.arange(7))


def test_granularity_of_a_model_is_changed_when_it_is_used(run, photo, tmp_path):
    model = tmp_path / "m.safetensors"
    assert run("fit", photo, "-o", model, *TINY)[0] == 0
    code, text, _ = run("predict", model, photo, "-o", tmp_path / "out", "--regions", 5)
    assert code == 0
    assert "5 regions" in text
    labels = read_images(tmp_path / "out" / "photo_labels.png")[0]
    assert_array_equal(np.unique(labels), np.arange(5))


def test_regions_of_the_slices_of_a_stack(run, volume, tmp_path):
    np.save(tmp_path / "volume.npy", volume[:3])
    args = ("--axes", "zyx", "-o", tmp_path / "labels.tif", "--regions", 4, *TINY)
    assert run("stack", tmp_path / "volume.npy", *args)[0] == 0
    for page in tifffile.imread(tmp_path / "labels.tif"):
        assert_array_equal(np.unique(page), np.arange(4))


def test_regions_by_a_model_that_gives_classes(run, model, scan, in_file, tmp_path):
    out = tmp_path / "labels.tif"
    args = ("--model", model, "-o", out, "--regions", 4)
    assert run("stack", scan, *args)[0] == 0
    assert_array_equal(np.unique(in_file(out)[5]), np.arange(4))


def test_mask_for_a_model_without_superpixels(
    fails, fitted_dense, photo, mask, tmp_path
):
    dense = tmp_path / "dense.safetensors"
    fitted_dense.save(dense)
    line = fails("predict", dense, photo, "-o", tmp_path / "out", "--mask", mask)
    assert "--mask needs superpixels, which" in line


def test_regions_along_several_axes_are_refused_before_training(fails, scan, tmp_path):
    args = ("-o", tmp_path / "out" / "labels.tif", "--regions", 4, *TINY)
    line = fails("stack", scan, *args, "--along", "zyx")
    assert "choose one axis with --along" in line
    assert not (tmp_path / "out").exists()


def test_more_regions_than_superpixels_are_refused_in_one_line(fails, photo, tmp_path):
    args = ("--regions", 99999, *TINY)
    assert "n_segments" in fails("segment", photo, "-o", tmp_path / "out", *args)


def test_number_of_classes_may_be_left_to_the_colours(run, fails, photo, tmp_path):
    model = tmp_path / "model.safetensors"
    assert run("fit", photo, "-o", model, "--classes", "auto", *TINY)[0] == 0
    loaded = load_model(model)
    groups = loaded.label_groups_.copy()
    assert_array_equal(loaded.merge_labels("auto").label_groups_, groups)
    args = ("predict", model, photo, "-o", tmp_path / "out", "--classes")
    for wrong in ("0", "auto7"):
        assert "--classes" in fails(*args, wrong)


def test_nan_outside_the_mask_is_left_out(run, fails, volume, field, mask, tmp_path):
    scan = tmp_path / "scan.tif"
    tifffile.imwrite(scan, np.where(field, np.float32(volume), np.float32("nan")))
    args = (*TINY, *SMALL, "-o")
    assert "--mask" in fails("fit", scan, *args, tmp_path / "m.safetensors")
    assert run("segment", scan, *args, tmp_path / "out", "--mask", mask)[0] == 0
    labels = read_images(tmp_path / "out" / "scan_labels.tif")
    assert_array_equal(labels[0] == 255, ~field)
    assert run("stack", scan, *args, tmp_path / "labels.tif", "--mask", mask)[0] == 0
    for labels in read_images(tmp_path / "labels.tif"):
        assert_array_equal(labels == 255, ~field)


def test_what_is_not_finite_may_be_left_out(run, fails, volume, tmp_path):
    volume = np.float32(volume)
    for z, image in enumerate(volume):
        image[: 2 * z] = np.nan
    scan, out = tmp_path / "scan.tif", tmp_path / "labels.npy"
    tifffile.imwrite(scan, volume)
    args = ("stack", scan, "-o", out, *TINY, *SMALL)
    assert 'such as "finite"' in fails(*args, "--train-at", 1)
    assert run(*args, "--mask", "finite")[0] == 0
    assert_array_equal(np.load(out) == 255, np.isnan(volume))
    model = tmp_path / "labels.npy.model.safetensors"
    assert run("predict", model, scan, "-o", tmp_path / "out")[0] == 0
    labels = read_images(tmp_path / "out" / "scan_labels.tif")
    assert_array_equal(labels, np.load(out))


def test_model_labels_other_sizes_within_another_mask(
    run, fails, photo, volume, mask, tmp_path
):
    model, small = tmp_path / "m.safetensors", tmp_path / "small.png"
    assert run("fit", photo, "-o", model, "--mask", mask, *TINY, *SMALL)[0] == 0
    write_image(small, volume[0][:30, :40])
    inside = np.zeros((30, 40), bool)
    inside[5:25, 5:30] = True
    write_image(tmp_path / "other.png", np.uint8(255 * inside))
    args = ("predict", model, small, "-o", tmp_path / "out")
    assert "the mask has shape (40, 48)" in fails(*args)
    assert run(*args, "--mask", tmp_path / "other.png")[0] == 0
    labels = read_images(tmp_path / "out" / "small_labels.png")[0]
    assert_array_equal(labels == 255, ~inside)
