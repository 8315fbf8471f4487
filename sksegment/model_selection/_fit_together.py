"""Fit W-Nets of several seeds and betas in one batched program."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone

from sksegment._typing import Images
from sksegment._validation import check_images
from sksegment.fitting import check_objective, train_wnets
from sksegment.segmenters._advice import warn_of_failure
from sksegment.segmenters._training import TrainingMixin

__all__ = ["fit_together"]

_MAY_DIFFER = {"random_state", "beta_rec", "beta_cut", "beta_sim", "beta_con"}


def fit_together(estimators: Sequence[Any], X: Images) -> list[Any]:
    """Fit W-Nets that differ in seeds and betas, all at once.

    Each layer is called once for all of them. A CUDA device that small nets leave idle
    between calls is so put to use; a CPU gains nothing. Superpixels, their graph and
    all else that does not depend on the seed are computed once.

    Parameters
    ----------
    estimators : sequence of SparseWNetSegmenter, or of DenseWNetSegmenter
        They are cloned, never fitted themselves. Only ``random_state`` and the betas
        may differ between them.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
        Images of one shape; one is enough.

    Returns
    -------
    fitted : list of estimator
        In the order of ``estimators``; what each would be alone, up to rounding.

    Raises
    ------
    ValueError
        If there are no estimators, one is no W-Net, they differ in more, ``n_init`` is
        above 1, ``min_labels`` is set, or the images have several shapes.
    FloatingPointError
        If one of the losses becomes NaN.

    Examples
    --------
    >>> from skimage.data import coins
    >>> from sksegment import SparseWNetSegmenter
    >>> from sksegment.model_selection import fit_together
    >>> small = {"max_epochs": 1, "base_channels": 4}
    >>> models = [SparseWNetSegmenter(**small, random_state=seed) for seed in (0, 1)]
    >>> fitted = fit_together(models, [coins()[::8, ::8]])
    >>> [model.random_state for model in fitted]
    [0, 1]
    """
    _check_alike(estimators)
    estimators = [clone(estimator) for estimator in estimators]
    for estimator in estimators:
        estimator._validate_params()
        check_objective(estimator)
    batch = check_images(X, field=estimators[0]._field_to_fit)
    shapes = sorted({image.shape[:2] for image in batch.images})
    if len(shapes) > 1:
        raise ValueError(
            f"the images have the shapes {', '.join(map(str, shapes))}; fit_together "
            "needs one shape: crop them, or fit one after the other"
        )
    # Of the dense models only those with a cut prepare an affinity.
    first = max(estimators, key=lambda estimator: estimator.beta_cut)
    data = first._prepare_data(batch)
    seeds = [estimator._draw_seeds(1)[0] for estimator in estimators]
    nets = [
        estimator._new_net(batch.n_channels, seed)
        for estimator, seed in zip(estimators, seeds, strict=True)
    ]
    train_wnets(estimators, nets, data.on_device, seeds)
    for estimator, net in zip(estimators, nets, strict=True):
        estimator._set_fitted(net, data)
        warn_of_failure(estimator, data.prepared)
    return estimators


def _check_alike(estimators):
    if not estimators:
        raise ValueError("there are no estimators to fit")
    for index, estimator in enumerate(estimators):
        if not isinstance(estimator, TrainingMixin):
            raise ValueError(
                f"estimator {index} is a {type(estimator).__name__}; fit_together "
                "takes W-Net segmenters themselves, SparseWNetSegmenter(...)"
            )
    first = estimators[0]
    expected = _fixed(first)
    for index, estimator in enumerate(estimators):
        found = _fixed(estimator)
        differ = [k for k in expected if not _same(found.get(k), expected[k])]
        if type(estimator) is not type(first) or differ:
            what = ", ".join(differ) or "class"
            raise ValueError(
                f"estimator {index} differs from the first in {what}; fit_together "
                f"takes those that differ in {', '.join(sorted(_MAY_DIFFER))} only"
            )
    if first.n_init > 1 or first.min_labels is not None:
        raise ValueError(
            "fit_together has neither restarts nor an early stop; set n_init=1 and "
            "min_labels=None"
        )


def _same(one, other):
    """Whether two parameters are equal; of estimators their own are compared."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if hasattr(one, "get_params"):
        return True
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return np.array_equal(one, other)


def _fixed(estimator):
    params = estimator.get_params()
    return {name: params[name] for name in params if name not in _MAY_DIFFER}
