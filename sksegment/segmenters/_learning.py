"""What the sparse estimator learns of its labels after the training."""

from dataclasses import replace
from functools import partial

import numpy as np

from sksegment._appearance import learn_appearance
from sksegment._label_state import LabelState
from sksegment._looks import sigma_of_windows
from sksegment._textures import TEXTURES
from sksegment.labelling import (
    brightness_order,
    fit_centers,
    fractions_of,
    measure_labels,
)
from sksegment.segmenters._labellers import BY_LOOKS
from sksegment.segmenters._numbers import settle_numbers

__all__ = ["learn_labels"]


def learn_labels(
    net, soft, images, divided, assignment, before=None, *, seed, n_fixed, hinted
):
    """Learn what labels look like, and number new ones from dark to bright.

    Parameters
    ----------
    net : SegmentationNet
        Trained; its labels are renumbered.
    soft : callable
        From a `DividedImage` to its `SoftLabels`, by the net as it is then.
    images : PreparedImages
    divided : list of DividedImage
        The same images.
    assignment : {"pixel", "region", "mean", "majority", "kmeans"}
    before : LabelState, optional
        Of labels that keep their numbers.
    seed : int
        Of the clusters.
    n_fixed : int
        So many new labels, the first ones, keep their numbers.
    hinted : bool
        Whether the net was given scribbles.

    Returns
    -------
    state : LabelState
    """
    shares_of = partial(_shares_of_all, soft, divided)
    anew = before is None
    start, sigma = (None, None) if anew else (before.centers, before.sigma)
    centers = None
    if assignment == "kmeans":
        # From old centres on, so that labels keep numbers.
        means = shares_of("mean")
        centers = fit_centers(means, means.shape[1], seed, start)
    found = centers, shares_of(assignment, centers)
    if anew:
        looks = images.brightness, images.sizes, found[1].shape[1], n_fixed
        found = settle_numbers(
            found,
            lambda found: brightness_order(found[1].argmax(axis=1), *looks),
            partial(_renumber, net, assignment, shares_of),
        )
    centers, shares = found
    colors, fractions = measure_labels([(images.colors, images.sizes, shares)])
    textures = np.empty((len(colors), 0))
    state = LabelState(colors, fractions, centers, sigma, textures=textures)
    if assignment not in BY_LOOKS:
        return state
    state = _with_looks(state, soft, divided, hinted)
    return _sorted(state, net, images.scale, n_fixed) if anew else state


def _shares_of_all(soft, divided, assignment, centers=None):
    """Share of every label in the superpixels of all images, (n, K)."""
    return np.concatenate(
        [soft(image).shares(image.pooling, assignment, centers) for image in divided]
    )


def _renumber(net, assignment, shares_of, found, order):
    """Renumber clusters, or else labels of the net; these and their shares then."""
    centers, shares = found
    if assignment == "kmeans":
        return centers[order], shares[:, order]
    net.permute_labels(order)
    # Where soft labels of pixels tie, the lowest number has them.
    is_anew = assignment == "majority"
    return None, shares_of(assignment) if is_anew else shares[:, order]


def _with_looks(state, soft, divided, hinted):
    """Add the looks of the labels, and count the pixels that get each of them."""
    scaled, sigma = [image.scaled for image in divided], state.sigma
    if sigma is None:
        sigma = sigma_of_windows(scaled, [image.superpixels >= 0 for image in divided])
    how = state.used, tuple(TEXTURES), sigma
    evidence = [
        evidence
        for image in divided
        for _, evidence in image.evidence(soft(image), *how)
    ]
    looks, maps = learn_appearance(scaled, evidence, state.used, hinted=hinted)
    fractions = fractions_of(maps, len(state.colors))
    return replace(state, fractions=fractions, sigma=sigma).with_looks(looks)


def _sorted(state, net, scale, n_fixed):
    """Renumber the labels of the net, and the state, by what pixels look like."""
    keys = np.where(state.fractions > 0, scale.brightness(state.colors), np.inf)
    keys[:n_fixed] = -np.inf
    order = np.argsort(keys, kind="stable")
    net.permute_labels(order)
    return state.reordered(order)
