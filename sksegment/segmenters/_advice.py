"""Tell of a training that comes to nothing, and what to try."""

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sksegment._warn import warn_user

__all__ = [
    "cure_of_unheeded",
    "have_contrast",
    "warn_of_constant_images",
    "warn_of_failure",
]

# Adam moves a weight by up to lr in a step: less than this says that there were too few
# steps, or too small ones.
_LEAST_MOVEMENT = 1e-3
_CURES_OF_UNHEEDED = {
    "pixel": "; or set assignment='mean', which gives superpixels one label",
    "region": "; or set assignment='pixel', which needs no regions",
}


def cure_of_unheeded(estimator):
    """What else may help where scribbles have got other labels."""
    return _CURES_OF_UNHEEDED.get(getattr(estimator, "assignment", None), "")


def warn_of_failure(estimator, images):
    """Warn if a fitted estimator has one label only, or never left its start.

    One label is what there is to find where all pixels are equal, and no failure where
    ``min_labels`` asked for it.

    Parameters
    ----------
    estimator : SparseWNetSegmenter or DenseWNetSegmenter
    images : PreparedImages or PreparedPixels
        What it was trained on.
    """
    n_labels = estimator._n_learnt
    if n_labels <= (estimator.min_labels or 0) or _constant(images):
        return
    moved = estimator.net_.history[-1]["moved"]
    if n_labels == 1:
        text = (
            "all pixels of the training images have one label: the classes collapsed; "
            f"try smaller beta_sim and beta_con (now {estimator.beta_sim:g} and "
            f"{estimator.beta_con:g}), a larger beta_rec, init='kmeans', or another "
            "random_state"
        )
    elif moved < _LEAST_MOVEMENT:
        text = (
            "the training did not leave its start: the weights moved by "
            f"{moved:.1g} of their size; try a larger lr (now {estimator.lr:g}), more "
            "epochs (max_epochs), or larger betas"
        )
    else:
        return
    warn_user(text, ConvergenceWarning)


def have_contrast(images):
    """Which of prepared images have more than one value in a channel: list of bool."""
    pairs = zip(images.scaled, images.fields, strict=True)
    return [bool(np.ptp(image[field], axis=0).any()) for image, field in pairs]


def warn_of_constant_images(images):
    """Warn of images without any contrast, such as empty slices.

    Parameters
    ----------
    images : PreparedImages or PreparedPixels
        About to be trained on.
    """
    contrast = have_contrast(images)
    empty = [f"image {index}" for index, found in enumerate(contrast) if not found]
    if not empty:
        return
    advice = "leaves labels to chance; train on images that show something"
    if any(contrast):
        advice = "takes turns from the other images; leave them out of the training"
    names = ", ".join(empty)
    warn_user(f"of {names} all pixels are equal, which teaches nothing and {advice}")


def _constant(images):
    first = images.scaled[0][0, 0]
    return all((image == first).all() for image in images.scaled)
