"""Figures within sentences: where they stand, and what was measured."""

import numpy as np
from _tables import read, read_rows, rows_of_seed, short

__all__ = ["QUOTES"]


def _wnets():
    """V with one setting of the W-Nets, and of the baselines by name."""
    rows = read("table1")
    fixed = {name: row["fixed"]["best"]["v_measure"] for name, row in rows.items()}
    nets = [v for name, v in fixed.items() if name.startswith(("Dense", "Sparse"))]
    return min(nets), max(nets), fixed


def _two(score):
    return f"{score:.2f}".removeprefix("0")


def _table1_best():
    best = read("table1")["Sparse-SimCon-Patch"]["oracle"]["v_measure"]
    return f"best W-Net .63 / {_two(best)}"


def _one_setting():
    low, high, fixed = _wnets()
    kmeans = [_two(fixed[f"Kmeans-{kind}"]) for kind in ("Pixel", "Superpixel")]
    others = [_two(fixed[name]) for name in ("Felzenszwalb", "Spectral-Superpixel")]
    return (
        f"W-Nets {_two(low)} to {_two(high)}, k-means {' and '.join(kmeans)}, "
        f"Felzenszwalb {others[0]}, spectral clustering {others[1]}"
    )


def _of_regions(position, score):
    rows = read_rows("assignment_test")
    kept = [r for r in rows if (r["assignment"], r["position"]) == ("region", position)]
    return np.mean([row[score] for row in kept])


def _by_positions():
    return f"a W-Net by regions and positions {_two(_of_regions(1, 'v_measure'))}"


def _for_pixels():
    rows = read_rows("assignment_test")
    pixel = np.mean([r["v_measure"] for r in rows if r["assignment"] == "pixel"])
    return f"V-measure is {_two(_of_regions(0, 'v_measure'))} for {_two(pixel)}"


def _row_of_regions():
    scores = [short(_of_regions(1, score)) for score in ("v_measure", "covering")]
    return f'`assignment="region"`, `position=1` | {" | ".join(scores)} |'


def _regions():
    found, table1 = read("hierarchy"), read("table1")["Felzenszwalb"]
    ours = [found["auto"]["v_measure"], found["any cut"]["v_measure"]]
    theirs = short(table1["fixed"]["best"]["v_measure"])
    return (
        f"merge hierarchy {short(ours[0])} / {short(ours[1])}, Felzenszwalb {theirs} / "
        f"{_two(table1['oracle']['v_measure'])}"
    )


def _one_slice():
    rows = rows_of_seed("fewshot")
    sets = {
        "fibre": "fibre_xct",
        "sandstone": "sandstone_xrm",
        "HeLa": "dic_hela",
        "EM": "isbi2012_em",
        "NMC": "nmc_nanoct",
    }
    parts = []
    for name, key in sets.items():
        own = [row for row in rows if row["set"] == key]
        nets = max(r["v_measure"] for r in own if r["model"] == "W-Net, default")
        others = max(
            row["v_measure"]
            for row in own
            if not row["model"].startswith("W-Net") and row["model"] != "supervised"
        )
        parts.append(f"{name} {_two(nets)} / {_two(others)}")
    return ", ".join(parts)


def _joined():
    rows = [row for row in read_rows("fewshot") if row["model"] == "W-Net, default"]
    learnt, joined = (
        np.mean([row["v_measure"] for row in rows if row["k"] == k])
        for k in (None, "auto")
    )
    return f"V is {_two(learnt)} in the mean without, {_two(joined)} with it"


def _step():
    ratios = read("reference")["step_ratios"]
    return f"{ratios['float32']:.1f} times as fast in float32, {ratios['auto']:.1f} in"


def _stack():
    return f"{read('stack')['predict']:.0f} s, below"


def _default_row():
    found = read("defaults")
    mean = found["mean"]
    scores = [short(mean[key]) for key in ("v_measure", "v_pieces", "covering")]
    return (
        f"| default (8 epochs) | {mean['seconds']:.1f}, at most {found['slowest']} | "
        f"{' | '.join(scores)} | {mean['n_labels']} |"
    )


def _stack_seconds():
    found = read("stack")
    return (
        f"{found['slices']} slices of 512x512 took {found['predict']:.0f} s with the "
        f"default model, one thread, and the fit before {found['fit']:.0f} s"
    )


def _growth():
    powers = read("scaling")["exponents"]
    return f"power of {powers['epoch']} (training) and {powers['predict']} (prediction)"


def _precision():
    found = read("precision")
    v, difference = found["v_measure"], found["difference"]
    return (
        f"V {v['bfloat16']:.3f} in bfloat16 and {v['float32']:.3f} in float32; the "
        f"mean difference of an image is {difference['mean']}, standard error "
        f"{difference['standard_error']}"
    )


def _precision_seeds():
    means = [row["mean"] for row in read("precision")["difference_by_seed"]]
    return f"was between {min(means):.3f} and {max(means):+.3f}, with standard errors"


def _nine_betas():
    rows = read_rows("beta_path")
    best = {key: [max(row[key]) for row in rows] for key in ("path", "separate")}
    gain = np.subtract(best["path"], best["separate"])
    return (
        f"its best V-measure is {np.mean(best['path']):.3f} and that of nine separate "
        f"fits {np.mean(best['separate']):.3f}: difference {gain.mean():+.3f}, "
        f"standard error {gain.std(ddof=1) / len(gain) ** 0.5:.3f}"
    )


def _hierarchy():
    found = read("hierarchy")

    def scores(row):
        return (
            f"V {short(row['v_measure'])}, covering {short(row['covering'])}, "
            f"PRI {short(row['probabilistic_rand'])}, "
            f"VoI {row['variation_of_information']:.2f}"
        )

    auto, heights, best = found["auto"], found["heights"]["fixed"], found["any cut"]
    return (
        f'`cut("auto")` {scores(auto)} bits; at the height that is best for each score '
        f"{scores(heights)}; best cut of each image {scores(best)}"
    )


# Document, and the sentence that has to stand in it, however its lines are broken.
QUOTES = [
    ("README.md", _table1_best),
    ("README.md", _one_setting),
    ("README.md", _by_positions),
    ("README.md", _regions),
    ("README.md", _one_slice),
    ("README.md", lambda: f"{read('defaults')['mean']['seconds']:.1f} s"),
    ("README.md", _joined),
    ("README.md", _step),
    ("README.md", _stack),
    ("docs/guide/losses.md", _for_pixels),
    ("docs/guide/which_method.md", _row_of_regions),
    ("docs/defaults.md", _default_row),
    ("docs/stacks.md", _stack_seconds),
    ("docs/performance.md", _growth),
    ("docs/performance.md", _precision),
    ("docs/performance.md", _precision_seeds),
    ("docs/performance.md", _nine_betas),
    ("docs/research.md", _hierarchy),
]
