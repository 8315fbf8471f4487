"""Images that are divided block by block look as if they were divided at once."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage import data
from skimage.measure import label

from sksegment import SuperpixelTransformer, _large_division, superpixels
from sksegment.regions import region_graph

PICTURES = {
    "coffee": lambda: data.coffee()[:360, :480],
    "gravel": lambda: data.gravel()[:300, :300],
    "hubble": lambda: data.hubble_deep_field()[:320, :400],
    "retina": lambda: data.retina()[500:800, 500:840],
    "rocket": lambda: data.rocket()[:320, :480],
}
SPACING = 12


@pytest.fixture
def in_blocks(monkeypatch):
    """Divide any image in blocks of about so many pixels a side."""

    def in_blocks(side, transformer, image):
        with monkeypatch.context() as patch:
            patch.setattr(superpixels, "LARGEST", 1)
            patch.setattr(_large_division, "LARGEST", image.shape[0] * image.shape[1])
            patch.setattr(_large_division, "_SIDE", side)
            return transformer.fit_transform([image])[0]

    return in_blocks


def transformer_for(image, **params):
    """Superpixels of which seeds have a whole number of pixels between them."""
    n_segments = image.shape[0] * image.shape[1] // SPACING**2
    return SuperpixelTransformer(n_segments=n_segments, **params)


def check_division(map_, void=None):
    void = np.zeros(map_.shape, bool) if void is None else void
    assert map_.dtype == np.int32
    assert_array_equal(map_ < 0, void)
    n = map_.max() + 1
    assert_array_equal(np.unique(map_[~void]), np.arange(n))
    assert label(map_, background=-1, connectivity=1).max() == n


def classes(image, map_, n_classes=6):
    """Superpixels in classes of mean brightness, of which each has as many."""
    means = region_graph(image.astype(float), map_).means.mean(axis=1)
    ranks = np.quantile(means, np.linspace(0, 1, n_classes + 1)[1:-1])
    return np.digitize(means, ranks)[map_]


def changes_at_seams(labels, side):
    """Part of the pixels along the borders of blocks where the label changes."""
    changes = []
    for axis in (0, 1):
        turned = np.moveaxis(labels, axis, 0)
        for part in _large_division._cut(len(turned), SPACING)[1:]:
            changes.append(turned[part.start - 1] != turned[part.start])
    return np.concatenate(changes).mean()


@pytest.mark.parametrize("name", PICTURES)
def test_seams_are_not_to_be_seen(name, in_blocks, monkeypatch):
    image = PICTURES[name]()
    transformer = transformer_for(image)
    whole, blocks = (
        transformer.fit_transform([image])[0],
        in_blocks(90, transformer, image),
    )
    check_division(blocks)
    assert blocks.max() == pytest.approx(whole.max(), rel=0.03)
    monkeypatch.setattr(_large_division, "_SIDE", 90)
    found, expected = (
        changes_at_seams(classes(image, map_), 90) for map_ in (blocks, whole)
    )
    assert found <= 1.1 * expected + 0.01


@pytest.mark.parametrize("name", ["coffee", "gravel"])
@pytest.mark.parametrize("method", ["slic", "watershed"])
def test_superpixels_are_those_of_the_whole_image(name, method, in_blocks):
    image = PICTURES[name]()
    transformer = transformer_for(image, method=method)
    whole, blocks = (
        transformer.fit_transform([image])[0],
        in_blocks(120, transformer, image),
    )
    check_division(blocks)
    borders = [map_[:, 1:] != map_[:, :-1] for map_ in (whole, blocks)]
    differ = (borders[0] != borders[1]).mean() / borders[0].mean()
    assert differ < 0.03


@pytest.mark.parametrize(
    "params",
    [
        {"method": "watershed", "n_segments": "auto", "sigma": 1.0},
        {"n_segments": "auto", "sigma": 2.0},
        {"sigma": 3.0},
    ],
    ids=str,
)
def test_structure_and_blur(params, in_blocks):
    image = PICTURES["coffee"]()
    transformer = transformer_for(image).set_params(**params)
    whole, blocks = (
        transformer.fit_transform([image])[0],
        in_blocks(150, transformer, image),
    )
    check_division(blocks)
    assert blocks.max() == pytest.approx(whole.max(), rel=0.05)


def test_blocks_heed_the_mask(in_blocks):
    image = PICTURES["coffee"]()
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    mask = (rows - 180) ** 2 + (columns - 250) ** 2 < 120**2
    transformer = SuperpixelTransformer(n_segments=300, mask=mask)
    whole, blocks = (
        transformer.fit_transform([image])[0],
        in_blocks(80, transformer, image),
    )
    check_division(blocks, ~mask)
    assert blocks.max() == pytest.approx(whole.max(), rel=0.05)
    other = np.where(mask[..., np.newaxis], image, 255 - image)
    assert_array_equal(in_blocks(80, transformer, other), blocks)


def test_noise_makes_all_blocks_more_compact(in_blocks):
    image = np.random.default_rng(0).normal(size=(150, 150))
    transformer = transformer_for(image, compactness=1.0)
    whole, blocks = (
        transformer.fit_transform([image])[0],
        in_blocks(80, transformer, image),
    )
    check_division(blocks)
    assert blocks.max() == pytest.approx(whole.max(), rel=0.1)


def test_there_are_as_many_for_every_largest_image(monkeypatch):
    image = data.coffee()
    monkeypatch.setattr(superpixels, "LARGEST", 60_000)
    monkeypatch.setattr(_large_division, "LARGEST", 60_000)
    found = SuperpixelTransformer(n_segments=200).fit_transform([image])[0].max()
    monkeypatch.undo()
    expected = SuperpixelTransformer(n_segments=800).fit_transform([image])[0].max()
    assert found == pytest.approx(expected, rel=0.05)


def test_callable_gets_the_whole_image(monkeypatch):
    monkeypatch.setattr(superpixels, "LARGEST", 1)
    seen = []

    def halves(image):
        seen.append(image.shape)
        return np.arange(image.shape[1]) * np.ones((image.shape[0], 1), int) // 20

    map_ = SuperpixelTransformer(halves).fit_transform([np.eye(40)])[0]
    assert seen == [(40, 40)]
    assert_array_equal(np.unique(map_), [0, 1])
