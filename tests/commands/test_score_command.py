import json

import numpy as np
import pytest

from sksegment.io import write_image, write_labels
from sksegment.metrics import segmentation_scores


@pytest.fixture
def halves():
    labels = np.zeros((8, 10), int)
    labels[:, 5:] = 1
    return labels


@pytest.fixture
def folders(tmp_path, halves):
    """Label maps of two images, and ground truth that agrees with the first."""
    out, truth = tmp_path / "out", tmp_path / "truth"
    for folder in (out, truth):
        folder.mkdir()
    write_labels(out / "a_labels.png", halves)
    write_labels(out / "b_labels.png", halves.T.copy())
    write_image(out / "a_overlay.png", np.zeros((8, 10, 3), np.uint8))
    write_labels(truth / "a.png", 1 - halves)
    np.savez(truth / "b.npz", segmentations=np.stack([halves.T, halves.T * 0]))
    return out, truth


def test_folder_is_scored_image_by_image(run, folders, tmp_path, halves):
    out, truth = folders
    code, text, err = run("score", out, "--truth", truth, "--json", tmp_path / "s.json")
    assert (code, err) == (0, "")
    lines = text.splitlines()
    assert lines[0].split()[:3] == ["V", "hom.", "compl."]
    assert [line.split()[0] for line in lines[1:3]] == [
        str(out / "a_labels.png"),
        str(out / "b_labels.png"),
    ]
    assert lines[3].startswith("mean of 2")
    found = json.loads((tmp_path / "s.json").read_text())
    first = {k: v for k, v in found["images"][0].items() if k != "image"}
    assert first == segmentation_scores(1 - halves, halves)
    assert found["mean"]["v_measure"] == pytest.approx(1.0)


def test_mean_over_annotators_is_less_than_the_best(run, folders):
    out, truth = folders
    args = ("score", out / "b_labels.png", "--truth", truth / "b.npz")
    best, mean = (
        run(*args, "--annotators", kind)[1].splitlines()[-1].split()[3]
        for kind in ("best", "mean")
    )
    assert (float(best), float(mean)) == (1.0, 0.5)


def test_pages_are_scored_one_by_one(run, tmp_path, halves):
    write_labels(tmp_path / "v_labels.tif", [halves, halves])
    write_labels(tmp_path / "v.tif", [halves, halves * 0])
    code, text, _ = run(
        "score", tmp_path / "v_labels.tif", "--truth", tmp_path / "v.tif"
    )
    assert code == 0
    values = [
        line.rpartition(", page ")[2].split()[1] for line in text.splitlines()[1:3]
    ]
    assert values == ["1.000", "0.000"]


def test_volumes_are_scored_slice_by_slice(run, fails, tmp_path, halves):
    zarr, h5py = pytest.importorskip("zarr"), pytest.importorskip("h5py")
    truth = np.stack([halves, halves]).astype(np.uint8)
    truth[1, 0], labels = 255, truth.copy()
    labels[1, :, :4] = 7
    zarr.open_group(str(tmp_path / "v.zarr"), mode="w").create_array("0", data=labels)
    (tmp_path / "truth").mkdir()
    with h5py.File(tmp_path / "truth/v.h5", "w") as file:
        file["labels"] = truth
    scored = []
    for source in (tmp_path / "truth/v.h5", tmp_path / "truth"):
        code, text, err = run("score", tmp_path / "v.zarr", "--truth", source)
        assert (code, err) == (0, "")
        scored.append([line.split()[-9] for line in text.splitlines()[1:3]])
    write_labels(tmp_path / "v.tif", [*np.where(labels == 255, -1, labels.astype(int))])
    text = run("score", tmp_path / "v.tif", "--truth", tmp_path / "truth/v.h5")[1]
    scored.append([line.split()[-9] for line in text.splitlines()[1:3]])
    assert scored[0][0] == "1.000" > scored[0][1]
    assert scored[0] == scored[1] == scored[2]
    args = (tmp_path / "v.zarr", tmp_path / "v.tif", "--truth", tmp_path / "v.zarr")
    assert "v.zarr is one file for several" in fails("score", *args)


def test_void_of_the_ground_truth_is_not_scored(run, tmp_path, halves):
    write_labels(tmp_path / "a_labels.png", halves)
    truth = halves.copy()
    truth[0] = 9
    write_labels(tmp_path / "truth.png", truth)
    args = ("score", tmp_path / "a_labels.png", "--truth", tmp_path / "truth.png")
    assert float(run(*args)[1].splitlines()[-1].split()[3]) < 1
    voided = run(*args, "--void", 9)[1].splitlines()[-1].split()[3]
    assert float(voided) == 1


