"""Scores that need no ground truth, to choose among segmentations by."""

import copy
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from sksegment._agreement import mean_v_measure, regions_without_a_net
from sksegment._final import final_step
from sksegment._intensity import IntensityScale
from sksegment._parts import ScaledParts
from sksegment._rescaled import RescaledImage, original_shape
from sksegment._typing import Images
from sksegment._validation import check_images, is_whole_number
from sksegment.model_selection._scorers import SCORERS, v_measure_scorer
from sksegment.superpixels import is_of_each_image

__all__ = [
    "LABEL_FREE_SCORERS",
    "as_scorer",
    "description_length_score",
    "region_agreement_score",
    "seed_stability_score",
    "several_scores",
    "stability_score",
]

# Bits for a pixel side of border, and the variance of what is smaller than a
# difference that can be seen.
_BORDER_BITS = 8.0
_NOISE_VARIANCE = 1.0
# What a search, and what a frozen estimator, passes images to.
_INNER_ESTIMATORS = ("best_estimator_", "estimator")
_MIRRORS = ((slice(None), slice(None, None, -1)), (slice(None, None, -1), slice(None)))


def region_agreement_score(estimator: Any, X: Images, y: object = None) -> float:
    """How far labels agree with regions that were found without a net.

    The regions are those of ``cut("auto")`` of a `RegionHierarchy` of superpixels by
    colour, texture and contrast alone.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
    y : None
        Ignored.

    Returns
    -------
    score : float
        Mean V-measure, in [0, 1]; more is better.
    """
    labels = estimator.predict(X)
    batch, scaled, fields, rgb = _scaled_within(X, labels)
    regions = batch.pack(regions_without_a_net(scaled, fields, rgb=rgb))
    return mean_v_measure(regions, labels)


def _scaled_within(X, label_maps):
    """Checked and scaled images, their fields of view, and whether they are colour.

    Outside the field of view labels are void, and nothing depends on what is there.
    """

    def field_of(image, index):
        return _shrunk(label_maps[index], image.shape) >= 0

    batch = check_images(X, field=field_of)
    fields = [field_of(image, index) for index, image in enumerate(batch.images)]
    pairs = [*zip(batch.images, fields, strict=True)]
    scale = IntensityScale.of([image[field][np.newaxis] for image, field in pairs])
    scaled = [
        ScaledParts(image, scale, field).read(slice(None), slice(None))
        for image, field in pairs
    ]
    return batch, scaled, fields, scale.rgb


def stability_score(estimator: Any, X: Images, y: object = None) -> float:
    """How far labels of mirrored images are the mirrored labels.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
    y : None
        Ignored.

    Returns
    -------
    score : float
        Mean V-measure, in [0, 1]; more is better. An image with a single label
        counts 0: nothing is as stable as that.
    """
    labels = estimator.predict(X)
    scores = []
    for mirror in _MIRRORS:
        twin = _with_mirrored_mask(estimator, mirror)
        mirrored = twin.predict([_mirrored(image, mirror) for image in X])
        scores.append(mean_v_measure(labels, [map_[mirror] for map_ in mirrored]))
    return float(np.mean(scores))


def _mirrored(image, mirror):
    """Image the other way round, which knows the size it had before as well."""
    before, array = original_shape(image), np.asarray(image)[mirror]
    return array if before is None else RescaledImage(array, before)


def _with_mirrored_mask(estimator, mirror):
    """Estimator, or pipeline, whose field of view is that of mirrored images."""
    if isinstance(estimator, Pipeline):
        *steps, (name, last) = estimator.steps
        return Pipeline([*steps, (name, _with_mirrored_mask(last, mirror))])
    for inner in _INNER_ESTIMATORS:
        if inner in vars(estimator):
            estimator = copy.copy(estimator)
            fitted = _with_mirrored_mask(getattr(estimator, inner), mirror)
            setattr(estimator, inner, fitted)
            return estimator
    superpixels = getattr(estimator, "superpixels_", None)
    mask = getattr(superpixels, "mask", None)
    if mask is None or is_of_each_image(mask):
        return estimator
    estimator, superpixels = copy.copy(estimator), copy.copy(superpixels)
    superpixels.mask = np.asarray(mask)[mirror]
    estimator.superpixels_ = superpixels
    return estimator


