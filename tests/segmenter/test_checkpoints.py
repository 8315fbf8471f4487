"""Checkpoints: models of trainings that go on."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment.io import load_model
from sksegment.training import SegmentationNet


@pytest.fixture
def X(make_image):
    return [make_image((24, 28), 3), make_image((25, 21), 3, seed=3)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs" / "last.safetensors"


@pytest.fixture
def written(monkeypatch):
    """Keep all models that are saved, after they are written."""
    from sksegment import SparseWNetSegmenter

    models, save = [], SparseWNetSegmenter.save

    def keep(self, path):
        save(self, path)
        models.append(load_model(path))

    monkeypatch.setattr(SparseWNetSegmenter, "save", keep)
    return models


def test_checkpoints_are_the_models_of_shorter_trainings(
    make_segmenter, X, path, written
):
    make_segmenter(max_epochs=3).fit(X, checkpoint=path, checkpoint_every=2)
    assert [model.n_iter_ for model in written] == [2, 3]
    assert [model.interrupted_ for model in written] == [True, False]
    for model in written:
        expected = make_segmenter(max_epochs=model.n_iter_).fit(X)
        assert_array_equal(model.labels_[1], expected.labels_[1])
        assert_array_equal(model.transform(X)[0], expected.transform(X)[0])


@pytest.mark.parametrize("params", [{}, {"assignment": "kmeans"}, {"n_init": 2}])
def test_training_is_the_same_with_checkpoints(params, make_segmenter, X, path):
    params |= {"max_epochs": 2, "random_state": np.random.RandomState(0)}
    expected = make_segmenter(**params).fit(X)
    params["random_state"] = np.random.RandomState(0)
    model = make_segmenter(**params).fit(X, checkpoint=path, checkpoint_every=1)
    assert_array_equal(model.transform(X)[0], expected.transform(X)[0])
    assert_array_equal(model.labels_[0], expected.labels_[0])
    assert_array_equal(load_model(path).transform(X)[0], expected.transform(X)[0])


@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
@pytest.mark.parametrize("reconstruction", ["patch", "none"])
def test_training_goes_on_from_a_file_as_without(
    make, reconstruction, request, X, path
):
    make = request.getfixturevalue(make)
    params = {"max_epochs": 2, "reconstruction": reconstruction}
    path.parent.mkdir()
    expected = make(**params).fit(X)
    expected.save(path)
    expected.partial_fit(X)
    found = load_model(path).partial_fit(X)
    assert found.history_[:, "loss"] == expected.history_[:, "loss"]
    assert_array_equal(found.labels_[0], expected.labels_[0])
    for one, other in zip(found.transform(X), expected.transform(X), strict=True):
        assert_array_equal(one, other)


def test_kept_file_of_an_interrupted_training(make_segmenter, X, path, monkeypatch):
    get_loss = SegmentationNet.get_loss

    def broken(self, *args, **kwargs):
        if len(self.history) == 4:
            raise KeyboardInterrupt
        return get_loss(self, *args, **kwargs)

    model = make_segmenter(max_epochs=9)
    with monkeypatch.context() as patch:
        patch.setattr(SegmentationNet, "get_loss", broken)
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, checkpoint=path)
    kept = load_model(path)
    assert (kept.n_iter_, kept.interrupted_) == (3, True)
    assert_array_equal(kept.transform(X)[0], model.transform(X)[0])


def test_partial_fit_writes_checkpoints(make_segmenter, X, path, written):
    model = make_segmenter(max_epochs=2).fit(X)
    model.partial_fit(X[:1], checkpoint=path, checkpoint_every=1)
    assert [model.n_iter_ for model in written] == [3, 4, 4]
    assert [len(model.labels_) for model in written] == [1, 1, 1]
    assert_array_equal(written[-1].transform(X)[0], model.transform(X)[0])
    again = make_segmenter()
    again.partial_fit(X, checkpoint=path)
    assert load_model(path).n_iter_ == 1


def test_checkpoint_is_the_best_restart_once_one_is_complete(
    make_segmenter, X, path, written
):
    params = {"n_init": 2, "max_epochs": 2}
    make_segmenter(**params).fit(X, checkpoint=path, checkpoint_every=1)
    first = make_segmenter(max_epochs=2).fit(X)
    assert [model.n_iter_ for model in written] == [1, 2, 2, 2, 2]
    assert [model.interrupted_ for model in written] == [True] * 4 + [False]
    for model in written[2:4]:
        assert_array_equal(model.transform(X)[0], first.transform(X)[0])


@pytest.mark.parametrize("every", [0, -1, 1.5, True])
def test_bad_interval_is_refused(every, make_segmenter, X, path):
    with pytest.raises(ValueError, match=f"checkpoint_every={every}"):
        make_segmenter().fit(X, checkpoint=path, checkpoint_every=every)


def test_place_that_cannot_be_written_is_refused_before_the_training(
    make_segmenter, X, tmp_path
):
    model = make_segmenter()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        model.fit(X, checkpoint=tmp_path)
    (tmp_path / "file").write_text("")
    message = "file is a file; choose a folder with checkpoint="
    with pytest.raises(NotADirectoryError, match=message):
        model.fit(X, checkpoint=tmp_path / "file" / "model")
    assert not hasattr(model, "net_")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_that_cannot_be_saved_are_refused_before_any_work(
    method, make_segmenter, X, path
):
    calls = []

    def mask(image):
        calls.append(image)
        return np.ones(image.shape[:2], bool)

    model = make_segmenter(superpixels__mask=mask)
    if method == "partial_fit":
        model.fit(X)
        calls.clear()
    message = r"superpixels__mask=.*cannot be saved.*pickle.*, or a parameter that is"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, checkpoint=path)
    assert not calls
    assert not path.exists()


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_full_disk_on_the_way_is_told_and_ends_no_training(
    method, make_segmenter, X, path, monkeypatch
):
    model = make_segmenter(max_epochs=3)
    save = type(model).save

    def disk_that_is_full_once(self, path):
        if self.n_iter_ == 1:
            raise OSError(f"cannot write {path}: no space left on device")
        save(self, path)

    monkeypatch.setattr(type(model), "save", disk_that_is_full_once)
    with pytest.warns(UserWarning, match=r"of epoch 1: cannot write .*no space left"):
        getattr(model, method)(X, checkpoint=path, checkpoint_every=1)
    assert load_model(path).n_iter_ == model.n_iter_ == 3


def test_full_disk_at_the_end_leaves_the_model_fitted(
    make_segmenter, X, path, monkeypatch
):
    def refuse(self, path):
        raise OSError(f"cannot write {path}: no space left on device")

    model = make_segmenter(max_epochs=1)
    monkeypatch.setattr(type(model), "save", refuse)
    with pytest.raises(OSError, match="no space left"):
        model.fit(X, checkpoint=path)
    assert (model.n_iter_, model.interrupted_) == (1, False)
