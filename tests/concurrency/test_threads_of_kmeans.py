"""k-means never opens a pool of OpenMP threads, which torch's would wait for."""

import numpy as np
import pytest
from sklearn.cluster import KMeans, MiniBatchKMeans
from threadpoolctl import threadpool_info, threadpool_limits

from sksegment import KMeansPixelSegmenter, SparseWNetSegmenter
from sksegment.baselines import SpectralSuperpixelSegmenter
from sksegment.hierarchy import region_hierarchy

IMAGE = np.random.default_rng(0).random((32, 32))
SUPERPIXELS = np.arange(64).reshape(8, 8).repeat(4, axis=0).repeat(4, axis=1)


def fit(model):
    return lambda: model.fit([IMAGE])


@pytest.fixture
def seen(monkeypatch):
    """Largest number of OpenMP threads at each start of k-means."""
    numbers = []

    def watched(own):
        def watch(*args, **kwargs):
            pools = [p for p in threadpool_info() if p["user_api"] == "openmp"]
            numbers.append(max(pool["num_threads"] for pool in pools))
            return own(*args, **kwargs)

        return watch

    for cls in (KMeans, MiniBatchKMeans):
        monkeypatch.setattr(cls, "fit", watched(cls.fit))
    return numbers


@pytest.mark.parametrize(
    "work",
    [
        lambda: region_hierarchy(100 * IMAGE, SUPERPIXELS),
        fit(SparseWNetSegmenter(assignment="kmeans", max_epochs=1, base_channels=4)),
        fit(KMeansPixelSegmenter(3)),
        fit(SpectralSuperpixelSegmenter(3)),
    ],
    ids=["hierarchy", "clusters of labels", "pixels", "spectral"],
)
def test_one_thread_clusters_where_there_might_be_two(work, seen):
    with threadpool_limits(2, user_api="openmp"):
        work()
    assert set(seen) == {1}
