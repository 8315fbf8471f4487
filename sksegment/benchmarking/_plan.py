"""Which fits an experiment consists of."""

import itertools
import json
from dataclasses import dataclass, field

from sksegment.baselines import FelzenszwalbSegmenter
from sksegment.presets import MODEL_TYPES, make_segmenter

__all__ = ["BENCHMARK_MODELS", "Run", "plan_runs"]

#: Models that can be run: those of Table 1, and what one would pick otherwise.
BENCHMARK_MODELS = (*MODEL_TYPES, "Felzenszwalb")

# The values of the paper.
_BETAS = (5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
# The paper gives no numbers of clusters; these bracket the segments of the annotators.
_CLUSTERS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)
_FELZENSZWALB = {
    "scale": (50.0, 75.0, 100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 1000.0),
    "sigma": (0.5, 1.0, 1.5),
}


@dataclass(frozen=True)
class Run:
    """One fit on one image.

    Attributes
    ----------
    model : str
        One of `BENCHMARK_MODELS`.
    setting : dict
        Parameters that the experiment varies.
    seed : int
    image : str
        Id of the image.
    subset : str
        Subset of the dataset that the image is from.
    size : {"compact", "paper"}
    overrides : dict
        Parameters that differ from those of the size in all runs.
    """

    model: str
    setting: dict
    seed: int
    image: str
    subset: str = "test"
    size: str = "compact"
    overrides: dict = field(default_factory=dict)

    @property
    def key(self):
        """Text that tells this run from all others."""
        return json.dumps(self.as_dict(), sort_keys=True)

    def as_dict(self):
        """Return the attributes as what JSON can hold."""
        return dict(vars(self))

    @classmethod
    def of(cls, row):
        """Run of a line of results."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def make(self, *, device="auto"):
        """Make the estimator, unfitted."""
        params = {**self.overrides, **self.setting}
        if self.model == "Felzenszwalb":
            return FelzenszwalbSegmenter().set_params(**params)
        estimator = make_segmenter(self.model, size=self.size)
        known = estimator.get_params()
        params |= {"random_state": self.seed} if "random_state" in known else {}
        params |= {"device": device} if "device" in known else {}
        return estimator.set_params(**params)


def plan_runs(
    models,
    images,
    *,
    subset="test",
    betas=None,
    grid=None,
    seeds=(0,),
    size="compact",
    overrides=None,
):
    """List the fits of an experiment.

    Parameters
    ----------
    models : sequence of str
        From `BENCHMARK_MODELS`.
    images : sequence of str
        Ids of the images.
    subset : str, default="test"
        Subset of the dataset that they are from.
    betas : sequence of float, optional
        Weights of the segmentation losses of the W-Nets, the nine of the paper by
        default: of the normalised cut, or of similarity and continuity alike.
    grid : dict of str to sequence, optional
        Parameters to vary instead, all combinations of them.
    seeds : sequence of int, default=(0,)
        Models without chance are run once.
    size : {"compact", "paper"}, default="compact"
        See `sksegment.make_segmenter`.
    overrides : dict, optional
        Parameters that differ from those of the size.

    Returns
    -------
    runs : list of Run
        Image after image, so that what is complete is of use.

    Raises
    ------
    ValueError
        If a model is unknown, or a parameter cannot be set.

    Examples
    --------
    >>> from sksegment.benchmarking import plan_runs
    >>> runs = plan_runs(["Sparse-NCut-Patch"], ["3096"], betas=[1.0, 0.1])
    >>> [run.setting for run in runs]
    [{'beta_cut': 1.0}, {'beta_cut': 0.1}]
    """
    runs = []
    for image in images:
        for model in models:
            _check_model(model)
            settings = _settings(model, betas, grid)
            chance = model != "Felzenszwalb"
            for seed, setting in itertools.product(
                seeds if chance else [seeds[0]], settings
            ):
                runs.append(
                    Run(model, setting, seed, image, subset, size, overrides or {})
                )
    for run in {run.model: run for run in runs}.values():
        run.make(device="cpu")
    return runs


def _check_model(model):
    if model not in BENCHMARK_MODELS:
        known = ", ".join(BENCHMARK_MODELS)
        raise ValueError(f"there is no model type {model!r}; known are {known}")


def _settings(model, betas, grid):
    if grid:
        return _combinations(grid)
    if model == "Felzenszwalb":
        return _combinations(_FELZENSZWALB)
    if "NCut" in model:
        return [{"beta_cut": beta} for beta in betas or _BETAS]
    if "SimCon" in model:
        return [{"beta_sim": beta, "beta_con": beta} for beta in betas or _BETAS]
    return [{"n_clusters": k} for k in _CLUSTERS]


def _combinations(grid):
    values = itertools.product(*grid.values())
    return [dict(zip(grid, combination, strict=True)) for combination in values]
