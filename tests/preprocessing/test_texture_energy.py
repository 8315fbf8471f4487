"""Scales and directions of textures: the definition, and what it is good for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import correlate1d
from skimage.data import brick

from sksegment import KMeansPixelSegmenter
from sksegment.metrics import v_measure
from sksegment.preprocessing import TextureEnergy


def noise(shape=(60, 70, 2), seed=0):
    return np.random.default_rng(seed).normal(100, 10, shape) * [1, 3]


def blurred(plane, sigma):
    """Mean under a Gaussian, by its definition."""
    reach = int(3 * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for axis in range(2):
        plane = correlate1d(plane, weights / weights.sum(), axis, mode="nearest")
    return plane


def energies(image, sigma, angle, window):
    across = np.array([np.sin(angle), np.cos(angle)])
    total = 0
    for plane in np.moveaxis(image, -1, 0):
        wide = np.pad(blurred(plane, sigma), 1, mode="edge")
        middle, end = slice(1, -1), slice(2, None)
        rows = wide[end, middle] - 2 * wide[middle, middle] + wide[:-2, middle]
        columns = wide[middle, end] - 2 * wide[middle, middle] + wide[middle, :-2]
        both = wide[end, end] - wide[end, :-2] - wide[:-2, end] + wide[:-2, :-2]
        hessian = np.array([[rows, both / 4], [both / 4, columns]])
        second = np.einsum("i,ijrc,j->rc", across, hessian, across)
        total += blurred((sigma**2 * second) ** 2, window)
    return total


@pytest.mark.parametrize("n_images", [1, 2])
def test_definition(n_images):
    images = [noise(seed=seed) * (1 + seed) for seed in range(n_images)]
    model = TextureEnergy(sigma=(1.5, 3.0), window=5.0, n_directions=3).fit(images)
    expected = [
        np.stack(
            [
                energies(image, sigma, angle, 5.0)
                for sigma in (1.5, 3.0)
                for angle in np.pi * np.arange(3) / 3
            ],
            axis=-1,
        )
        for image in images
    ]
    mean = np.mean([energy.sum(axis=-1) for energy in expected])
    assert_allclose(model.amplitude_, np.sqrt(mean), rtol=1e-6)
    for found, energy in zip(model.transform(images), expected, strict=True):
        whole = energy.sum(axis=-1, keepdims=True) + 1e-3 * mean
        assert_allclose(found, np.sqrt(energy / whole), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e-30, 0), (1e30, 0), (2, 5e4), (-1, 0)]
)
def test_brightness_and_contrast_do_not_matter(scale, offset):
    image = noise()
    expected = TextureEnergy(window=4).fit_transform([image])[0]
    found = TextureEnergy(window=4).fit_transform([image * scale + offset])[0]
    assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_lines_are_seen_by_the_channel_of_their_direction_and_width():
    rows, columns = np.mgrid[:120, :120]
    along = {0: columns, 1: columns + rows, 2: rows, 3: columns - rows}
    for direction, place in along.items():
        for index, sigma in enumerate((1.0, 4.0)):
            length = 1 if direction % 2 == 0 else np.sqrt(2)
            lines = np.sin(place / length * np.sqrt(2) / sigma)
            model = TextureEnergy(sigma=(1.0, 4.0), window=10.0)
            [parts] = model.fit_transform([lines])
            assert parts[60, 60].argmax() == 4 * index + direction


def test_one_direction_is_all_of_them():
    image = noise((64, 64, 1))
    model = TextureEnergy(window=4, n_directions=1)
    [upright] = model.fit_transform([image])
    [turned] = model.transform([np.rot90(image)])
    assert upright.shape == (64, 64, 3)
    assert_allclose(turned, np.rot90(upright), rtol=1e-5)
    [many] = TextureEnergy(window=4, n_directions=8).fit_transform([image])
    sums = (many.reshape(64, 64, 3, 8) ** 2).sum(axis=-1)
    assert_allclose(upright**2, sums, rtol=2e-3, atol=1e-4)


def test_where_there_is_no_texture_parts_are_nought():
    image = noise((60, 160, 1))
    image[:, 80:] = 100 + 1e-4 * (image[:, 80:] - 100)
    [parts] = TextureEnergy(window=4).fit_transform([image])
    assert (parts[:, 130:] < 0.01).all()
    assert_array_equal(TextureEnergy().fit_transform([np.full((20, 30), 7)])[0], 0)


def test_an_empty_slice_is_not_blown_up():
    image = noise((60, 60, 1))
    model = TextureEnergy(window=4).fit([image])
    assert model.transform([image / 1e4])[0].max() < 0.01


def test_turned_bricks_of_one_brightness_are_told_apart():
    tile = brick()[:256, :256].astype(float)
    truth = (np.mgrid[:256, :256][1] > 128).astype(int)
    image = np.where(truth, np.rot90(tile), tile)
    before, after = (
        v_measure(
            truth[None], KMeansPixelSegmenter(2, random_state=0).fit(X).labels_[0]
        )
        for X in ([image], TextureEnergy().fit_transform([image]))
    )
    assert before < 0.05
    assert after > 0.7
