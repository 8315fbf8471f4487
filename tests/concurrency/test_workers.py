"""Worker processes of joblib share the cores instead of taking all of them each."""

import numpy as np
import pytest
from joblib import cpu_count
from sklearn.model_selection import GridSearchCV

from sksegment.model_selection import InSampleSplit

N_JOBS = 2


class ThreadsInUse:
    """A scorer that tells the largest pool of threads in the process it runs in."""

    def __call__(self, estimator, X, y=None):
        import torch
        from threadpoolctl import threadpool_info

        pools = [pool["num_threads"] for pool in threadpool_info()]
        return max(*pools, torch.get_num_threads())


def test_workers_of_a_search_do_not_take_more_than_the_cores(
    make_segmenter, make_image, monkeypatch
):
    # What a user sets counts; here nothing is set.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    search = GridSearchCV(
        make_segmenter(),
        {"beta_sim": [0.1, 0.2, 0.3, 0.4]},
        scoring=ThreadsInUse(),
        cv=InSampleSplit(),
        n_jobs=N_JOBS,
        refit=False,
    )
    search.fit([make_image((24, 28))])
    n_threads = search.cv_results_["mean_test_score"]
    assert np.isfinite(n_threads).all()
    assert n_threads.max() <= max(1, cpu_count() // N_JOBS)


@pytest.mark.slow
def test_workers_find_what_one_process_finds(make_segmenter, make_image):
    X = [make_image((24, 28)), make_image((24, 28), seed=1)]
    y = [image > 100 for image in X]
    search = GridSearchCV(
        make_segmenter(), {"beta_con": [0.1, 1.0]}, cv=InSampleSplit()
    )
    alone = search.fit(X, y).cv_results_["mean_test_score"]
    parallel = search.set_params(n_jobs=N_JOBS).fit(X, y).cv_results_
    np.testing.assert_array_equal(parallel["mean_test_score"], alone)
