"""How strong noise is, and that colours of noisy images are averaged over more."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from skimage.data import camera

from sksegment._noise import noise_to_deviation
from sksegment.io import load_model


def everywhere(*images):
    return [np.ones(image.shape[:2], bool) for image in images]


def steps(noise, shape=(80, 90), seed=0):
    grey = 100.0 * (np.indices(shape)[1] // 10 % 2)
    return (grey + np.random.default_rng(seed).normal(0, noise, shape))[..., np.newaxis]


@pytest.mark.parametrize("noise", [0.0, 1.0, 5.0, 20.0])
def test_noise_on_steps_is_measured(noise):
    images = [steps(noise, seed=seed) for seed in (0, 1)]
    expected = noise / np.hypot(50.0, noise)
    found = noise_to_deviation(images, everywhere(*images))
    assert_allclose(found, expected, rtol=0.06, atol=1e-12)
    assert_allclose(
        noise_to_deviation([i * 3e-3 + 7 for i in images], everywhere(*images)), found
    )


def test_definition_inside_a_mask():
    image = np.random.default_rng(0).random((30, 40, 3))
    inside = np.hypot(*(np.indices((30, 40)) - [[[14]], [[19]]])) < 12
    plane, values = image.mean(axis=-1), []
    for row, column in np.argwhere(inside):
        window = np.s_[row - 1 : row + 2, column - 1 : column + 2]
        if inside[window].all():
            kernel = np.outer([1, -2, 1], [1, -2, 1])
            values.append(abs((plane[window] * kernel).sum()))
    assert len(values) > 100
    expected = np.median(values) / 6 / 0.6745 / plane[inside].std()
    image[~inside] = 1e6
    assert_allclose(noise_to_deviation([image], [inside]), expected)


def test_of_very_many_pixels_a_sample_is_taken(monkeypatch):
    image = steps(5.0, (300, 300))
    expected = noise_to_deviation([image], everywhere(image))
    monkeypatch.setattr("sksegment._noise._MOST_SAMPLES", 10_000)
    assert_allclose(noise_to_deviation([image], everywhere(image)), expected, rtol=0.1)


def test_where_nothing_can_be_measured_there_is_no_noise():
    flat = np.ones((20, 30, 1))
    nowhere = np.zeros((20, 30), bool)
    assert noise_to_deviation([flat], everywhere(flat)) == 0.0
    assert noise_to_deviation([steps(5.0, (20, 30))], [nowhere]) == 0.0
    line = nowhere.copy()
    line[4] = True
    assert noise_to_deviation([steps(5.0, (20, 30))], [line]) == 0.0


@pytest.fixture
def noisy():
    image = camera()[::4, ::4].astype(float)
    return image + np.random.default_rng(0).normal(0, 40, image.shape)


def test_windows_are_wide_where_there_is_noise(make_segmenter, noisy, tmp_path):
    clear = np.kron(np.arange(4.0).reshape(2, 2), np.ones((40, 40)))
    model = make_segmenter().fit([clear])
    assert model.color_sigma_ == 0.7
    model.partial_fit([noisy])
    assert model.color_sigma_ == 0.7
    model = make_segmenter().fit([noisy])
    assert model.color_sigma_ == 1.2
    model.save(tmp_path / "model.safetensors")
    loaded = load_model(tmp_path / "model.safetensors")
    assert loaded.color_sigma_ == 1.2
    assert (loaded.predict([noisy])[0] == model.labels_[0]).all()
    model.color_sigma_ = 0.7
    assert (model.predict([noisy])[0] != model.labels_[0]).any()
    assert make_segmenter(assignment="mean").fit([noisy]).color_sigma_ is None


def test_windows_stay_narrow_where_structures_are(make_segmenter):
    rng = np.random.default_rng(0)
    columns = np.arange(96) * np.ones((96, 1))
    for width, sigma in ((2, 0.7), (16, 1.2)):
        stripes = (columns // width) % 2
        noisy = stripes + rng.normal(0, 0.4, stripes.shape)
        assert make_segmenter().fit([noisy]).color_sigma_ == sigma
