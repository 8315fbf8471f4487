"""Volumes, stacks and videos are labelled as a whole by one command."""

import re
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_array_equal
from PIL import Image

from sksegment.io import load_model, write_image
from sksegment.stacks import open_stack, predict_stack

TINY = [
    *("--epochs", "1", "--n-segments", "60", "--max-labels", "4"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]


def labels_in(path):
    stack = open_stack(path)
    return np.stack([stack[index] for index in range(len(stack))])


def test_one_command_trains_and_labels(run, scan, volume, tmp_path):
    out = tmp_path / "new" / "labels.tif"
    code, text, err = run("stack", scan, "-o", out, "--train-slices", 2, *TINY)
    assert (code, err) == (0, "")
    kept = out.with_name("labels.tif.model.safetensors")
    assert sorted(out.parent.iterdir()) == [out, kept]
    model = load_model(kept)
    assert len(model.labels_) == 2
    assert_array_equal(labels_in(out), model.predict(volume))
    assert "labelled 8 of 8 slices" in text
    assert str(out) in text.splitlines()[-1]
    assert str(kept) in text


def test_quiet_prints_nothing(scan, tmp_path, run):
    assert run("stack", scan, "-o", tmp_path / "a.tif", "-q", *TINY) == (0, "", "")


@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr", "labels.npy", "labels"])
def test_suffix_says_what_is_written(run, scan, volume, model, tmp_path, name):
    out = tmp_path / name
    assert run("stack", scan, "-o", out, "--model", model)[0] == 0
    assert_array_equal(labels_in(out), load_model(model).predict(volume))
    assert sorted(tmp_path.iterdir()) == sorted([out, scan])


def test_size_of_voxels_is_kept(run, scan, model, tmp_path):
    run("stack", scan, "-o", tmp_path / "labels.tif", "--model", model)
    stack = open_stack(tmp_path / "labels.tif")
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.5), "um")


@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr"])
def test_size_of_voxels_can_be_said(run, volume, model, tmp_path, name):
    np.save(tmp_path / "scan.npy", volume)
    args = ("stack", tmp_path / "scan.npy", "-o", tmp_path / name, "--model", model)
    assert run(*args, "--spacing", 3, 0.5, 0.25, "--unit", "µm")[0] == 0
    stack = open_stack(tmp_path / name)
    assert (stack.spacing, stack.unit) == ((3.0, 0.5, 0.25), "um")


def test_size_of_pixels_can_be_said_of_frames(run, scan, model, tmp_path):
    args = ("stack", scan, "-o", tmp_path / "a.tif", "--model", model, "--axes", "TYX")
    assert run(*args, "--spacing", 2, "--unit", "mm")[0] == 0
    found = open_stack(tmp_path / "a.tif")._source
    assert (found.spacing, found.unit) == ({"Y": 2.0, "X": 2.0}, "mm")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--spacing", "2"], "--spacing needs --unit; choose um"),
        (["--unit", "um"], "--unit um needs --spacing"),
        (["--spacing", "2", "--unit", "furlong"], "has the unit 'furlong'; choose um"),
        (["--spacing", "2", "1", "--unit", "um"], "--spacing 2 1 is no size of .*z, y"),
        (["--spacing", "0", "--unit", "um"], "--spacing 0 is no size of .*positive"),
    ],
)
def test_sizes_that_are_none(fails, scan, model, tmp_path, options, message):
    out = tmp_path / "a.tif"
    line = fails("stack", scan, "-o", out, "--model", model, *options)
    assert re.search(message, line)
    assert not out.exists()


def test_other_size_of_voxels_is_another_run(run, fails, scan, model, tmp_path):
    args = ("stack", scan, "-o", tmp_path / "a.tif", "--model", model, "--resume")
    size = ("--spacing", 2, "--unit", "mm")
    assert run(*args, *size)[0] == run(*args, *size)[0] == 0
    assert "is of another input" in fails(*args)


