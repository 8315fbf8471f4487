"""Whether a model can label a stack, before anything is done."""

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from sksegment._final import final_step, gives_regions
from sksegment.superpixels import is_of_each_image

__all__ = ["check_model", "check_vote"]


def check_model(model, stack):
    """Refuse an estimator that is not fitted, or fitted on other channels.

    Raises
    ------
    ValueError
    """
    # What is no estimator of scikit-learn has to know by itself.
    if isinstance(model, BaseEstimator):
        check_is_fitted(model)
    found = stack.shape[3] if len(stack.shape) == 4 else 1
    expected = getattr(model, "n_channels_in_", found)
    if found != expected:
        raise ValueError(
            f"{stack.source} has {found} channel(s), but the model was fitted on "
            f"{expected}; bring the stack to the same number of channels"
        )


def check_vote(model, cuts, mask_name="the mask of the model"):
    """Refuse to label along several axes what has a meaning along one only.

    Parameters
    ----------
    model : estimator
        Fitted or not; of a pipeline its last step counts.
    cuts : Cuts
    mask_name : str
        What to call its mask in messages.

    Raises
    ------
    ValueError
        If the model has an array as its mask, or gives regions.
    """
    n_axes = len(cuts.views)
    if n_axes == 1:
        return
    final = final_step(model)
    superpixels = getattr(final, "superpixels_", getattr(final, "superpixels", None))
    field = getattr(superpixels, "mask", None)
    if field is not None and not is_of_each_image(field):
        raise ValueError(
            f"{mask_name} lies on slices along one axis, but along= names {n_axes}; "
            "choose one"
        )
    if gives_regions(model):
        raise ValueError(
            "the model gives regions, whose numbers mean nothing in another slice, so "
            f"that slices along {n_axes} axes cannot vote; choose one axis with along="
        )
