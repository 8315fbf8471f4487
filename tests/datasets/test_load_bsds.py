"""The three layouts of the Berkeley images, whole and damaged."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from skimage.io import imsave

from sksegment.datasets import load_bsds

DATA = Path(os.environ.get("SKSEGMENT_DATA", "data-is-not-there"), "bsds300")
SHAPES = {"3096": (20, 30), "8023": (30, 20), "12084": (20, 30)}


def write_npz(path, segmentations):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, segmentations=segmentations)


def write_mat(path, segmentations):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = np.empty((1, len(segmentations)), object)
    for index, map_ in enumerate(segmentations):
        cells[0, index] = {"Segmentation": map_, "Boundaries": np.zeros_like(map_)}
    savemat(path, {"groundTruth": cells})


@pytest.fixture(params=["npz", "bsds300", "bsds500"])
def root(request, tmp_path, make_bsds300, make_bsds500, make_npz_layout):
    makers = {"npz": make_npz_layout, "bsds300": make_bsds300, "bsds500": make_bsds500}
    return makers[request.param](tmp_path / "set")


def truth_files(root, id_):
    suffixes = (".npz", ".seg", ".mat")
    return [path for path in root.rglob(f"{id_}.*") if path.suffix in suffixes]


def test_every_layout_gives_the_same_images_and_annotators(root, make_truth):
    data = load_bsds(root, "test")
    assert data.ids == ["3096", "8023", "12084"]
    for id_, image, target in zip(data.ids, data.images, data.targets, strict=True):
        assert (image.dtype, image.shape) == (np.uint8, (*SHAPES[id_], 3))
        assert target.dtype == np.int32
        np.testing.assert_array_equal(target, make_truth(id_))
    assert "non-commercial" in data.DESCR
    assert "'test': 3 images" in data.DESCR


@pytest.mark.parametrize("chosen", [["12084", "3096"], [12084, 3096], [np.int64(3096)]])
def test_only_the_named_images_are_read(root, chosen):
    for path in [*root.rglob("8023.jpg"), *truth_files(root, "8023")]:
        path.write_bytes(b"not to be read")
    data = load_bsds(root, "test", image_ids=chosen)
    assert data.ids == [str(id_) for id_ in chosen]
    assert data.images[0].shape[:2] == SHAPES[data.ids[0]]


def test_one_id_need_not_be_in_a_list(root):
    assert load_bsds(root, "test", image_ids="8023").ids == ["8023"]


def test_unknown_id_and_no_id(root):
    with pytest.raises(ValueError, match=r"no image has the id 7; there are 3 images"):
        load_bsds(root, "test", image_ids=["3096", "7"])
    with pytest.raises(ValueError, match="image_ids is empty"):
        load_bsds(root, "test", image_ids=[])


def test_missing_ground_truth_names_the_images_and_the_place(root):
    for id_ in ("8023", "12084"):
        for path in truth_files(root, id_):
            path.unlink()
    with pytest.raises(
        FileNotFoundError, match=r"2 of 3 .*: 8023, 12084; .*set"
    ) as info:
        load_bsds(root, "test")
    assert any(f"ID{s}" in str(info.value) for s in (".npz", ".seg", ".mat"))
    assert load_bsds(root, "test", image_ids=["3096"]).ids == ["3096"]


def test_missing_ground_truth_of_many_images_is_cut_short(tmp_path, make_npz_layout):
    make_npz_layout(tmp_path)
    image = tmp_path / "test" / "images" / "3096.jpg"
    for id_ in range(9):
        shutil.copy(image, image.with_name(f"{id_}.jpg"))
    with pytest.raises(FileNotFoundError, match="0, 1, 2, 3, 4 and 4 more"):
        load_bsds(tmp_path, "test")


def test_no_ground_truth_at_all(root):
    for folder in ("test/labels", "human", "data/groundTruth"):
        shutil.rmtree(root / folder, ignore_errors=True)
    with pytest.raises(FileNotFoundError, match="3 of 3 images"):
        load_bsds(root, "test")


def test_other_shape_than_the_image_names_the_ids(root, make_truth, write_seg):
    for id_ in ("3096", "8023"):
        turned = np.rot90(np.stack(make_truth(id_)), axes=(1, 2))
        for index, path in enumerate(sorted(truth_files(root, id_))):
            if path.suffix == ".npz":
                write_npz(path, turned)
            elif path.suffix == ".mat":
                write_mat(path, turned)
            else:
                write_seg(path, turned[index % len(turned)])
    with pytest.raises(ValueError, match=r"3096 \(20x30, ground truth 30x20\), 8023"):
        load_bsds(root, "test")


def test_one_annotator_of_another_shape(tmp_path, make_bsds500):
    make_bsds500(tmp_path)
    path = tmp_path / "data/groundTruth/test/3096.mat"
    write_mat(path, [np.zeros((20, 30), int), np.zeros((9, 9), int)])
    with pytest.raises(ValueError, match=r"3096 \(20x30, ground truth 9x9\)"):
        load_bsds(tmp_path, "test")


def test_unknown_and_missing_subset(root):
    with pytest.raises(ValueError, match=r"subset='valid' is unknown; .*'val'"):
        load_bsds(root, "valid")
    with pytest.raises(FileNotFoundError, match=r"no subset 'train'.*set"):
        load_bsds(root)


@pytest.mark.parametrize("subset", ["train", "val"])
def test_bsds500_has_three_subsets(tmp_path, subset, make_bsds500):
    make_bsds500(tmp_path, subset)
    assert len(load_bsds(tmp_path, subset).ids) == 3
    assert len(load_bsds(tmp_path / "data", subset).ids) == 3


@pytest.mark.parametrize(
    ("maker", "inner"),
    [("make_bsds300", "BSDS300"), ("make_bsds500", "BSR/BSDS500")],
)
def test_folder_that_was_unpacked_into_will_do(tmp_path, request, maker, inner):
    request.getfixturevalue(maker)(tmp_path / inner)
    assert len(load_bsds(str(tmp_path), "test").ids) == 3


def test_unknown_layout_names_the_three_that_were_looked_for(tmp_path):
    with pytest.raises(ValueError, match="three layouts") as info:
        load_bsds(tmp_path)
    assert all(part in str(info.value) for part in (".npz", ".seg", ".mat"))
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_bsds(tmp_path / "nowhere")


def test_annotators_of_grey_images_are_apart(tmp_path, make_bsds300):
    make_bsds300(tmp_path)
    chosen = {"image_ids": ["3096"]}
    counts = {
        presentation: len(
            load_bsds(tmp_path, "test", presentation=presentation, **chosen).targets[0]
        )
        for presentation in ("color", "gray", "all")
    }
    assert counts == {"color": 3, "gray": 1, "all": 4}
    with pytest.raises(ValueError, match="'colour' is none of color, gray, all"):
        load_bsds(tmp_path, "test", presentation="colour")


def test_list_of_ids_chooses_the_images_of_bsds300(tmp_path, make_bsds300):
    make_bsds300(tmp_path)
    (tmp_path / "iids_test.txt").write_text("3096\r\n12084\r\n")
    assert load_bsds(tmp_path, "test").ids == ["3096", "12084"]
    (tmp_path / "iids_test.txt").write_text("3096\n7\n")
    with pytest.raises(FileNotFoundError, match=r"iids_test\.txt names .*: 7; unpack"):
        load_bsds(tmp_path, "test")
    (tmp_path / "iids_test.txt").unlink()
    assert load_bsds(tmp_path, "test").ids == list(SHAPES)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("width 30", "", "header with width"),
        ("width 30", "width wide", "header with width"),
        ("\ndata\n", "\n", "line 'data'"),
        ("\n0 0 0 14\n", "\n0 0 0\n", "rows 'segment"),
        ("\n0 0 0 14\n", "\n0 0 0 x\n", "rows 'segment"),
        ("\n0 0 0 14\n", "\n", "do not cover each of the 20x30"),
        ("\n0 0 0 14\n", "\n0 0 0 13\n", "do not cover"),
        ("\n0 0 0 14\n", "\n0 20 0 14\n", "do not cover"),
        ("\n0 0 0 14\n", "\n0 0 1 15\n", "two segments, some to none"),
        ("\n1 0 15 29\n", "\n1 0 16 30\n", "do not cover"),
        ("height 20", "height 999999999999", "do not cover"),
    ],
)
def test_damaged_seg_file(tmp_path, old, new, message, make_bsds300):
    make_bsds300(tmp_path)
    path = tmp_path / "human/color/1100/3096.seg"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_seg_file_of_windows_with_rows_in_any_order(tmp_path, make_bsds300, make_truth):
    make_bsds300(tmp_path)
    path = tmp_path / "human/color/1100/3096.seg"
    head, data = path.read_text().split("\ndata\n")
    rows = "\n".join(reversed(data.splitlines()))
    path.write_bytes(f"{head}\ndata\n{rows}\n".replace("\n", "\r\n").encode())
    target = load_bsds(tmp_path, "test").targets[0]
    np.testing.assert_array_equal(target, make_truth("3096"))


def write_version_73(path):
    path.write_bytes(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM" + bytes(400))


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b""), "is no MATLAB file"),
        (lambda path: path.write_text("not a matrix at all"), "is no MATLAB file"),
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "is no MATLAB file"),
        (write_version_73, "save it with -v7"),
        (lambda path: savemat(path, {"x": 1}), "has no cell array 'groundTruth'"),
        (lambda path: savemat(path, {"groundTruth": [1.0]}), "is no cell array of"),
        (lambda path: savemat(path, {"groundTruth": {"a": 1}}), "is no cell array of"),
        (lambda path: write_mat(path, []), "image 3096 has no annotators"),
        (lambda path: write_mat(path, [np.full((20, 30), 0.5)]), "expected label maps"),
        (lambda path: write_mat(path, [np.zeros((20, 30, 2))]), "expected label maps"),
    ],
)
def test_bad_mat_file(tmp_path, write, message, make_bsds500):
    make_bsds500(tmp_path)
    path = tmp_path / "data/groundTruth/test/3096.mat"
    write(path)
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_mat_file_of_whole_floats(tmp_path, make_bsds500):
    make_bsds500(tmp_path)
    write_mat(tmp_path / "data/groundTruth/test/3096.mat", [np.ones((20, 30))])
    assert load_bsds(tmp_path, "test").targets[0].dtype == np.int32


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"PK nonsense"), "is no .npz file"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "is no .npz file"),
        (lambda path: np.savez(path, labels=[1]), "has no array 'segmentations'"),
        (lambda path: write_npz(path, np.zeros((0, 20, 30))), "3096 has no annotators"),
        (lambda path: write_npz(path, np.zeros((1, 1, 20, 30))), "expected label maps"),
        (lambda path: write_npz(path, np.full((20, 30), "a")), "expected label maps"),
    ],
)
def test_bad_npz_file(tmp_path, write, message, make_npz_layout):
    make_npz_layout(tmp_path)
    path = tmp_path / "test/labels/3096.npz"
    write(path)
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_npz_of_one_annotator_may_be_flat(tmp_path, make_npz_layout):
    make_npz_layout(tmp_path)
    write_npz(tmp_path / "test/labels/3096.npz", np.zeros((20, 30), int))
    assert load_bsds(tmp_path, "test").targets[0].shape == (1, 20, 30)


def test_damaged_and_grey_images(root):
    path = next(root.rglob("3096.jpg"))
    imsave(path, np.zeros((20, 30), np.uint8), check_contrast=False)
    assert load_bsds(root, "test").images[0].shape == (20, 30, 3)
    path.write_bytes(b"not an image")
    with pytest.raises(ValueError, match=r"3096\.jpg is no image"):
        load_bsds(root, "test")


@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason="SKSEGMENT_DATA has no bsds300")
@pytest.mark.parametrize(("subset", "n_images"), [("train", 200), ("test", 100)])
def test_the_real_images_have_several_annotators(subset, n_images):
    files = sorted((DATA / subset / "images").iterdir())
    assert len(files) == n_images
    chosen = [path.stem for path in files[::40]]
    data = load_bsds(DATA, subset, image_ids=chosen)
    assert data.ids == chosen
    for image, target in zip(data.images, data.targets, strict=True):
        assert sorted(image.shape[:2]) == [321, 481]
        assert target.shape[1:] == image.shape[:2]
        assert 4 <= len(target) <= 9
        assert target.min() >= 1
