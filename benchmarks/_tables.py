"""The tables of the documents, each made from the files in ``results``."""

import json
from pathlib import Path

import numpy as np

from sksegment.benchmarking import format_table

__all__ = ["TABLES", "read", "read_rows", "rows_of_seed"]

RESULTS = Path(__file__).with_name("results")
_SCORES = ("v_measure", "miou")
_SETS = {
    "sandstone": "sandstone_xrm",
    "NMC": "nmc_nanoct",
    "fibre": "fibre_xct",
    "EM": "isbi2012_em",
    "HeLa": "dic_hela",
}
# None of these was looked at while the package was made.
_UNTOUCHED_SETS = {
    "black swan": "davis2016/blackswan",
    "dog": "davis2016/dog",
    "kite surfer": "davis2016/kite-surf",
    "nuclei": "stardist_nuclei3d",
}
_MODELS = (
    *("k-means, grey", "k-means, denoised", "k-means, superpixels"),
    *("k-means, multiscale", "mixture, grey", "multi-Otsu", "W-Net, superpixels"),
    *("W-Net, default", "W-Net, regions", "W-Net, basins", "W-Net, tomography"),
    "supervised",
)
_VARIANTS = (
    *("default", "1 ncut, affinity exp(-d)", "1 ncut, affinity exp(-10 d)"),
    *("1 ncut, affinity exp(-30 d)", "1 ncut, distance d"),
    *("1 ncut, exp(-10 d), sum over labels", "2 dense ncut, sigma_I 10/255"),
    *("2 dense ncut, sigma_I 10, grey", "3 similarity of log f", "3 similarity of z"),
    *("3 similarity per pixel", "3 similarity and continuity of z"),
    *("6 patches drawn once", "start from chance", "4 three images alike"),
    "4 three images as 3 : 2 : 1",
)
_CHOICES = {
    "a random fit": "random",
    "lowest loss": "loss",
    "mirrored images have mirrored labels": "stability",
    "description length": "description length",
    "agreement with the other fits and the regions": "agreement",
    "consensus of all eight": "consensus",
    'agreement with the regions of `cut("auto")`': "region agreement",
    "the best fit, an oracle": "oracle",
}


def read(name):
    """Read a file of results."""
    return json.loads((RESULTS / f"{name}.json").read_text())


