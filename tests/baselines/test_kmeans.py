"""k-means of pixels and of superpixels."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from skimage.color import rgb2lab
from sklearn.cluster import KMeans

from sksegment import SuperpixelTransformer
from sksegment.baselines import (
    KMeansPixelSegmenter,
    KMeansSuperpixelSegmenter,
)
from sksegment.baselines._color import find_centers, nearest_center


def test_pixels_are_clustered_as_by_scikit_learn(make, three_colors):
    image, _ = three_colors((30, 40), noise=30.0)
    model = make(KMeansPixelSegmenter, n_init=5).fit([image])
    pixels = rgb2lab(image).reshape(-1, 3)
    kmeans = KMeans(3, n_init=5, random_state=0).fit(pixels)
    order = np.argsort(kmeans.cluster_centers_[:, 0])
    assert_allclose(model.cluster_centers_, kmeans.cluster_centers_[order], atol=0.1)


def test_equal_colors_count_by_their_number():
    colors = np.array([[0.0], [0.0], [0.0], [4.0], [50.0], [54.0]])
    centers = find_centers(colors, 2, "native")
    assert_allclose(centers, [[1.0], [52.0]])
    weights = np.array([1.0, 1.0, 1.0, 3.0, 1.0, 3.0])
    assert_allclose(find_centers(colors, 2, "native", weights=weights), [[2], [53]])


def test_what_differs_by_rounding_is_one_color():
    colors = np.repeat([[1.0], [2.0], [3.0]], 20, axis=0)
    colors += np.random.default_rng(0).uniform(-1e-9, 1e-9, colors.shape)
    assert_allclose(find_centers(colors, 8, "native"), [[1], [2], [3]])


def test_nearest_center_in_pieces(monkeypatch):
    rng = np.random.default_rng(0)
    colors, centers = rng.random((50, 3)), rng.random((4, 3))
    expected = nearest_center(colors, centers)
    monkeypatch.setattr("sksegment.baselines._color._CHUNK", 7)
    assert_array_equal(nearest_center(colors, centers), expected)


def test_sample_of_the_pixels_gives_nearly_the_same_classes(make, three_colors):
    images = [three_colors((50, 60), seed=0)[0], three_colors((70, 40), seed=1)[0]]
    full = make(KMeansPixelSegmenter, max_samples=None).fit(images)
    part = make(KMeansPixelSegmenter, max_samples=500).fit(images)
    assert_allclose(part.cluster_centers_, full.cluster_centers_, atol=2.0)
    assert (part.cluster_centers_ != full.cluster_centers_).any()
    tiny = make(KMeansPixelSegmenter, max_samples=1).fit(images)
    assert len(tiny.cluster_centers_) == 1


def test_large_superpixels_count_for_more(make):
    image = np.zeros((16, 16))
    image[:, 12:15], image[:, 15] = 60, 100
    stripes = SuperpixelTransformer(
        lambda image: np.tile(np.repeat([0, 1, 2], [12, 3, 1]), (16, 1))
    )
    model = make(KMeansSuperpixelSegmenter, n_clusters=2, superpixels=stripes)
    centers = model.fit([image]).cluster_centers_
    assert_allclose(centers, [[0], [70]], atol=0.01)
