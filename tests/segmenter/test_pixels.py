"""Every pixel has its own label: of its soft labels, its superpixel and its colour."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from sksegment import SuperpixelTransformer
from sksegment._appearance import Appearance, likely_labels, smoothed
from sksegment.io import ModelFileError, load_model


@pytest.fixture(scope="module")
def lines():
    """Bright lines, two pixels wide, thinner than any superpixel."""
    rng = np.random.default_rng(0)
    truth = np.zeros((96, 96), int)
    truth[20:22, 10:80] = truth[40:90, 60:62] = truth[50:52, 5:50] = 1
    return np.uint8(60 + 120 * truth + rng.normal(0, 8, truth.shape)), truth


def test_structures_finer_than_superpixels_are_found(make_segmenter, lines):
    image, truth = lines
    params = {"max_labels": 32, "superpixels__n_segments": 150, "max_epochs": 3}
    model = make_segmenter(**params, base_channels=8).fit([image])
    ious = []
    for assignment in ("mean", "pixel"):
        (labels,) = model.set_params(assignment=assignment).predict([image])
        brightest = labels == labels.max()
        ious.append((brightest & (truth == 1)).sum() / (brightest | (truth == 1)).sum())
    assert ious[0] < 0.3
    assert ious[1] > 0.8


def test_only_labels_of_superpixels_are_labels_of_pixels(sharp, make_segmenter, disc):
    (labels,) = sharp.predict([disc])
    model = make_segmenter(assignment="mean").fit([disc])
    of_superpixels = np.unique(model.labels_[0])
    pixels = make_segmenter().fit([disc])
    assert len(np.unique(pixels.labels_[0])) <= len(of_superpixels)
    assert set(np.unique(labels)) == set(np.flatnonzero(sharp.label_fractions_))


def test_training_images_get_the_same_labels_again(make_segmenter, X):
    model = make_segmenter(max_epochs=3).fit(X)
    for found, expected in zip(model.predict(X), model.labels_, strict=True):
        assert_array_equal(found, expected)
    counts = sum(
        np.bincount(m.ravel(), minlength=len(model.label_fractions_))
        for m in model.labels_
    )
    assert_allclose(model.label_fractions_, counts / counts.sum())


def test_labels_are_numbered_from_dark_to_bright(make_segmenter, disc):
    model = make_segmenter(max_labels=6, max_epochs=3, beta_sim=0.0).fit([disc])
    used = model.label_fractions_ > 0
    assert used.sum() > 1
    assert not (np.diff(used.astype(int)) > 0).any()
    assert (np.diff(model.label_colors_[used, 0]) > 0).all()


def test_nothing_outside_of_a_mask(make_segmenter, make_image, disc_mask):
    mask = disc_mask((32, 40))
    superpixels = SuperpixelTransformer(n_segments=30, mask=mask)
    image = make_image((32, 40), 3)
    model = make_segmenter(superpixels=superpixels).fit([image])
    assert_array_equal(model.predict([image])[0] == -1, ~mask)
    assert_array_equal(model.predict_proba([image])[0].sum(axis=-1) > 0.5, mask)


def test_it_cannot_be_set_after_the_fit(make_segmenter, X):
    model = make_segmenter(assignment="mean").fit(X).set_params(assignment="pixel")
    with pytest.raises(ValueError, match=r"'pixel' was set after the fit.*fit again"):
        model.predict(X)
    assert make_segmenter().fit(X).set_params(assignment="mean").predict(X)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_scores_are_the_equation(n_channels):
    rng = np.random.default_rng(1)
    image = rng.random((6, 7, n_channels)).astype(np.float32)
    f = rng.dirichlet(np.ones(4), (6, 7)).astype(np.float32)
    superpixels = (np.arange(42).reshape(6, 7) // 6).astype(np.int32)
    superpixels[0, 0] = -1
    shares = rng.dirichlet(np.ones(4), 7).astype(np.float32)
    used = np.array([0, 2, 3])
    colors, deviation = rng.random((3, n_channels)), rng.random(n_channels) + 0.1
    looks = Appearance(colors, deviation, used)
    evidence = smoothed(image), f[..., used], superpixels, shares
    near = gaussian_filter(image.astype(float), (0.7, 0.7, 0), mode="nearest")
    expected = np.empty((6, 7, 3))
    for row, column in np.ndindex(6, 7):
        share = shares[superpixels[row, column]]
        for index, label in enumerate(used):
            prior = np.sqrt((f[row, column, label] + 1e-4) * (share[label] + 1e-4))
            distance = ((near[row, column] - colors[index]) ** 2 / deviation**2).mean()
            expected[row, column, index] = 0.2 * np.log(prior) - distance / 2
    proba = np.exp(expected) / np.exp(expected).sum(axis=-1, keepdims=True)
    proba[0, 0] = 0.0
    shares = looks.shares(*evidence)
    assert_allclose(shares[..., used], proba, atol=1e-5)
    assert_array_equal(shares[..., 1], 0.0)
    best = used[expected.argmax(axis=-1)]
    best[0, 0] = -1
    assert_array_equal(looks.labels(*evidence), best)


def test_looks_are_means_and_the_deviation_within():
    image = np.array([[[1.0], [3.0], [10.0], [14.0], [99.0]]], np.float32)
    labels = np.array([[0, 0, 2, 2, -1]])
    looks = Appearance.measure([image], [labels], np.array([0, 2, 5]))
    assert_allclose(looks.colors[:2, 0], [2.0, 12.0])
    # Mean of the squares 1, 1, 4 and 4.
    assert_allclose(looks.deviation, np.sqrt(2.5))
    assert looks.colors[2, 0] > 100


def test_first_guess_is_the_largest_product():
    f = np.array([[[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]]], np.float32)
    shares = np.array([[0.2, 0.6, 0.2]], np.float32)
    superpixels = np.array([[0, -1]], np.int32)
    guess = likely_labels(f, superpixels, shares, np.arange(3))
    assert guess.tolist() == [[1, -1]]
    guess = likely_labels(f[..., [0, 2]], superpixels, shares, np.array([0, 2]))
    assert guess.tolist() == [[0, -1]]


@pytest.mark.parametrize("damage", ["missing", "zero", "shape"])
def test_file_without_the_deviation_is_refused(damage, make_segmenter, X, tmp_path):
    model = make_segmenter().fit(X)
    if damage == "missing":
        model.color_deviation_ = None
    elif damage == "zero":
        model.color_deviation_ = np.zeros(3)
    else:
        model.color_deviation_ = np.ones(2)
    model.save(tmp_path / "model.safetensors")
    with pytest.raises(ModelFileError, match="color_deviation"):
        load_model(tmp_path / "model.safetensors")
