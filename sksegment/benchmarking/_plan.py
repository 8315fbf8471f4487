"""Which fits an experiment consists of."""

import itertools
import json
from dataclasses import dataclass, field

from sksegment.baselines import FelzenszwalbSegmenter
from sksegment.presets import MODEL_TYPES, make_segmenter

__all__ = ["BENCHMARK_MODELS", "W_NETS", "Run", "canonical", "plan_runs"]

#: Models that can be run: those of Table 1, and what one would pick otherwise.
BENCHMARK_MODELS = (*MODEL_TYPES, "Felzenszwalb")

W_NETS = tuple(
    name for name, (_, params) in MODEL_TYPES.items() if "reconstruction" in params
)
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
        return canonical(self.as_dict())

    def as_dict(self):
        """Return the attributes as what JSON can hold."""
        return dict(vars(self))

    @classmethod
    def of(cls, row):
        """Run of a line of results."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})

    def make(self, *, device="auto"):
        """Make the estimator, unfitted.

        Parameters
        ----------
        device : str, default="auto"
            Where there is such a parameter.

        Returns
        -------
        estimator : estimator
        """
        params = {**self.overrides, **self.setting}
        if self.model == "Felzenszwalb":
            return FelzenszwalbSegmenter().set_params(**params)
        estimator = make_segmenter(self.model, size=self.size)
        known = estimator.get_params()
        params |= {"random_state": self.seed} if "random_state" in known else {}
        params |= {"device": device} if "device" in known else {}
        return estimator.set_params(**params)


def canonical(value):
    """Write as text what JSON can hold: equal values, equal texts.

    Parameters
    ----------
    value : object

    Returns
    -------
    text : str

    Raises
    ------
    ValueError
        If JSON cannot hold the value.
    """
    try:
        return json.dumps(_with_floats(value), sort_keys=True)
    except TypeError as error:
        raise ValueError(
            f"{value} cannot be written as JSON: numbers, text and lists only"
        ) from error


def _with_floats(value):
    """Do not tell 1 from 1.0, nor a tuple from a list."""
    if isinstance(value, dict):
        return {str(name): _with_floats(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


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
        If a model is unknown, a parameter cannot be set, or betas are given together
        with a grid.

    Examples
    --------
    >>> from sksegment.benchmarking import plan_runs
    >>> runs = plan_runs(["Sparse-NCut-Patch"], ["3096"], betas=[1.0, 0.1])
    >>> [run.setting for run in runs]
    [{'beta_cut': 1.0}, {'beta_cut': 0.1}]
    """
    if betas and grid:
        raise ValueError("give betas or a grid, not both: a grid has its own betas")
    runs = {}
    for image in images:
        for model in models:
            _check_model(model)
            settings = _settings(model, betas, grid)
            chance = model != "Felzenszwalb"
            for seed, setting in itertools.product(
                seeds if chance else [seeds[0]], settings
            ):
                run = Run(model, setting, seed, image, subset, size, overrides or {})
                runs.setdefault(run.key, run)
    _check_settings(runs.values())
    return list(runs.values())


def _check_settings(runs):
    """Refuse what could not be fitted, before anything is."""
    for run in {(run.model, canonical(run.setting)): run for run in runs}.values():
        run.make(device="cpu")._validate_params()


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
