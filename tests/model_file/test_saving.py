"""Saving that cannot succeed, and what it leaves."""

import errno
import os
import re
from pathlib import Path

import numpy as np
import pytest

from sksegment import SparseWNetSegmenter
from sksegment import _model_file as model_file
from sksegment.io import ModelFileError, load_model


def one_superpixel_a_row(image):
    return np.repeat(np.arange(image.shape[0])[:, np.newaxis], image.shape[1], axis=1)


def everything(image):
    return np.ones(image.shape[:2], bool)


@pytest.mark.parametrize(
    ("name", "function"), [("method", one_superpixel_a_row), ("mask", everything)]
)
def test_function_as_a_parameter_cannot_be_saved(
    name, function, make_segmenter, X, tmp_path
):
    model = make_segmenter(**{f"superpixels__{name}": function}).fit(X)
    with pytest.raises(ValueError, match=rf"superpixels__{name}=.*cannot be saved"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["save_file", "os.replace"])
def test_failed_write_leaves_the_old_file_whole_and_nothing_else(
    step, fitted, tmp_path, monkeypatch
):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    before = path.read_bytes()

    def half_write(tensors, filename, metadata=None):
        Path(filename).write_bytes(b"half")
        raise OSError("no space left on device")

    def refuse(*args):
        raise OSError("no space left on device")

    if step == "save_file":
        monkeypatch.setattr(model_file, "save_file", half_write)
    else:
        monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no space left"):
        fitted.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_interrupted_write_leaves_no_file(fitted, tmp_path, monkeypatch):
    def interrupt(tensors, filename, metadata=None):
        raise KeyboardInterrupt

    monkeypatch.setattr(model_file, "save_file", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fitted.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_saving_replaces_an_older_file(saved, make_segmenter, X, tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(saved.read_bytes())
    make_segmenter(max_labels=3).fit(X).save(path)
    assert load_model(path).max_labels == 3
    assert list(tmp_path.iterdir()) == [path]


def test_saving_into_a_missing_folder_is_an_os_error(fitted, tmp_path):
    with pytest.raises(OSError, match="missing"):
        fitted.save(tmp_path / "missing" / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_saved_file_has_the_usual_permissions(saved, tmp_path):
    (tmp_path / "usual").touch()
    assert saved.stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_model_file_error_is_a_value_error():
    assert issubclass(ModelFileError, ValueError)


def test_full_disk_leaves_the_old_file_whole_and_nothing_else(fitted, tmp_path):
    resource = pytest.importorskip("resource")
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    before = path.read_bytes()
    # The system refuses what is beyond the first half of the file, as it refuses what
    # is beyond the end of a disk.
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limit[1]))
    try:
        with pytest.raises(OSError, match=re.escape(str(path))):
            fitted.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_disk_that_is_full_when_it_is_flushed_leaves_the_old_file_whole(
    fitted, tmp_path, monkeypatch
):
    path = tmp_path / "model.safetensors"
    fitted.save(path)
    before = path.read_bytes()

    def refuse(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        fitted.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    fitted, tmp_path, monkeypatch
):
    steps = []
    replace, fsync = os.replace, os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd)))
    monkeypatch.setattr(
        os, "replace", lambda *a: (steps.append("replace"), replace(*a))
    )
    fitted.save(tmp_path / "model.safetensors")
    assert steps == ["fsync", "replace"]


def test_a_class_of_the_caller_is_refused_before_the_training(
    make_segmenter, X, tmp_path
):
    class Mine(SparseWNetSegmenter):
        pass

    model = Mine(**make_segmenter().get_params(deep=False))
    with pytest.raises(ValueError, match="Mine cannot be saved"):
        model.fit(X, checkpoint=tmp_path / "model.safetensors")
    assert not hasattr(model, "net_")
    with pytest.raises(ValueError, match="Mine cannot be saved"):
        model.fit(X).save(tmp_path / "model.safetensors")


def test_a_missing_folder_is_named(fitted, tmp_path):
    target = tmp_path / "missing" / "model.safetensors"
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        fitted.save(target)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({}, {"max_labels": 9}, "max_labels changed since the fit"),
        ({}, {"resolution": 0.25}, "resolution changed since the fit"),
        ({"position": 1.0}, {"position": 0.5}, "position changed since the fit"),
        ({"assignment": "mean"}, {"assignment": "pixel"}, "'pixel' needs .* fit again"),
        (
            {"assignment": "mean"},
            {"assignment": "kmeans"},
            "'kmeans' needs .* fit again",
        ),
        ({}, {"lr": -1e-3}, "'lr' parameter"),
        ({}, {"n_regions": 0}, "'n_regions' parameter"),
    ],
)
def test_what_could_not_be_read_is_not_written(
    before, after, reason, make_segmenter, X, tmp_path
):
    model = make_segmenter(**before).fit(X).set_params(**after)
    with pytest.raises(ValueError, match=reason):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_superpixels_that_could_not_be_read_are_not_written(
    make_segmenter, X, tmp_path
):
    model = make_segmenter().fit(X)
    model.superpixels_.sigma = -1.0
    with pytest.raises(ValueError, match="'sigma' parameter"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())
