"""Ratios of times on one machine, with room for noise: speed must not rot unseen."""

import time

import numpy as np
import pytest
from skimage.data import coffee
from skimage.graph import rag_mean_color
from sklearn.metrics import adjusted_mutual_info_score, rand_score, v_measure_score

from sksegment import SuperpixelTransformer
from sksegment.losses import SparseObjective
from sksegment.metrics import segmentation_scores
from sksegment.nn import build_wnet
from sksegment.regions import pooling_matrix, region_graph
from sksegment.training import GraphImage

pytestmark = pytest.mark.slow


def best(function, repeats=5):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.fixture(scope="module")
def photo():
    return coffee()[:321, :481]


@pytest.fixture(scope="module")
def superpixels(photo):
    return SuperpixelTransformer().fit_transform([photo])[0]


def blocks(side, n):
    line = np.arange(side) * round(np.sqrt(n)) // side
    return (line[:, None] * (line.max() + 1) + line).astype(np.int32)


def test_region_graph_is_ten_times_faster_than_that_of_scikit_image(photo, superpixels):
    theirs = best(lambda: rag_mean_color(photo, superpixels), repeats=2)
    assert theirs > 10 * best(lambda: region_graph(photo, superpixels))


def test_region_graph_of_20000_superpixels_takes_less_than_the_superpixels():
    image = np.random.default_rng(0).random((1024, 1024, 3), dtype=np.float32)
    assert best(lambda: region_graph(image, blocks(1024, 20_000))) < 0.3


def test_all_scores_take_less_than_a_third_of_three_of_scikit_learn():
    truth, labels = blocks(321, 100), blocks(321, 64)
    functions = (rand_score, adjusted_mutual_info_score, v_measure_score)

    def theirs():
        for function in functions:
            function(truth.ravel(), labels.ravel())

    ours = best(lambda: segmentation_scores(truth, labels))
    assert best(theirs) > 3 * ours


def test_means_over_superpixels_are_cheaper_than_at_full_resolution(superpixels):
    f = np.random.default_rng(0).random((160, 240, 32), dtype=np.float32)
    pooling = pooling_matrix(superpixels, f.shape[:2])
    full = f.repeat(2, axis=0).repeat(2, axis=1)
    ids = superpixels[:320, :480].ravel()

    def by_bincount():
        for channel in np.moveaxis(full, -1, 0):
            np.bincount(ids, channel.ravel())

    assert best(by_bincount) > 3 * best(lambda: pooling @ f.reshape(-1, 32))


@pytest.mark.parametrize("n_superpixels", [500, 3_000, 20_000])
def test_losses_are_cheap_beside_the_net(n_superpixels):
    superpixels = blocks(512, n_superpixels)
    scaled = np.random.default_rng(0).random((512, 512, 3), dtype=np.float32)
    graph = region_graph(scaled, superpixels)
    image = GraphImage.build(
        scaled, superpixels, graph, resolution=0.5, tau=0.0, device="cpu"
    )
    module = build_wnet(0, n_channels=3, max_labels=32, base_channels=16, depth=3)
    objective = SparseObjective(1.0, 1.0, 0.1, 0.1)
    z = module.encode(image.pixels).detach()

    def losses():
        terms = objective.image_terms(z.clone().requires_grad_(), image)[0]
        sum(terms.values()).backward()

    net = best(lambda: module(image.pixels)[1].sum().backward(), repeats=3)
    assert best(losses) < 0.1 * (best(losses) + net)
