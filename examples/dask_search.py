"""
Spread a grid search over a dask cluster
========================================

joblib hands the fits of `GridSearchCV` to the workers of a cluster; nothing of the
search changes, and neither does what it finds. Here the cluster is two processes of
this machine. For a real one make the ``Client`` from
``dask_jobqueue.SLURMCluster(...)``, ``dask_kubernetes.operator.KubeCluster(...)`` or
the address of a scheduler that is running already.
"""

import joblib
import numpy as np
from dask.distributed import Client, LocalCluster
from skimage.data import coins
from sklearn.model_selection import GridSearchCV

from sksegment import SparseWNetSegmenter, SuperpixelTransformer
from sksegment.model_selection import InSampleSplit, v_measure_scorer

# %%
# Ground truth by brightness will do to show the mechanics.
image = coins()[::2, ::2]
truth = (image > 110).astype(int)


def make_search():
    """Make the search; a seed makes every fit the same wherever it runs."""
    model = SparseWNetSegmenter(
        max_labels=8,
        superpixels=SuperpixelTransformer(n_segments=600),
        max_epochs=4,
        random_state=0,
    )
    return GridSearchCV(
        model,
        {"beta_sim": [0.02, 0.1, 1.0], "beta_con": [0.1, 1.0]},
        scoring=v_measure_scorer,
        cv=InSampleSplit(),
        error_score="raise",
    )


# %%
# Workers are processes that import this file: hence the guard.
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        print(f"{len(client.scheduler_info()['workers'])} workers")
        # Large data is sent once to each worker, not with every fit.
        with joblib.parallel_config(backend="dask", scatter=[image]):
            spread = make_search().fit([image], [truth])
    serial = make_search().fit([image], [truth])
    print("on the cluster:", spread.best_params_, f"V = {spread.best_score_:.3f}")
    print("on its own:    ", serial.best_params_, f"V = {serial.best_score_:.3f}")
    scores = [s.cv_results_["mean_test_score"] for s in (spread, serial)]
    np.testing.assert_array_equal(*scores)
