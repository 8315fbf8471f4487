"""From the results of single fits to one row a model, under three protocols."""

import json
from collections import defaultdict

import numpy as np

__all__ = ["SCORES", "summarise"]

#: The scores of Table 1, in its order.
SCORES = (
    "rand_score",
    "adjusted_mutual_info",
    "fowlkes_mallows",
    "homogeneity",
    "completeness",
    "v_measure",
)


def summarise(rows, training_rows=()):
    """Summarise the fits of every model.

    Parameters
    ----------
    rows : list of dict
        As `read_runs` returns them; of one size and one set of overrides.
    training_rows : list of dict, optional
        Fits of the same models on other images, on which the fixed setting is chosen.

    Returns
    -------
    summaries : dict of str to dict
        For every model:

        - ``n_images``, ``runs_per_image``, ``seconds`` (median of a fit);
        - ``oracle``: the paper's protocol. Of every image the run with the highest
          V-measure, for the annotator who agrees best; means over the images. It needs
          the ground truth of the very image;
        - ``fixed``, where there are ``training_rows`` of the model: the ``setting``
          with the best mean V-measure there, and what it gives for ``rows``: the
          scores for the best annotator (``best``) and over all annotators (``mean``),
          and over the seeds the standard deviation ``sd`` of the V-measure (None with
          one seed);
        - ``pieces``: V-measure for the best annotator when classes are split into
          connected pieces, as ``oracle`` and ``fixed``.

    Raises
    ------
    ValueError
        If the rows are of several sizes or overrides.
    """
    _check_one_kind([*rows, *training_rows])
    chosen = {
        model: _best_setting(of_model)
        for model, of_model in _by(training_rows, "model").items()
    }
    return {
        model: _summarise_model(of_model, chosen.get(model))
        for model, of_model in _by(rows, "model").items()
    }


def _check_one_kind(rows):
    nets = [row for row in rows if "epochs" in row]
    kinds = {json.dumps([row["size"], row["overrides"]]) for row in nets}
    if len(kinds) > 1:
        raise ValueError(
            f"the results are of several kinds ({'; '.join(sorted(kinds))}); keep each "
            "in a folder of its own"
        )


def _by(rows, name):
    groups = defaultdict(list)
    for row in rows:
        groups[row[name]].append(row)
    return groups


def _summarise_model(rows, setting):
    images = list(_by(rows, "image").values())
    best = [max(of_image, key=_v_measure) for of_image in images]
    pieces = [max(max(row["v_pieces"]) for row in of_image) for of_image in images]
    summary = {
        "n_images": len(images),
        "runs_per_image": round(len(rows) / len(images), 1),
        "seconds": float(np.median([row["seconds"] for row in rows])),
        "oracle": _mean_scores([_best_annotator(row) for row in best]),
        "pieces": {"oracle": _rounded(np.mean(pieces))},
    }
    fixed = [row for row in rows if setting is not None and row["setting"] == setting]
    if fixed:
        summary["fixed"] = {"setting": setting, **_summarise_fixed(fixed)}
        values = [max(row["v_pieces"]) for row in fixed]
        summary["pieces"]["fixed"] = _rounded(np.mean(values))
    return summary


def _summarise_fixed(rows):
    every = [_mean_annotator(row) for row in rows]
    seeds = _by(rows, "seed").values()
    means = [np.mean([_v_measure(row) for row in of_seed]) for of_seed in seeds]
    return {
        "best": _mean_scores([_best_annotator(row) for row in rows]),
        "mean": _mean_scores(every),
        "n_seeds": len(means),
        "sd": _rounded(np.std(means, ddof=1)) if len(means) > 1 else None,
    }


def _best_setting(rows):
    """Setting with the highest mean over images and seeds, of those run on the most."""
    settings = _by([{**row, "_": json.dumps(row["setting"])} for row in rows], "_")
    n_images = {key: len(_by(group, "image")) for key, group in settings.items()}
    complete = [k for k, n in n_images.items() if n == max(n_images.values())]
    best = max(complete, key=lambda key: np.mean([*map(_v_measure, settings[key])]))
    return json.loads(best)


def _v_measure(row):
    return max(scores["v_measure"] for scores in row["scores"])


def _best_annotator(row):
    return max(row["scores"], key=lambda scores: scores["v_measure"])


def _mean_annotator(row):
    """Mean over the annotators of one image, so that every image counts the same."""
    names = row["scores"][0]
    return {name: np.mean([s[name] for s in row["scores"]]) for name in names}


def _mean_scores(scores):
    return {name: _rounded(np.mean([s[name] for s in scores])) for name in scores[0]}


def _rounded(value):
    return round(float(value), 4)
