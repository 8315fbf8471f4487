import io
import os
import shutil
import socket
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat
from skimage.io import imsave

from sksegment.datasets import fetch_bsds300, load_bsds, sample_images

DATA = Path(os.environ.get("SKSEGMENT_DATA", "data-is-not-there"), "bsds300")
SHAPES = {"3096": (20, 30), "8023": (30, 20), "12084": (20, 30)}
N_ANNOTATORS = {"3096": 3, "8023": 1, "12084": 2}


def make_truth(id_):
    """Vertical stripes, as many as the annotator's number and two more."""
    height, width = SHAPES[id_]
    stripes = np.arange(N_ANNOTATORS[id_])[:, np.newaxis] + 2
    rows = np.arange(width) * stripes // width
    return np.repeat(rows[:, np.newaxis], height, axis=1).astype(np.uint16)


def write_image(folder, id_):
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


def seg_text(map_):
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


def write_seg(path, map_):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(seg_text(map_))


def make_npz_layout(root, subset="test"):
    for id_ in SHAPES:
        write_image(root / subset / "images", id_)
        write_npz(root / subset / "labels" / f"{id_}.npz", make_truth(id_))
    return root


def make_bsds300(root, subset="test"):
    for id_ in SHAPES:
        write_image(root / "images" / subset, id_)
        for user, map_ in enumerate(make_truth(id_)):
            write_seg(root / "human" / "color" / f"11{user:02d}" / f"{id_}.seg", map_)
    write_seg(root / "human" / "gray" / "1100" / "3096.seg", np.zeros((20, 30), int))
    (root / f"iids_{subset}.txt").write_text("\n".join(SHAPES) + "\n")
    return root


def make_bsds500(root, subset="test"):
    for id_ in SHAPES:
        write_image(root / "data" / "images" / subset, id_)
        path = root / "data" / "groundTruth" / subset / f"{id_}.mat"
        write_mat(path, make_truth(id_))
    (root / "data" / "images" / subset / "Thumbs.db").touch()
    return root


MAKERS = [make_npz_layout, make_bsds300, make_bsds500]


@pytest.fixture(params=MAKERS, ids=["npz", "bsds300", "bsds500"])
def root(request, tmp_path):
    return request.param(tmp_path / "set")


def truth_files(root, id_):
    suffixes = (".npz", ".seg", ".mat")
    return [path for path in root.rglob(f"{id_}.*") if path.suffix in suffixes]


def test_every_layout_gives_the_same_images_and_annotators(root):
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


def test_missing_ground_truth_of_many_images_is_cut_short(tmp_path):
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


def test_other_shape_than_the_image_names_the_ids(root):
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


def test_one_annotator_of_another_shape(tmp_path):
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
def test_bsds500_has_three_subsets(tmp_path, subset):
    make_bsds500(tmp_path, subset)
    assert len(load_bsds(tmp_path, subset).ids) == 3
    assert len(load_bsds(tmp_path / "data", subset).ids) == 3


@pytest.mark.parametrize(
    ("maker", "inner"), [(make_bsds300, "BSDS300"), (make_bsds500, "BSR/BSDS500")]
)
def test_folder_that_was_unpacked_into_will_do(tmp_path, maker, inner):
    maker(tmp_path / inner)
    assert len(load_bsds(str(tmp_path), "test").ids) == 3


def test_unknown_layout_names_the_three_that_were_looked_for(tmp_path):
    with pytest.raises(ValueError, match="three layouts") as info:
        load_bsds(tmp_path)
    assert all(part in str(info.value) for part in (".npz", ".seg", ".mat"))
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_bsds(tmp_path / "nowhere")


def test_annotators_of_grey_images_are_apart(tmp_path):
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


def test_list_of_ids_chooses_the_images_of_bsds300(tmp_path):
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
def test_damaged_seg_file(tmp_path, old, new, message):
    make_bsds300(tmp_path)
    path = tmp_path / "human/color/1100/3096.seg"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_seg_file_of_windows_with_rows_in_any_order(tmp_path):
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
def test_bad_mat_file(tmp_path, write, message):
    make_bsds500(tmp_path)
    path = tmp_path / "data/groundTruth/test/3096.mat"
    write(path)
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_mat_file_of_whole_floats(tmp_path):
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
def test_bad_npz_file(tmp_path, write, message):
    make_npz_layout(tmp_path)
    path = tmp_path / "test/labels/3096.npz"
    write(path)
    with pytest.raises(ValueError, match=message) as info:
        load_bsds(tmp_path, "test")
    assert str(path) in str(info.value)


def test_npz_of_one_annotator_may_be_flat(tmp_path):
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