@pytest.mark.parametrize("name", ["labels.tif", "labels.zarr"])
@pytest.mark.parametrize("axes", ["TYX", "ZYX"])
def test_sizes_that_are_known_are_kept(run, volume, model, tmp_path, axes, name):
    scan, out = tmp_path / "scan.ome.tif", tmp_path / name
    sizes = {"PhysicalSizeY": 0.25, "PhysicalSizeX": 0.5}
    tifffile.imwrite(scan, volume[:3], metadata={"axes": axes, **sizes})
    assert run("stack", scan, "-o", out, "--model", model)[0] == 0
    stack = open_stack(out)
    assert (stack.axes, stack.spacing) == (axes, None)
    found = stack._source
    assert (found.spacing, found.unit) == ({"Y": 0.25, "X": 0.5}, "um")


@pytest.mark.parametrize("command", ["predict", "segment"])
def test_size_of_voxels_is_kept_by_pages(run, scan, model, tmp_path, command):
    args = ("predict", model, scan) if command == "predict" else ("segment", scan)
    options = TINY if command == "segment" else []
    assert run(*args, "-o", tmp_path / "out", *options)[0] == 0
    stack = open_stack(tmp_path / "out" / "scan_labels.tif")
    assert (stack.spacing, stack.unit) == ((2.0, 0.5, 0.5), "um")


@pytest.mark.parametrize("axes", ["TYX", "TZYX", "ZYX"])
@pytest.mark.parametrize("kind", ["imagej", "ome"])
def test_pages_in_time_stay_in_time(run, volume, model, tmp_path, kind, axes):
    scan, out = tmp_path / "a.tif", tmp_path / "out"
    pages = volume if len(axes) == 3 else volume.reshape(4, 2, *volume.shape[1:])
    tifffile.imwrite(scan, pages, metadata={"axes": axes}, **{kind: True})
    assert run("predict", model, scan, "-o", out)[0] == 0
    with tifffile.TiffFile(out / "a_labels.tif") as tif:
        found = tif.series[0]
        assert found.axes == axes if "T" in axes else "T" not in found.axes
        labels = tif.asarray().reshape(volume.shape)
    assert_array_equal(labels, load_model(model).predict(volume))


def test_frames_of_an_animation_stay_in_time(run, volume, model, tmp_path):
    frames = [*map(Image.fromarray, volume)]
    scan, out = tmp_path / "a.gif", tmp_path / "out"
    frames[0].save(scan, save_all=True, append_images=frames[1:])
    assert run("segment", scan, "-o", out, *TINY)[0] == 0
    assert open_stack(out / "a_labels.tif").axes == "TYX"


def test_slices_that_are_named_are_trained_on(run, scan, volume, tmp_path):
    out = tmp_path / "labels.npy"
    text = run("stack", scan, "-o", out, "--train-at", "5,2", *TINY)[1]
    assert "trained on slice 2, 5 in" in text
    model = load_model(tmp_path / "labels.npy.model.safetensors")
    assert_array_equal(model.labels_, model.predict([volume[2], volume[5]]))


def test_model_of_a_folder_is_in_it_and_can_be_elsewhere(run, scan, tmp_path):
    run("stack", scan, "-o", tmp_path / "a", *TINY)
    assert (tmp_path / "a" / "model.safetensors").is_file()
    other = tmp_path / "models" / "m.safetensors"
    run("stack", scan, "-o", tmp_path / "b", "--save-model", other, *TINY)
    assert other.is_file()
    assert not (tmp_path / "b" / "model.safetensors").exists()


def test_model_beside_is_replaced_only_when_told(run, fails, scan, tmp_path):
    kept = tmp_path / "labels.tif.model.safetensors"
    kept.write_bytes(b"kept")
    args = ("stack", scan, "-o", tmp_path / "labels.tif", *TINY)
    line = fails(*args)
    assert f"{kept} exists; label with this model by --model" in line
    assert (kept.read_bytes(), (tmp_path / "labels.tif").exists()) == (b"kept", False)
    assert run(*args, "--overwrite")[0] == 0
    assert load_model(kept).max_labels == 4


