"""Messages, devices, precision."""

import re
import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sksegment import SuperpixelTransformer

TERMS = {"rec": "beta_rec", "cut": "beta_cut", "sim": "beta_sim", "con": "beta_con"}
NO_LOSS = dict.fromkeys(TERMS.values(), 0.0)


def test_progress_bar_shows_epochs_and_loss_terms(
    make_segmenter, X, capsys, monkeypatch
):
    # A narrow bar leaves out what comes last.
    monkeypatch.setenv("COLUMNS", "200")
    make_segmenter(max_epochs=2, beta_cut=0.1, verbose=1).fit(X)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "2/2" in shown.err
    # Time that has passed, and time left.
    assert re.search(r"1/2 \[\d\d:\d\d<\d\d:\d\d,", shown.err)
    for name in ["epoch", "loss=", "rec=", "cut=", "sim=", "con=", "labels="]:
        assert name in shown.err


def test_nothing_is_shown_by_default(make_segmenter, X, capfd):
    make_segmenter().fit(X).predict(X)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_progress_bar_changes_no_labels(make_segmenter, X):
    expected = make_segmenter().fit(X).predict_proba(X)
    found = make_segmenter(verbose=1).fit(X).predict_proba(X)
    assert_array_equal(found[0], expected[0])


def test_patches_of_the_user_that_do_not_fit_are_told_once(make_segmenter, X):
    model = make_segmenter(patches__shapes=((200, 16),), max_epochs=2)
    with pytest.warns(UserWarning, match=r"\(200, 16\).*patches__shapes") as caught:
        model.fit(X)
    assert len(caught) == 1


def test_default_patches_adapt_in_silence(make_segmenter, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = make_segmenter(patches=None).fit(X)
    assert model.n_iter_ == 1


def test_typical_fit_warns_of_nothing(make_segmenter, X):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = make_segmenter(assignment="kmeans").fit(X).partial_fit(X)
        labels = model.predict(X)
    assert len(labels) == len(X)


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "auto"])
def test_any_precision_gives_float32_soft_labels(precision, make_segmenter, X):
    model = make_segmenter(precision=precision).fit(X)
    (proba, _) = model.predict_proba(X)
    assert proba.dtype == np.float32
    assert_allclose(proba.sum(axis=-1), 1.0, atol=1e-5)
    assert all(p.dtype == torch.float32 for p in model.net_.module_.parameters())


def test_bfloat16_is_another_computation_with_nearly_the_same_result(
    make_segmenter, disc
):
    exact, short = (
        make_segmenter(precision=precision, **NO_LOSS | {"beta_rec": 1.0}).fit([disc])
        for precision in ("float32", "bfloat16")
    )
    assert exact.loss_ != short.loss_
    assert short.loss_ == pytest.approx(exact.loss_, rel=0.05)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_without_a_card_is_refused_with_the_cure(make_segmenter, X):
    with pytest.raises(ValueError, match=r"device='cuda' cannot be used here.*'auto'"):
        make_segmenter(device="cuda").fit(X)


@pytest.mark.parametrize("device", ["quantum", "cpu:x", ""])
def test_unknown_device_is_refused_with_the_cure(device, make_segmenter, X):
    with pytest.raises(ValueError, match="use 'auto' or 'cpu'"):
        make_segmenter(device=device).fit(X)


def test_device_may_be_an_object_of_torch(make_segmenter, X):
    model = make_segmenter(device=torch.device("cpu"))
    assert clone(model).fit(X).net_.module_.encoder.head.weight.device.type == "cpu"


def test_floats_up_to_1_for_a_model_of_bytes_give_a_warning(make_segmenter, X):
    model = make_segmenter().fit(X)
    with pytest.warns(UserWarning, match="of image 1 hardly fit .* by 255"):
        model.predict([X[0], X[1] / 255])


@pytest.mark.parametrize("factor", [1 / 65535, 1 / 256, 30])
def test_other_units_give_a_warning(factor, make_segmenter, X):
    wide = [np.uint16(200) * x.astype(np.uint16) for x in X]
    model = make_segmenter().fit(wide)
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* same units"):
        model.predict([wide[0].astype(float) * factor])


def test_bytes_for_a_model_of_12_bits_give_a_warning(make_segmenter, X):
    model = make_segmenter().fit([np.uint16(16) * x.astype(np.uint16) for x in X])
    with pytest.warns(UserWarning, match="of image 0 hardly fit .* same units"):
        model.predict(X[:1])


@pytest.mark.parametrize(
    "name", ["half the light", "black", "one level", "a hot pixel"]
)
def test_dark_and_even_images_give_no_warning(name, make_segmenter, X):
    images = {
        "half the light": X[0] // 2,
        "black": np.zeros_like(X[0]),
        "one level": (X[0] > 128).astype(np.uint8),
        "a hot pixel": np.where(
            np.arange(X[0].size).reshape(X[0].shape) == 5, 1e6, X[0]
        ),
    }
    model = make_segmenter().fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict([images[name]])


def test_the_largest_numbers_give_no_warning(make_segmenter, X):
    largest = np.finfo(float).max
    image = np.where(X[0] > 100, largest, -largest)
    model = make_segmenter().fit([image])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (model.predict([image])[0] == model.labels_[0]).all()
        model.predict([np.abs(image) * np.linspace(0.7, 1, 32)[:, None, None]])


def test_floats_in_the_units_of_bytes_give_no_warning(make_segmenter, X):
    model = make_segmenter().fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = model.predict([X[0].astype(float)])
    assert (labels[0] == model.labels_[0]).all()


@pytest.mark.parametrize("method", ["fit", "fit_predict", "partial_fit"])
def test_warnings_name_the_line_of_the_user(make_segmenter, X, method):
    model = make_segmenter(lr=1e-9)
    with pytest.warns(ConvergenceWarning) as caught:
        getattr(model, method)(X)
    assert {warning.filename for warning in caught} == {__file__}


def test_warnings_while_patches_are_drawn_name_it_too(make_segmenter, X):
    with pytest.warns(UserWarning, match="larger than the smallest image") as caught:
        make_segmenter(patches__shapes=[(64, 64)]).fit(X)
    assert {warning.filename for warning in caught} == {__file__}


def test_warnings_of_units_and_strokes_name_the_line_of_the_user(make_segmenter, X):
    model = make_segmenter().fit(X)
    with pytest.warns(UserWarning, match="hardly fit the range") as caught:
        model.predict([1000.0 * X[0]])
    with pytest.warns(UserWarning, match="hardly fit the range") as of_hierarchy:
        model.hierarchy([1000.0 * X[0]])
    mask = np.zeros(X[0].shape[:2], bool)
    mask[:, :20] = True
    strokes = np.full(mask.shape, -1)
    strokes[2, 2:4], strokes[2, 30:33] = 0, 1
    masked = make_segmenter(superpixels=SuperpixelTransformer(n_segments=30, mask=mask))
    with pytest.warns(UserWarning, match="outside the mask") as of_strokes:
        masked.fit(X[:1], scribbles=[strokes])
    found = [*caught, *of_hierarchy, *of_strokes]
    assert {warning.filename for warning in found} == {__file__}