def seed_stability_score(
    estimator: Any, X: Images, y: object = None, *, n_seeds: int = 2
) -> float:
    """How far labels agree with those of fits from other seeds.

    Parameters
    ----------
    estimator : estimator
        Fitted; clones of it, or of what a search found, are fitted to X again, without
        scribbles, with ``random_state`` 1, 2, ..., but not with its own.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
    y : None
        Ignored.
    n_seeds : int, default=2
        Number of other seeds, each of which costs a fit.

    Returns
    -------
    score : float
        Mean V-measure, in [0, 1]; more is better. An image with a single label
        counts 0.

    Raises
    ------
    ValueError
        If ``n_seeds`` is no whole number from 1 on.
    """
    if not is_whole_number(n_seeds) or n_seeds < 1:
        raise ValueError(f"n_seeds={n_seeds!r} must be a whole number from 1")
    estimator = _fitted_itself(estimator)
    labels = estimator.predict(X)
    params = estimator.get_params()
    names = [name for name in params if _is_seed(name)]
    own = [params[name] for name in names if isinstance(params[name], Integral)]
    others = [seed for seed in range(1, n_seeds + len(own) + 1) if seed not in own]
    scores = []
    for seed in others[:n_seeds]:
        twin = clone(estimator).set_params(**dict.fromkeys(names, seed)).fit(X)
        _merge_alike(twin, estimator)
        scores.append(mean_v_measure(labels, twin.predict(X)))
    return float(np.mean(scores))


def _fitted_itself(estimator):
    """What a search has found, or what is frozen: that can be fitted without truth."""
    if isinstance(estimator, Pipeline):
        *steps, (name, last) = estimator.steps
        return Pipeline([*steps, (name, _fitted_itself(last))])
    if isinstance(estimator, FrozenEstimator):
        return _fitted_itself(estimator.estimator)
    found = getattr(estimator, "best_estimator_", None)
    return estimator if found is None else _fitted_itself(found)


def _merge_alike(twin, estimator):
    """Join labels of a twin until there are as many as in the estimator, if it did."""
    final, merged = map(final_step, (twin, estimator))
    groups = getattr(merged, "label_groups_", None)
    if groups is not None:
        final.merge_labels(min(final._n_learnt, int(groups.max()) + 1))


def _is_seed(name):
    return name.rpartition("__")[2] == "random_state"


def description_length_score(estimator: Any, X: Images, y: object = None) -> float:
    r"""How shortly an image is described by its labels, after Rissanen (1978).

    .. math::

        -\frac{1}{n} \left( \sum_k \sum_c \frac{n_k}{2}
            \log_2 2 \pi e (\sigma_{kc}^2 + 1) + 8 |\partial| \right)

    with the variances of the channels c, CIELAB or intensities in [0, 100], in the
    labels k, and the length of all borders in pixel sides.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : sequence of ndarray of shape (H, W) or (H, W, C)
    y : None
        Ignored.

    Returns
    -------
    score : float
        Negative bits a pixel; more is better.
    """
    label_maps = estimator.predict(X)
    _, scaled, _, _ = _scaled_within(X, label_maps)
    bits = [
        _bits(np.float32(100.0) * image, _shrunk(labels, image.shape))
        for image, labels in zip(scaled, label_maps, strict=True)
    ]
    return -float(np.mean(bits))


def _shrunk(labels, shape):
    """Labels of every pixel of an image that was rescaled before."""
    rows, columns = (
        np.arange(now) * before // now
        for now, before in zip(shape[:2], labels.shape, strict=True)
    )
    return labels[np.ix_(rows, columns)]


def _bits(image, labels):
    inside = labels >= 0
    ids = np.unique(labels[inside], return_inverse=True)[1]
    sizes = np.bincount(ids)
    bits = 0.0
    for channel in np.moveaxis(image, -1, 0):
        values = channel[inside].astype(np.float64)
        mean = np.bincount(ids, values) / sizes
        variance = np.bincount(ids, (values - mean[ids]) ** 2) / sizes
        entropy = 0.5 * np.log2(2 * np.pi * np.e * (variance + _NOISE_VARIANCE))
        bits += sizes @ entropy
    border = (labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum()
    return (bits + _BORDER_BITS * border) / inside.sum()


#: Scorers by name, for searches without ground truth: each is called as
#: ``scorer(estimator, X)``, and more is better. See ``docs/research.md`` for how much
#: each of them is worth.
LABEL_FREE_SCORERS = {
    "region_agreement": region_agreement_score,
    "stability": stability_score,
    "seed_stability": seed_stability_score,
    "description_length": description_length_score,
}


def as_scorer(scoring, y):
    """Find a scorer by its name.

    Parameters
    ----------
    scoring : str, callable or None
        None is agreement with regions, or the V-measure where there is ground truth.
    y : object
        None where there is no ground truth.

    Returns
    -------
    scorer : callable

    Raises
    ------
    ValueError
        If there is none of this name.
    """
    if scoring is None:
        return region_agreement_score if y is None else v_measure_scorer
    known = SCORERS | LABEL_FREE_SCORERS
    if isinstance(scoring, str) and scoring in known:
        return known[scoring]
    if not callable(scoring):
        raise ValueError(
            f"scoring={scoring!r} is neither a scorer nor one of {', '.join(known)}"
        )
    return scoring


def several_scores(scorer):
    """Error that tells of a scorer that has no single number to choose by."""
    return ValueError(
        f"the scorer {scorer!r} returns several scores; pass one of SCORERS: "
        f"{', '.join(SCORERS)}"
    )
