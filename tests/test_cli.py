import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment._image_files import read_images
from sksegment._pages import Page, training_images
from sksegment.cli import main, make_parser
from sksegment.cli._log import Log
from sksegment.cli._models import labels_of_training
from sksegment.cli._options import make_estimator
from sksegment.cli._outputs import output_names
from sksegment.cli._segment import image_files
from sksegment.io import load_model

TINY = [
    *("--epochs", "1", "--n-segments", "60", "--max-labels", "4"),
    *("--set", "base_channels=4", "--set", "depth=1", "--set", "batches_per_epoch=1"),
]
COMMANDS = (
    "demo",
    "segment",
    "fit",
    "predict",
    "stack",
    "quantify",
    "clean",
    "separate",
)
COMMANDS += ("report", "score", "tune", "benchmark")


def picture(seed, *channels):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    inside = (y - 30) ** 2 + (x - 25 - seed) ** 2 < 300
    image = np.where(inside, 200, 60)[(..., *[np.newaxis] * len(channels))]
    image = image + rng.normal(0, 8, (64, 64, *channels))
    return np.clip(image, 0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Three photographs, in a folder beside which there is room for results."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(3):
        Image.fromarray(picture(index, 3)).save(folder / f"p{index}.png")
    return folder


@pytest.fixture
def volume(tmp_path):
    path = tmp_path / "volume.tif"
    tifffile.imwrite(path, np.stack([picture(i) for i in range(5)]).astype(np.uint16))
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of RGB images, on disk."""
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    model = SparseWNetSegmenter(
        4, base_channels=4, depth=1, max_epochs=1, batches_per_epoch=1, random_state=0
    )
    model.set_params(superpixels__n_segments=60).fit([picture(0, 3)]).save(path)
    return path


def truncate(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def run(*args):
    return main([*map(str, args)])


def names_in(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def one_error(capsys):
    """The one line on stderr, which must be an error."""
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sksegment: error: ")
    return line


def test_module_shows_help_without_importing_torch():
    code = "import sys; sys.argv = ['x', '--help']; import runpy\n"
    code += "try: runpy.run_module('sksegment', run_name='__main__')\n"
    code += "except SystemExit as end: print(end.code, 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.endswith("0 False\n"), done.stderr
    direct = [sys.executable, "-m", "sksegment", "--help"]
    done = subprocess.run(direct, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("usage: sksegment")


def test_help_names_every_command_and_where_to_begin():
    text = make_parser().format_help()
    assert all(f"\n    {name}" in text for name in COMMANDS)
    assert "sksegment segment photo.jpg -o out" in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    text = capsys.readouterr().out
    assert end.value.code == 0
    assert f"example:\n  sksegment {command}" in text
    for line in text.partition("example:\n")[2].strip().split("\n"):
        make_parser().parse_args(shlex.split(line)[1:])


def test_help_tells_the_defaults_of_the_estimator(capsys):
    with pytest.raises(SystemExit):
        main(["segment", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    params = SparseWNetSegmenter().get_params()
    params["n_segments"] = SuperpixelTransformer().n_segments
    params["epochs"] = params["max_epochs"]
    names = ["max_labels", "n_segments", "resolution", "n_init", "epochs"]
    for name in [*names, "beta_rec", "beta_cut", "beta_sim", "beta_con"]:
        told = text.split(f" --{name.replace('_', '-')} ")[-1].partition(" --")[0]
        assert f"(default: {params[name]:g}" in told, name


def test_help_of_segment_explains_the_results(capsys):
    with pytest.raises(SystemExit):
        main(["segment", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    golden = (
        "NAME_labels.png NAME_overlay.png model.safetensors --format --no-overlay "
        "--train-images --each --max-labels --n-segments --beta-rec --beta-cut "
        "--beta-sim --beta-con --epochs --resolution --assignment --n-init "
        "--seed --device --precision NAME=VALUE --quiet"
    )
    assert [word for word in golden.split() if word not in text] == []


def test_no_command_shows_the_help_and_version_the_version(capsys):
    assert main([]) == 0
    assert "usage: sksegment" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.startswith("sksegment ")


def test_segment_a_folder(folder, tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert run("segment", folder, "-o", out, *TINY) == 0
    expected = [f"p{i}_{kind}.png" for i in range(3) for kind in ("labels", "overlay")]
    assert names_in(out) == ["model.safetensors", *expected]
    labels = read_images(out / "p0_labels.png")[0]
    assert (labels.shape, labels.dtype) == ((64, 64), np.uint8)
    assert labels.max() < 4
    assert read_images(out / "p0_overlay.png")[0].shape == (64, 64, 3)
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "labelled 3 image(s) in" in captured.out
    assert str(out) in captured.out.splitlines()[-1]


def test_labels_are_those_of_the_saved_model(folder, tmp_path):
    run("segment", folder, "-o", tmp_path / "out", *TINY, "-q")
    model = load_model(tmp_path / "out" / "model.safetensors")
    image = read_images(folder / "p1.png")
    written = read_images(tmp_path / "out" / "p1_labels.png")[0]
    np.testing.assert_array_equal(written, model.predict(image)[0])


@pytest.mark.parametrize(
    ("options", "n_labelled"),
    [(["--train-images", "2"], 1), (["--each"], 0), (["--classes", "2"], 0)],
    ids=str,
)
def test_images_that_were_trained_on_are_not_labelled_again(
    folder, tmp_path, monkeypatch, options, n_labelled
):
    predict, labelled = SparseWNetSegmenter.predict, []

    def watched(self, X):
        labelled.extend(X)
        return predict(self, X)

    monkeypatch.setattr(SparseWNetSegmenter, "predict", watched)
    assert run("segment", folder, "-o", tmp_path / "out", "-q", *options, *TINY) == 0
    assert len(labelled) == n_labelled
    for path in image_files([folder]):
        name = f"{path.stem}_model" if "--each" in options else "model"
        model = load_model(tmp_path / "out" / f"{name}.safetensors")
        [written] = read_images(tmp_path / "out" / f"{path.stem}_labels.png")
        assert np.array_equal(written, model.predict(read_images(path))[0])


def test_images_are_labelled_where_a_model_does_not_tell_what_it_was_trained_on(model):
    trained = load_model(model)
    images = {Page(Path("p.png"), 0): picture(0, 3)}
    trained.fit([*images.values()])
    assert labels_of_training(trained, images).keys() == images.keys()
    trained._image_digests = [""]
    assert labels_of_training(trained, images) == {}


def test_the_same_command_gives_the_same_labels(folder, tmp_path):
    for out in ("a", "b"):
        assert run("segment", folder, "-o", tmp_path / out, *TINY) == 0
    for index in range(3):
        first, second = (
            (tmp_path / out / f"p{index}_labels.png").read_bytes() for out in "ab"
        )
        assert first == second


def test_quiet_prints_nothing(folder, tmp_path, capfd):
    assert run("segment", folder, "-o", tmp_path / "out", *TINY, "--quiet") == 0
    assert capfd.readouterr() == ("", "")


def test_tiff_labels_and_no_overlay(folder, tmp_path):
    out = tmp_path / "out"
    code = run(
        *("segment", folder / "p0.png", "-o", out, "--format", "tif", "--no-overlay"),
        *TINY,
    )
    assert code == 0
    assert names_in(out) == ["model.safetensors", "p0_labels.tif"]
    assert tifffile.imread(out / "p0_labels.tif").shape == (64, 64)


def test_a_stack_gives_a_stack(volume, tmp_path):
    out = tmp_path / "out"
    assert run("segment", volume, "-o", out, "--train-images", 2, *TINY) == 0
    assert names_in(out) == [
        "model.safetensors",
        "volume_labels.tif",
        "volume_overlay.png",
    ]
    assert tifffile.imread(out / "volume_labels.tif").shape == (5, 64, 64)
    assert read_images(out / "volume_overlay.png")[0].shape == (64, 64, 3)
    assert len(load_model(out / "model.safetensors").labels_) == 2


def test_each_trains_a_model_for_each_file(folder, tmp_path):
    Image.fromarray(picture(3)).save(folder / "grey.png")
    out = tmp_path / "out"
    assert run("segment", folder, "-o", out, "--each", "--no-overlay", *TINY) == 0
    stems = ("grey", "p0", "p1", "p2")
    expected = [f"{s}_{e}" for s in stems for e in ("labels.png", "model.safetensors")]
    assert names_in(out) == expected
    assert load_model(out / "grey_model.safetensors").n_channels_in_ == 1


def test_files_of_the_same_name_do_not_replace_each_other(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    Image.fromarray(picture(9, 3)).save(other / "p0.png")
    inputs = folder / "p0.png", other / "p0.png"
    out = tmp_path / "out"
    assert run("segment", *inputs, "-o", out, "--no-overlay", *TINY) == 0
    assert names_in(out) == [
        "model.safetensors",
        "other_p0_labels.png",
        "photos_p0_labels.png",
    ]


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ("a/x.png a/y.png", "x y"),
        ("a/x.png a/x.jpg", "x_png x_jpg"),
        ("a/x.png b/x.png", "a_x b_x"),
        ("a/x.png b/x.png a/x.jpg", "a_x_png b_x_png a_x_jpg"),
        ("a/x.png A/X.png", "a_x A_X_2"),
        ("a/b/x.png c/b/x.png", "b_x_png b_x_png_2"),
        ("a/x.png b/x.png c/a_x.png", "a_x b_x a_x_2"),
    ],
)
def test_output_names_differ(paths, expected):
    names = output_names([Path(path) for path in paths.split()])
    if paths != "a/x.png A/X.png":
        assert names == expected.split()
    assert len({name.casefold() for name in names}) == len(names)


def test_fit_then_predict(folder, volume, tmp_path, capsys):
    path = tmp_path / "models" / "m.safetensors"
    assert run("fit", volume, "-o", path, "--train-images", 3, *TINY) == 0
    assert str(path) in capsys.readouterr().out
    assert len(load_model(path).labels_) == 3
    assert run("predict", path, volume, "-o", tmp_path / "out") == 0
    assert names_in(tmp_path / "out") == ["volume_labels.tif", "volume_overlay.png"]


def test_options_reach_the_estimator():
    args = "segment a.png -o out --beta-cut 0.5 --epochs 7 --n-segments 99 --seed 5"
    args += " --set superpixels__compactness=5 --assignment region"
    args += " --set patches__shapes=[(32,32)]"
    params = make_estimator(make_parser().parse_args(args.split())).get_params()
    assert params["beta_cut"] == 0.5
    assert params["max_epochs"] == 7
    assert params["random_state"] == 5
    assert params["superpixels__n_segments"] == 99
    assert params["superpixels__compactness"] == 5
    assert params["assignment"] == "region"
    assert params["patches__shapes"] == [(32, 32)]
    assert params["max_labels"] == SparseWNetSegmenter().max_labels


def test_training_images_are_spread_evenly_and_few_are_read(tmp_path, monkeypatch):
    paths = []
    for index in range(12):
        paths.append(tmp_path / f"{index}.png")
        Image.fromarray(picture(index)).save(paths[-1])
    read = []
    monkeypatch.setattr(
        "sksegment._pages.read_images", lambda path: read.append(path) or [picture(0)]
    )
    images = training_images(paths, 3, Log())
    assert read == [paths[2], paths[6], paths[10]]
    assert list(images) == [Page(path) for path in read]
    assert len(training_images(paths, 100, Log())) == 12


def test_training_images_of_a_stack_are_its_pages(volume):
    images = training_images([volume], 2, Log())
    assert [*map(str, images)] == [f"{volume}, page {page}" for page in (1, 3)]
    last = next(reversed(images.values()))
    np.testing.assert_array_equal(last, picture(3))


@pytest.mark.parametrize("each", [[], ["--each"]], ids=["one", "each"])
def test_a_truncated_file_is_told_and_the_others_are_done(
    folder, tmp_path, capsys, each
):
    truncate(folder / "p1.png")
    out = tmp_path / "out"
    assert run("segment", folder, "-o", out, "--no-overlay", *each, *TINY) == 2
    assert "p1.png cannot be read" in one_error(capsys)
    labels = [name for name in names_in(out) if "labels" in name]
    assert labels == ["p0_labels.png", "p2_labels.png"]


def test_another_image_is_trained_on_in_place_of_a_broken_one(folder, tmp_path, capsys):
    truncate(folder / "p1.png")
    out = tmp_path / "out"
    assert run("segment", folder, "-o", out, "--train-images", 1, *TINY) == 2
    assert "p1.png" in one_error(capsys)
    assert "p2_labels.png" in names_in(out)


def test_predict_goes_on_after_bad_files(model, folder, tmp_path, capsys):
    truncate(folder / "p0.png")
    Image.fromarray(picture(1)).save(folder / "p1.png")
    out = tmp_path / "out"
    assert run("predict", model, folder, tmp_path / "no.png", "-o", out) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith("sksegment: error: ") for line in lines] == [True] * 3
    assert "p0.png cannot be read" in lines[0]
    assert "p1.png has 1 channel(s), but the model was fitted on 3" in lines[1]
    assert "no.png: there is no such file" in lines[2]
    assert names_in(out) == ["p2_labels.png", "p2_overlay.png"]


def test_predict_goes_on_after_an_image_of_too_few_superpixels(
    folder, tmp_path, capsys
):
    model, out = tmp_path / "model.safetensors", tmp_path / "out"
    fine = ("--n-segments", 200, "-q")
    assert run("fit", folder / "p0.png", "-o", model, *TINY, *fine) == 0
    Image.fromarray(picture(1, 3)[:8, :8]).save(folder / "p1.png")
    assert run("predict", model, folder, "-o", out, "--regions", 70) == 2
    line = one_error(capsys)
    assert "p1.png: n_regions=70 must be a whole number from 1 to" in line
    assert [name for name in names_in(out) if "labels" in name] == [
        "p0_labels.png",
        "p2_labels.png",
    ]


def test_warnings_name_the_file_once(model, folder, tmp_path, capsys):
    dark = np.stack([picture(seed, 3) / 255.0 for seed in range(3)])
    tifffile.imwrite(folder / "dark.tif", dark, photometric="rgb")
    assert run("predict", model, folder, "-o", tmp_path / "out") == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sksegment: warning: values of ")
    assert f"{folder / 'dark.tif'} hardly fit the range" in line


def test_empty_training_image_is_named_before_the_training(
    folder, tmp_path, capsys, monkeypatch
):
    Image.fromarray(np.zeros((40, 48, 3), np.uint8)).save(folder / "p1.png")

    def stop(net, dataset, **options):
        raise OSError("the training began")

    monkeypatch.setattr("sksegment.fitting.train", stop)
    assert run("fit", folder, "-o", tmp_path / "m.safetensors", *TINY) == 2
    told, stopped = capsys.readouterr().err.splitlines()
    name = folder / "p1.png"
    assert told.startswith(f"sksegment: warning: of {name} all pixels are equal")
    assert stopped == "sksegment: error: the training began"


@pytest.mark.parametrize("command", ["segment", "fit", "stack", "tune"])
def test_files_of_several_types_are_told_before_the_training(
    folder, tmp_path, capsys, monkeypatch, command
):
    wide = 257 * picture(2, 3).astype(np.uint16)
    (folder / "p2.png").unlink()
    tifffile.imwrite(folder / "p2.tif", wide, photometric="rgb", byteorder=">")

    def stop(net, dataset, **options):
        raise OSError("the training began")

    monkeypatch.setattr("sksegment.fitting.train", stop)
    args = (
        ("-o", tmp_path / "out.tif") if command == "stack" else ("-o", tmp_path / "o")
    )
    args += ("--train-images", 1) if command in ("segment", "fit") else ()
    assert run(command, folder, *args, *TINY) == 2
    told, *_, stopped = capsys.readouterr().err.splitlines()
    names = [folder / "p0.png", folder / "p2.tif"]
    assert f"warning: {names[0]} is of uint8, but {names[1]} of uint16" in told
    assert "convert them to one type, or run them apart" in told
    assert stopped == "sksegment: error: the training began"


@pytest.mark.parametrize("command", ["segment", "segment --each", "fit"])
def test_nothing_is_written_when_all_files_are_broken(
    folder, tmp_path, capsys, command
):
    for path in folder.iterdir():
        truncate(path)
    assert run(*command.split(), folder, "-o", tmp_path / "out", *TINY) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert names_in(tmp_path) == ["photos"]


def test_an_image_with_other_channels_is_named(folder, tmp_path, capsys):
    Image.fromarray(picture(0)).save(folder / "a_grey.png")
    assert run("segment", folder, "-o", tmp_path / "out", *TINY) == 2
    line = one_error(capsys)
    assert "a_grey.png has 1 channel(s), but" in line
    assert "p0.png has 3" in line
    assert "p2_labels.png" in names_in(tmp_path / "out")


def test_pixels_that_cannot_be_used_are_blamed_on_the_page(volume, tmp_path, capsys):
    stack = tifffile.imread(volume).astype(np.float32)
    stack[3, 5, 5] = np.nan
    tifffile.imwrite(volume, stack)
    assert run("segment", volume, "-o", tmp_path / "out", *TINY) == 2
    assert "volume.tif, page 3 contains NaN" in one_error(capsys)
    small = tmp_path / "small.png"
    Image.fromarray(picture(0)[:5]).save(small)
    assert run("fit", small, "-o", tmp_path / "m.safetensors", *TINY) == 2
    assert "small.png has shape (5, 64)" in one_error(capsys)


MISTAKES = [
    ("segment", "required: INPUT, -o/--out"),
    ("segment {photo}", "-o/--out; see: sksegment segment --help"),
    ("sgment {photo} -o {out}", "invalid choice: 'sgment'"),
    (
        "segment {photo} -o {out} --epochs many",
        "--epochs: 'many' is not a number from 1 on",
    ),
    ("segment {photo} -o {out} --train-images 0", "'0' is not a number from 1 on"),
    ("segment {photo} -o {out} --set lr", "'lr' is not of the form NAME=VALUE"),
    ("segment {photo} -o {out} --set max_epoch=3", "did you mean max_epochs?"),
    ("segment {photo} -o {out} --set zzz=3", "known: assignment, base_channels"),
    ("segment {photo} -o {out} --set superpixels=3", "superpixels__compactness"),
    ("segment {photo} -o {out} --set lr=fast", "'lr' parameter of Sparse"),
    ("segment {photo} -o {out} --max-labels 1", "'max_labels' parameter of Sparse"),
    ("segment {photo} -o {out} --seed -1", "'random_state' parameter of Sparse"),
    ("segment {photo} -o {out} --n-segments 1", "'n_segments' parameter of Super"),
    ("segment {photo} -o {out} --device toaster", "device='toaster' cannot be used"),
    (
        "segment {photo} -o {out} --beta-rec 0 --beta-sim 0 --beta-con 0",
        "all betas are zero",
    ),
    ("segment {folder} -o {folder}", "the next run would take these results"),
    ("segment {photo} -o {photo}", "is a file; choose a folder"),
    ("segment {photo} -o {photo}/out", "is a file; choose a folder"),
    ("segment {empty} -o {out}", "no images in the folder"),
    ("segment {empty}/no.png -o {out}", "no.png: there is no such file"),
    ("fit {photo} -o {photo}", "it is a folder or an input"),
    ("fit {photo} -o {folder}", "it is a folder or an input"),
    ("predict {photo} {photo} -o {out}", "p0.png is damaged or no safetensors"),
    ("predict {empty}/m {photo} -o {out}", "there is no model file"),
    ("predict {model} {photo} -o {out} --device toaster", "device='toaster'"),
    ("predict {model} {photo} -o {out} --regions 0", "'0' is not a number from 1 on"),
]


@pytest.mark.parametrize(("command", "message"), MISTAKES)
def test_a_mistake_gives_one_line_and_code_2(
    command, message, folder, model, tmp_path, capsys
):
    places = {"folder": folder, "photo": folder / "p0.png", "model": model}
    places |= {"out": tmp_path / "out", "empty": tmp_path / "empty"}
    places["empty"].mkdir()
    before = {path: path.read_bytes() for path in folder.iterdir()}
    args = command.format(**places).split()
    tiny = [] if command.startswith(("predict", "sgment")) else TINY
    assert run(*args[:1], *tiny, *args[1:]) == 2
    assert message in one_error(capsys)
    assert not (tmp_path / "out").exists()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_results_never_replace_an_input(folder, capsys):
    Image.fromarray(picture(0, 3)).save(folder / "p0_labels.png")
    inputs = folder / "p0.png", folder / "p0_labels.png"
    assert run("segment", *inputs, "-o", folder, *TINY) == 2
    assert "would replace the input" in one_error(capsys)


@pytest.mark.parametrize("kept", ["p0_labels.png", "p1_overlay.png", "model"])
def test_results_are_replaced_only_when_told(folder, model, tmp_path, capsys, kept):
    out = tmp_path / "out"
    out.mkdir()
    kept = out / ("model.safetensors" if kept == "model" else kept)
    kept.write_bytes(b"kept")
    commands = {"segment": ("segment", folder, "-o", out, *TINY)}
    if kept.suffix == ".png":
        commands["predict"] = ("predict", model, folder, "-o", out)
    for command in commands.values():
        assert run(*command) == 2
        line = one_error(capsys)
        assert f"{kept} exists; choose another place with -o" in line
        assert "replace it with --overwrite" in line
        assert (kept.read_bytes(), names_in(out)) == (b"kept", [kept.name])
    for command in commands.values():
        assert run(*command, "--overwrite") == 0
        assert kept.read_bytes() != b"kept"


def test_label_maps_of_another_format_are_replaced_too(folder, model, tmp_path, capsys):
    out = tmp_path / "out"
    command = ("predict", model, folder / "p0.png", "-o", out, "--no-overlay")
    assert run(*command) == 0
    assert run(*command, "--format", "tif") == 2
    assert "p0_labels.png exists" in one_error(capsys)
    assert run(*command, "--format", "tif", "--overwrite") == 0
    assert names_in(out) == ["p0_labels.tif"]
    assert run(*command, "--overwrite") == 0
    assert names_in(out) == ["p0_labels.png"]


def test_results_of_other_images_go_beside(folder, tmp_path):
    out = tmp_path / "out"
    assert run("segment", folder / "p0.png", "-o", out, *TINY) == 0
    model = out / "model.safetensors"
    assert run("predict", model, folder / "p1.png", "-o", out) == 0
    args = ("segment", folder / "p2.png", "-o", out, "--each", *TINY)
    assert run(*args) == 0
    assert run(*args) == 2
    assert run(*args, "--resume") == 0


def test_results_beside_their_images_are_no_images(folder, tmp_path, capsys):
    assert run("segment", folder / "p0.png", "-o", folder, *TINY) == 0
    assert run("segment", folder, "-o", tmp_path / "out", "--no-overlay", *TINY) == 0
    names = [f"p{index}_labels.png" for index in range(3)]
    assert names_in(tmp_path / "out") == ["model.safetensors", *names]
    err = capsys.readouterr().err
    assert f"2 file(s) such as {folder / names[0]} are taken for results" in err
    named = [folder / "p0.png", folder / names[0]]
    assert image_files(named) == named


def test_model_is_replaced_only_when_told(folder, tmp_path, capsys):
    path = tmp_path / "m.safetensors"
    path.write_bytes(b"kept")
    assert run("fit", folder, "-o", path, *TINY) == 2
    assert "m.safetensors exists" in one_error(capsys)
    assert path.read_bytes() == b"kept"
    assert run("fit", folder, "-o", path, *TINY, "--overwrite") == 0
    assert len(load_model(path).labels_) == 3


def test_a_folder_without_write_permission(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sksegment.cli._outputs.os.access", lambda *args: False)
    assert run("segment", folder, "-o", tmp_path / "out", *TINY) == 2
    assert "permission denied; choose another folder" in one_error(capsys)


def test_a_full_disk_is_one_line(folder, tmp_path, capsys, monkeypatch):
    def fail(path, labels, **sizes):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("sksegment.cli._outputs.write_pages", fail)
    assert run("segment", folder, "-o", tmp_path / "out", *TINY, "-q") == 2
    assert "p0_labels.png: no space left on device" in one_error(capsys)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (KeyboardInterrupt(), 130, "sksegment: stopped by Ctrl-C"),
        (RuntimeError("CUDA out of memory.\nTried"), 2, "sksegment: error: out of"),
        (MemoryError(), 2, "sksegment: error: out of memory"),
        (FloatingPointError("the loss\nbecame NaN"), 2, "sksegment: error: the loss b"),
    ],
)
def test_what_happens_in_training(
    folder, tmp_path, capsys, monkeypatch, error, code, line
):
    def fail(self, X, y=None, **options):
        raise error

    monkeypatch.setattr(SparseWNetSegmenter, "fit", fail)
    assert run("segment", folder, "-o", tmp_path / "out", *TINY) == code
    (told,) = capsys.readouterr().err.splitlines()
    assert told.startswith(line)


def test_a_bug_is_not_hidden(folder, tmp_path, monkeypatch):
    def fail(self, X, y=None, **options):
        raise RuntimeError("a bug")

    monkeypatch.setattr(SparseWNetSegmenter, "fit", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        run("segment", folder, "-o", tmp_path / "out", *TINY)


def test_warnings_are_one_line_each(folder, tmp_path, capsys):
    patches = ["--set", "patches__shapes=[(200,200)]", "--set", "patches__counts=[2]"]
    assert run("segment", folder, "-o", tmp_path / "out", *TINY, *patches) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sksegment: warning: ")


@pytest.mark.skipif(os.name == "nt", reason="needs pipes of POSIX")
def test_a_reader_that_has_gone_stops_nothing(folder, model, tmp_path):
    """As in ``sksegment predict ... | head``: all is labelled, and nothing is lost."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "sksegment", "predict", model, folder, "-o", out]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*map(str, command)], stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    assert len([name for name in names_in(out) if "labels" in name]) == 3


def predict_apart(model, folder, out, **options):
    """Run ``sksegment predict`` in a process of its own; returns code and stderr."""
    command = [sys.executable, "-m", "sksegment", "predict", model, folder, "-o", out]
    done = subprocess.run(
        [*map(str, command)], stderr=subprocess.PIPE, text=True, **options
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_full_disk_of_what_is_printed_stops_nothing(folder, model, tmp_path):
    out = tmp_path / "out"
    with open("/dev/full", "wb") as full:
        assert predict_apart(model, folder, out, stdout=full) == (0, "")
    assert len([name for name in names_in(out) if "labels" in name]) == 3


def test_a_name_that_cannot_be_printed_stops_nothing(folder, model, tmp_path):
    (folder / "p0.png").rename(folder / "\N{GREEK SMALL LETTER ALPHA}.png")
    out, printed = tmp_path / "out", tmp_path / "printed"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    with open(printed, "wb") as file:
        found = predict_apart(model, folder, out, stdout=file, env=environment)
    assert found == (0, "")
    assert "\\u03b1.png: " in printed.read_text()
    assert len([name for name in names_in(out) if "labels" in name]) == 3


def test_errors_obey_no_name_and_have_an_end(model, tmp_path, capsys):
    (tmp_path / "a\x1b[2Jb.png").write_bytes(b"no image")
    assert run("predict", model, tmp_path / "a\x1b[2Jb.png", "-o", tmp_path) == 2
    assert "a\\x1b[2Jb.png" in one_error(capsys)
    assert run("predict", model, "a" * 5000, "-o", tmp_path) == 2
    assert len(one_error(capsys)) < 1100


@pytest.mark.parametrize(
    "command",
    [
        "predict {model} {link} -o {out}",
        "segment {link} -o {out}",
        "score {link} --truth {link}",
        "report {model} {link} -o {out}",
    ],
)
def test_a_link_to_itself_is_named(command, model, tmp_path, capsys):
    link = tmp_path / "link.png"
    link.symlink_to(link)
    filled = command.format(model=model, link=link, out=tmp_path / "out.html")
    assert run(*filled.split()) == 2
    assert str(link) in one_error(capsys)
