"""Images from Berkeley, without Berkeley; and those of scikit-image."""

import io
import shutil
import socket
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from sksegment.datasets import fetch_bsds300, load_bsds, sample_images

SHAPES = {"3096": (20, 30), "8023": (30, 20), "12084": (20, 30)}


@pytest.fixture
def berkeley(tmp_path, monkeypatch, make_archives):
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


def test_files_placed_by_hand_need_no_pooch(tmp_path, monkeypatch, make_bsds300):
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


def test_damaged_archive_leaves_nothing_behind(tmp_path, berkeley, make_archives):
    archive = tmp_path / "BSDS300-human.tgz"
    archive.write_bytes(archive.read_bytes()[:500])
    with pytest.raises(OSError, match=r"BSDS300-human\.tgz could not be"):
        fetch_bsds300(tmp_path / "home")
    left = sorted(path.name for path in (tmp_path / "home/BSDS300").iterdir())
    assert left == ["iids_test.txt", "images"]
    make_archives(tmp_path)
    assert len(load_bsds(fetch_bsds300(tmp_path / "home"), "test").ids) == 3


@pytest.mark.parametrize("name", ["../evil", "/evil", "BSDS300/../../evil", "a\\..\\b"])
def test_files_outside_of_the_folder_are_refused(
    tmp_path, berkeley, name, make_archives
):
    make_archives(tmp_path, [tarfile.TarInfo(name)])
    with pytest.raises(OSError, match="a file outside of it"):
        fetch_bsds300(tmp_path / "home")
    assert not [*tmp_path.rglob("*evil*")]


def test_links_in_an_archive_are_left_out(tmp_path, berkeley, make_archives):
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
