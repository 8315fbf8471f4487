"""Table 1 of the paper beside our own, as Markdown."""

from sksegment.benchmarking._plan import BENCHMARK_MODELS
from sksegment.benchmarking._summary import SCORES

__all__ = ["PAPER_TABLE", "format_table"]

#: Table 1 of Leng et al. 2024: means over 100 test images, best run and best annotator
#: of every image; the scores in the order of `SCORES`.
PAPER_TABLE = {
    "Dense-NCut-Image": (0.77, 0.45, 0.62, 0.43, 0.50, 0.45),
    "Dense-NCut-Patch": (0.77, 0.51, 0.62, 0.58, 0.49, 0.51),
    "Dense-SimCon-Image": (0.77, 0.47, 0.65, 0.43, 0.56, 0.47),
    "Dense-SimCon-Patch": (0.80, 0.55, 0.70, 0.52, 0.63, 0.55),
    "Dense-SimCon-NoRec": (0.78, 0.52, 0.67, 0.49, 0.59, 0.52),
    "Sparse-NCut-Image": (0.77, 0.46, 0.63, 0.45, 0.51, 0.46),
    "Sparse-NCut-Patch": (0.79, 0.55, 0.64, 0.63, 0.52, 0.55),
    "Sparse-SimCon-Image": (0.79, 0.52, 0.69, 0.46, 0.63, 0.52),
    "Sparse-SimCon-Patch": (0.81, 0.57, 0.71, 0.60, 0.66, 0.63),
    "Kmeans-Pixel": (0.69, 0.31, 0.49, 0.31, 0.34, 0.31),
    "Kmeans-Superpixel": (0.71, 0.33, 0.50, 0.33, 0.37, 0.33),
    "Spectral-Superpixel": (0.72, 0.39, 0.55, 0.39, 0.43, 0.39),
}
_SHORT = ("RI", "AMI", "FMI", "hom.", "compl.", "V")


def format_table(summaries):
    """Write two tables: the protocol of the paper, and the honest ones.

    Parameters
    ----------
    summaries : dict
        As `summarise` returns them.

    Returns
    -------
    text : str
        Markdown.

    Examples
    --------
    >>> from sksegment.benchmarking import format_table, read_runs, summarise
    >>> print(format_table(summarise(read_runs("runs"))))  # doctest: +SKIP
    """
    models = [model for model in BENCHMARK_MODELS if model in summaries]
    oracle = [_oracle_row(model, summaries[model]) for model in models]
    fixed = [_fixed_row(m, summaries[m]) for m in models if "fixed" in summaries[m]]
    columns = ["model", "images", "runs an image"]
    text = "Best run of each image, best annotator (paper / here):\n\n" + _markdown(
        [*columns, *_SHORT, "V of pieces", "s a fit"], oracle
    )
    if not fixed:
        return text + (
            "\nA single setting for all images needs results on training images, to be "
            "chosen on.\n"
        )
    columns = ["model", "setting", "images", "V, best annotator", "sd of seeds"]
    columns += ["V, mean of annotators", "covering", "V of pieces"]
    return (
        text
        + "\nOne setting for all images, chosen on the training images:\n\n"
        + _markdown(columns, fixed)
    )


def _oracle_row(model, summary):
    paper = PAPER_TABLE.get(model)
    ours = [summary["oracle"][name] for name in SCORES]
    cells = [f"{value:.2f}" for value in ours]
    if paper:
        cells = [f"{p:.2f} / {o:.2f}" for p, o in zip(paper, ours, strict=True)]
    pieces = f"{summary['pieces']['oracle']:.2f}"
    counts = [str(summary["n_images"]), f"{summary['runs_per_image']:g}"]
    return [model, *counts, *cells, pieces, f"{summary['seconds']:.1f}"]


def _fixed_row(model, summary):
    fixed = summary["fixed"]
    setting = ", ".join(f"{name} {value}" for name, value in fixed["setting"].items())
    spread = "-"
    if fixed["sd"] is not None:
        spread = f"{fixed['sd']:.3f} ({fixed['n_seeds']})"
    return [
        model,
        setting,
        str(fixed["n_images"]),
        f"{fixed['best']['v_measure']:.3f}",
        spread,
        f"{fixed['mean']['v_measure']:.3f}",
        f"{fixed['best']['covering']:.3f}",
        f"{summary['pieces']['fixed']:.3f}",
    ]


def _markdown(columns, rows):
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
