"""From the results of single fits to one row a model, under three protocols."""

from collections import defaultdict

import numpy as np

from sksegment.benchmarking._plan import Run, canonical

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
          ``n_images`` and ``n_seeds`` of these, and over the seeds the standard
          deviation ``sd`` of the V-measure (None with one seed);
        - ``pieces``: V-measure for the best annotator when classes are split into
          connected pieces, as ``oracle`` and ``fixed``.

    Raises
    ------
    ValueError
        If the rows are of several subsets, those of a model of several sizes or
        overrides, or images were trained and tested on.

    Examples
    --------
    >>> from sksegment.benchmarking import read_runs, summarise
    >>> summaries = summarise(read_runs("runs"))  # doctest: +SKIP
    >>> summaries["Kmeans-Pixel"]["oracle"]["v_measure"]  # doctest: +SKIP
    0.41
    """
    rows, training_rows = _once(rows), _once(training_rows)
    _check_apart(rows, training_rows)
    training = _by(training_rows, "model")
    summaries = {}
    for model, of_model in _by(rows, "model").items():
        _check_one_kind(model, [*of_model, *training[model]])
        setting = _best_setting(training[model], of_model)
        summaries[model] = _summarise_model(of_model, setting)
    return summaries


def _once(rows):
    """Every run once, in case that a folder was named twice."""
    return list({Run.of(row).key: row for row in rows}.values())


def _check_apart(rows, training_rows):
    """Refuse a mixture of subsets, and a choice on the images that are tested."""
    subsets = sorted({row["subset"] for row in rows})
    if len(subsets) > 1:
        raise ValueError(
            f"the results are of the subsets {' and '.join(subsets)}; keep each in a "
            "folder of its own"
        )
    tested, chosen_on = (
        {(row["subset"], row["image"]) for row in part}
        for part in (rows, training_rows)
    )
    if tested & chosen_on:
        ids = ", ".join(sorted(image for _, image in tested & chosen_on)[:5])
        raise ValueError(
            f"settings must be chosen on other images than those that are tested, but "
            f"both have {ids}"
        )


def _check_one_kind(model, rows):
    kinds = {canonical([row["size"], row["overrides"]]) for row in rows}
    if len(kinds) > 1:
        raise ValueError(
            f"the results of {model} are of several kinds "
            f"({'; '.join(sorted(kinds))}); keep each in a folder of its own"
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
    fixed = [row for row in rows if canonical(row["setting"]) == setting]
    if fixed:
        summary["fixed"] = {"setting": fixed[0]["setting"], **_summarise_fixed(fixed)}
        values = [max(row["v_pieces"]) for row in fixed]
        summary["pieces"]["fixed"] = _rounded(np.mean(values))
    return summary


def _summarise_fixed(rows):
    rows, n_seeds = _with_all_seeds(rows)
    seeds = _by(rows, "seed").values()
    means = [np.mean([_v_measure(row) for row in of_seed]) for of_seed in seeds]
    return {
        "best": _mean_scores([_best_annotator(row) for row in rows]),
        "mean": _mean_scores([_mean_annotator(row) for row in rows]),
        "n_images": len(_by(rows, "image")),
        "n_seeds": n_seeds,
        "sd": _rounded(np.std(means, ddof=1)) if n_seeds > 1 else None,
    }


def _with_all_seeds(rows):
    """Leave out images that not all seeds were run on, or seeds if none were."""
    seeds = {
        seed: set(_by(group, "image")) for seed, group in _by(rows, "seed").items()
    }
    common = set.intersection(*seeds.values())
    if not common:
        most = max(seeds, key=lambda seed: len(seeds[seed]))
        return [row for row in rows if row["seed"] == most], 1
    return [row for row in rows if row["image"] in common], len(seeds)


def _best_setting(training_rows, rows):
    """Choose the setting with the highest mean on the training images.

    Of those that were run on the most images there, and at all on the others.
    """
    tested = {canonical(row["setting"]) for row in rows}
    settings = {}
    for row in training_rows:
        settings.setdefault(canonical(row["setting"]), []).append(row)
    settings = {key: group for key, group in settings.items() if key in tested}
    if not settings:
        return None
    n_images = {key: len(_by(group, "image")) for key, group in settings.items()}
    complete = [k for k, n in n_images.items() if n == max(n_images.values())]
    return max(complete, key=lambda key: np.mean([*map(_v_measure, settings[key])]))


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
