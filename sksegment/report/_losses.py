"""The losses of a training as a picture within the page, and as a table."""

import io

__all__ = ["loss_table", "losses_svg"]

_COLUMNS = {
    "epoch": "epoch",
    "loss": "total",
    "rec": "reconstruction",
    "cut": "normalised cut",
    "sim": "similarity",
    "con": "continuity",
    "scribble": "scribbles",
    "n_labels": "labels in use",
    "seconds": "seconds",
}
_STYLE = {
    # Text stays text, and the same curves give the same file.
    "svg.fonttype": "none",
    "svg.hashsalt": "sksegment",
    "font.family": "sans-serif",
}


def losses_svg(history):
    """Draw the losses.

    Parameters
    ----------
    history : list of dict
        See `sksegment.plotting.plot_history`.

    Returns
    -------
    svg : str
        An element ``<svg>``; empty without a history.
    """
    if not history:
        return ""
    import matplotlib

    from sksegment.plotting import headless_axes, plot_history

    file = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure = plot_history(history, headless_axes()).figure
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = file.getvalue()
    first, last = history[0]["loss"], history[-1]["loss"]
    label = (
        f"Losses of {len(history)} epochs; the total goes from {first:.4g} to "
        f"{last:.4g}"
    )
    # Without the header of a file of its own.
    return svg[svg.index("<svg") :].replace(
        "<svg", f'<svg role="img" aria-label="{label}"', 1
    )


def loss_table(history):
    """Losses as text.

    Parameters
    ----------
    history : list of dict

    Returns
    -------
    table : dict
        ``head``, a list of str, and ``rows``, lists of str.
    """
    names = [name for name in _COLUMNS if any(name in row for row in history)]
    return {
        "head": [_COLUMNS[name] for name in names],
        "rows": [[_number(row.get(name)) for name in names] for row in history],
    }


def _number(value):
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.4g}"
