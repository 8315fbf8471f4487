"""Curves of the losses."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sksegment._palette import label_colors
from sksegment.plotting._axes import get_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_history"]

# The terms of the loss, their labels, and what tells them apart without colours.
_TERMS = {
    "loss": ("total", "o"),
    "rec": ("reconstruction", "s"),
    "cut": ("normalised cut", "^"),
    "sim": ("similarity", "D"),
    "con": ("continuity", "v"),
    "scribble": ("scribbles", "P"),
}
# Those of orange, blue etc.: a term has the same colour in every plot.
_COLORS = {"rec": 0, "cut": 4, "sim": 2, "con": 5, "scribble": 6}


def plot_history(history: Sequence[dict[str, Any]], ax: "Axes | None" = None) -> "Axes":
    """Plot the terms of the loss over the epochs.

    Parameters
    ----------
    history : list of dict
        A fitted model's ``history_``: one row an epoch with ``epoch``, ``loss``, and
        those of the terms ``rec``, ``cut``, ``sim``, ``con`` and ``scribble`` in use.
    ax : matplotlib.axes.Axes, optional
        Where to plot; a new pyplot figure by default.

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no epoch in the history.

    Examples
    --------
    >>> from sksegment.plotting import plot_history
    >>> ax = plot_history([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.4}])
    >>> ax.get_yscale()
    'log'
    """
    rows = list(history)
    if not rows:
        raise ValueError("the history is empty: fit the model first")
    ax = get_axes(ax)
    epochs = [row["epoch"] for row in rows]
    positive = True
    for name, (label, marker) in _TERMS.items():
        values = [row.get(name, np.nan) for row in rows]
        if np.isnan(values).all():
            continue
        positive = positive and np.nanmin(values) > 0
        ax.plot(epochs, values, label=label, marker=marker, ms=4, **_style(name))
    ax.set(xlabel="epoch", ylabel="loss", title="Training")
    ax.set_yscale("log" if positive else "symlog")
    ax.locator_params(axis="x", integer=True)
    # Beside the curves, of which it would hide some.
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return ax


def _style(name):
    if name == "loss":
        return {"color": "black", "linewidth": 2.0}
    return {"color": label_colors(len(_TERMS) + 1)[_COLORS[name]] / 255.0}