def make_archives(folder, extra=None):
    """Archives as Berkeley's: everything below a folder BSDS300."""
    source = make_bsds300(folder / "source")
    parts = {"images": ["images", "iids_test.txt"], "human": ["human"]}
    for part, entries in parts.items():
        with tarfile.open(folder / f"BSDS300-{part}.tgz", "w:gz") as tar:
            for entry in entries:
                tar.add(source / entry, f"BSDS300/{entry}")
            for member in extra or []:
                tar.addfile(member, io.BytesIO(bytes(member.size)))
    return folder


@pytest.fixture
def berkeley(tmp_path, monkeypatch):
    """Stand in for the network: copy archives that were made here."""
    pooch = pytest.importorskip("pooch")
    folder = make_archives(tmp_path)
    requests = []

    def retrieve(url, known_hash, fname, path):
        requests.append(url)
        return shutil.copy(folder / fname, Path(path, fname))

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    return requests


def test_fetched_images_can_be_loaded(tmp_path, berkeley):
    root = fetch_bsds300(tmp_path / "home")
    assert load_bsds(root, "test").ids == list(SHAPES)
    assert len(load_bsds(tmp_path / "home", "test").targets[0]) == 3
    assert all(url.startswith("https://www2.eecs.berkeley.edu/") for url in berkeley)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == ["BSDS300"]


def test_nothing_is_fetched_twice(tmp_path, berkeley):
    root = fetch_bsds300()
    assert root == tmp_path / "cache" / "sksegment" / "BSDS300"
    assert fetch_bsds300() == root
    assert len(berkeley) == 2
    shutil.rmtree(root / "human")
    fetch_bsds300()
    assert berkeley[2:] == [berkeley[1]]


def test_files_placed_by_hand_need_no_pooch(tmp_path, monkeypatch):
    make_bsds300(tmp_path / "BSDS300")
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert fetch_bsds300(str(tmp_path)) == tmp_path / "BSDS300"


def test_without_pooch_the_message_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r'pip install "sksegment\[data\]"'):
        fetch_bsds300(tmp_path)


def test_offline_the_message_says_how_to_place_the_files(
    tmp_path, berkeley, monkeypatch
):
    import pooch
    from requests.exceptions import ConnectionError as Offline

    def retrieve(*args, **kwargs):
        raise Offline("no route\nto host")

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(OSError, match="by hand") as info:
        fetch_bsds300(tmp_path / "home")
    message = str(info.value)
    assert "\n" not in message
    parts = ("BSDS300-images.tgz", "BSDS300-human.tgz", "no route to host")
    assert all(part in message for part in (*parts, str(tmp_path / "home")))
    assert list((tmp_path / "home").iterdir()) == []


def test_damaged_archive_leaves_nothing_behind(tmp_path, berkeley):
    archive = tmp_path / "BSDS300-human.tgz"
    archive.write_bytes(archive.read_bytes()[:500])
    with pytest.raises(OSError, match=r"BSDS300-human\.tgz could not be"):
        fetch_bsds300(tmp_path / "home")
    left = sorted(path.name for path in (tmp_path / "home/BSDS300").iterdir())
    assert left == ["iids_test.txt", "images"]
    make_archives(tmp_path)
    assert len(load_bsds(fetch_bsds300(tmp_path / "home"), "test").ids) == 3


@pytest.mark.parametrize("name", ["../evil", "/evil", "BSDS300/../../evil", "a\\..\\b"])
def test_files_outside_of_the_folder_are_refused(tmp_path, berkeley, name):
    make_archives(tmp_path, [tarfile.TarInfo(name)])
    with pytest.raises(OSError, match="a file outside of it"):
        fetch_bsds300(tmp_path / "home")
    assert not [*tmp_path.rglob("*evil*")]


def test_links_in_an_archive_are_left_out(tmp_path, berkeley):
    link = tarfile.TarInfo("BSDS300/images/link")
    link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
    make_archives(tmp_path, [link])
    root = fetch_bsds300(tmp_path / "home")
    assert not (root / "images" / "link").exists()


def test_archive_of_something_else(tmp_path, berkeley):
    with tarfile.open(tmp_path / "BSDS300-images.tgz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("other/file"), io.BytesIO())
    with pytest.raises(OSError, match="no folder BSDS300"):
        fetch_bsds300(tmp_path / "home")


def test_sample_images_need_no_network(monkeypatch):
    def connect(*args):
        raise AssertionError("tried to reach the network")

    monkeypatch.setattr(socket.socket, "connect", connect)
    samples = sample_images()
    assert len(samples.images) == len(samples.names) == len(set(samples.names))
    colours = [image.ndim for image in samples.images]
    assert colours == sorted(colours, reverse=True)
    for image in samples.images:
        assert image.dtype == np.uint8
        assert image.shape[2:] in ((), (3,))
    assert all(name in samples.DESCR for name in samples.names)
