"""Files that earlier versions wrote are read by this one and by the next."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sksegment import _model_file
from sksegment.io import ModelFileError, load_model

KINDS = ["sparse", "dense"]


@pytest.fixture(scope="module")
def image(old_models):
    """Return what the models were trained on."""
    return old_models["training_image"]()


@pytest.mark.parametrize("kind", KINDS)
def test_file_of_format_1_is_small(kind, old_files):
    assert old_files[kind].stat().st_size < 100_000


@pytest.mark.parametrize("kind", KINDS)
def test_file_of_format_1_gives_the_model_back(kind, old_files, old_models, header_of):
    header = header_of(old_files[kind])
    assert header["format"] == 1
    assert header["versions"]["sksegment"] == "0.1.0"
    model = load_model(old_files[kind])
    expected = old_models["models"]()[kind].get_params()
    found = model.get_params()
    for name in expected.keys() - {"superpixels", "patches", "superpixels__mask"}:
        assert found[name] == expected[name], name
    if kind == "sparse":
        mask = expected["superpixels__mask"]
        assert_array_equal(model.superpixels_.mask, mask)
        assert_array_equal(model.labels_[0] < 0, ~mask)
    assert (model.n_iter_, model.n_channels_in_) == (3, 2)
    assert len(model.history_) == 3
    assert np.unique(model.label_groups_).tolist() == [0, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_model_of_a_file_of_format_1_labels_as_it_did(kind, old_files, image):
    model = load_model(old_files[kind])
    (labels,) = model.predict([image])
    # Another machine may round otherwise, on the border between two classes.
    assert (labels == model.labels_[0]).mean() > 0.99


@pytest.mark.parametrize("kind", KINDS)
def test_model_of_a_file_of_format_1_goes_on_training(kind, old_files, image):
    model = load_model(old_files[kind]).partial_fit([image])
    assert model.n_iter_ > 3


@pytest.mark.parametrize("kind", KINDS)
def test_model_of_a_file_of_format_1_is_saved_in_the_present_format(
    kind, old_files, image, tmp_path, header_of
):
    model = load_model(old_files[kind])
    model.save(tmp_path / "m")
    assert header_of(tmp_path / "m")["format"] == _model_file.FORMAT
    again = load_model(tmp_path / "m")
    assert_array_equal(
        again.predict_proba([image])[0],
        model.predict_proba([image])[0],
    )


@pytest.mark.parametrize("kind", KINDS)
def test_next_version_reads_this_one_and_this_one_refuses_the_next(
    kind, old_files, tmp_path, header_of, monkeypatch
):
    n = _model_file.FORMAT
    load_model(old_files[kind]).save(tmp_path / "this")
    monkeypatch.setattr(_model_file, "FORMAT", n + 1)
    assert load_model(tmp_path / "this").n_iter_ == 3
    assert load_model(old_files[kind]).n_iter_ == 3
    load_model(old_files[kind]).save(tmp_path / "next")
    assert header_of(tmp_path / "next")["format"] == n + 1
    monkeypatch.setattr(_model_file, "FORMAT", n)
    with pytest.raises(ModelFileError, match="upgrade sksegment"):
        load_model(tmp_path / "next")
