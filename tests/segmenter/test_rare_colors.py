"""Colours that no label has."""

import numpy as np
import pytest

from sksegment._appearance import Appearance
from sksegment._rare_colors import MOST_RARE_COLORS, rare_color


@pytest.fixture
def scene():
    """Two labels, of grey values 0.3 and 0.5, and what both miss: a bright disc."""
    rng = np.random.default_rng(0)
    labels = np.zeros((80, 80), np.int32)
    labels[:, 40:] = 3
    pixels = np.where(labels == 0, 0.3, 0.5) + rng.normal(0, 0.01, labels.shape)
    rows, columns = np.indices(labels.shape)
    disc = np.hypot(rows - 40, columns - 60) < 6
    pixels[disc] = 0.95
    looks = Appearance(np.array([[0.3], [0.5]]), np.array([0.05]), np.array([0, 3]))
    return np.float32(pixels[..., np.newaxis]), labels, looks, disc


def test_it_is_found(scene):
    pixels, labels, looks, disc = scene
    (found,) = rare_color([pixels], [labels], looks)
    assert np.array_equal(found, disc)


def test_of_two_the_larger_one(scene):
    pixels, labels, looks, disc = scene
    pixels[5:9, 5:9] = 0.05
    (found,) = rare_color([pixels], [labels], looks)
    assert np.array_equal(found, disc)


def test_of_all_images_together(scene):
    pixels, labels, looks, disc = scene
    plain = np.where(disc[..., np.newaxis], np.float32(0.5), pixels)
    found = rare_color([plain, pixels], [labels, labels], looks)
    assert not found[0].any()
    assert np.array_equal(found[1], disc)


def test_scattered_pixels_are_noise(scene):
    pixels, labels, looks, disc = scene
    pixels[disc] = 0.5
    pixels[::5, ::5] = 0.95
    assert rare_color([pixels], [labels], looks) is None


def test_a_few_pixels_are_none(scene):
    pixels, labels, looks, disc = scene
    pixels[disc] = 0.5
    pixels[40:41, 60:62] = 0.95
    assert rare_color([pixels], [labels], looks) is None


def test_what_is_void_does_not_count(scene):
    pixels, labels, looks, disc = scene
    labels[disc] = -1
    assert rare_color([pixels], [labels], looks) is None


def test_colors_of_their_label_are_not_rare(scene):
    pixels, labels, looks, disc = scene
    pixels[disc] = 0.5
    assert rare_color([pixels], [labels], looks) is None


def test_a_rare_phase_has_a_label(make_segmenter, monkeypatch):
    """Specks, smaller than superpixels: no superpixel has a label of theirs."""
    rng = np.random.default_rng(0)
    truth = np.zeros((96, 96), int)
    truth[:, 48:] = 1
    for row, column in rng.integers(4, 88, (12, 2)):
        truth[row : row + 3, column : column + 3] = 2
    image = np.choose(truth, [80, 120, 250]) + rng.normal(0, 3, truth.shape)
    image = np.uint8(image.clip(0, 255))
    params = {"max_labels": 8, "superpixels__n_segments": 16, "max_epochs": 3}
    overlaps = []
    for most in (0, MOST_RARE_COLORS):
        monkeypatch.setattr("sksegment.segmenters._pixels.MOST_RARE_COLORS", most)
        labels = make_segmenter(**params, base_channels=8).fit([image]).labels_[0]
        of_specks = np.bincount(labels[truth == 2]).argmax()
        found = labels == of_specks
        both, any_ = found & (truth == 2), found | (truth == 2)
        overlaps.append(both.sum() / any_.sum())
    assert overlaps[0] < 0.5
    assert overlaps[1] > 0.8


def test_no_label_is_free(make_segmenter):
    """With two labels, both in use, a third colour cannot have one."""
    image = np.full((64, 64), 80, np.uint8)
    image[:, 32:] = 120
    image[20:26, 8:14] = 250
    model = make_segmenter(max_labels=2, max_epochs=2).fit([image])
    assert model.labels_[0].max() <= 1