def test_void_of_the_ground_truth_is_not_that_of_the_labels(run, tmp_path, halves):
    labels, truth = np.zeros_like(halves), 1 + halves
    labels[:, :2], truth[0] = 1, 0
    write_labels(tmp_path / "a_labels.png", labels)
    write_labels(tmp_path / "truth.png", truth)
    args = ("score", tmp_path / "a_labels.png", "--truth", tmp_path / "truth.png")
    # Without class 0, which covers both halves, the labels would be perfect.
    assert float(run(*args, "--void", 0)[1].splitlines()[-1].split()[3]) < 0.5
    voided = halves.copy()
    voided[0] = -1
    write_labels(tmp_path / "a_labels.png", voided)
    write_labels(tmp_path / "truth.png", halves)
    assert float(run(*args, "--void", "none")[1].splitlines()[-1].split()[3]) == 1


def test_void_of_the_labels_can_be_said(run, fails, tmp_path, halves):
    write_image(tmp_path / "a.png", (halves * 255).astype(np.uint8))
    write_labels(tmp_path / "truth.png", halves)
    args = ("score", tmp_path / "a.png", "--truth", tmp_path / "truth.png")
    assert "--labels-void 255 or --labels-void none" in fails(*args)
    scored = run(*args, "--labels-void", "none")[1].splitlines()[-1].split()[3]
    assert float(scored) == 1


def test_missing_ground_truth_is_named(fails, folders):
    out, truth = folders
    (truth / "b.npz").unlink()
    line = fails("score", out, "--truth", truth)
    assert "b_labels.png" in line
    assert "b.png, .tif" in line


def test_two_files_for_one_image_are_refused(fails, folders, halves):
    out, truth = folders
    write_labels(truth / "b.tif", halves)
    assert "both ground truth of b" in fails("score", out, "--truth", truth)


def test_one_file_cannot_be_the_truth_of_many(fails, folders):
    out, truth = folders
    assert "one file for several" in fails("score", out, "--truth", truth / "a.png")


def test_shapes_that_differ_are_named(fails, folders, tmp_path, halves):
    write_labels(tmp_path / "small.png", halves[:4])
    line = fails(
        "score", folders[0] / "a_labels.png", "--truth", tmp_path / "small.png"
    )
    assert "8 x 10" in line
    assert "4 x 10" in line


def test_numbers_of_pages_that_differ_are_named(fails, tmp_path, halves):
    write_labels(tmp_path / "v_labels.tif", [halves] * 3)
    write_labels(tmp_path / "v.tif", [halves] * 2)
    line = fails("score", tmp_path / "v_labels.tif", "--truth", tmp_path / "v.tif")
    assert "has 3 pages" in line


def test_folder_of_overlays_alone_has_no_labels(fails, tmp_path):
    write_image(tmp_path / "a_overlay.png", np.zeros((8, 10, 3), np.uint8))
    assert "no label maps" in fails("score", tmp_path, "--truth", tmp_path)


def test_ground_truth_that_is_all_void_is_named(fails, tmp_path, halves):
    write_labels(tmp_path / "a_labels.png", halves)
    write_labels(tmp_path / "truth.png", halves * 0)
    path = tmp_path / "a_labels.png"
    line = fails("score", path, "--truth", tmp_path / "truth.png", "--void", 0)
    assert str(path) in line


def test_scores_that_exist_are_replaced_only_when_told(run, fails, folders, tmp_path):
    out, truth = folders
    kept = tmp_path / "s.json"
    kept.write_text("kept")
    args = ("score", out, "--truth", truth, "--json", kept)
    assert f"{kept} exists; choose another place with --json" in fails(*args)
    assert kept.read_text() == "kept"
    assert run(*args, "--overwrite")[0] == 0
    assert json.loads(kept.read_text())["mean"]["v_measure"] == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["out/a_labels.png", "truth/a.png"])
def test_scores_never_replace_what_is_scored(fails, folders, tmp_path, name):
    out, truth = folders
    before = (tmp_path / name).read_bytes()
    args = ("score", out, "--truth", truth, "--json", tmp_path / name, "--overwrite")
    assert f"would replace the input {tmp_path / name}" in fails(*args)
    assert (tmp_path / name).read_bytes() == before


def test_place_of_the_scores_is_made_or_refused_before_the_work(run, fails, folders):
    out, truth = folders
    args = ("score", out, "--truth", truth, "--json")
    assert run(*args, out / "new" / "s.json")[0] == 0
    assert (out / "new" / "s.json").is_file()
    assert "is a folder; name a file" in fails(*args, out)
    assert "is a file; choose a folder with --json" in fails(
        *args, out / "a_labels.png" / "s.json"
    )


def test_full_disk_leaves_the_old_summary_whole(fails, folders, tmp_path):
    resource = pytest.importorskip("resource")
    out, truth = folders
    kept = tmp_path / "s.json"
    kept.write_text("{}")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limit[1]))
    try:
        fails("score", out, "--truth", truth, "--json", kept, "--overwrite")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert kept.read_text() == "{}"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out",
        "s.json",
        "truth",
    ]