def read_rows(name):
    """Read a file of one result a line."""
    lines = (RESULTS / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def rows_of_seed(name, seed=0):
    """Rows of one seed; those of before had none but 0."""
    return [row for row in read_rows(name) if row.get("seed", 0) == seed]


def table(head, rows):
    """Write a table in Markdown."""
    lines = [
        "".join(f"| {cell} " if cell != "" else "| " for cell in line) + "|"
        for line in [head, *rows]
    ]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def table1(part):
    """Best runs (0) or one setting for all (1)."""
    blocks = format_table(read("table1")).split("\n\n")
    return [block for block in blocks if block.startswith("|")][part].strip()


def decisions():
    """Means over the images of each variant."""
    rows = read_rows("decisions")
    lines = []
    for name in _VARIANTS:
        own = [row for row in rows if row["variant"] == name]
        v, pieces, covering, n_labels = (
            np.mean([row[key] for row in own])
            for key in ("v_measure", "v_pieces", "covering", "n_labels")
        )
        scores = [f"{score:.3f}" for score in (v, pieces, covering)]
        lines.append([name, len(own), *scores, f"{n_labels:.1f}"])
    head = ["variant", "images", "V", "V of pieces", "covering", "labels"]
    return table(head, lines)


def fewshot(n_classes=None, name="fewshot", sets=_SETS):
    """V and mIoU with the best number of classes, with one number, or "auto"."""
    rows = rows_of_seed(name)

    def cell(model, name):
        own = [row for row in rows if (row["model"], row["set"]) == (model, name)]
        if n_classes is not None:
            own = [row for row in own if row["k"] == n_classes]
        if not own:
            return None
        best = [max(row[score] for row in own) for score in _SCORES]
        return " ".join(f"{score:.3f}" for score in best)

    lines = [[model, *(cell(model, key) for key in sets.values())] for model in _MODELS]
    return table(["", *sets], [line for line in lines if None not in line])


def fewshot_seeds():
    """Mean, least and largest V with "auto" of all seeds, and mean mIoU."""
    rows = [row for row in read_rows("fewshot") if row["k"] == "auto"]
    lines = []
    for model in _MODELS:
        cells = []
        for key in _SETS.values():
            own = [row for row in rows if (row["model"], row["set"]) == (model, key)]
            if len(own) > 1:
                v, miou = ([row[score] for row in own] for score in _SCORES)
                spread = f"{min(v):.3f} to {max(v):.3f}"
                cells.append(f"{np.mean(v):.3f} ({spread}) {np.mean(miou):.3f}")
        if cells:
            lines.append([model, *cells])
    return table(["", *_SETS], lines)


def doubt():
    """Errors where a model is least certain and elsewhere, and its calibration."""
    rows, untempered = read_rows("uncertainty"), read_rows("uncertainty_untempered")
    lines = []
    for name, key in (_SETS | {"SEM": "nasa_ebc_sem"}).items():
        own = [row for row in rows if row["set"] == key]
        least, rest = np.mean([row["superpixels"] for row in own], axis=0)
        ratios = [_ratio(*row["superpixels"]) for row in own]
        errors = [
            np.mean([r["calibration_error"] for r in part if r["set"] == key])
            for part in (untempered, own)
        ]
        lines.append(
            [
                name,
                *(f"{rate:.3f}" for rate in (least, rest)),
                f"{_ratio(least, rest):.1f}",
                f"{min(ratios):.1f} to {max(ratios):.1f}",
                *(f"{error:.3f}" for error in errors),
            ]
        )
    columns = ["least certain", "others", "ratio", "by seed"]
    return table(["", *columns, "calibration error before", "and now"], lines)


def _ratio(least, rest):
    return least / max(rest, 1e-9)


def reference(name):
    """Times beside the authors' code."""
    found = read(name)
    step, frame, fit = found["step"], found["frame"], found["fit"]

    def ours(times, key, digits):
        ratio = times["reference"] / times[key]
        shown = f"{ratio:.0f}" if ratio >= 20 else f"{ratio:.1f}"
        return f"{times[key]:.{digits}f} ({shown} x)"

    theirs = fit["reference, 50 epochs of 8 steps"]
    mine = f"{fit['default']:.1f} (the default, {found['fit_ratio']} x)"
    steps = [f"{step['reference']:.2f}"]
    steps += [ours(step, "float32", 2), ours(step, "auto", 2)]
    return table(
        ["", "reference", "ours, float32", "ours, bfloat16"],
        [
            ["a step, s", *steps],
            [
                "a frame, paper size, s",
                f"{frame['reference']:.2f}",
                "",
                ours(frame, "paper", 2),
            ],
            ["a frame, default net, s", "", "", ours(frame, "compact", 3)],
            ["a fit, s", f"{theirs:.0f} (50 epochs, from the step)", "", mine],
        ],
    )


def first_losses():
    """Losses of the first step, beside the authors' code."""
    first = read("reference_epyc")["first_step"]
    lines = []
    for term, theirs in first["reference"].items():
        mine = first["ours"][term]
        lines.append(
            [term, f"{theirs:.6f}", f"{mine:.6f}", f"{abs(theirs - mine):.0e}"]
        )
    return table(["", "reference", "ours", "difference"], lines)


def floors():
    """A step against what it needs."""
    lines = [
        [
            name,
            f"{row['seconds']:.3f}",
            f"{row['gflop']:.0f}",
            f"{row['arithmetic']:.3f}",
            row["mib"],
            f"{row['traffic']:.3f}",
            row["operations"],
            row["times_the_larger_floor"],
        ]
        for name, row in read("floors")["steps"].items()
    ]
    floors = ["floor, arithmetic", "MiB", "floor, traffic"]
    head = ["", "s", "GFLOP", *floors, "operations", "over the larger floor"]
    return table(head, lines)


def layers(*names):
    """Seconds of the layers, of some or of all."""
    seconds = read("layers")["seconds"]
    return table(["", "seconds"], [[name, seconds[name]] for name in names or seconds])


def scaling():
    """Time and memory of growing images."""
    found = read("scaling")
    lines = [
        [f"{row['side']}x{row['side']}", row["epoch"], row["predict"], row["peak_mib"]]
        for row in found["sizes"]
    ]
    paper = found["paper"]
    epoch = f"{paper['epoch']} (8 steps)"
    lines.append([f"{paper['side']}, patches", epoch, "", paper["peak_mib"]])
    head = ["", "epoch of two steps, s", "predict, s", "peak memory, MiB"]
    return table(head, lines)


def scaling_losses():
    """Share of the losses in a step."""
    lines = []
    for row in read("scaling_losses")["losses"]:
        cells = [row["superpixels"]]
        for precision in ("float32", "bfloat16"):
            cells.append(f"{row[f'losses, {precision}']:.3f}")
            cells.append(f"{row[precision]:.3f}")
            cells.append(f"{100 * row[f'share in {precision}']:.0f} %")
        lines.append(cells)
    return table(
        [
            *("superpixels", "losses, float32, s", "net, s", "share"),
            *("losses, bfloat16, s", "net, s", "share"),
        ],
        lines,
    )


def pairs():
    """Two ways in turns."""
    rows = read("pairs")["pairs"].items()
    lines = [[name, row["plain"], row["fast"], row["ratio"]] for name, row in rows]
    return table(["", "as before, s", "now, s", "ratio"], lines)


def choice():
    """V of what each criterion chooses, and the part of the gain that it keeps."""
    found = read("choice")
    gain = found["oracle"] - found["random"]
    lines = []
    for name, key in _CHOICES.items():
        kept = f"{100 * (found[key] - found['random']) / gain:.0f} %"
        lines.append([name, short(found[key]), "0" if key == "random" else kept])
    lines.append(["those regions themselves", short(found["regions"]), ""])
    return table(["", "V", "kept"], lines)


def short(score):
    """Write a score without the zero before the point."""
    return f"{score:.3f}".removeprefix("0")


def processors():
    """The same fit with older instructions."""
    lines = [[name, *row.values()] for name, row in read("processors").items()]
    labels = ["V with those of bfloat16", "V with those of float32"]
    return table(["", "seconds", *labels], lines)


def classes_of_regions():
    """One training and one setting, for labels of pixels and of regions."""
    settings = {
        "pixel": ("pixel", 0),
        "region": ("region", 0),
        "region, position 1": ("region", 1),
    }
    found = read_rows("assignment_test")
    keys = ("v_measure", "v_mean", "covering", "v_pieces", "n_labels", "seconds")
    lines = []
    for name, setting in settings.items():
        rows = [r for r in found if (r["assignment"], r["position"]) == setting]
        means = [np.mean([row[key] for row in rows]) for key in keys]
        scores = [f"{mean:.3f}" for mean in means[:4]]
        lines.append([name, len(rows), *scores, *(f"{m:.1f}" for m in means[4:])])
    heads = ["V, best annotator", "V, mean of annotators", "covering", "V of pieces"]
    return table(["assignment", "images", *heads, "classes", "s a fit"], lines)


# By the name that stands in the document.
TABLES = {
    "table1 best runs": lambda: table1(0),
    "table1 one setting": lambda: table1(1),
    "table1 classes of regions": classes_of_regions,
    "decisions": decisions,
    "decisions layers": lambda: layers(
        "region graph",
        "the same by skimage.graph.rag_mean_color",
        "encoder, whole image",
        "encoder and decoder, whole image",
    ),
    "fewshot best": fewshot,
    "fewshot four classes": lambda: fewshot(4),
    "fewshot auto": lambda: fewshot("auto"),
    "fewshot seeds": fewshot_seeds,
    "fewshot untouched": lambda: fewshot(None, "fewshot_untouched", _UNTOUCHED_SETS),
    "fewshot untouched auto": lambda: fewshot(
        "auto", "fewshot_untouched", _UNTOUCHED_SETS
    ),
    "doubt": doubt,
    "reference": lambda: reference("reference"),
    "reference_epyc": lambda: reference("reference_epyc"),
    "reference_epyc losses": first_losses,
    "floors": floors,
    "layers": layers,
    "scaling": scaling,
    "scaling_losses": scaling_losses,
    "pairs": pairs,
    "choice": choice,
    "processors": processors,
}