def test_three_directions_vote(run, scan, model, tmp_path):
    out = tmp_path / "labels.npy"
    text = run("stack", scan, "-o", out, "--model", model, "--along", "zyx")[1]
    axes = ("z", "y", "x")
    expected = predict_stack(load_model(model), scan, along=axes, progress=False)
    assert_array_equal(np.load(out), expected)
    assert "labelled 96 of 96 slices" in text


def test_axes_say_what_is_what(run, volume, model, tmp_path):
    np.save(tmp_path / "turned.npy", volume.transpose(2, 0, 1))
    out = tmp_path / "labels.npy"
    args = ("stack", tmp_path / "turned.npy", "-o", out, "--model", model)
    assert run(*args, "--axes", "XZY")[0] == 0
    assert_array_equal(np.load(out), load_model(model).predict(volume))


def test_image_files_are_slices(run, volume, model, tmp_path):
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    for path, image in zip(paths, volume, strict=False):
        write_image(path, image)
    out = tmp_path / "labels.npy"
    assert run("stack", *paths, "-o", out, "--model", model)[0] == 0
    assert_array_equal(np.load(out), load_model(model).predict(volume[:3]))


def test_as_many_classes_as_wanted(run, scan, model, tmp_path):
    out, few = tmp_path / "labels.npy", tmp_path / "few.safetensors"
    args = ("stack", scan, "-o", out, "--model", model, "--classes", 2)
    assert run(*args, "--save-model", few)[0] == 0
    assert_array_equal(np.unique(np.load(out)), [0, 1])
    assert load_model(few).label_groups_.max() == 1


def test_dataset_of_hdf5(run, fails, volume, model, tmp_path):
    h5py = pytest.importorskip("h5py")
    path, out = tmp_path / "scan.h5", tmp_path / "labels.npy"
    with h5py.File(path, "w") as file:
        file["entry/data"] = volume
        file["entry/dark"] = volume[:2]
    args = ("stack", path, "-o", out, "--model", model)
    line = fails(*args)
    assert "choose one with --dataset: /entry/dark (2, 40, 48), /entry/data" in line
    line = fails(*args, "--dataset", "entry/flat")
    assert "scan.h5" in line
    assert "entry/flat" in line
    assert run(*args, "--dataset", "entry/data")[0] == 0
    assert_array_equal(np.load(out), load_model(model).predict(volume))


@pytest.mark.parametrize("options", [[], ["--classes", "2"], ["--regions", "2"]])
def test_run_that_is_complete_has_nothing_left(run, fails, scan, tmp_path, options):
    out, kept = tmp_path / "a.tif", tmp_path / "a.tif.model.safetensors"
    args = ("stack", scan, "-o", out, *TINY)
    run(*args, *options)
    files = [(path, path.read_bytes()) for path in (out, kept)]
    assert run(*args, *options, "--resume")[0:2] == (
        0,
        f"nothing is left to do: {out} is complete\n",
    )
    assert str(kept) in fails(*args, *options, "--resume", "--seed", 1)
    assert "a.tif" in fails(*args, "--resume", "--regions", 3)
    if "--classes" in options:
        assert "is of another input, model" in fails(*args, "--resume")
    assert files == [(path, path.read_bytes()) for path in (out, kept)]
    kept.unlink()
    assert f"but not its model {kept}" in fails(*args, *options, "--resume")
    assert not kept.exists()


def test_one_time_of_a_volume_in_time(run, fails, volume, model, tmp_path):
    scan, out = tmp_path / "in_time.tif", tmp_path / "labels.tif"
    both = np.stack([volume[::-1], volume])
    tifffile.imwrite(scan, both, imagej=True, metadata={"axes": "TZYX"})
    args = ("stack", scan, "-o", out, "--model", model)
    assert fails(*args).endswith("position of the other, e.g. --at T=0")
    assert "'T' is not of the form AXIS=N" in fails(*args, "--at", "T")
    assert run(*args, "--at", "t=1")[0] == 0
    assert_array_equal(labels_in(out), load_model(model).predict(volume))


