"""Where memory runs out, windows become smaller, and then the CPU computes."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sksegment import _logits
from sksegment._logits import windows
from sksegment.nn import UNet
from sksegment.training import SegmentationNet

OUT_OF_MEMORY = getattr(torch, "OutOfMemoryError", MemoryError)
CUDA = "CUDA out of memory. Tried to allocate 2.00 GiB"
CPU = "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to"


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Let windows become smaller than they would."""
    monkeypatch.setattr(_logits, "_SMALLEST", 16)


@pytest.fixture
def image(texture):
    return texture((150, 166), 3)


@pytest.fixture
def model(make_segmenter, image):
    return make_segmenter(max_epochs=2).fit([image])


@pytest.fixture
def room_for(monkeypatch):
    """Let encoders run out of memory for more than so many pixels."""

    def room_for(n_pixels, error=CUDA, kind=OUT_OF_MEMORY):
        forward = UNet.forward
        sizes = []

        def limited(self, x, margin=0):
            if x[0, 0].numel() > n_pixels:
                raise kind(error)
            sizes.append(x[0, 0].numel())
            return forward(self, x, margin)

        monkeypatch.setattr(UNet, "forward", limited)
        return sizes

    return room_for


def quietly(function, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*args)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(CUDA, OUT_OF_MEMORY), (CPU, RuntimeError), ("", MemoryError)],
)
@pytest.mark.parametrize("make", ["make_segmenter", "make_dense"])
def test_smaller_windows_with_one_warning(error, kind, make, request, image, room_for):
    model = request.getfixturevalue(make)(max_epochs=2).fit([image])
    proba, labels = model.predict_proba([image])[0], model.labels_[0]
    sizes = room_for(70 * 70, error, kind)
    with pytest.warns(RuntimeWarning, match="no memory left for windows of 83") as told:
        found = model.predict([image, image])
    assert len(told) == 1
    assert max(sizes) <= 70 * 70
    for map_ in found:
        assert (map_ == labels).mean() > 0.9999
    # What was found out is kept, and not told again.
    assert_allclose(quietly(model.predict_proba, [image])[0], proba, atol=1e-4)


def test_fit_labels_its_images_in_windows_too(make_segmenter, image, room_for):
    expected = make_segmenter().fit([image]).labels_[0]
    # Training images are encoded at once: only the copy for prediction has limits.
    evaluate = SegmentationNet.evaluation_step

    def fail(self, batch, training=False):
        raise OUT_OF_MEMORY(CUDA)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SegmentationNet, "evaluation_step", fail)
        with pytest.warns(RuntimeWarning, match="no memory left"):
            model = make_segmenter().fit([image])
    assert SegmentationNet.evaluation_step is evaluate
    assert_array_equal(model.labels_[0], expected)


def test_cpu_computes_where_no_window_is_small_enough(model, image, monkeypatch):
    expected = model.predict_proba([image])[0]
    evaluate, window = SegmentationNet.evaluation_step, _logits.window_logits

    def fail(self, batch, training=False):
        raise OUT_OF_MEMORY(CUDA)

    def fail_on_device(net, encoder, *args):
        if encoder is net._fused_encoder():
            raise OUT_OF_MEMORY(CUDA)
        return window(net, encoder, *args)

    monkeypatch.setattr(SegmentationNet, "evaluation_step", fail)
    monkeypatch.setattr(_logits, "window_logits", fail_on_device)
    monkeypatch.setattr(_logits, "_is_cpu", lambda net: False)
    with pytest.warns(RuntimeWarning, match="no memory left") as told:
        found = model.predict_proba([image])[0]
    assert len(told) == 1
    assert_allclose(found, expected, atol=1e-4)
    assert_allclose(quietly(model.predict_proba, [image])[0], expected, atol=1e-4)
    assert evaluate is not fail


def test_nothing_helps(model, image, room_for):
    room_for(0)
    with pytest.warns(RuntimeWarning), pytest.raises(OUT_OF_MEMORY, match="CUDA out"):
        model.predict([image])


def test_other_errors_are_not_hidden(model, image, room_for):
    room_for(0, "a bug", RuntimeError)
    with pytest.raises(RuntimeError, match="a bug"):
        quietly(model.predict, [image])


def test_copies_and_files_do_not_remember(model, image, room_for, tmp_path):
    import pickle

    with pytest.MonkeyPatch.context():
        room_for(70 * 70)
        with pytest.warns(RuntimeWarning):
            model.predict([image])
    again = pickle.loads(pickle.dumps(model))
    assert again.net_ not in _logits._ROOMS


@pytest.mark.parametrize("side", [1, 7, 50, 400])
@pytest.mark.parametrize("shape", [(1, 1), (50, 49), (333, 8)])
def test_windows_cover_all_once(shape, side):
    covered = np.zeros(shape, int)
    for rows, columns in windows(shape, side):
        covered[rows, columns] += 1
        assert max(rows.stop - rows.start, columns.stop - columns.start) <= side
    assert (covered == 1).all()
