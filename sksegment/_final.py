"""What is asked of a model that may be the last step of a pipeline."""

__all__ = ["final_step", "gives_regions", "names_of_classes"]


def final_step(model):
    """Get the segmenter at the end of a pipeline, or the model itself."""
    return model[-1] if hasattr(model, "steps") else model


def gives_regions(model):
    """Whether labels are regions, whose numbers mean nothing in another image.

    Parameters
    ----------
    model : estimator
        Fitted or not; of a pipeline its last step counts.
    """
    final = final_step(model)
    is_cut = getattr(final, "n_regions", None) is not None
    return is_cut or getattr(final, "_gives_regions", False)


def names_of_classes(model):
    """Names that classes were given in the fit; None without, and of regions.

    Parameters
    ----------
    model : estimator
        Fitted; of a pipeline its last step counts.
    """
    if gives_regions(model):
        return None
    return getattr(final_step(model), "class_names_", None)