@pytest.mark.parametrize("name", ["overlay.mp4", "overlay.gif"])
def test_video_gives_a_video(run, volume, tmp_path, name):
    av = pytest.importorskip("av")
    film = tmp_path / "film.mp4"
    with av.open(film, "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width, stream.pix_fmt = *volume.shape[1:], "yuv420p"
        for image in volume:
            frame = av.VideoFrame.from_ndarray(np.stack([image] * 3, axis=-1))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert run("stack", film, "-o", tmp_path / name, *TINY)[0] == 0
    pictures = open_stack(tmp_path / name)
    assert (len(pictures), pictures.shape[1:]) == (8, (40, 48, 3))
    # Frames are grey, and so is nothing under the colours of classes.
    assert np.ptp(pictures[3].astype(int), axis=-1).max() > 40


def test_broken_page_is_named_and_the_others_are_labelled(
    broken_scan, volume, model, tmp_path
):
    out = tmp_path / "labels.tif"
    command = [sys.executable, "-m", "sksegment", "stack", broken_scan, "-o", out]
    done = subprocess.run(
        [*command, "--model", model], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("sksegment: error: slice 3 of broken.tif cannot be read: ")
    assert "labelled 7 of 8 slices" in done.stdout
    labels, expected = labels_in(out), load_model(model).predict(volume)
    expected[3] = 255
    assert_array_equal(labels, expected)


def test_broken_page_is_no_training_slice(run, broken_scan, tmp_path):
    out = tmp_path / "labels.tif"
    args = ("stack", broken_scan, "-o", out, "--train-slices", 7, "-q", *TINY)
    code, text, err = run(*args)
    assert (code, text, len(err.splitlines())) == (1, "", 1)
    assert len(load_model(f"{out}.model.safetensors").labels_) == 7


def test_options_of_the_training_reach_the_estimator(run, scan, tmp_path):
    run("stack", scan, "-o", tmp_path / "a.npy", *TINY, "--beta-cut", 0.5, "--seed", 3)
    model = load_model(tmp_path / "a.npy.model.safetensors")
    assert (model.beta_cut, model.random_state, model.max_labels) == (0.5, 3, 4)


MISTAKES = [
    ("{tmp}/no.tif -o {out}", "no.tif: there is no such file"),
    ("{scan} -o {out} --axes ZY", "--axes ZY names 2 axes, but scan.tif has 3"),
    ("{scan} -o {out} --axes YXC", "name no axis to slice along (Z or T)"),
    ("{scan} -o {out} --axes YXC", "on a TIFF that has the channels in its pixels"),
    ("{scan} -o {out} --dataset a", "--dataset names an array in an HDF5 or zarr"),
    ("{scan} -o {out} --along t", "choose one of x, y, z"),
    ("{scan} -o {out} --along zz", "'zz' is not one of z, y, x, t, or several"),
    ("{scan} -o {scan}", "is an input and would be replaced"),
    ("{scan} -o {scan}/labels.tif", "scan.tif is a file; choose a folder"),
    ("{scan} -o {tmp}/labels.xyz", "cannot be written as '.xyz'; choose .tif"),
    ("{scan} -o {taken}", "taken.npy exists; choose another output, or replace it w"),
    ("{scan} -o {out} --save-model {tmp}", "it is a folder or an input"),
    ("{scan} -o {out} --save-model {out}", "it is a folder or an input"),
    ("{scan} -o {out} --train-at 8", "--train-at 8: scan.tif has 8 slices"),
    ("{scan} -o {out} --train-at x", "'x' is not a list of slices like 120,400"),
    ("{scan} -o {out} --train-slices 9", "--train-slices 9, but of the 8 slices"),
    ("{scan} -o {out} --train-at 1 --train-slices 1", "not allowed with"),
    ("{scan} -o {out} --max-labels 1", "'max_labels' parameter of SparseWNet"),
    ("{scan} -o {out} --classes 40", "--classes 40 is more than the 4 classes"),
    ("{scan} -o {out} --model {tmp}/m", "there is no model file"),
    ("{scan} -o {out} --model {model} --epochs 3", "--epochs is for training, but"),
    ("{scan} -o {out} --model {model} --classes 40", "fewer than --classes 40"),
    ("{colour} -o {out} --model {model}", "colour.npy has 3 channel(s), but the mod"),
    ("{broken} -o {out} --train-at 3", "slice 3 of broken.tif cannot be read"),
    ("{scan} -o {out} --scheduler nowhere", "--scheduler nowhere: missing port"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES)
def test_mistake_is_one_line_and_nothing_is_written(
    command, message, fails, scan, broken_scan, volume, model, tmp_path
):
    np.save(tmp_path / "colour.npy", np.stack([volume] * 3, axis=-1))
    np.save(tmp_path / "taken.npy", volume)
    places = {"scan": scan, "broken": broken_scan, "model": model, "tmp": tmp_path}
    places |= {"taken": tmp_path / "taken.npy", "colour": tmp_path / "colour.npy"}
    places["out"] = tmp_path / "out" / "labels.tif"
    before = sorted(tmp_path.iterdir())
    args = command.format(**places).split()
    assert message in fails("stack", *([] if "--model" in args else TINY), *args)
    assert sorted(tmp_path.iterdir()) == before


def test_model_of_too_few_classes_is_kept(fails, run, tmp_path):
    scan, out = tmp_path / "scan.npy", tmp_path / "labels.tif"
    np.save(scan, np.repeat([[[60] * 24 + [190] * 24] * 40], 3, axis=0))
    line = fails("stack", scan, "-o", out, "--classes", 4, *TINY)
    model = tmp_path / "labels.tif.model.safetensors"
    assert line.endswith(f"the model as it is: {model}")
    assert not out.exists()
    args = ("stack", scan, "-o", out, "--model", model, "--classes", 2)
    assert run(*args)[0] == 0
    assert set(np.unique(tifffile.imread(out))) == {0, 1}


def test_nothing_is_written_where_no_slice_can_be_labelled(fails, model, tmp_path):
    np.save(tmp_path / "scan.npy", np.full((3, 40, 48), np.nan))
    out = tmp_path / "labels.tif"
    line = fails("stack", tmp_path / "scan.npy", "-o", out, "--model", model)
    assert "none of the 3 slices of scan.npy can be labelled" in line
    line = fails("stack", tmp_path / "scan.npy", "-o", out, *TINY)
    assert "no slice of scan.npy can be trained on" in line
    assert [path.name for path in tmp_path.iterdir()] == ["scan.npy"]


@pytest.mark.parametrize(
    ("package", "source", "out"),
    [("zarr", "scan.tif", "labels.zarr"), ("av", "scan.tif", "overlay.mp4")],
)
def test_missing_package_is_named(
    fails, scan, model, tmp_path, monkeypatch, package, source, out
):
    monkeypatch.setitem(sys.modules, package, None)
    line = fails("stack", scan, "-o", tmp_path / out, "--model", model)
    assert f"needs {package}" in line
    assert 'pip install "sksegment[stacks]"' in line


@pytest.mark.parametrize("command", ["segment", "fit", "predict"])
def test_commands_for_images_name_the_one_for_stacks(
    fails, scan, volume, model, tmp_path, command
):
    path = tmp_path / "my scan.npy"
    np.save(path, volume)
    first = [model] if command == "predict" else []
    line = fails(command, *first, path, "-o", tmp_path / "out")
    hint = f"my scan.npy is a stack; label it with: sksegment stack '{path}' -o OUT"
    assert line.endswith(f"{hint} --model {model}" if first else hint)
    if command != "fit":
        out = tmp_path / "labels.tif"
        line = fails(command, *first, scan, "-o", out)
        hint = f"sksegment stack {scan} -o {out}"
        assert line.endswith(f"{hint} --model {model}" if first else hint)
    assert not (tmp_path / "out").exists()


def test_help_names_every_kind_of_stack(capsys, run):
    with pytest.raises(SystemExit):
        run("stack", "--help")
    text = " ".join(capsys.readouterr().out.split())
    golden = (
        "OME-TIFF HDF5 NeXus zarr .npy video --axes --dataset --at --along --resume "
        "--overwrite --scheduler --model --save-model --train-slices --train-at "
        "--classes --mask --sample-region --max-labels --device --quiet"
    )
    assert [word for word in golden.split() if word not in text] == []
