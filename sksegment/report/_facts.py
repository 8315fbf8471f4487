"""What a report says of a model: parameters, seed, times."""

import numpy as np

__all__ = ["facts", "parameters", "seed_of"]

_LONGEST = 80


def facts(model, history, seconds):
    """Tell what was trained, and how long everything took.

    Parameters
    ----------
    model : estimator
    history : list of dict
        Empty if there is none.
    seconds : float
        Time that the labels of an image took.

    Returns
    -------
    facts : dict of str to str
    """
    found = {}
    if hasattr(model, "labels_"):
        found["training images"] = str(len(model.labels_))
    if history:
        training = sum(row.get("seconds", 0.0) for row in history)
        found["training"] = f"{len(history)} epochs in {training:.1f} s"
        found["final loss"] = f"{history[-1]['loss']:.4g}"
    if hasattr(model, "net_"):
        found["device"] = str(model.net_.device)
    found["labels of an image"] = f"{seconds:.2f} s in the mean"
    return found


def seed_of(model):
    """Tell the seed, and whether it gives the same labels again.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    seed : str
    """
    if "random_state" not in model.get_params(deep=False):
        return "none is needed"
    seed = model.random_state
    if isinstance(seed, (int, np.integer)):
        return str(seed)
    return "none was set: another training gives other labels"


def parameters(model):
    """List the parameters, and which of them are not the defaults.

    Parameters
    ----------
    model : estimator

    Returns
    -------
    rows : list of (str, str, str or None)
        Name, value, and the default if it is another.
    """
    params = model.get_params()
    defaults = _defaults(model)
    # Those that have parameters themselves are told by them.
    outer = {name.rpartition("__")[0] for name in params} - {""}
    rows = []
    for name, value in params.items():
        if name in outer or name == "steps":
            continue
        shown, default = _short(value), defaults.get(name, value)
        rows.append(
            (name, shown, None if _short(default) == shown else _short(default))
        )
    return rows


def _defaults(model):
    try:
        return type(model)().get_params()
    except TypeError:
        # A pipeline has none.
        return {}


def _short(value):
    if isinstance(value, np.ndarray):
        return f"array of shape {value.shape}, {value.dtype}"
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
