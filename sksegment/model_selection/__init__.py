"""Choose the parameters of a segmenter: scorers, a splitter, the search of the betas.

All of it works with the search tools of scikit-learn, for X and y that are sequences
of images and label maps, and for estimators within a ``Pipeline``.
"""

from sksegment.model_selection._beta_path import BetaPath, beta_path
from sksegment.model_selection._consensus import consensus_labels
from sksegment.model_selection._fit_together import fit_together
from sksegment.model_selection._label_free import (
    LABEL_FREE_SCORERS,
    description_length_score,
    region_agreement_score,
    seed_stability_score,
    stability_score,
)
from sksegment.model_selection._scorers import (
    SCORERS,
    InSampleSplit,
    segmentation_scorer,
    v_measure_scorer,
)
from sksegment.model_selection._tuning import BetaTuning, tune_betas

__all__ = [
    "LABEL_FREE_SCORERS",
    "SCORERS",
    "BetaPath",
    "BetaTuning",
    "InSampleSplit",
    "beta_path",
    "consensus_labels",
    "description_length_score",
    "fit_together",
    "region_agreement_score",
    "seed_stability_score",
    "segmentation_scorer",
    "stability_score",
    "tune_betas",
    "v_measure_scorer",
]
