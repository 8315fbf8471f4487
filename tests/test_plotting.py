import sys

import numpy as np
import pytest
from skimage.color import rgb2lab

from sksegment.plotting import headless_axes, label_colors, overlay, plot_history

HISTORY = [
    {"epoch": 1, "loss": 0.9, "rec": 0.5, "sim": 3.0, "n_labels": 9, "seconds": 0.1},
    {"epoch": 2, "loss": 0.5, "rec": 0.2, "sim": 2.0, "n_labels": 8, "seconds": 0.1},
]


@pytest.fixture
def labels():
    labels = np.zeros((20, 24), np.int32)
    labels[:, 12:] = 1
    labels[:5] = -1
    return labels


def test_colors_do_not_depend_on_their_number():
    many = label_colors(300)
    assert many.shape == (300, 3)
    assert many.dtype == np.uint8
    np.testing.assert_array_equal(many[:5], label_colors(5))
    np.testing.assert_array_equal(many[256:], many[:44])
    assert len(np.unique(many[:256], axis=0)) == 256
    assert label_colors(0).shape == (0, 3)


def test_colors_begin_with_okabe_and_ito():
    expected = [(230, 159, 0), (86, 180, 233), (0, 158, 115)]
    np.testing.assert_array_equal(label_colors(3), expected)


def test_the_colors_of_the_default_labels_are_far_apart():
    lab = rgb2lab(label_colors(32) / 255.0)
    distances = np.linalg.norm(lab[:, None] - lab, axis=-1)
    assert distances[~np.eye(32, dtype=bool)].min() > 10


def test_a_negative_number_of_colors_is_refused():
    with pytest.raises(ValueError, match="n=-1"):
        label_colors(-1)


@pytest.mark.parametrize("channels", [(), (1,), (2,), (3,), (5,)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool, np.int16])
def test_every_kind_of_image_can_be_shown(labels, channels, dtype):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2 if dtype is bool else 200, (*labels.shape, *channels))
    image = image.astype(dtype)
    before = image.copy()
    picture = overlay(image, labels)
    assert picture.shape == (20, 24, 3)
    assert picture.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


def test_the_range_of_intensities_does_not_matter(labels):
    image = np.random.default_rng(0).random((20, 24))
    np.testing.assert_allclose(
        overlay(image, labels).astype(int), overlay(5e3 * image - 9, labels), atol=1
    )


def test_classes_are_tinted_and_void_is_dimmed(labels):
    picture = overlay(np.full((20, 24), 100, np.uint8), labels, alpha=0.5)
    inside = picture[10, 5], picture[10, 20]
    for value, color in zip(inside, label_colors(2).astype(float), strict=True):
        np.testing.assert_allclose(value, 0.5 * color + 50, atol=1)
    assert (picture[2] == 35).all()


def test_borders_are_drawn_in_full_colour(labels):
    picture = overlay(np.zeros((20, 24), np.uint8), labels, alpha=0.5)
    np.testing.assert_array_equal(picture[10, 11], label_colors(1)[0])
    assert (picture[10, 10] < picture[10, 11]).any()


def test_images_without_contrast_or_with_nan(labels):
    assert (overlay(np.full((20, 24), 7.0), labels, alpha=0.0) == 0).all()
    image = np.random.default_rng(0).random((20, 24))
    image[0, 0], image[0, 1] = np.nan, np.inf
    assert overlay(image, labels, alpha=0.0).std() > 10


def test_what_does_not_belong_together_is_refused(labels):
    with pytest.raises(ValueError, match=r"\(9, 9\).*\(20, 24\)"):
        overlay(np.zeros((9, 9)), labels)
    with pytest.raises(ValueError, match=r"alpha=2"):
        overlay(np.zeros((20, 24)), labels, alpha=2)


def test_history_has_a_curve_for_every_term_in_use():
    ax = plot_history(HISTORY, headless_axes())
    assert [line.get_label() for line in ax.lines] == [
        "total",
        "reconstruction",
        "similarity",
    ]
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "epoch"
    assert ax.get_ylabel()
    assert ax.get_title()


def test_history_makes_its_own_axes():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    ax = plot_history(HISTORY)
    assert ax.figure.number in pyplot.get_fignums()
    pyplot.close(ax.figure)


def test_history_with_a_loss_of_zero_is_still_drawn():
    rows = [{"epoch": 1, "loss": 0.0}, {"epoch": 2, "loss": 0.1, "con": 0.1}]
    ax = plot_history(rows, headless_axes())
    assert ax.get_yscale() == "symlog"
    ax.figure.canvas.draw()


def test_an_empty_history_is_refused():
    with pytest.raises(ValueError, match="fit the model"):
        plot_history([])


def test_a_missing_matplotlib_is_named(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'pip install "sksegment\[plot\]"'):
        plot_history(HISTORY)
    with pytest.raises(ImportError, match=r"sksegment\[plot\]"):
        headless_axes()
