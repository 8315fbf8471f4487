"""Spectral clustering of superpixels."""

import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.linalg import eigh

from sksegment.baselines import (
    SpectralSuperpixelSegmenter,
)
from sksegment.baselines._spectral import (
    _affinity,
    _inverse,
    _leading_vectors,
    _linked,
    spectral_clusters,
)
from sksegment.regions import region_graph


def test_affinity_by_hand():
    image = [[0.0, 0.0, 0.0], [2.0, 2.0, 6.0]]
    graph = region_graph(image, np.array([[0, 0, 0], [1, 1, 2]]))
    assert_array_equal(graph.edges, [[0, 0, 1], [1, 2, 2]])
    assert_allclose(graph.distances, [2, 6, 4])
    affinity = _affinity(graph, 0.5).toarray()
    expected = np.array([[0, 2, np.exp(-2)], [2, 0, np.exp(-1)], [0, 0, 0]])
    expected[2] = expected[:, 2]
    assert_allclose(affinity / affinity[0, 1], expected / 2)


def test_pieces_are_linked_where_they_are_largest():
    labels = np.array([[0, -1, 1, 2, 2, -1, 3]])
    image = np.array([[1.0, 0, 9, 2, 2, 0, 4]])
    edges, distances, borders = _linked(region_graph(image, labels))
    pairs = {tuple(sorted(edge)) for edge in edges.T.tolist()}
    assert pairs == {(1, 2), (0, 2), (0, 3), (2, 3)}
    assert_allclose(np.sort(distances), [1, 1, 2, 2, 3, 3, 7])
    assert (borders == 1).all()


def test_inverse_of_a_sparse_matrix_less_one_of_rank_one():
    rng = np.random.default_rng(0)
    matrix, vector = sparse.diags_array(rng.uniform(1, 2, 6)), rng.uniform(0, 0.3, 6)
    expected = np.linalg.inv(matrix.toarray() - np.outer(vector, vector))
    assert_allclose(_inverse(matrix, vector) @ np.eye(6), expected)


def test_sparse_eigenvectors_are_those_of_the_dense_matrix(graph_of):
    image = np.random.default_rng(0).random((14, 14)) * 5
    affinity = _affinity(graph_of(image), 0.3)
    assert affinity.shape[0] > 128
    degrees = affinity.sum(axis=1)
    link = 1e-4 * degrees.mean()
    root = 1 / np.sqrt(degrees + link)
    dense = np.outer(root, root) * (affinity.toarray() + link / 196)
    expected = eigh(dense)[1][:, -4:]
    found = _leading_vectors(affinity, 4, 0)
    # The same space, whatever the basis of it.
    assert_allclose(np.linalg.svd(expected.T @ found)[1], 1.0, atol=1e-3)


def test_cut_runs_through_the_bottleneck(cells):
    mask = np.ones((12, 30), bool)
    mask[:, 14:16] = False
    mask[5, 14:16] = True
    superpixels = cells(1).set_params(mask=mask)
    labels = superpixels.fit_transform([np.zeros((12, 30))])[0]
    clusters = spectral_clusters(region_graph(np.zeros((12, 30)), labels), 2, 0.3, 0)
    map_ = clusters[labels]
    assert len(np.unique(map_[:, :14])) == len(np.unique(map_[:, 16:])) == 1
    assert map_[0, 0] != map_[0, -1]


def test_same_color_in_two_places_is_one_class(cells, make, three_colors):
    image, truth = three_colors((40, 60), noise=0.0, order=(0, 1, 0))
    model = make(SpectralSuperpixelSegmenter, superpixels=cells(2)).fit([image])
    assert_array_equal(model.labels_[0], truth)


@pytest.mark.parametrize("color_scale", [1e-9, 1e-3, 1e9])
@pytest.mark.parametrize("side", [10, 40])
def test_any_color_scale_gives_labels(color_scale, side, cells, make):
    image = np.random.default_rng(0).random((side, side))
    model = make(
        SpectralSuperpixelSegmenter, superpixels=cells(2), color_scale=color_scale
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        labels = model.fit_predict([image])[0]
    assert set(np.unique(labels)) <= {0, 1, 2}


def test_no_more_clusters_than_superpixels(cells, make):
    image = np.random.default_rng(0).random((12, 12))
    model = make(SpectralSuperpixelSegmenter, n_clusters=50, superpixels=cells(4))
    assert len(np.unique(model.fit_predict([image])[0])) == 9


@pytest.mark.parametrize("n_clusters", [8, 32])
@pytest.mark.parametrize("kind", ["noise", "flat"])
def test_three_thousand_superpixels_take_less_than_5_seconds(
    n_clusters, kind, graph_of
):
    image = np.random.default_rng(0).random((55, 55))
    graph = graph_of(image if kind == "noise" else np.zeros((55, 55)))
    assert graph.n_regions == 3025
    start = time.perf_counter()
    spectral_clusters(graph, n_clusters, 0.3, 0)
    assert time.perf_counter() - start < 5  # 0.2 s, alone
